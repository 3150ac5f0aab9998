#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if POTFILES lacks a file that has translatable strings, or names a file that has none.

Also fails if a translatable string contains a macro of GLib such as G_GUINT64_FORMAT, before which
xgettext would cut the string off.
"""

import re
import sys
from pathlib import Path

# Files in which the translatable strings are marked
SOURCES = ('lib/**/*.c', 'tools/**/*.c', 'examples/**/*.c')
TEMPLATES = ('examples/**/*.ui',)

# Files in which no string is marked, because gettext knows which ones to translate
UNMARKED = ('examples/**/*.desktop.in', 'examples/**/*.metainfo.xml.in')

CALL = r'(?<![A-Za-z0-9_])(?:_|N_|ngettext|hb_ngettext)\s*\(\s*'
MARKED = re.compile(CALL + '"')
MARKED_IN_TEMPLATE = 'translatable="yes"'
STRING = r'"(?:[^"\\]|\\.)*"'
MACRO = re.compile(rf'{CALL}{STRING}(?:[\s,]*{STRING})*\s*(G_[A-Z0-9_]+)')


def read(root, patterns):
    return {str(path.relative_to(root)): path.read_text(encoding='utf-8')
            for pattern in patterns for path in root.glob(pattern)}


def main(root):
    listed = {line for line in (root / 'po' / 'POTFILES').read_text().splitlines()
              if line and not line.startswith('#')}
    texts = read(root, SOURCES)
    templates = read(root, TEMPLATES)
    marked = {path for path, text in texts.items() if MARKED.search(text)}
    cut = [(path, found[1]) for path in sorted(marked) for found in MACRO.finditer(texts[path])]
    marked |= {path for path, text in templates.items() if MARKED_IN_TEMPLATE in text}
    marked |= read(root, UNMARKED).keys()

    for path in sorted(marked - listed):
        print(f'{path} has strings to be translated: add it to po/POTFILES')
    for path in sorted(listed - marked):
        print(f'{path} is in po/POTFILES, but has no strings to be translated: remove it')
    for path, macro in cut:
        print(f'{path}: xgettext cuts a string off before {macro}: use %zu or PRIu64')

    return marked != listed or bool(cut)


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1])))
