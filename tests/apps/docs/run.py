#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles, parses or runs the code in a page of the book, in a README or in CONTRIBUTING.md.

run.py SOURCE BUILD SERVER CLIENT PAGE.md [TEXT]

snippets.py describes the kinds of code. With TEXT, only the programs that contain this text are
tested. The programs connect to SERVER instead of example.org. CLIENT tests the servers on the page.

The environment has CC and PKG_CONFIG. Code that needs PYTHON, GJS, VALAC, NODE or MESON is skipped
if the environment lacks the tool.
"""

import json
import os
import queue
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'release' / 'checks'))

from common import (API, BUILD, CC, MESON, PKG_CONFIG, SOURCE, WAIT_TIMEOUT, Peer,  # noqa: E402
                    check, finish, get_devenv_flags, get_flags, run, skip)
from snippets import read_snippets  # noqa: E402

ECHO_SERVER = BUILD / 'tools' / 'echo-server'
CLIENT = sys.argv[4]
PAGE = Path(sys.argv[5])
TEXT = sys.argv[6] if len(sys.argv) > 6 else None

PARSE_JS = Path(__file__).resolve().parent / 'parse.js'
EXAMPLE_SOCKET = re.compile(r'wss?://(?:backup\.)?example\.org\b')
EXAMPLE_UNREACHABLE = re.compile(r'wss?://primary\.example\.org\b')
# The path at which packages install echo-server. The test replaces it with the path in the build.
EXAMPLE_ECHO_SERVER = '/usr/libexec/hb-websocket/echo-server'
UNREACHABLE = 'ws://127.0.0.1:1'
EXAMPLE_PAGE = re.compile(r'https://example\.org\b')
EXAMPLE_PORT = re.compile(r'\b8080\b')
EXAMPLE_INTERVAL = re.compile(r'\b30000\b')
EXAMPLE_KEEP_ALIVE = re.compile(r'\bKEEP_ALIVE = 60\b')
TROUBLE = re.compile(r'CRITICAL|WARNING|Warning:|Traceback|JS ERROR|Unhandled')
CALL = re.compile(r'^_build/((?:examples|tools)/[\w/-]+)(.*)$', re.MULTILINE)
OPTION = re.compile(r'(?<!\S)--[\w-]+')
EXEC_START = re.compile(r'^ExecStart=\S+', re.MULTILINE)
MESON_SOURCE = re.compile(r"'([\w-]+)\.(c|vala)'")

# All warnings except those that PyGObject itself causes. Its importer has an old interface, and its
# module gi.events uses the event loop policies of asyncio, which Python 3.14 deprecates.
PYTHON_ARGS = ['-W', 'default', '-W', 'ignore::ImportWarning',
               '-W', 'ignore::DeprecationWarning:gi.events']

# A program with a window needs an X server.
WINDOW = re.compile(r'<gtk/gtk\.h>|\bGtk\b')

# A pattern in the text of a program that uses another library, the library's name for pkg-config,
# and its minimum version
PACKAGES = {
    re.compile(r'<json-glib/json-glib\.h>|\bJson\.'): ('json-glib-1.0', '1.6'),
    WINDOW: ('gtk4', '4.0'),
    re.compile(r'<gio/gunixinputstream\.h>|\bnew UnixInputStream\b'): ('gio-unix-2.0', '2.74'),
}

WINDOW_RUNNER = Path(__file__).resolve().parents[1] / 'monitor/run.py'
WINDOW_ENV = {
    'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nonexistent',
    'GDK_BACKEND': 'x11',
    'GSK_RENDERER': 'cairo',
    'GTK_A11Y': 'none',
    'GTK_USE_PORTAL': '0',
}

# In the output that a page shows, this line stands for an interrupt. The program is tested once
# with each of the signals in INTERRUPTS.
INTERRUPT = '^C'
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)

NODE_FOLDERS = ('/usr/share/nodejs', '/usr/lib/nodejs', '/usr/lib/node_modules',
                '/usr/local/lib/node_modules')


def get_tool(name):
    return shlex.split(os.environ.get(name, ''))


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding='utf-8')
    return path


def find_packages(text):
    return [package for pattern, package in PACKAGES.items() if pattern.search(text)]


def get_package_flags(text):
    names = [name for name, _ in find_packages(text)]
    return get_flags('--cflags', '--libs', *names) if names else []


def compile_c(folder, text):
    source = write(folder, 'program.c', text)
    return [folder / 'program'], run([*CC, '-std=gnu11', '-Wall', '-Werror', source, '-o',
                                      folder / 'program', *get_devenv_flags(),
                                      *get_package_flags(text)])


def run_valac(folder, *args):
    # valac writes C code to the current folder. In a shared folder, the tests of two pages could
    # write the same file.
    return run([*MESON, 'devenv', '-C', BUILD, '-w', folder,
                *get_tool('VALAC'), f'--pkg={API}', *args])


def compile_vala(folder, text):
    source = write(folder, 'program.vala', text)
    flags = [part for flag in ('-w', *get_devenv_flags(), *get_package_flags(text))
             for part in ('-X', flag)]
    packages = [f'--pkg={name}' for name, _ in find_packages(text)]
    return [folder / 'program'], run_valac(folder, *packages, source.name,
                                           '-o', folder / 'program', *flags)


def prepare(snippet, folder, text):
    """Returns the command that runs the program, and the result of the compiler or None."""
    if snippet.language == 'c':
        return compile_c(folder, text)
    if snippet.language == 'vala':
        return compile_vala(folder, text)
    if snippet.language == 'python':
        return [*get_tool('PYTHON'), *PYTHON_ARGS, write(folder, 'program.py', text)], None
    if snippet.kind == 'server':
        return [*get_tool('NODE'), write(folder, 'server.mjs', text)], None
    return [*get_tool('GJS'), '-m', write(folder, 'program.js', text)], None


def find_node_module(name):
    return next((path for path in (Path(folder) / name for folder in NODE_FOLDERS)
                 if path.exists()), None)


def why_not(snippet):
    """Returns why the snippet cannot be tested here, or None."""
    if snippet.language == 'js' and snippet.kind == 'server':
        if not get_tool('NODE'):
            return 'Node is missing'
        return None if find_node_module('ws') else 'Node has no module ws'
    if snippet.language == 'python' and snippet.kind == 'server':
        present = run([*(get_tool('PYTHON') or ['false']), '-c', 'import websockets'])
        return None if present.returncode == 0 else 'Python has no module websockets'
    if snippet.language == 'python' and 'gi.events' in snippet.text:
        present = run([*(get_tool('PYTHON') or ['false']), '-c', 'import gi.events'])
        if present.returncode != 0:
            return 'PyGObject is older than 3.50, and has no gi.events'
    for name, version in find_packages(snippet.text):
        if run([*PKG_CONFIG, f'--atleast-version={version}', name]).returncode != 0:
            return f'{name} {version} is missing'
    if EXAMPLE_ECHO_SERVER in snippet.text and not ECHO_SERVER.exists():
        return 'echo-server is missing'
    if snippet.language == 'ini' and not shutil.which('systemd-analyze'):
        return 'systemd-analyze is missing'
    if WINDOW.search(snippet.text) and not shutil.which('Xvfb'):
        return 'Xvfb is missing'
    tool, what = {
        'js': ('GJS', 'GJS'),
        'python': ('PYTHON', 'Python with PyGObject'),
        'vala': ('VALAC', 'the Vala compiler or the vapi'),
        'meson': ('MESON', 'Meson'),
    }.get(snippet.language, (None, None))
    return None if tool is None or get_tool(tool) else f'{what} is missing'


class Watched:
    """A process whose output is read line by line, with a deadline."""

    def __init__(self, command, **arguments):
        self.lines = []
        self._queue = queue.Queue()
        self._process = subprocess.Popen([str(part) for part in command], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, **arguments)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self._queue.put(line.rstrip('\n'))
        self._queue.put(None)

    def wait_for(self, pattern, deadline):
        """Returns whether a line that matches the pattern is printed in time.

        The deadline is in seconds, on the clock of time.monotonic().
        """
        while True:
            try:
                line = self._queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                self.lines.append(f'(nothing more within {WAIT_TIMEOUT} s)')
                return False
            if line is None:
                self._queue.put(None)
                return False
            self.lines.append(line)
            if pattern.fullmatch(line):
                return True

    def send_signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        """Returns whether the process ends in time."""
        try:
            self._process.wait(WAIT_TIMEOUT)
            return True
        except subprocess.TimeoutExpired:
            self.lines.append(f'(the program did not end within {WAIT_TIMEOUT} s)')
            return False

    def end(self):
        """Ends the process if it is still running. Returns its status, or 0 if it had to be ended.

        Also adds the remaining output to `lines`.
        """
        if self._process.poll() is None:
            try:
                # A process that has printed all its lines may be about to end.
                self._process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                self._process.terminate()
                try:
                    self._process.wait(timeout=WAIT_TIMEOUT)
                except subprocess.TimeoutExpired:
                    # The program handles SIGTERM, and continues.
                    self._process.kill()
                    self._process.wait()
                self._process.returncode = 0
        self._reader.join()
        while not self._queue.empty():
            self.lines.append(self._queue.get() or '')
        return self._process.returncode


def make_pattern(line):
    return re.compile('.*'.join(re.escape(part) for part in line.split('…')))


def watch(program, snippet, interrupt):
    """Returns the first expected line that is missing, or None.

    After an interrupt, and if the program must fail, its end counts as a line.
    """
    deadline = time.monotonic() + WAIT_TIMEOUT

    for line in snippet.output:
        if line == INTERRUPT:
            program.send_signal(interrupt)
        elif not program.wait_for(make_pattern(line), deadline):
            return line

    if (INTERRUPT in snippet.output or snippet.status != 0) and not program.wait():
        return '(its end)'

    return None


def run_program(snippet, command, interrupt):
    if WINDOW.search(snippet.text):
        program = Watched([sys.executable, WINDOW_RUNNER, shutil.which('Xvfb'), *command],
                          env={**os.environ, **WINDOW_ENV})
    else:
        program = Watched(command)
    missing = watch(program, snippet, interrupt)
    status = program.end()
    output = '\n'.join(program.lines)

    if missing is not None:
        return f'The program did not print “{missing}”. The output was:\n{output}'
    if TROUBLE.search(output):
        return f'The program complained:\n{output}'
    if status != snippet.status:
        return f'The program ended with status {status}, not {snippet.status}:\n{output}'
    return None


def check_program(snippet, folder):
    interrupts = INTERRUPTS if INTERRUPT in snippet.output else (None,)

    with Peer() as server:
        base = server.uri.removesuffix('/ws')
        text = EXAMPLE_UNREACHABLE.sub(UNREACHABLE, snippet.text)
        text = EXAMPLE_SOCKET.sub(base, text).replace(EXAMPLE_ECHO_SERVER, str(ECHO_SERVER))
        text = EXAMPLE_PAGE.sub(base.replace('ws:', 'http:'), text)
        # The intervals of real heartbeats would make the test slow.
        text = EXAMPLE_KEEP_ALIVE.sub('KEEP_ALIVE = 2', EXAMPLE_INTERVAL.sub('300', text))
        command, result = prepare(snippet, folder, text)
        if result is not None and result.returncode != 0:
            check(False, str(snippet), result.stdout)
            return

        faults = [run_program(snippet, command, interrupt) for interrupt in interrupts]

    fault = next(filter(None, faults), None)
    check(fault is None, str(snippet), fault or '')


def find_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def check_server(snippet, folder):
    port = str(find_port())

    if snippet.language == 'js':
        (folder / 'node_modules').mkdir()
        (folder / 'node_modules/ws').symlink_to(find_node_module('ws'))

    command, result = prepare(snippet, folder, EXAMPLE_PORT.sub(port, snippet.text))
    if result is not None and result.returncode != 0:
        check(False, str(snippet), result.stdout)
        return

    server = Watched(command)
    client = run([CLIENT, f'ws://127.0.0.1:{port}/'], timeout=2 * WAIT_TIMEOUT)
    status = server.end()
    check(client.returncode == 0 and status == 0, str(snippet),
          '\n'.join([client.stdout, *server.lines]))


def check_meson(snippet, folder, snippets):
    """Builds the first program of the page in each language with the build file in the snippet."""
    programs = {other.language: other.text for other in reversed(snippets)
                if other.kind == 'program'}
    for name, language in MESON_SOURCE.findall(snippet.text):
        write(folder, f'{name}.{language}', programs[language])
    write(folder, 'meson.build', snippet.text)

    env = {**os.environ, 'PKG_CONFIG_PATH': str(BUILD / 'meson-uninstalled')}
    result = run([*MESON, 'setup', folder / '_build', folder], env=env)
    if result.returncode == 0:
        result = run([*MESON, 'compile', '-C', folder / '_build'], env=env)
    check(result.returncode == 0, str(snippet), result.stdout)


def check_fragment(snippet, folder):
    if snippet.language == 'c':
        # The build has already compiled the book's C fragments. The programs in the READMEs are
        # tested by tests/release/checks/readme.py.
        if PAGE.name == 'CONTRIBUTING.md':
            check(False, str(snippet), 'No test compiles the fragments in C of this page.')
        return
    if snippet.language == 'vala':
        source = write(folder, 'fragment.vala', snippet.text)
        result = run_valac(folder, '-C', source.name)
    elif snippet.language == 'python':
        source = write(folder, 'fragment.py', snippet.text)
        result = run([*get_tool('PYTHON'), '-W', 'error', '-m', 'py_compile', source])
    elif snippet.language == 'js':
        source = write(folder, 'fragment.js', snippet.text)
        result = run([*get_tool('GJS'), '-m', PARSE_JS, source])
    check(result.returncode == 0, str(snippet), result.stdout)


def find_unknown_options(text):
    """Yields a message for each option in a call that the program's --help does not list."""
    for path, arguments in CALL.findall(text):
        program = BUILD / path
        options = OPTION.findall(arguments)
        if not options or not program.exists():
            continue
        known = OPTION.findall(run([program, '--help']).stdout)
        yield from (f'{path} has no option {option}' for option in options if option not in known)


