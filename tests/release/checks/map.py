#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the table of folders in CONTRIBUTING.md is complete, and fits on a screen."""

import re

from common import SOURCE, check, check_none, finish, relative
from style import get_files

MAX_ROWS = 40

# The row of a folder at this depth covers its deeper folders.
DEPTH = 2

ROW = re.compile(r'^\| (`[^|]+/`) \| (.+) \|$', re.MULTILINE)
CODE = re.compile(r'`([^`]+)`')


def get_folders():
    parents = (relative(path.parent).split('/') for path in get_files())
    return {f'{"/".join(parts[:DEPTH])}/' for parts in parents if parts != ['.']}


def find_missing(rows):
    """Yields the folders, and the files of lib/, that the rows name but that do not exist."""
    for folders, contents in rows:
        names = CODE.findall(folders)
        yield from (name for name in names if not (SOURCE / name).is_dir())
        yield from (f'{names[0]}{noun}' for noun in CODE.findall(contents)
                    if noun.startswith('hb-') and names[0].startswith('lib/')
                    and not list(SOURCE.glob(f'{names[0]}{noun}*')))


def main():
    rows = ROW.findall((SOURCE / 'CONTRIBUTING.md').read_text(encoding='utf-8'))
    named = {name for folders, _ in rows for name in CODE.findall(folders)}

    check(0 < len(rows) <= MAX_ROWS, f'the map has at most {MAX_ROWS} rows', str(len(rows)))
    check_none(sorted(get_folders() - named), 'the map has every folder')
    check_none(find_missing(rows), 'each folder and each file in the map exists')
    finish()


if __name__ == '__main__':
    main()
