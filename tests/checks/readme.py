#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program in the README works when it is pasted."""

import re
import subprocess
import tempfile
from pathlib import Path

from common import CC, PATIENCE, SOURCE, Peer, check, finish, get_devenv_flags, run, skip_all

BLOCK = re.compile(r'^```c\n(.*?)^```$', re.MULTILINE | re.DOTALL)

# Seconds that it is left alone with the peer.
MOMENT = 0.5


def check_runs(program):
    """It may go on for ever, or end well; either way it opens a WebSocket."""
    with Peer() as peer, subprocess.Popen([program, peer.uri], text=True, stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT) as process:
        try:
            check(peer.wait_for_client(), 'the program in the README connects')
            output, _ = process.communicate(timeout=MOMENT)
            check(process.returncode == 0, 'the program in the README ends well', output)
        except subprocess.TimeoutExpired:
            process.terminate()
            output, _ = process.communicate(timeout=PATIENCE)
            check('CRITICAL' not in output and 'WARNING' not in output,
                  'the program in the README runs', output)


def main():
    readme = SOURCE / 'README.md'
    block = BLOCK.search(readme.read_text(encoding='utf-8')) if readme.exists() else None
    if block is None:
        skip_all('there is no README with a program')

    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / 'program.c'
        program = Path(scratch) / 'program'
        source.write_text(block[1], encoding='utf-8')
        result = run([*CC, '-Wall', '-Werror', source, '-o', program, *get_devenv_flags()])
        if check(result.returncode == 0, 'the program in the README compiles', result.stdout):
            check_runs(program)

    finish()


if __name__ == '__main__':
    main()
