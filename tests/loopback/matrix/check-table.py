#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if the page does not end with the tables that the matrix prints, and shows the difference.

check-table.py MATRIX PAGE.md [--write]

With --write, the tables are written into the page instead."""

import difflib
import subprocess
import sys
from pathlib import Path

FIRST = '## Faults of an attempt\n'


def main(matrix, page, write):
    table = subprocess.run([matrix, '--table'], check=True, stdout=subprocess.PIPE,
                           encoding='utf-8').stdout
    text = page.read_text(encoding='utf-8')
    begin = text.find(FIRST)
    wanted = text[:begin] + table if begin >= 0 else text + '\n' + table

    if write:
        page.write_text(wanted, encoding='utf-8')
        return False

    sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), wanted.splitlines(True),
                                               page.name, 'matrix --table'))
    return text != wanted


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), '--write' in sys.argv[3:]))
