#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs in the README work when they are pasted.

The environment may have PYTHON, one with GObject, and GJS.
"""

import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

from common import (
    BUILD, CC, PATIENCE, SOURCE, Peer, check, finish, get_devenv_flags, run, skip, skip_all,
)

BLOCK = re.compile(r'^```(c|python|js)\n(.*?)^```$', re.MULTILINE | re.DOTALL)

# Where the programs connect to, unless they take it as an argument
PLACE = 'wss://example.com/feed'

COMPLAINT = re.compile(r'CRITICAL|WARNING|Warning|Traceback')


def check_echoes(language, write_command):
    """The program goes on for ever, so it is ended once it has printed what it got back."""
    output = []
    with Peer() as peer:
        env = {**os.environ, 'PYTHONUNBUFFERED': '1', 'LD_LIBRARY_PATH': str(BUILD / 'lib'),
               'GI_TYPELIB_PATH': str(BUILD / 'lib')}
        with subprocess.Popen(write_command(peer.uri), text=True, env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            alarm = threading.Timer(PATIENCE, process.kill)
            alarm.start()
            for line in process.stdout:
                output.append(line)
                if line == 'hello\n':
                    break
            alarm.cancel()
            process.terminate()
            output += process.stdout.readlines()

    text = ''.join(output)
    check('hello\n' in output and not COMPLAINT.search(text),
          f'the {language} in the README sends a message and gets it back', text)


def check_c(text, scratch):
    source = scratch / 'program.c'
    program = scratch / 'program'
    source.write_text(text, encoding='utf-8')
    result = run([*CC, '-Wall', '-Werror', source, '-o', program, *get_devenv_flags()])
    if check(result.returncode == 0, 'the C in the README compiles', result.stdout):
        check_echoes('C', lambda uri: [program, uri])


def check_script(language, text, path, *command):
    name = f'the {language} in the README'

    def write_command(uri):
        path.write_text(text.replace(PLACE, uri), encoding='utf-8')
        return [*command, path]

    if not command[0]:
        skip(name, 'what runs it is not there, or cannot load the library')
    elif check(text.count(PLACE) == 1, f'{name} connects to {PLACE}', text):
        check_echoes(language, write_command)


def main():
    readme = SOURCE / 'README.md'
    if not readme.exists():
        skip_all('there is no README')

    # The first of each is a program.
    programs = dict(reversed(BLOCK.findall(readme.read_text(encoding='utf-8'))))

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if check(len(programs) == 3, 'the README has a program in each language'):
            check_c(programs['c'], scratch)
            check_script('Python', programs['python'], scratch / 'program.py',
                         os.environ.get('PYTHON'))
            check_script('JavaScript', programs['js'], scratch / 'program.js',
                         os.environ.get('GJS'), '-m')

    finish()


if __name__ == '__main__':
    main()
