#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the C fragments of each page to a source file named after the page.

extract.py OUTDIR PAGE.md...

The build then compiles the files. The script fails if a page has code that no test would check.
"""

import sys
from pathlib import Path

from snippets import Fault, read_snippets


def extract(page):
    parts = ['#include <hb-websocket.h>\n']

    for snippet in read_snippets(page):
        if snippet.language == 'c' and snippet.kind == 'fragment':
            parts.append(f'#line {snippet.line} "{page.name}"\n{snippet.text}')

    return '\n'.join(parts)


def main(outdir, pages):
    for page in pages:
        try:
            (outdir / page.with_suffix('.c').name).write_text(extract(page), encoding='utf-8')
        except Fault as fault:
            sys.exit(str(fault))


if __name__ == '__main__':
    main(Path(sys.argv[1]), [Path(page) for page in sys.argv[2:]])
