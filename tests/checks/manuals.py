#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages are right in the eyes of those who format them."""

import os
import shutil
import subprocess

from common import SOURCE, check, finish, skip

FORMATTERS = (
    ('groff', '-mandoc', '-ww', '-z', '-Kutf8', '-Tutf8'),
    ('man', '--warnings', '-l'),
    ('mandoc', '-Tlint', '-Wstyle'),
)

# What is the machine's, and no fault of the page: it has no index, or not the pages referred to.
OF_THE_MACHINE = ('mandoc.db', 'referenced manual not found')


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

    check(len(pages) == 2, 'there is a page for each program that is installed', str(pages))
    for page in pages:
        for command in FORMATTERS:
            check_format(page, command)

    finish()


if __name__ == '__main__':
    main()
