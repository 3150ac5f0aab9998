#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A released API stays: programs that were built with an older 1.x run with this one.

Two files in tests/release/abi/ have what the last release offered. libhb-websocket-1.abi is of the
shared library, and abidiff compares it. Hb-1.txt has the parts of the API that are not symbols:
properties, signals, and the values of enumerations. An addition is not a fault.

lib/hb-websocket-1.vapi is what vapigen makes, to the letter: an application that has the library as
a subproject compiles with it, before vapigen could run.

With --write all three are written again. That comes with each release, and with each change of the
API for the vapi:

abi.py SOURCE BUILD PEER --write
"""

import re
import shutil
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path
from xml.etree import ElementTree

from common import (API, GIR, LIBRARY, SOURCE, check, check_none, finish, get_public_headers, run,
                    skip)

KEPT_ABI = SOURCE / 'tests' / 'release' / 'abi' / f'lib{API}.abi'
KEPT_NAMES = SOURCE / 'tests' / 'release' / 'abi' / 'Hb-1.txt'

KEPT_VAPI = SOURCE / 'lib' / f'{API}.vapi'

VAPI_HEAD = f'/* SPDX-License-{"Identifier"}: LGPL-2.1-or-later */\n\n'

# What the dump is of, x86-64: the class and the machine in the header of an ELF file
KEPT_FORMAT = (2, 62)

# The bits of abidiff's exit status: it could not compare, or what it found cannot be harmless.
ERROR = 1 | 2
INCOMPATIBLE = 8

# It has one line of this kind for functions, one for variables, and more.
SUMMARY = re.compile(r'^(.+) changes summary: (\d+) Removed.*?, (\d+) Changed', re.MULTILINE)

ADVICE = f'''
Programs that were built with an earlier release of {API} would not run with this
library. Keep the old API, and add the new one beside it. An API without the old parts needs a new
name: see packaging/releasing.md. Only an API that was never released may still change. Then write
the files in tests/release/abi/ again, with `meson compile -C BUILD write-abi`.
'''

VAPI_ADVICE = '\n`meson compile -C BUILD write-abi` writes it again.'

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'

# How a program may use a property, with what the GIR takes for granted
PROPERTY_FLAGS = {'readable': '1', 'writable': '0', 'construct-only': '0'}


def dump_abi():
    """The XML of abidw, without the paths of this machine."""
    headers = [part for header in get_public_headers() for part in ('--header-file', header)]

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / 'dump'
        result = run(['abidw', '--out-file', path, '--drop-private-types', '--no-corpus-path',
                      '--no-comp-dir-path', '--no-show-locs', '--drop-undefined-syms',
                      '--type-id-style', 'hash', *headers, LIBRARY])
        if result.returncode != 0:
            sys.exit(result.stdout)
        return re.sub(r" path='[^']*?/lib/", " path='lib/", path.read_text(encoding='utf-8'))


def get_type(element):
    kind = next(child for child in element if child.tag in (f'{CORE}type', f'{CORE}array'))
    return f'{get_type(kind)}[]' if kind.tag == f'{CORE}array' else kind.get('name')


def get_names():
    """Yields a line for each thing that a program can name and that is no symbol."""
    for element in ElementTree.parse(GIR).getroot().find(f'{CORE}namespace'):
        owner = element.get('name')
        for member in element.findall(f'{CORE}member'):
            yield f'{member.get(f"{C}identifier")} = {member.get("value")}'
        for member in element.findall(f'{CORE}property'):
            flags = [name for name, usual in PROPERTY_FLAGS.items()
                     if member.get(name, usual) == '1']
            yield f'{owner}:{member.get("name")} {get_type(member)} {" ".join(flags)}'
        for member in element.findall(f'{GLIB}signal'):
            types = [get_type(parameter) for parameter
                     in member.findall(f'{CORE}parameters/{CORE}parameter')]
            result = get_type(member.find(f'{CORE}return-value'))
            detailed = ' detailed' if member.get('detailed') == '1' else ''
            yield f'{owner}::{member.get("name")} ({", ".join(types)}) {result}{detailed}'


def make_vapi():
    with tempfile.TemporaryDirectory() as scratch:
        result = run(['vapigen', '--library', API, '--directory', scratch, '--pkg', 'gio-2.0',
                      '--pkg', 'libsoup-3.0', '--metadatadir', SOURCE / 'lib', GIR])
        if result.returncode != 0 or 'warning:' in result.stdout:
            sys.exit(result.stdout)
        return VAPI_HEAD + (Path(scratch) / f'{API}.vapi').read_text(encoding='utf-8')


def write():
    KEPT_ABI.write_text(dump_abi(), encoding='utf-8')
    KEPT_NAMES.write_text(''.join(f'{line}\n' for line in sorted(get_names())), encoding='utf-8')
    if shutil.which('vapigen'):
        KEPT_VAPI.write_text(make_vapi(), encoding='utf-8')


def get_format(path):
    head = path.read_bytes()[:20]
    return head[4], int.from_bytes(head[18:20], sys.byteorder)


def check_names():
    name = 'properties, signals and values are as they were'
    if not GIR.exists():
        skip(name, 'built without introspection')
        return

    kept = set(KEPT_NAMES.read_text(encoding='utf-8').splitlines())
    gone = sorted(kept - set(get_names()))
    check(kept and not gone, name, '\n'.join([*gone, ADVICE]))


def find_not_nullable(vapi):
    """Yields the properties whose getter may return null while the vapi does not say so of them."""
    for method in ElementTree.parse(GIR).getroot().iter(f'{CORE}method'):
        name = (method.get(f'{GLIB}get-property') or '').replace('-', '_')
        nullable = method.find(f'{CORE}return-value').get('nullable') == '1'
        if name and nullable != bool(re.search(rf'\? {name} {{', vapi)):
            yield name


def check_vapi():
    name = 'the vapi for subprojects is the one that vapigen makes'
    if not GIR.exists() or not shutil.which('vapigen'):
        skip(name, 'built without introspection, or there is no vapigen')
        return

    vapi = make_vapi()
    difference = list(unified_diff(KEPT_VAPI.read_text(encoding='utf-8').splitlines(),
                                   vapi.splitlines(), 'kept', 'made', lineterm=''))
    check(not difference, name, '\n'.join([*difference, VAPI_ADVICE]))
    check_none(find_not_nullable(vapi), 'properties of the vapi are nullable where they can be')
    check(not re.search(r'Cancellable\?? cancellable(?! = null)', vapi),
          'each cancellable of the vapi is null by default', vapi)


def find_changes(report):
    """Yields what abidiff counts as removed or changed, and does not hold to be harmless."""
    for kind, removed, changed in SUMMARY.findall(report):
        if (removed, changed) != ('0', '0'):
            yield f'{kind}: {removed} removed, {changed} changed'


def check_abi():
    name = 'programs that were built with the last release run with this library'
    if not shutil.which('abidiff'):
        skip(name, 'there is no abidiff, which abigail-tools has')
        return
    if get_format(LIBRARY) != KEPT_FORMAT:
        skip(name, 'what is kept is of x86-64')
        return
    if '.debug_info' not in run(['readelf', '--section-headers', LIBRARY]).stdout:
        skip(name, 'built without debug information')
        return

    # The dump has no private types, and so none are compared. Were abidiff given the headers, it
    # would take those of GLib for private too, and compare next to nothing.
    result = run(['abidiff', KEPT_ABI, LIBRARY])
    if check(not result.returncode & ERROR, 'abidiff can compare', result.stdout):
        changes = list(find_changes(result.stdout))
        check(not changes and not result.returncode & INCOMPATIBLE, name,
              '\n'.join([result.stdout, *changes, ADVICE]))


def main():
    if sys.argv[4:] == ['--write']:
        write()
        return

    check_abi()
    check_names()
    check_vapi()
    finish()


if __name__ == '__main__':
    main()
