#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the public API is documented, with the version that introduced each symbol."""

import re
from xml.etree import ElementTree

from common import GIR, check, check_none, finish, get_public_headers, relative, skip

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

DOCUMENTED = {
    f'{CORE}{name}' for name in (
        'bitfield', 'callback', 'class', 'constant', 'constructor', 'enumeration', 'function',
        'function-macro', 'interface', 'method', 'property', 'record')
} | {f'{GLIB}signal'}

# Macros that need no documentation: guards, types, and versions of declarations
PLAIN_MACRO = re.compile(r'HB_INSIDE|HB_TYPE_\w+|HB_AVAILABLE_IN_\w+|HB_DEPRECATED_IN_\w+')
MACRO = re.compile(r'^#\s*define\s+(HB_\w+)', re.MULTILINE)
COMMENT = re.compile(r'/\*\*\n \* (HB_\w+):\n(.*?)\*/', re.DOTALL)

MAX_SUMMARY = 100


def get_doc(element):
    return (element.findtext(f'{CORE}doc') or '').strip()


def is_documented_elsewhere(element):
    return 'moved-to' in element.attrib or f'{GLIB}is-gtype-struct-for' in element.attrib


def get_elements(element, path=''):
    """Yields the name and the element of each symbol that must be documented."""
    for child in element:
        if is_documented_elsewhere(child):
            continue
        name = f'{path}.{child.get("name")}' if path else child.get('name', '')
        if child.tag in DOCUMENTED:
            yield name, child
        yield from get_elements(child, name if child.tag in DOCUMENTED else path)


def find_undocumented_parts(name, element):
    for member in element.findall(f'{CORE}member'):
        if not get_doc(member):
            yield f'{name}: {member.get("name")}'

    for parameter in element.findall(f'{CORE}parameters/{CORE}parameter'):
        if not get_doc(parameter):
            yield f'{name}: {parameter.get("name")}'

    value = element.find(f'{CORE}return-value')
    if value is not None and value.find(f'{CORE}type[@name="none"]') is None and not get_doc(value):
        yield f'{name}: what it returns'


def find_bad_summaries(elements):
    for name, element in elements:
        summary = get_doc(element).split('\n\n')[0]
        if '\n' in summary or len(summary) > MAX_SUMMARY or not summary.endswith('.'):
            yield f'{name}: {summary}'


def check_gir():
    elements = list(get_elements(ElementTree.parse(GIR).getroot().find(f'{CORE}namespace')))

    check(elements, 'public symbols are found')
    check_none((name for name, element in elements if not get_doc(element)),
               'each public symbol is documented')
    check_none((name for name, element in elements if not element.get('version')),
               'each public symbol has a “Since:” version')
    check_none((part for name, element in elements
                for part in find_undocumented_parts(name, element)),
               'parameters, members and return values are documented')
    check_none(find_bad_summaries(elements), 'the first paragraph is one short sentence')


def check_macros():
    missing = []

    for path in get_public_headers():
        text = path.read_text(encoding='utf-8')
        comments = dict(COMMENT.findall(text))
        for name in sorted(set(MACRO.findall(text))):
            if not PLAIN_MACRO.fullmatch(name) and 'Since: ' not in comments.get(name, ''):
                missing.append(f'{relative(path)}: {name}')

    check_none(missing, 'each macro is documented, and has a “Since:” version')


def main():
    if GIR.exists():
        check_gir()
    else:
        skip('each public symbol is documented', 'built without introspection')
    check_macros()
    finish()


if __name__ == '__main__':
    main()
