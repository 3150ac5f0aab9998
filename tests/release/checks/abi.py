#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that programs that were built with an older 1.x release run with this library.

tests/release/abi/Hb-1.txt lists the API of the last release and later additions: functions and
callbacks with their C types, properties, signals, and the values of enumerations. All structures
are opaque, so no other change of a C declaration can break a program in C. An addition is not a
fault.

lib/vala/vapi/hb-websocket-1.vapi must be the file that vapigen makes. The file is in the source
because an application with the library as a subproject needs it before vapigen can run.

With --write, the script writes both files, or only the first one if vapigen is missing. Run it with
`meson compile -C BUILD write-abi` at each release and after each change of the API.
"""

import re
import shutil
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path
from xml.etree import ElementTree

from common import (API, GIR, SOURCE, check, check_none, finish, get_public_headers, read_code, run,
                    skip)

KEPT_NAMES = SOURCE / 'tests' / 'release' / 'abi' / 'Hb-1.txt'

KEPT_VAPI = SOURCE / 'lib/vala/vapi' / f'{API}.vapi'

VAPI_HEAD = f'/* SPDX-License-{"Identifier"}: LGPL-2.1-or-later */\n\n'

ADVICE = f'''
Programs that were built with an earlier release of {API} would not run with this
library. Keep the old API, and add the new one beside it. An API without the old parts needs a new
name: see packaging/releasing.md. Only an API that was never released may still change. Then write
tests/release/abi/ again, with `meson compile -C BUILD write-abi`.
'''

VAPI_ADVICE = '\n`meson compile -C BUILD write-abi` writes it again.'

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'

FUNCTIONS = [f'{CORE}{name}' for name in ('callback', 'constructor', 'function', 'method')]

# The flags of a property, with their default values, which the GIR omits
PROPERTY_FLAGS = {'readable': '1', 'writable': '0', 'construct-only': '0'}


def get_type(element):
    kind = next(child for child in element if child.tag in (f'{CORE}type', f'{CORE}array'))
    return f'{get_type(kind)}[]' if kind.tag == f'{CORE}array' else kind.get('name')


def get_c_type(element):
    """Returns the C type of a parameter or return value, as the header has it."""
    kind = next(child for child in element if child.tag in (f'{CORE}type', f'{CORE}array'))
    return kind.get(f'{C}type')


def get_signature(element):
    parameters = element.findall(f'{CORE}parameters/*')
    types = [get_c_type(parameter) for parameter in parameters]
    types += ['GError**'] if element.get('throws') == '1' else []
    return f'({", ".join(types)}) {get_c_type(element.find(f"{CORE}return-value"))}'


def get_members(element):
    """Yields a line for each member of a type, except functions."""
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


def get_names():
    namespace = ElementTree.parse(GIR).getroot().find(f'{CORE}namespace')

    for element in namespace:
        yield from get_members(element)
        if element.get(f'{GLIB}get-type'):
            yield f'{element.get(f"{GLIB}get-type")} () GType'

    for element in namespace.iter():
        if element.tag in FUNCTIONS and 'moved-to' not in element.attrib:
            name = element.get(f'{C}identifier') or element.get(f'{C}type')
            yield f'{name} {get_signature(element)}'


def make_vapi():
    packages = KEPT_VAPI.with_suffix('.deps').read_text(encoding='utf-8').split()

    with tempfile.TemporaryDirectory() as scratch:
        result = run(['vapigen', '--library', API, '--directory', scratch,
                      *(f'--pkg={package}' for package in packages),
                      '--metadatadir', KEPT_VAPI.parent, GIR])
        if result.returncode != 0 or 'warning:' in result.stdout:
            sys.exit(result.stdout)
        return VAPI_HEAD + (Path(scratch) / f'{API}.vapi').read_text(encoding='utf-8')


def write():
    KEPT_NAMES.write_text(''.join(f'{line}\n' for line in sorted(get_names())), encoding='utf-8')
    if shutil.which('vapigen'):
        KEPT_VAPI.write_text(make_vapi(), encoding='utf-8')


def check_names():
    name = 'the API has all earlier functions, properties, signals and values'
    if not GIR.exists():
        skip(name, 'built without introspection')
        return

    kept = set(KEPT_NAMES.read_text(encoding='utf-8').splitlines())
    gone = sorted(kept - set(get_names()))
    check(kept and not gone, name, '\n'.join([*gone, ADVICE]))


def check_opaque():
    # Hb-1.txt lists no members of structures, so a change of a member would not be noticed.
    texts = [(path.name, read_code(path)) for path in get_public_headers()]
    check(texts, 'public headers are found')
    check_none((name for name, text in texts if re.search(r'\b(struct|union)\s+\w*\s*{', text)),
               'no public header defines a structure')


def find_not_nullable(vapi):
    """Yields the properties that are nullable only in the vapi or only in the GIR."""
    for method in ElementTree.parse(GIR).getroot().iter(f'{CORE}method'):
        name = (method.get(f'{GLIB}get-property') or '').replace('-', '_')
        nullable = method.find(f'{CORE}return-value').get('nullable') == '1'
        if name and nullable != bool(re.search(rf'\? {name} {{', vapi)):
            yield name


def check_vapi():
    name = 'the vapi for subprojects equals the one that vapigen makes'
    if not GIR.exists() or not shutil.which('vapigen'):
        skip(name, 'built without introspection, or vapigen is missing')
        return

    vapi = make_vapi()
    difference = list(unified_diff(KEPT_VAPI.read_text(encoding='utf-8').splitlines(),
                                   vapi.splitlines(), 'kept', 'made', lineterm=''))
    check(not difference, name, '\n'.join([*difference, VAPI_ADVICE]))
    check_none(find_not_nullable(vapi), 'each property of the vapi that can be null is nullable')
    check(not re.search(r'Cancellable\?? cancellable(?! = null)', vapi),
          'each cancellable of the vapi is null by default', vapi)


def main():
    if sys.argv[4:] == ['--write']:
        write()
        return

    check_opaque()
    check_names()
    check_vapi()
    finish()


if __name__ == '__main__':
    main()
