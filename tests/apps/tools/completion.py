#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bash completes the options of --help, and their values."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from common import (ENVIRONMENT, PATIENCE, SOURCE, check, check_equal, finish, get_help,
                    get_options, skip)

COMPLETION = SOURCE / 'tools' / 'hb-cat' / 'hb-cat.bash'

# What bash does: words, the last of which is completed, and the function that is registered.
SCRIPT = '''
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
$(complete -p hb-cat | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
'''


def complete(*words):
    result = subprocess.run(['bash', '--norc', '-c', SCRIPT, 'bash', COMPLETION, 'hb-cat', *words],
                            text=True, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return sorted(filter(None, result.stdout.splitlines()))


def read_until(terminal, pattern):
    """What the terminal shows, once it shows this, or time is up."""
    deadline = time.monotonic() + PATIENCE
    text = ''
    while not re.search(pattern, text) and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 1 << 12).decode()
    return text


def type_in(keys, wanted):
    """What an interactive bash makes of these keys."""
    terminal, end = pty.openpty()
    with subprocess.Popen(['bash', '--norc', '--noprofile', '-i'], stdin=end, stdout=end,
                          stderr=end, start_new_session=True,
                          env={**ENVIRONMENT, 'PS1': 'ready$ ', 'TERM': 'dumb',
                               'INPUTRC': '/dev/null', 'HISTFILE': ''}) as bash:
        os.close(end)
        try:
            read_until(terminal, r'ready\$ ')
            os.write(terminal, f'source {COMPLETION}; bind "set enable-bracketed-paste off"; '
                               'echo so"urced"\r'.encode())
            read_until(terminal, r'sourced\r\n.*ready\$ ')
            os.write(terminal, keys.encode())
            return read_until(terminal, re.escape(wanted))
        finally:
            bash.kill()
            os.close(terminal)


def main():
    if not shutil.which('bash'):
        skip('bash', 'there is no bash')
        finish()

    options = get_options()
    wanted = sorted([name + '=' * value for name, (_, value) in options.items()])

    check_equal(complete('-'), wanted, 'it offers the options of --help, and no other')
    check_equal(complete('--ca'), ['--ca-file='], 'it offers those that begin so')
    check_equal(complete(''), ['ws://', 'wss://'], 'it offers the schemes of a URI')

    for name, values in re.findall(r'^  (--[a-z-]+)=([a-z|]+) ', get_help().output.decode(),
                                   re.MULTILINE):
        check_equal(complete(name, '='), sorted(values.split('|')),
                    f'it offers the values of {name}')
        check_equal(complete(name, '=', values[0]), [value for value in values.split('|')
                                                     if value[0] == values[0]],
                    f'it offers the values of {name} that begin so')

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / 'authority.pem'
        path.touch()
        for name in ('--ca-file', '--cert', '--key'):
            check_equal(complete(name, '=', f'{scratch}/a'), [str(path)], f'{name} takes files')

    check_equal(complete('--origin', '=', ''), [], 'it offers nothing where it knows nothing')

    text = type_in('hb-cat --ping-mo\tp\t', '--ping-mode=ping')
    check('hb-cat --ping-mode=ping' in text, 'bash completes on a terminal', repr(text))

    finish()


if __name__ == '__main__':
    main()
