#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the library exports exactly the functions that its public headers declare.

These functions must also be in the bindings, in the documentation, and in Debian's symbols file if
the source has that file.
"""

import re
from xml.etree import ElementTree

from common import (GIR, LIBRARY, SOURCE, check, check_none, finish, get_public_headers,
                    get_symbols, read_code, relative, skip)

DEBIAN_SYMBOLS = SOURCE / 'packaging/debian/libhb-websocket-1-0.symbols'

# Functions that the bindings lack, with the reason for each
NOT_INTROSPECTED = {}

DIRECTIVE = re.compile(r'^\s*#(?:[^\n\\]|\\\n|\\.)*', re.MULTILINE)
AVAILABLE = re.compile(r'\bHB_(?:AVAILABLE|DEPRECATED)_IN_\w+\s+'
                       r'(?:G_DECLARE_\w+\s*\(\s*\w+\s*,\s*(\w+)|[^;]*?\b(hb_\w+)\s*\()')
FUNCTION = re.compile(r'\b(hb_\w+)\s*\(')

# A line of Debian's file: the symbol, its version, and the first release with it
DEBIAN_LINE = re.compile(r'^ (?:\([^)]*\))?(\w+)@\S+ ([\d.]+)', re.MULTILINE)

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'


def get_introspected():
    for element in ElementTree.parse(GIR).getroot().iter():
        yield element.get(f'{C}identifier') if element.get('introspectable') != '0' else None
        yield element.get(f'{GLIB}get-type')


def get_documented():
    for element in ElementTree.parse(GIR).getroot().iter():
        if (element.findtext(f'{CORE}doc') or '').strip():
            yield element.get(f'{C}identifier')
            yield element.get(f'{GLIB}get-type')


def check_debian(exported):
    name = 'the symbols file of Debian lists exactly the exported symbols'
    if not DEBIAN_SYMBOLS.exists():
        skip(name, 'the file is missing')
        return

    listed = dict(DEBIAN_LINE.findall(DEBIAN_SYMBOLS.read_text(encoding='utf-8')))
    check(listed.keys() == exported, name, '\n'.join([
        *(f'{symbol} is missing: add it with the version of the next release'
          for symbol in sorted(exported - listed.keys())),
        *(f'{symbol} is not exported' for symbol in sorted(listed.keys() - exported))]))


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

    check_none(unmarked, 'each public declaration has the version since which it is available')

    exported = get_symbols('-D', '--defined-only', LIBRARY)
    check_none(sorted(exported - declared), 'each exported symbol is declared')
    check_none(sorted(declared - exported), 'each declared function is exported')

    if GIR.exists():
        introspected = set(get_introspected())
        check_none(sorted(exported - introspected - NOT_INTROSPECTED.keys()),
                   'the bindings have each exported symbol')
        check_none(sorted(NOT_INTROSPECTED.keys() - (exported - introspected)),
                   'each exception is still needed')
        check_none(sorted(exported - set(get_documented())), 'each exported symbol is documented')
    else:
        skip('the bindings have each exported symbol', 'built without introspection')
        skip('each exported symbol is documented', 'built without introspection')

    check_debian(exported)

    finish()


if __name__ == '__main__':
    main()
