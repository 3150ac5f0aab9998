# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions for the checks.

The peer is built from tests/apps/bindings/peer.c. Meson sets CC, PKG_CONFIG and MESON in the
environment, and also CXX if it has found a C++ compiler.
"""

import fcntl
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tap import check, check_none, finish, skip, skip_all  # noqa: E402, F401

SOURCE = Path(sys.argv[1]).resolve()
BUILD = Path(sys.argv[2]).resolve()
PEER = Path(sys.argv[3]).resolve()

CC = shlex.split(os.environ.get('CC', 'cc'))
CXX = shlex.split(os.environ.get('CXX', ''))
PKG_CONFIG = shlex.split(os.environ.get('PKG_CONFIG', 'pkg-config'))
MESON = shlex.split(os.environ.get('MESON', ''))

API = 'hb-websocket-1'
LIBRARY = BUILD / 'lib' / f'lib{API}.so'
GIR = BUILD / 'lib' / 'Hb-1.gir'

# The timeout in seconds of a program that connects to a server
WAIT_TIMEOUT = 20

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', re.DOTALL)

def relative(path):
    root = BUILD if path.is_relative_to(BUILD) else SOURCE
    return str(path.relative_to(root))


def read_code(path):
    """Returns the text of a file without its comments and strings. Lines keep their numbers."""
    def blank(found):
        return ('""' if found[0][0] == '"' else ' ') + '\n' * found[0].count('\n')

    return COMMENT_OR_STRING.sub(blank, path.read_text(encoding='utf-8'))


def get_sources():
    return sorted(path for pattern in ('**/*.c', '**/*.h', '**/*.h.in')
                  for path in (SOURCE / 'lib').glob(pattern))


def get_public_headers():
    headers = (*(SOURCE / 'lib').glob('**/*.h'), BUILD / 'lib/base/hb-websocket-version.h')
    return sorted(path for path in headers if not path.stem.endswith('-private'))


def run(command, **arguments):
    return subprocess.run([str(part) for part in command], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **arguments)


def install(root):
    """Installs below `root`, and keeps Meson's earlier log, because `ninja uninstall` reads it."""
    log = BUILD / 'meson-logs' / 'install-log.txt'
    kept = log.with_name('install-log.kept')

    directory = os.open(BUILD, os.O_RDONLY)
    try:
        # Another check may be installing at the same time.
        fcntl.flock(directory, fcntl.LOCK_EX)
        if log.exists():
            log.replace(kept)
        try:
            return run([*MESON, 'install', '-C', BUILD, '--destdir', root, '--no-rebuild'])
        finally:
            if kept.exists():
                kept.replace(log)
            else:
                log.unlink(missing_ok=True)
    finally:
        os.close(directory)


def get_flags(*arguments, env=None):
    """Returns the output of pkg-config, with -isystem for -I, so that headers cause no warnings."""
    text = subprocess.run([*PKG_CONFIG, *arguments], text=True, check=True, env=env,
                          stdout=subprocess.PIPE).stdout
    return [part for flag in shlex.split(text)
            for part in (('-isystem', flag[2:]) if flag.startswith('-I') else (flag,))]


def get_options():
    options = json.loads((BUILD / 'meson-info/intro-buildoptions.json').read_text('utf-8'))
    return {option['name']: option['value'] for option in options}


def get_build_cflags():
    return ['-I', SOURCE / 'lib', '-I', SOURCE / 'lib/base', '-I', SOURCE / 'lib/task',
            '-I', BUILD / 'lib/base',
            *get_flags('--cflags', 'libsoup-3.0')]


def query_devenv(*arguments):
    """Returns the result of get_flags() for the library in the shell of `meson devenv`."""
    env = {**os.environ, 'PKG_CONFIG_PATH': os.pathsep.join(filter(None, [
        str(BUILD / 'meson-uninstalled'), os.environ.get('PKG_CONFIG_PATH')]))}
    return get_flags(*arguments, API, env=env)


def get_devenv_flags():
    """Returns flags with an rpath, so that a program also runs outside of `meson devenv`."""
    return [*query_devenv('--cflags', '--libs'), f'-Wl,-rpath,{BUILD / "lib"}']


def get_symbols(*arguments):
    """Returns the names that nm prints, without their versions."""
    text = subprocess.run(['nm', '-P', *map(str, arguments)], text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {line.split()[0].split('@')[0] for line in text.splitlines()
            if len(line.split()) > 1}


def get_compile_commands():
    return json.loads((BUILD / 'compile_commands.json').read_text(encoding='utf-8'))


def get_compile_command(name, target):
    """Returns the directory and the command that compiles the source for the target.

    The command contains neither the source nor the names of output files.
    """
    entry = next(entry for entry in get_compile_commands()
                 if Path(entry['file']).name == name and target in entry['output'])
    command = shlex.split(entry['command'])
    kept = []

    while command:
        part = command.pop(0)
        if part in ('-o', '-c', '-MF', '-MQ'):
            command.pop(0)
        elif part != '-MD':
            kept.append(part)

    return entry['directory'], kept


def compile_as(name, target, text, *arguments):
    """Checks C code with the command that compiles the source of this name for the target."""
    directory, command = get_compile_command(name, target)

    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / 'probe.c'
        source.write_text(text, encoding='utf-8')
        return run([*command, *arguments, '-fsyntax-only', source], cwd=directory)


class Peer:
    """A WebSocket server"""

    def __enter__(self):
        self.process = subprocess.Popen([PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.uri = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.communicate()


def check_program(command, name, **arguments):
    with Peer() as peer:
        try:
            result = run([*command, peer.uri], timeout=WAIT_TIMEOUT, **arguments)
        except subprocess.TimeoutExpired:
            return check(False, name, f'the program did not end within {WAIT_TIMEOUT} s')
    return check(result.returncode == 0, name, result.stdout)
