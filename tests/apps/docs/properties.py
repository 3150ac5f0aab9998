#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the tables of properties in PAGE.md agree with the class.

properties.py PAGE.md GIR

The class itself names no units, so the script searches the first paragraph of each property's
documentation in GIR for the unit.
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import gi

gi.require_version('Hb', '1')
from gi.repository import GObject, Hb  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'

ROW = re.compile(r'^\| `([\w-]+)` \|(.*)\|$', re.MULTILINE)

TYPES = {
    'GStrv': 'list of strings',
    'gboolean': 'boolean',
    'gchararray': 'string',
    'gdouble': 'double',
    'gint': 'int',
    'gint64': 'int64',
    'guint': 'uint',
    'guint64': 'uint64',
}

# The units in the documentation, and their names in the tables
UNITS = {'milliseconds': 'ms', 'microseconds': 'µs', 'bytes': 'bytes'}
UNIT = re.compile(rf'(?:in|number of) ({"|".join(UNITS)})\b')


def read_units(gir):
    summaries = {node.get('name'): node.find(f'{CORE}doc').text.split('\n\n')[0]
                 for node in ET.parse(gir).getroot().iter(f'{CORE}property')}
    return {name: UNITS[found[1]] if (found := UNIT.search(summary)) else ''
            for name, summary in summaries.items()}


def describe_default(pspec):
    value = Hb.WebsocketTask().get_property(pspec.name)

    if pspec.value_type.name == 'GStrv':
        return 'empty'
    if pspec.value_type.is_a(GObject.TYPE_BOOLEAN):
        return 'true' if value else 'false'
    if pspec.value_type.is_a(GObject.TYPE_ENUM):
        return f'`{value.value_nick.upper()}`'
    if isinstance(value, str):
        return f'`{value}`'
    return 'none' if value is None else f'{value:g}' if isinstance(value, float) else str(value)


def describe(pspec, units):
    name = pspec.value_type.name
    is_writable = bool(pspec.flags & GObject.ParamFlags.WRITABLE)

    return [TYPES.get(name, name), units[pspec.name], describe_default(pspec)], is_writable


def main(page, gir):
    units = read_units(gir)
    rows = [(name, [cell.strip() for cell in cells.split('|')])
            for name, cells in ROW.findall(page.read_text(encoding='utf-8'))]
    # The tables of properties that can be set have one more column, which says when a change takes
    # effect.
    actual = {name: (cells[:3], len(cells) == 5) for name, cells in rows}
    expected = {pspec.name: describe(pspec, units)
                for pspec in GObject.list_properties(Hb.WebsocketTask)}
    faults = [f'{name}: the page has {actual.get(name)}, the class has {expected.get(name)}'
              for name in sorted({*actual, *expected}) if actual.get(name) != expected.get(name)]
    if len(actual) != len(rows):
        faults.append('a property is listed twice')

    for fault in faults:
        print(fault)

    return bool(faults)


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
