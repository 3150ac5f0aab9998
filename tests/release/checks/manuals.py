#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that exactly the installed programs have manual pages.

Formatters must accept the pages, and the pages must agree with --help.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from common import BUILD, SOURCE, check, finish, run, skip

FORMATTERS = (
    ('man', '--warnings', '-l'),
    ('mandoc', '-Tlint', '-Wstyle'),
)

# Warnings about the machine, which may lack an index of manual pages, or other pages
OF_THE_MACHINE = ('mandoc.db', 'referenced manual not found')

# The text is neither translated nor wrapped for the terminal of the caller.
ENVIRONMENT = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': '', 'MANWIDTH': '80'}


def read_info(name):
    return json.loads((BUILD / 'meson-info' / f'intro-{name}.json').read_text('utf-8'))


def check_installed():
    name = 'exactly the installed programs have a page'
    programs = {target['name'] for target in read_info('targets')
                if target['type'] == 'executable' and target['installed']
                and Path(target['install_filename'][0]).parent.name in ('bin', 'hb-websocket')}
    pages = {path.stem for path in map(Path, read_info('installed').values())
             if path.parent.name == 'man1'}
    if programs or pages:
        check(programs == pages, name, f'{sorted(programs)}\n{sorted(pages)}')
    else:
        skip(name, 'built without -Dtools=true and -Dinstall_monitor=true')


def check_format(page, command):
    name = f'{command[0]} accepts {page.name}'
    if not shutil.which(command[0]):
        skip(name, f'{command[0]} is missing')
        return

    result = subprocess.run([*command, page], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, check=False, env=ENVIRONMENT)
    output = result.stderr + result.stdout * ('-Tlint' in command)
    warnings = [line for line in output.splitlines()
                if not any(excuse in line for excuse in OF_THE_MACHINE)]
    # The status of mandoc also depends on warnings that are ignored here.
    check(not warnings and (result.returncode == 0 or command[0] == 'mandoc'), name,
          '\n'.join(warnings))


def read_help(text):
    """Returns the arguments, the options and the numeric defaults in the output of --help.

    The options are a dictionary from names to pairs: the letter, and whether a value follows.
    """
    options = re.findall(r'^  (?:-(\w), )?--([a-z-]+)(=?)', text, re.MULTILINE)
    defaults = re.findall(r'^  (?:-\w, )?--([a-z-]+).*\((-?\d+)(?:\)|, or)', text, re.MULTILINE)
    return (re.search(r'^Usage:\n +\S+ (.+)$', text, re.MULTILINE)[1].lower(),
            {name: (letter, bool(value)) for letter, name, value in options},
            dict(defaults))


def read_page(text):
    """Returns the same as read_help() for a manual page, which has " ..." in place of "…"."""
    synopsis = re.search(r'^\.Sh SYNOPSIS\n\.Nm\n(.*?)^\.Sh', text, re.MULTILINE | re.DOTALL)[1]
    arguments = re.sub(r'^\.Op Ar (.+)$', r'[\1]', synopsis.replace(' ...', '…'),
                       flags=re.MULTILINE).replace('.Ar ', '').split('\n')
    options = re.findall(r'^\.It (?:Fl (\w) , )?Fl -([a-z-]+)( Ns = )?', text, re.MULTILINE)
    items = re.split(r'^\.It Fl (?:\w , Fl )?-', text, flags=re.MULTILINE)[1:]
    return (' '.join(arguments).strip().lower(),
            {name: (letter, bool(value)) for letter, name, value in options},
            {re.match('[a-z-]+', item)[0]: found[1] for item in items
             if (found := re.search(r'^Default: (-?\d+)', item, re.MULTILINE))})


def check_help(page):
    program = next((target['filename'][0] for target in read_info('targets')
                    if target['name'] == page.stem), None)
    names = [f'{page.name} has the {what} of --help'
             for what in ('arguments', 'options', 'defaults')]
    if not program:
        for name in names:
            skip(name, f'{page.stem} is not built')
        return

    shown = read_help(run([program, '--help'], env=ENVIRONMENT).stdout)
    documented = read_page(page.read_text(encoding='utf-8'))
    for name, there, here in zip(names, shown, documented):
        check(there == here, name, f'{there}\n{here}')


def main():
    pages = sorted(path for folder in ('examples', 'tools')
                   for path in (SOURCE / folder).glob('*/*.1'))

    check(pages, 'pages are found')
    check_installed()
    for page in pages:
        for command in FORMATTERS:
            check_format(page, command)
        check_help(page)

    finish()


if __name__ == '__main__':
    main()
