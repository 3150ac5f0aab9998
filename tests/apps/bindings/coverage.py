#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if the tests of a binding leave out a part of the API: coverage.py GIR TEST...

The script searches the text of all tests in one language for each part of the API. The script does
not check whether a test uses a part well.
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tap import check_none, finish  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

LANGUAGES = {'.js': 'JavaScript', '.py': 'Python', '.vala': 'Vala'}

# Removed first, because a name in a comment or docstring is not a use
COMMENT = {
    '.js': re.compile(r'^\s*//.*$', re.MULTILINE),
    '.py': re.compile(r'^\s*#.*$|"""[^"]*"""', re.MULTILINE),
    '.vala': re.compile(r'^\s*//.*$', re.MULTILINE),
}

# Methods that a binding calls by itself, so the tests need not call them
IMPLIED = {
    '.js': {'open_finish', 'close_finish', 'send_message_finish', 'flush_finish', 'receive_finish'},
    '.py': set(),
    '.vala': {'open_finish', 'close_finish', 'send_message_finish', 'flush_finish',
              'receive_finish'},
}

# In Python, a test may pass a method to a helper. In Vala, it may call the method's `begin` and
# `end`.
METHOD = {
    '.js': r'\.{}\(',
    '.py': r'\.{}(?=[(,)])',
    '.vala': r'\.{}(?:\.begin|\.end)? \(',
}

CONSTRUCTOR = {'.js': r'Hb\.{}\.new\(', '.py': r'Hb\.{}\.new\(', '.vala': r'new Hb\.{} \('}

SIGNAL = {
    '.js': r"\.connect\('{}[':]",
    '.py': r"\.connect\('{}[':]",
    '.vala': r'\.{}(?:\["\w+"\])?\.connect \(',
}

# A row in a test's table of properties. The test calls the getter of each property in the table,
# and the setter of each writable one.
ROW = r"^ *[\[(]'{}',"


def is_for_bindings(element):
    return (element.get('introspectable') != '0'
            and 'moved-to' not in element.attrib
            and f'{GLIB}is-gtype-struct-for' not in element.attrib)


def get_parts(gir):
    for parent in ElementTree.parse(gir).getroot().find(f'{CORE}namespace').iter():
        if not is_for_bindings(parent):
            continue
        for element in parent:
            kind = element.tag.removeprefix(CORE).removeprefix(GLIB)
            if kind in KINDS and is_for_bindings(element):
                yield kind, element, parent


def get_pattern_of_method(language, element, parent):
    accessed = element.get(f'{GLIB}get-property') or element.get(f'{GLIB}set-property')
    pattern = METHOD[language].format(element.get('name'))

    if accessed and language != '.vala':
        pattern += '|' + ROW.format(accessed)
    return pattern


def get_pattern_of_function(language, element, parent):
    name = element.get('name')
    # The function that returns the quark belongs to the error domain, as in Hb.Error.quark(). The
    # tests in Vala use no other name.
    if parent.tag == f'{CORE}enumeration' or (language == '.vala' and name == 'error_quark'):
        name = 'Error.quark'
    return rf'\bHb\.{name} ?\('


def get_pattern_of_property(language, element, parent):
    if language != '.vala':
        return ROW.format(element.get('name'))
    name = element.get('name').replace('-', '_')
    return rf'\.{name}\b(?! \(|\.connect)'


def get_pattern_of_member(language, element, parent):
    return rf'\b{parent.get("name")}\.{element.get("name").upper()}\b'


def get_pattern_of_type(language, element, parent):
    return rf'\bHb\.{element.get("name")}\b'


KINDS = {
    'class': get_pattern_of_type,
    'record': get_pattern_of_type,
    'enumeration': get_pattern_of_type,
    'bitfield': get_pattern_of_type,
    'constant': get_pattern_of_type,
    'member': get_pattern_of_member,
    'property': get_pattern_of_property,
    'method': get_pattern_of_method,
    'function': get_pattern_of_function,
    'constructor': lambda language, _, parent: CONSTRUCTOR[language].format(parent.get('name')),
    'signal': lambda language, element, _: SIGNAL[language].format(element.get('name')),
}


def find_missing(parts, language, text):
    for kind, element, parent in parts:
        name = element.get('name')
        if name in IMPLIED[language]:
            continue
        if not re.search(KINDS[kind](language, element, parent), text, re.MULTILINE):
            yield f'the {kind} {name} of {parent.get("name")}'


def main(gir, *tests):
    parts = list(get_parts(gir))

    for suffix, language in LANGUAGES.items():
        text = '\n'.join(COMMENT[suffix].sub('', path.read_text(encoding='utf-8'))
                         for path in map(Path, tests) if path.suffix == suffix)
        check_none(find_missing(parts, suffix, text),
                   f'{language} uses all {len(parts)} parts of the API')
    finish()


if __name__ == '__main__':
    main(*sys.argv[1:])