def check_shell(snippet, folder):
    result = run(['bash', '-n', write(folder, 'fragment.sh', snippet.text)])
    faults = list(find_unknown_options(snippet.text))
    check(result.returncode == 0 and not faults, str(snippet),
          '\n'.join([result.stdout, *faults]))


def check_json(snippet):
    try:
        json.loads(snippet.text)
        check(True, str(snippet))
    except ValueError as error:
        check(False, str(snippet), str(error))


def check_unit(snippet, folder):
    text = EXEC_START.sub('ExecStart=/bin/true', snippet.text)
    result = run(['systemd-analyze', 'verify', '--man=no', write(folder, 'unit.service', text)])
    check(result.returncode == 0 and not result.stdout, str(snippet), result.stdout)


def look_at(snippet, folder, snippets):
    reason = why_not(snippet)

    if reason:
        skip(str(snippet), reason)
    elif snippet.kind == 'program':
        check_program(snippet, folder)
    elif snippet.kind == 'server':
        check_server(snippet, folder)
    elif snippet.language == 'meson':
        check_meson(snippet, folder, snippets)
    elif snippet.language == 'json':
        check_json(snippet)
    elif snippet.language == 'ini':
        check_unit(snippet, folder)
    elif snippet.language == 'sh':
        check_shell(snippet, folder)
    else:
        check_fragment(snippet, folder)


def main():
    snippets = read_snippets(PAGE)
    check(True, f'{PAGE.name}: each fence has a language that is tested')

    for snippet in snippets:
        if TEXT and (snippet.kind != 'program' or TEXT not in snippet.text):
            continue
        with tempfile.TemporaryDirectory() as folder:
            look_at(snippet, Path(folder), snippets)

    finish()


if __name__ == '__main__':
    main()
