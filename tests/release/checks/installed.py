#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that -Dinstalled_tests=true installs run from where they are installed.

They are installed below a folder of its own, which takes the place of the prefix in their commands.
gnome-desktop-testing-runner runs them, or where there is none, this does as it would. The tests of
the matrix are passed over, as they take as long as all others and need nothing else.
"""

import concurrent.futures
import configparser
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from common import (
    API, BUILD, GIR, MESON, check, check_none, finish, get_options, install, run, skip_all,
)

# Seconds for one test, and how many run at the same time
PATIENCE = 120
N_AT_ONCE = 2

PASSED_OVER = re.compile(r'matrix-')

# What others start or import
HELPERS = ('harness', 'stopped-client', 'tap')

# Some of those that use the library as any program does
USERS = ('matrix', 'test-loopback-life', 'test-version')

# What a maintainer reads out of the names
KINDS = ('base', 'core', 'link', 'loopback', 'matrix', 'version',
         *(('binding',) if GIR.exists() else ()))


class Installation:
    """A tree below a folder, which contains all paths of the prefix."""

    def __init__(self, root, options):
        self.prefix = Path(options['prefix'])
        self.below = root / self.prefix.relative_to('/')
        self.programs = self.below / options['libexecdir'] / 'installed-tests' / API
        self.tests = self.below / options['datadir'] / 'installed-tests' / API
        libdir = self.below / options['libdir']
        self.env = {
            'PATH': os.environ['PATH'],
            'HOME': str(root),
            'LD_LIBRARY_PATH': str(libdir),
            'GI_TYPELIB_PATH': str(libdir / 'girepository-1.0'),
        }

    def move(self):
        """Makes each command one of what is below the folder, and returns it by its name."""
        commands = {}
        for path in sorted(self.tests.iterdir()):
            text = path.read_text(encoding='utf-8')
            text = re.sub(rf'(?<!\S){re.escape(str(self.prefix))}/(?=\S*/installed-tests/)',
                          lambda _: f'{self.below}/', text)
            path.write_text(text, encoding='utf-8')
            parser = configparser.ConfigParser(interpolation=None)
            parser.optionxform = str
            parser.read_string(text)
            commands[path.name] = dict(parser['Test'])
        return commands


def find_paths_of_build(programs, scratch):
    """Yields the programs that contain the folder of the build, except in debugging information."""
    for path in sorted(programs.rglob('*')):
        if path.is_file():
            data = path.read_bytes()
            if data.startswith(b'\x7fELF'):
                run(['strip', '-o', scratch / 'stripped', path])
                data = (scratch / 'stripped').read_bytes()
            if bytes(BUILD) in data:
                yield path.name


def find_self_contained(programs):
    """Yields the programs that should use the library, and have it within them instead."""
    for name in USERS:
        result = run(['readelf', '--dynamic', programs / name])
        if f'[lib{API}.so.0]' not in result.stdout:
            yield f'{name}\n{result.stdout}'


def find_unused(programs, commands):
    """Yields what is installed and of no use to any test."""
    words = {word for command in commands.values() for word in shlex.split(command['Exec'])}
    for path in sorted(programs.rglob('*')):
        if path.is_file() and str(path) not in words and path.stem not in HELPERS:
            yield path.name


def run_one(command, env):
    try:
        result = run(shlex.split(command), env=env, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f'it did not end within {PATIENCE} s'
    if result.returncode in (0, 77):
        return ''
    return f'it ended with {result.returncode}\n{result.stdout}'


def run_here(commands, env):
    """Yields the names of the tests, each with what is wrong."""
    with concurrent.futures.ThreadPoolExecutor(N_AT_ONCE) as pool:
        yield from zip(commands, pool.map(lambda name: run_one(commands[name]['Exec'], env),
                                          commands))


def run_by_runner(runner, installation, commands, scratch):
    """The same by the runner, which takes the tests of a folder that has only these."""
    folder = scratch / 'chosen' / 'installed-tests' / API
    logs = scratch / 'logs'
    folder.mkdir(parents=True)
    logs.mkdir()
    for name in commands:
        shutil.copy(installation.tests / name, folder)

    result = run([runner, f'--dir={scratch / "chosen"}', f'--parallel={N_AT_ONCE}', '--status=no',
                  f'--timeout={PATIENCE}', f'--log-directory={logs}'], env=installation.env)
    passed = set(re.findall(rf'^PASS: {API}/(\S+)$', result.stdout, re.MULTILINE))
    for name in commands:
        log = logs / f'{API}_{name}.txt'
        yield name, ('' if name in passed
                     else log.read_text(encoding='utf-8') if log.exists() else result.stdout)


def main():
    if not MESON:
        skip_all('there is no meson')

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        root = scratch / 'root'
        result = install(root)
        if not check(result.returncode == 0, 'they can be installed', result.stdout):
            finish()

        installation = Installation(root, get_options())
        commands = installation.move()
        check_none((f'{kind} has none' for kind in KINDS
                    if not any(re.match(rf'{kind}\b', name) for name in commands)),
                   'there are tests of each kind')
        check_none((f'{name}: {command}' for name, command in commands.items()
                    if command.keys() != {'Type', 'Exec', 'Output'}
                    or (command['Type'], command['Output']) != ('session', 'TAP')),
                   'each says of what kind it is, and what it prints')
        check_none(find_unused(installation.programs, commands), 'nothing is installed in vain')
        check_none(find_self_contained(installation.programs),
                   'what tests the whole uses the library that is installed')
        check_none(find_paths_of_build(installation.programs, scratch),
                   'no program knows where it was built')

        chosen = {name: command for name, command in commands.items()
                  if not PASSED_OVER.match(name)}
        runner = shutil.which('gnome-desktop-testing-runner')
        outcomes = (run_by_runner(runner, installation, chosen, scratch) if runner
                    else run_here(chosen, installation.env))
        for test, wrong in outcomes:
            check(not wrong, f'{test.removesuffix(".test")} passes', wrong)

    finish()


if __name__ == '__main__':
    main()
