#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that no name is in both this library and HarfBuzz, which also uses the prefix hb_.

Each process with GTK loads HarfBuzz. If both libraries had a function of the same name, a call
could reach the wrong one. If both had a header of the same name, a program could include the wrong
one, depending on the order of the compiler's options. After the usual arguments, the script takes
the archives that make up the static library.
"""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

from common import (LIBRARY, PKG_CONFIG, check, check_none, finish, get_public_headers, get_symbols,
                    run, skip, skip_all)

# The library of HarfBuzz that registers types
TYPE_LIBRARY = 'libharfbuzz-gobject'

CACHE_LINE = re.compile(r'^\s*libharfbuzz[\w-]*\.so[.\d]* .* => (.*)$', re.MULTILINE)


def find_harfbuzz():
    path = os.pathsep.join([os.environ.get('PATH', ''), '/sbin', '/usr/sbin'])
    try:
        cache = subprocess.run(['ldconfig', '-p'], text=True, check=True, stdout=subprocess.PIPE,
                               env={**os.environ, 'PATH': path}).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted({Path(found).resolve() for found in CACHE_LINE.findall(cache)})


def get_headers():
    includes = run([*PKG_CONFIG, '--variable=includedir', 'harfbuzz']).stdout.strip()
    return {path.name for path in Path(includes, 'harfbuzz').glob('*.h')}


def get_type_names(library, symbols):
    """Registers the types of a library, and yields their names."""
    loaded = ctypes.CDLL(str(library))
    gobject = ctypes.CDLL('libgobject-2.0.so.0')
    gobject.g_type_name.restype = ctypes.c_char_p
    gobject.g_type_name.argtypes = [ctypes.c_size_t]

    for symbol in sorted(symbols):
        if symbol.endswith('_get_type'):
            function = getattr(loaded, symbol)
            function.restype = ctypes.c_size_t
            yield gobject.g_type_name(function()).decode()


def main():
    libraries = find_harfbuzz()
    if not libraries:
        skip_all('HarfBuzz is not installed')

    exported = get_symbols('-D', '--defined-only', LIBRARY)
    defined = get_symbols('-g', '--defined-only', *sys.argv[4:])
    types = set(get_type_names(LIBRARY, exported))
    check(exported and exported < defined and types, 'symbols and types are found')

    for library in libraries:
        theirs = get_symbols('-D', '--defined-only', library)
        name = library.name.split('.')[0]
        check_none(sorted((exported | defined) & theirs), f'no symbol is also in {name}')
        if name == TYPE_LIBRARY:
            their_types = set(get_type_names(library, theirs))
            check(their_types, f'{name} has types')
            check_none(sorted(types & their_types), f'no type is also in {name}')

    if not any(library.name.startswith(f'{TYPE_LIBRARY}.') for library in libraries):
        skip(f'no type is also in {TYPE_LIBRARY}', 'the library is not installed')

    headers = get_headers()
    if headers:
        check_none(sorted(headers & {path.name for path in get_public_headers()}),
                   'no header has the name of one of HarfBuzz')
    else:
        skip('no header has the name of one of HarfBuzz', 'its headers are not installed')

    finish()


if __name__ == '__main__':
    main()
