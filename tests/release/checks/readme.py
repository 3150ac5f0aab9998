#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the programs in the README work, and are the same as in examples/.

The same program in JavaScript and in Vala, which only examples/ has, must work too.
"""

import os
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from common import (BUILD, CC, SOURCE, WAIT_TIMEOUT, check, finish, get_devenv_flags, query_devenv,
                    run, skip, skip_all)

EXAMPLES = SOURCE / 'examples'
SERVER = BUILD / 'tools' / 'echo-server'
VALA = BUILD / 'examples' / 'subscribe-vala'

BLOCK = re.compile(r'^```(c|python)\n(.*?)^```$', re.MULTILINE | re.DOTALL)

# The text with which a program begins in its file, after the licence and the description
BEGINNING = {'c': '#include', 'python': 'import signal'}

COMPLAINT = re.compile(r'CRITICAL|WARNING|Warning|Traceback')

MAX_LINES = 120


class Server:
    """Runs echo-server, which reports the end of each connection on standard error."""

    def __enter__(self):
        self._process = subprocess.Popen([SERVER, '--port=0', '--verbose'], text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.uri = self._process.stdout.readline().strip().removeprefix('Listening on ')
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def read_report(self):
        """Returns the report about the only client, up to the end of its connection."""
        report = ''
        alarm = threading.Timer(WAIT_TIMEOUT, self._process.kill)
        alarm.start()
        for line in self._process.stderr:
            report += line
            if 'disconnected' in line:
                alarm.cancel()
                return report
        return f'{report}No line has reported the end of the connection.\n'


def read_example(language, name):
    text = (EXAMPLES / name).read_text(encoding='utf-8').replace('  # noqa: E402', '')
    return text[text.index(BEGINNING[language]):]


def interrupt(command):
    """Runs a program, and interrupts it when it prints the echo of its message."""
    env = {**os.environ, 'PYTHONUNBUFFERED': '', 'LD_LIBRARY_PATH': str(BUILD / 'lib'),
           'GI_TYPELIB_PATH': ''.join(query_devenv('--variable=typelibdir'))}
    with subprocess.Popen(command, text=True, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        alarm = threading.Timer(WAIT_TIMEOUT, process.kill)
        alarm.start()
        output = ''
        for line in process.stdout:
            output += line
            if line == 'subscribe\n':
                process.send_signal(signal.SIGINT)
        alarm.cancel()
    return process.returncode, output


def check_program(language, *command):
    name = f'the program in {language} subscribes, and closes on Ctrl+C'
    if not command[0]:
        skip(name, 'the interpreter is missing, or cannot load the library')
        return

    with Server() as server:
        status, output = interrupt([*command, server.uri])
        report = server.read_report()
    check(status == 0 and output == 'subscribe\n' and report.endswith('disconnected, code 1000\n')
          and not COMPLAINT.search(output), name, f'status {status}\n{output}{report}')
    status, output = interrupt([*command, 'http://127.0.0.1/'])
    check(status == 1 and 'The scheme of the URI is “http”' in output,
          f'the program in {language} fails if the URI is wrong', f'status {status}\n{output}')


def check_c(text, scratch):
    source = scratch / 'subscribe.c'
    program = scratch / 'subscribe'
    source.write_text(text, encoding='utf-8')
    result = run([*CC, '-Wall', '-Werror', source, '-o', program, *get_devenv_flags()])
    if check(result.returncode == 0, 'the C in the README compiles', result.stdout):
        check_program('C', program)


def main():
    readme = SOURCE / 'README.md'
    if not readme.exists():
        skip_all('the README is missing')

    text = readme.read_text(encoding='utf-8')
    check(text.count('\n') < MAX_LINES, f'the README is shorter than {MAX_LINES} lines')
    programs = dict(BLOCK.findall(text))
    for language, name in (('c', 'subscribe.c'), ('python', 'subscribe.py')):
        check(programs.get(language) == read_example(language, name),
              f'the README has the program of examples/{name}', programs.get(language, 'nothing'))

    # The translation may leave out programs, but must not change the others.
    translated = BLOCK.findall((SOURCE / 'README.zh_CN.md').read_text(encoding='utf-8'))
    check(translated and all(programs.get(language) == text for language, text in translated),
          'each program of the Chinese README is in the README')

    if not SERVER.exists():
        skip('the programs', 'built without the tools, and so without a server')
        finish()

    with tempfile.TemporaryDirectory() as scratch:
        check_c(programs['c'], Path(scratch))
        (Path(scratch) / 'subscribe.py').write_text(programs['python'], encoding='utf-8')
        check_program('Python', os.environ.get('PYTHON'), Path(scratch) / 'subscribe.py')
    check_program('JavaScript', os.environ.get('GJS'), '-m', EXAMPLES / 'subscribe.js')
    check_program('Vala', VALA if VALA.exists() else None)

    finish()


if __name__ == '__main__':
    main()
