#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the tests of -Dinstalled_tests=true work where they are installed.

The tests are installed below a temporary folder, and the paths in their commands are changed to
that folder. gnome-desktop-testing-runner, or this script if the runner is missing, runs the tests
of CHOSEN. The programs of the other tests only list their cases, because the tests would do the
same as in the build.
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

# The timeout of a test in seconds
WAIT_TIMEOUT = 120
N_AT_ONCE = 2

# The tests that are run: those that need the files of the bindings or another program, the test of
# the version, and a test of the whole task
CHOSEN = re.compile(r'binding-|version|loopback-(life|stop)\b')

# Files that other programs start or import
HELPERS = ('harness', 'stopped-client', 'tap')

# Some of the programs that must use the shared library
USERS = ('matrix', 'test-loopback-life', 'test-version')

# The kinds of tests that must be installed. The name of a test begins with its kind.
KINDS = ('base', 'core', 'frame', 'link', 'loop', 'loopback', 'matrix', 'version',
         *(('binding',) if GIR.exists() else ()))


class Installation:
    """The installed files, below a folder that stands for the root of the system."""

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
        """Puts the folder `root` before the paths of installed tests in each command.

        Other paths below the prefix, for example that of an interpreter, do not change. Returns the
        contents of the files of the tests.
        """
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
    """Yields the files that contain the path of the build, except in debugging information."""
    for path in sorted(programs.rglob('*')):
        if path.is_file():
            data = path.read_bytes()
            if data.startswith(b'\x7fELF'):
                run(['strip', '-o', scratch / 'stripped', path])
                data = (scratch / 'stripped').read_bytes()
            if bytes(BUILD) in data:
                yield path.name


def find_self_contained(programs):
    for name in USERS:
        result = run(['readelf', '--dynamic', programs / name])
        if f'[lib{API}.so.0]' not in result.stdout:
            yield f'{name}\n{result.stdout}'


def find_unused(programs, commands):
    words = {word for command in commands.values() for word in shlex.split(command['Exec'])}
    for path in sorted(programs.rglob('*')):
        if path.is_file() and str(path) not in words and path.stem not in HELPERS:
            yield path.name


def find_broken(commands, chosen, env):
    """Yields the tests, except the chosen ones, whose program does not list its cases."""
    for name in sorted(commands.keys() - chosen.keys()):
        result = run([*shlex.split(commands[name]['Exec']), '-l'], env=env,
                     stdin=subprocess.DEVNULL, timeout=WAIT_TIMEOUT)
        if result.returncode != 0:
            yield f'{name}\n{result.stdout}'


def run_one(command, env):
    try:
        result = run(shlex.split(command), env=env, stdin=subprocess.DEVNULL, timeout=WAIT_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f'the program did not end within {WAIT_TIMEOUT} s'
    if result.returncode in (0, 77):
        return ''
    return f'the program ended with status {result.returncode}\n{result.stdout}'


def run_here(commands, env):
    """Yields the name of each test, and the reason if it has failed."""
    with concurrent.futures.ThreadPoolExecutor(N_AT_ONCE) as pool:
        yield from zip(commands, pool.map(lambda name: run_one(commands[name]['Exec'], env),
                                          commands))


def run_by_runner(runner, installation, commands, scratch):
    # The runner runs all tests of a folder, so the chosen tests are copied to another folder.
    folder = scratch / 'chosen' / 'installed-tests' / API
    logs = scratch / 'logs'
    folder.mkdir(parents=True)
    logs.mkdir()
    for name in commands:
        shutil.copy(installation.tests / name, folder)

    result = run([runner, f'--dir={scratch / "chosen"}', f'--parallel={N_AT_ONCE}', '--status=no',
                  f'--timeout={WAIT_TIMEOUT}', f'--log-directory={logs}'], env=installation.env)
    passed = set(re.findall(rf'^PASS: {API}/(\S+)$', result.stdout, re.MULTILINE))
    for name in commands:
        log = logs / f'{API}_{name}.txt'
        yield name, ('' if name in passed
                     else log.read_text(encoding='utf-8') if log.exists() else result.stdout)


def main():
    if not MESON:
        skip_all('meson is missing')

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        root = scratch / 'root'
        result = install(root)
        if not check(result.returncode == 0, 'the tests can be installed', result.stdout):
            finish()

        installation = Installation(root, get_options())
        commands = installation.move()
        check_none((f'{kind} has no tests' for kind in KINDS
                    if not any(re.match(rf'{kind}\b', name) for name in commands)),
                   'tests of each kind are installed')
        check_none((f'{name}: {command}' for name, command in commands.items()
                    if command.keys() != {'Type', 'Exec', 'Output'}
                    or command['Type'] not in ('session', 'session-exclusive')
                    or command['Output'] != 'TAP'),
                   'each test names its type and its output')
        check(commands['loopback-heartbeat.test']['Type'] == 'session-exclusive',
              'no other test runs while a test measures time')
        check_none(find_unused(installation.programs, commands), 'each installed file is used')
        check_none(find_self_contained(installation.programs),
                   'programs that test the whole library load the installed one')
        check_none(find_paths_of_build(installation.programs, scratch),
                   'no program contains the path of the build')

        chosen = {name: command for name, command in commands.items() if CHOSEN.match(name)}
        check_none(find_broken(commands, chosen, installation.env), 'each other program starts')
        runner = shutil.which('gnome-desktop-testing-runner')
        outcomes = (run_by_runner(runner, installation, chosen, scratch) if runner
                    else run_here(chosen, installation.env))
        for test, wrong in outcomes:
            check(not wrong, f'{test.removesuffix(".test")} passes', wrong)

    finish()


if __name__ == '__main__':
    main()
