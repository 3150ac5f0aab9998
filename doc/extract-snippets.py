#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the C of each page to a file of the page's name, for the compiler to judge.

extract-snippets.py OUTDIR PAGE.md..."""

import re
import sys
from pathlib import Path

SNIPPET = re.compile(r'^```c\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def extract(page):
    text = page.read_text(encoding='utf-8')
    parts = ['#include <hb-websocket.h>\n']

    for found in SNIPPET.finditer(text):
        line = text.count('\n', 0, found.start()) + 2
        parts.append(f'#line {line} "{page.name}"\n{found[1]}')

    return '\n'.join(parts)


def main(outdir, pages):
    for page in pages:
        (outdir / page.with_suffix('.c').name).write_text(extract(page), encoding='utf-8')


if __name__ == '__main__':
    main(Path(sys.argv[1]), [Path(page) for page in sys.argv[2:]])
