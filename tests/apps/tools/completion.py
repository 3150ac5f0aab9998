#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the completions for bash, zsh and fish offer the options and values of --help."""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from common import (ENVIRONMENT, SOURCE, WAIT_TIMEOUT, check, check_equal, finish, get_help,
                    get_options, skip)

FOLDER = SOURCE / 'tools' / 'hb-cat'
COMPLETION = FOLDER / 'hb-cat.bash'
ZSH = FOLDER / 'hb-cat.zsh'
FISH = FOLDER / 'hb-cat.fish'

# Prints each argument with which the completion for zsh calls _arguments.
ZSH_SCRIPT = '''
_arguments () { printf '%s\\n' "$@" }
source "$1"
'''

# Prints the completions of the last word of a command line. The completions come from the function
# that the file $1 registers for hb-cat.
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
    """Returns the output once it matches the pattern, or after WAIT_TIMEOUT."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    text = ''
    while not re.search(pattern, text) and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 1 << 12).decode()
    return text


def type_in(keys, wanted):
    """Types the keys in an interactive bash with the completion.

    Returns the output from then on, once it contains `wanted`, or after WAIT_TIMEOUT.
    """
    terminal, end = pty.openpty()
    with subprocess.Popen(['bash', '--norc', '--noprofile', '-i'], stdin=end, stdout=end,
                          stderr=end, start_new_session=True,
                          env={**ENVIRONMENT, 'PS1': 'ready$ ', 'TERM': 'dumb',
                               'INPUTRC': '/dev/null', 'HISTFILE': ''}) as bash:
        os.close(end)
        try:
            read_until(terminal, r'ready\$ ')
            os.write(terminal, f'source {shlex.quote(str(COMPLETION))}; '
                               'bind "set enable-bracketed-paste off"; echo so"urced"\r'.encode())
            read_until(terminal, r'sourced\r\n.*ready\$ ')
            os.write(terminal, keys.encode())
            return read_until(terminal, re.escape(wanted))
        finally:
            bash.kill()
            os.close(terminal)


def read_help():
    """Returns {name of an option: (letter or '', value or '', description)} from --help."""
    return {name: (letter, value, text) for letter, name, value, text in re.findall(
        r"^  (?:-(\w), )?--([a-z-]+)(?:=(.*?))?  +(.+)$", get_help().output.decode(), re.MULTILINE)}


def unescape(text):
    return re.sub(r'\\(.)', r'\1', text)


def get_choices(value):
    """Returns the words that the value of an option lists, or an empty list."""
    return value.split('|') if re.fullmatch(r'[a-z]+(\|[a-z]+)+', value) else []


def check_zsh(wanted):
    text = ZSH.read_text(encoding='utf-8')
    offered = {}
    for letter, name, value, words, action in re.findall(
            r"^    '(?:\*|\(-(\w) --[a-z-]+\)'\{-\w,)?--([a-z-]+)(?:\}')?(=?)\[(.*?)\](.*)' \\$",
            text, re.MULTILINE):
        choices = re.search(r':\(([a-z ]+)\)$', action)
        offered[name] = letter, bool(value), unescape(words), choices[1].split() if choices else []
    check_equal(offered, {name: (letter, bool(value), words, get_choices(value))
                          for name, (letter, value, words) in wanted.items()},
                'the file for zsh has the options of --help')

    if not shutil.which('zsh'):
        skip('zsh', 'zsh is missing')
        return
    result = subprocess.run(['zsh', '-f', '-c', ZSH_SCRIPT, 'zsh', ZSH], text=True,
                            capture_output=True, env=ENVIRONMENT, check=False)
    names = set(re.findall(r'^(?:\*|\(.*?\))?--([a-z-]+)', result.stdout, re.MULTILINE))
    check(names == set(wanted) and not result.stderr, 'zsh reads the file', result)


def check_fish(wanted):
    offered = {}
    for line in FISH.read_text(encoding='utf-8').replace('\\\n', '').splitlines():
        words = shlex.split(line, comments=True)
        if '-l' in words:
            value = {word: words[words.index(word) + 1] for word in ('-l', '-s', '-a', '-d')
                     if word in words}
            choices = [] if '(' in value.get('-a', '') else value.get('-a', '').split()
            offered[value['-l']] = value.get('-s', ''), value['-d'], choices
    check_equal(offered, {name: (letter, words, get_choices(value))
                          for name, (letter, value, words) in wanted.items()},
                'the file for fish has the options of --help')

    if not shutil.which('fish'):
        skip('fish', 'fish is missing')
        return
    for words, values in [('hb-cat --', [f'--{name}' for name in wanted]),
                          ('hb-cat --liveness=', ['any', 'reply', 'steady']),
                          ('hb-cat w', ['ws://', 'wss://'])]:
        result = subprocess.run(['fish', '--no-config', '-c',
                                 f'source {shlex.quote(str(FISH))}; complete -C "{words}"'],
                                text=True, capture_output=True, env=ENVIRONMENT, check=False)
        lines = [line.split('\t')[0].removeprefix('--liveness=').removesuffix('=')
                 for line in result.stdout.splitlines()]
        check(set(values) <= set(lines), f'fish completes {words}', result)


def check_bash():
    if not shutil.which('bash'):
        skip('bash', 'bash is missing')
        return

    options = get_options()
    wanted = sorted([name + '=' * value for name, (_, value) in options.items()])

    check_equal(complete('-'), wanted, 'bash offers exactly the options of --help')
    check_equal(complete('--ca'), ['--ca-file='],
                'bash offers the options that begin with the word')
    check_equal(complete(''), ['ws://', 'wss://'], 'bash offers the schemes of a URI')

    for name, values in re.findall(r'^  (--[a-z-]+)=([a-z|]+) ', get_help().output.decode(),
                                   re.MULTILINE):
        check_equal(complete(name, '='), sorted(values.split('|')),
                    f'bash offers the values of {name}')
        check_equal(complete(name, '=', values[0]), [value for value in values.split('|')
                                                     if value[0] == values[0]],
                    f'bash offers the values of {name} that begin with the word')

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / 'authority.pem'
        path.touch()
        for name in ('--ca-file', '--cert', '--key'):
            check_equal(complete(name, '=', f'{scratch}/a'), [str(path)],
                        f'bash offers files for {name}')

    check('sort' in complete('--exec', '=', 'sor'), 'bash offers commands for --exec')
    check_equal(complete('--origin', '=', ''), [], 'bash offers nothing for an arbitrary value')

    text = type_in('hb-cat --ping-mo\tp\t', '--ping-mode=ping')
    check('hb-cat --ping-mode=ping' in text, 'bash completes an option on a terminal', repr(text))


def main():
    wanted = read_help()

    check_bash()
    check_zsh(wanted)
    check_fish(wanted)
    finish()


if __name__ == '__main__':
    main()
