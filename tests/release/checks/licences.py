#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each file has a licence, as the specification of REUSE requires.

One of the first lines of a file names its licence, unless WITHOUT_LINE matches the file.
.reuse/dep5 has the copyright of all files, and the licence of files without such a line.
"""

import re
import shutil
from fnmatch import fnmatch

from common import SOURCE, check, check_none, finish, relative, run, skip
from style import get_files

LICENCE = 'LGPL-2.1-or-later'

# AppStream collects the metadata of all applications, so it requires a permissive licence.
EXCEPTIONS = {'examples/monitor/data/*.metainfo.xml.in': 'CC0-1.0'}

# The pattern is in two parts, because reuse would otherwise read it as the licence of this file.
LINE = re.compile('SPDX-License-' + r'Identifier: ([\w.+-]+)')
N_LINES = 3

# Most of these files have a format without comments, are read by users as they are, or are written
# by a program.
WITHOUT_LINE = (
    'LICENSE', 'LICENSES/*', 'NEWS', '*.deps', '*.md', '*.png', '*.json', '.reuse/*',
    'doc/performance.svg', 'po/LINGUAS', 'po/POTFILES', 'po/*.po', 'tests/release/abi/*',
    'packaging/debian/*',
)


def get_licence(path):
    try:
        head = path.read_text(encoding='utf-8').splitlines()[:N_LINES]
    except UnicodeDecodeError:
        return None
    return next((found[1] for found in map(LINE.search, head) if found), None)


def get_wanted(name):
    return next((licence for pattern, licence in EXCEPTIONS.items() if fnmatch(name, pattern)),
                LICENCE)


def check_files():
    licences = {relative(path): get_licence(path) for path in get_files()}

    check_none((f'{name}: {licence}' for name, licence in sorted(licences.items())
                if licence not in (None, get_wanted(name))),
               f'each file is under {LICENCE}, except a few')
    check_none((name for name, licence in sorted(licences.items())
                if not licence and not any(fnmatch(name, pattern) for pattern in WITHOUT_LINE)),
               'each file with a comment syntax begins with its licence')

    check((SOURCE / 'LICENSE').read_bytes() == (SOURCE / f'LICENSES/{LICENCE}.txt').read_bytes(),
          'LICENSE has the text of the licence')


def check_with_reuse():
    name = 'reuse accepts all files'
    if not shutil.which('reuse'):
        skip(name, 'reuse is missing')
    elif not (SOURCE / '.git').exists():
        skip(name, 'git, which lists the files, is missing')
    else:
        result = run(['reuse', '--root', SOURCE, 'lint'])
        check(result.returncode == 0, name, result.stdout)


def main():
    check_files()
    check_with_reuse()
    finish()


if __name__ == '__main__':
    main()
