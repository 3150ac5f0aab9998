#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Converts the pages of the book, which a forge can show, to pages for gi-docgen.

site.py OUTDIR GIR PAGE.md...

gi-docgen needs a line with the title, and the extension .html in links between pages. This script
adds the line, and replaces the extension .md. In each section, it also turns the first code span of
each name into a link to the reference. The names are those of classes and records with their
functions, of enumerations and flags with their constants, and of the properties of the main class.
Code spans in headings and links, and the names of properties without a hyphen, stay unchanged."""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

MAIN_CLASS = 'WebsocketTask'

FENCED = re.compile(r'(^```.*?^```$)', re.MULTILINE | re.DOTALL)
SECTION = re.compile(r'(?=^## )', re.MULTILINE)
PAGE_LINK = re.compile(r'\]\(([\w-]+)\.md(#[\w-]+)?\)')

# Headings, links, pictures and comments are matched so that they stay unchanged. The last
# alternative matches a code span, which may become a link.
PART = re.compile(r'^#[^\n]*|!?\[[^\]]*\]\([^)]*\)|<!--.*?-->|`(?P<code>[^`]+)`',
                  re.MULTILINE | re.DOTALL)


def read_callables(kind, node):
    """Yields the C name, as the book writes it, and the page of each function, constructor and
    method of a node."""
    owner = node.get('name')
    for tag, prefix in (('method', 'method'), ('constructor', 'ctor'), ('function', kind)):
        for child in node.findall(CORE + tag):
            yield child.get(C + 'identifier') + ' ()', f'{prefix}.{owner}.{child.get("name")}.html'


def read_class(node):
    """Yields the short name, which the book uses, and the page of each method of the main class,
    and of each property whose name has a hyphen."""
    for child in node.findall(CORE + 'method'):
        yield child.get('name') + ' ()', f'method.{MAIN_CLASS}.{child.get("name")}.html'
    for child in node.findall(CORE + 'property'):
        # A name without a hyphen may have another meaning in the book.
        if '-' in child.get('name'):
            yield child.get('name'), f'property.{MAIN_CLASS}.{child.get("name")}.html'


def read_enumeration(node):
    """Yields the C name and the page of an enumeration and of each of its constants."""
    kind = 'flags' if node.tag == CORE + 'bitfield' else 'enum'
    if node.get(GLIB + 'error-domain'):
        kind = 'error'
    page = f'{kind}.{node.get("name")}.html'

    yield node.get(C + 'type'), page
    for child in node.findall(CORE + 'member'):
        yield child.get(C + 'identifier'), page


def read_targets(gir):
    """Returns a dictionary from code spans to the pages of the reference."""
    namespace = ET.parse(gir).getroot().find(CORE + 'namespace')
    targets = {}

    for tag, kind in (('class', 'class'), ('record', 'struct')):
        for node in namespace.findall(CORE + tag):
            if node.get(GLIB + 'is-gtype-struct-for') or node.get('disguised'):
                continue
            targets[node.get(C + 'type')] = f'{kind}.{node.get("name")}.html'
            targets.update(read_callables('type_func', node))
            if node.get('name') == MAIN_CLASS:
                targets.update(read_class(node))
    for tag in ('enumeration', 'bitfield'):
        for node in namespace.findall(CORE + tag):
            targets.update(read_enumeration(node))

    return targets


def add_links(section, targets):
    """Returns the section with the first code span of each name turned into a link."""
    mentioned = set()

    def link(part):
        code = re.sub(r'\s+', ' ', part['code'] or '')
        if code not in targets or code in mentioned:
            return part[0]
        mentioned.add(code)
        return f'[{part[0]}]({targets[code]})'

    parts = FENCED.split(section)
    parts[::2] = [PART.sub(link, part) for part in parts[::2]]

    return ''.join(parts)


def convert(text, targets):
    title = text.split('\n', 1)[0].removeprefix('# ')
    parts = FENCED.split(text)
    parts[::2] = [PAGE_LINK.sub(r'](\1.html\2)', part) for part in parts[::2]]
    sections = SECTION.split(''.join(parts))

    return f'Title: {title}\n\n' + ''.join(add_links(section, targets) for section in sections)


def main(outdir, gir, pages):
    targets = read_targets(gir)
    for page in pages:
        text = convert(page.read_text(encoding='utf-8'), targets)
        (outdir / page.name).write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(page) for page in sys.argv[3:]])
