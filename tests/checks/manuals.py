#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages are right in the eyes of those who format them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from common import BUILD, SOURCE, check, finish, skip

FORMATTERS = (
    ('groff', '-mandoc', '-ww', '-z', '-Kutf8', '-Tutf8'),
    ('man', '--warnings', '-l'),
    ('mandoc', '-Tlint', '-Wstyle'),
)

# What is the machine's, and no fault of the page: it has no index, or not the pages referred to.
OF_THE_MACHINE = ('mandoc.db', 'referenced manual not found')


def read_info(name):
    return json.loads((BUILD / 'meson-info' / f'intro-{name}.json').read_text('utf-8'))


def check_installed():
    name = 'there is a page for each program that is installed, and no other'
    programs = {target['name'] for target in read_info('targets')
                if target['type'] == 'executable' and target['installed']
                and Path(target['install_filename'][0]).parent.name == 'bin'}
    pages = {path.stem for path in map(Path, read_info('installed').values())
             if path.parent.name == 'man1'}
    if programs or pages:
        check(programs == pages, name, f'{sorted(programs)}\n{sorted(pages)}')
    else:
        skip(name, 'built without -Dtools=true and -Dinstall_monitor=true')


def check_format(page, command):
    name = f'{command[0]} has nothing to warn of in {page.name}'
    if not shutil.which(command[0]):
        skip(name, f'there is no {command[0]}')
        return

    result = subprocess.run([*command, page], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, check=False,
                            env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANWIDTH': '80'})
    told = [line for line in (result.stderr + result.stdout * ('-Tlint' in command)).splitlines()
            if not any(excuse in line for excuse in OF_THE_MACHINE)]
    # mandoc ends with a status of its own for what it has warned of.
    check(not told and (result.returncode == 0 or command[0] == 'mandoc'), name, '\n'.join(told))


def main():
    pages = sorted(path for folder in ('examples', 'tools')
                   for path in (SOURCE / folder).glob('*/*.1'))

    check(pages, 'there are pages')
    check_installed()
    for page in pages:
        for command in FORMATTERS:
            check_format(page, command)

    finish()


if __name__ == '__main__':
    main()
