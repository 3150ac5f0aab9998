#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What packages need to know of the build is as the build has it.

The page for maintainers lists every option, with its default; nothing names an option that there is
not; and the packages have the version of the project, and ask for what it asks for.
"""

import re

from common import SOURCE, check, check_none, finish, get_options

PACKAGING = SOURCE / 'doc' / 'packaging'
PAGE = PACKAGING / 'README.md'
SPEC = PACKAGING / 'fedora' / 'hb-websocket.spec'
DEBIAN = PACKAGING / 'debian'

OPTION = re.compile(r"^option\('(\w+)',\s*type: '\w+', value: '?(\w+)'?", re.MULTILINE)
ROW = re.compile(r'^\| `(\w+)` \| `(\w+)` \|', re.MULTILINE)

# As it is written on a command line: those of C are in capitals.
USE = re.compile(r'(?<![\w-])-D(?:[\w-]+:)?([a-z]\w*)(?==|`)')

# What meson.build asks for, and how others name it
NEEDS = {
    'gio-2.0': 'libglib2.0-dev',
    'json-glib-1.0': 'libjson-glib-dev',
    'libsoup-3.0': 'libsoup-3.0-dev',
}


def read(path):
    return path.read_text(encoding='utf-8')


def check_options():
    options = dict(OPTION.findall(read(SOURCE / 'meson_options.txt')))
    listed = dict(ROW.findall(read(PAGE)))
    check(bool(options) and options.items() == listed.items(),
          'the page for maintainers lists each option, with its default',
          f'differing: {sorted(options.items() ^ listed.items())}')

    known = get_options().keys()
    check_none((f'{path.relative_to(SOURCE)}: {name}'
                for path in (SOURCE / 'README.md', SOURCE / 'CONTRIBUTING.md', SPEC, PAGE,
                             PACKAGING / 'releasing.md', DEBIAN / 'rules')
                for name in USE.findall(read(path)) if name not in known),
               'no option is named that there is not')


def get_needed():
    """The least versions of the dependencies, as meson.build has them."""
    text = '\n'.join(read(path) for path in (SOURCE / 'meson.build',
                                             *(SOURCE / 'tools').glob('meson.build')))
    variables = dict(re.findall(r"^(\w+_required) = '>= ([\d.]+)'", text, re.MULTILINE))
    for name, version in re.findall(r"dependency\('([\w.-]+)', version: ('>= [\d.]+'|\w+)", text):
        yield name, variables.get(version, version.strip("'>= "))


def check_packages():
    version = re.search(r"^  version: '([\d.]+)'", read(SOURCE / 'meson.build'), re.MULTILINE)[1]
    spec = read(SPEC)
    control = read(DEBIAN / 'control')

    found = re.search(r'^Version:\s+(\S+)', spec, re.MULTILINE)[1]
    check(found == version, 'the package of Fedora has the version of the project', found)
    found = re.match(r'hb-websocket \(([^-)]+)-', read(DEBIAN / 'changelog'))[1]
    check(found == version, 'the package of Debian has the version of the project', found)

    needed = dict(get_needed())
    check_none((f'{name} is not looked for' for name in NEEDS if name not in needed),
               'what the packages have to ask for is known')
    check_none((f'pkgconfig({name}) >= {needed[name]}' for name in NEEDS
                if f'pkgconfig({name}) >= {needed[name]}\n' not in spec),
               'the package of Fedora asks for what is needed')
    check_none((f'{package} (>= {needed[name]})' for name, package in NEEDS.items()
                if f'{package} (>= {needed[name]})' not in control),
               'the package of Debian asks for what is needed')
    check_none((f'{name} {needed[name]}' for name in NEEDS
                if not re.search(fr'`{re.escape(name)}`.* \| {re.escape(needed[name])} \|',
                                 read(PAGE))),
               'the page for maintainers says what is needed')


check_options()
check_packages()
finish()
