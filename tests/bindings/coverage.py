#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails where a test of a binding leaves out part of the API: coverage.py GIR TEST...

It looks for names, which is not to say that they are used well, but that nobody forgot one.
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

# What a binding calls by itself, or has another name for.
IMPLIED = {
    '.js': {'open_finish', 'close_finish', 'send_message_finish', 'flush_finish'},
    '.py': set(),
    '.vala': {'new', 'error_quark',
              'open_finish', 'close_finish', 'send_message_finish', 'flush_finish'},
}


def is_for_bindings(element):
    return (element.get('introspectable') != '0'
            and 'moved-to' not in element.attrib
            and f'{GLIB}is-gtype-struct-for' not in element.attrib)


def get_names(gir):
    """Yields what each is, and its spellings."""
    for element in ElementTree.parse(gir).getroot().find(f'{CORE}namespace').iter():
        if not is_for_bindings(element):
            continue
        kind = element.tag.split('}')[-1]
        name = element.get('name')
        if kind == 'property':
            yield kind, {name, name.replace('-', '_')}
        elif kind == 'signal':
            yield kind, {name}
        elif kind in ('constructor', 'function', 'method'):
            accessed = element.get(f'{GLIB}get-property') or element.get(f'{GLIB}set-property')
            yield kind, {name, accessed} if accessed else {name}
        elif kind in ('constant', 'enumeration', 'bitfield', 'class', 'record'):
            yield kind, {name}
        elif kind == 'member':
            yield kind, {name.upper()}


def is_used(kind, name, text):
    name = re.escape(name)
    if kind == 'signal':
        return re.search(rf'connect\(\'{name}\'|\.{name}\.connect \(', text)
    return re.search(rf'(?<![\w-]){name}(?![\w-])', text)


def main(gir, *tests):
    names = list(get_names(gir))
    failed = False

    for number, test in enumerate(map(Path, tests), 1):
        text = test.read_text(encoding='utf-8')
        missing = [(kind, sorted(spellings)[0]) for kind, spellings in names
                   if not spellings & IMPLIED[test.suffix]
                   and not any(is_used(kind, name, text) for name in spellings)]
        for kind, name in missing:
            print(f'{test.name} does not use the {kind} {name}', file=sys.stderr)
        print(f'{"not ok" if missing else "ok"} {number} - {test.name} uses all of the API')
        failed |= bool(missing)
    print(f'1..{len(tests)}')

    return failed


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
