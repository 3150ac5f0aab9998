#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports what its public headers declare, and the bindings know all of it."""

import re
from xml.etree import ElementTree

from common import (GIR, LIBRARY, check_none, finish, get_public_headers, get_symbols, read_code,
                    relative, skip)

# Functions that the bindings do not have, with the reason for each.
NOT_INTROSPECTED = {}

DIRECTIVE = re.compile(r'^\s*#(?:[^\n\\]|\\\n|\\.)*', re.MULTILINE)
AVAILABLE = re.compile(r'\bHB_(?:AVAILABLE|DEPRECATED)_IN_\w+\s+'
                       r'(?:G_DECLARE_\w+\s*\(\s*\w+\s*,\s*(\w+)|[^;]*?\b(hb_\w+)\s*\()')
FUNCTION = re.compile(r'\b(hb_\w+)\s*\(')

GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'


def get_introspected():
    for element in ElementTree.parse(GIR).getroot().iter():
        yield element.get(f'{C}identifier') if element.get('introspectable') != '0' else None
        yield element.get(f'{GLIB}get-type')


def main():
    declared = set()
    unmarked = []

    for path in get_public_headers():
        code = DIRECTIVE.sub('', read_code(path))
        marked = {f'{found[1]}_get_type' if found[1] else found[2]
                  for found in AVAILABLE.finditer(code)}
        declared |= marked
        unmarked += [f'{relative(path)}: {name}' for name in FUNCTION.findall(code)
                     if name not in marked]

    check_none(unmarked, 'every public declaration says since when it is available')

    exported = get_symbols('-D', '--defined-only', LIBRARY)
    check_none(sorted(exported - declared), 'nothing is exported that is not declared')
    check_none(sorted(declared - exported), 'nothing is declared that is not exported')

    if GIR.exists():
        introspected = set(get_introspected())
        check_none(sorted(exported - introspected - NOT_INTROSPECTED.keys()),
                   'the bindings have all that is exported')
        check_none(sorted(NOT_INTROSPECTED.keys() - (exported - introspected)),
                   'no exception is out of date')
    else:
        skip('the bindings have all that is exported', 'built without introspection')

    finish()


if __name__ == '__main__':
    main()
