#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the packages and the page for their maintainers agree with the build."""

import re

from common import SOURCE, check, check_none, finish, get_options

PACKAGING = SOURCE / 'packaging'
PAGE = PACKAGING / 'README.md'
SPEC = PACKAGING / 'fedora' / 'hb-websocket.spec'
DEBIAN = PACKAGING / 'debian'

OPTION = re.compile(r"^option\('(\w+)',\s*type: '\w+', value: '?(\w+)'?", re.MULTILINE)
ROW = re.compile(r'^\| `(\w+)` \| `(\w+)` \|', re.MULTILINE)

# An option of Meson on a command line. C macros are in capitals, so they do not match.
USE = re.compile(r'(?<![\w-])-D(?:[\w-]+:)?([a-z]\w*)(?==|`)')

# The Debian package for each pkg-config name
DEBIAN_NAMES = {
    'gio-2.0': 'libglib2.0-dev',
    'gio-unix-2.0': 'libglib2.0-dev',
    'gobject-2.0': 'libglib2.0-dev',
    'gtk4': 'libgtk-4-dev',
    'json-glib-1.0': 'libjson-glib-dev',
    'libadwaita-1': 'libadwaita-1-dev',
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
                for path in (SOURCE / 'README.md', SOURCE / 'doc' / 'installing.md',
                             SOURCE / 'CONTRIBUTING.md', SPEC, PAGE,
                             PACKAGING / 'releasing.md', DEBIAN / 'rules')
                for name in USE.findall(read(path)) if name not in known),
               'each option that is named exists')


def get_needed():
    """Returns the libraries and programs that have a minimum version, with this version."""
    text = '\n'.join(read(SOURCE / folder / 'meson.build')
                     for folder in ('.', 'doc', 'examples', 'lib', 'tools'))
    variables = dict(re.findall(r"^(\w+_required) = '>= ([\d.]+)'", text, re.MULTILINE))
    # The packages and the page name Meson's version without its last number.
    found = re.findall(r"^  (meson)_version: ('>= [\d.]+)\.0'", text, re.MULTILINE)
    found += re.findall(r"(?:dependency|find_program)\('([\w.-]+)', version: ('>= [\d.]+'|\w+)",
                        text)
    return {(name, variables.get(version, version.strip("'>= "))) for name, version in found}


def get_listed(page):
    """Returns the same as get_needed(), from the page for maintainers."""
    rows = re.findall(r'^\| (`[^|]+`) \| (\d+(?:\.\d+){1,2}) \|', page, re.MULTILINE)
    programs = re.findall(r'\b(Meson|gi-docgen)`? ([\d.]*\d)', page)
    return {*((name, version) for names, version in rows for name in re.findall('`(.+?)`', names)),
            *((name.lower(), version) for name, version in programs)}


def check_equal(found, wanted, name):
    check(found == wanted, name, f'differing: {sorted(found ^ wanted)}')


def get_packages(page):
    """Returns two sets from the page: the packages of Debian and those of Fedora."""
    table = re.search(r'^\| files \| Debian \| Fedora \|\n\|[-|]+\n((?:\|.+\n)+)', page,
                      re.MULTILINE)[1]
    rows = [line.strip('| ').split(' | ') for line in table.splitlines()]
    return [{row[column] for row in rows} - {'not built'} for column in (1, 2)]


def check_names(control, spec):
    debian, fedora = get_packages(read(PAGE))
    check_equal(debian, set(re.findall(r'^Package: (\S+)', control, re.MULTILINE)),
                'the page for maintainers lists each package of Debian')
    source = re.search(r'^Name:\s+(\S+)', spec, re.MULTILINE)[1]
    names = re.findall(r'^%package\s+(\S+)', spec, re.MULTILINE)
    check_equal(fedora, {source, *(f'{source}-{name}' for name in names)},
                'the page for maintainers lists each package of Fedora')


def check_packages():
    version = re.search(r"^  version: '([\d.]+)'", read(SOURCE / 'meson.build'), re.MULTILINE)[1]
    spec = read(SPEC)
    control = read(DEBIAN / 'control')

    found = re.search(r'^Version:\s+(\S+)', spec, re.MULTILINE)[1]
    check(found == version, 'the package of Fedora has the version of the project', found)
    found = re.match(r'hb-websocket \(([^-)]+)-', read(DEBIAN / 'changelog'))[1]
    check(found == version, 'the package of Debian has the version of the project', found)

    needed = get_needed()
    check(len(needed) == len(dict(needed)) > len(DEBIAN_NAMES),
          'each dependency is needed in one version', str(sorted(needed)))
    check_equal(set(re.findall(r'^BuildRequires: +(?:pkgconfig\()?([\w.-]+)\)? >= (\S+)$', spec,
                               re.MULTILINE)),
                needed, 'the package of Fedora requires the dependencies')
    check_equal(set(re.findall(r'([\w.-]+) \(>= ([\d.]+)\)', control)),
                {(DEBIAN_NAMES.get(name, name), version) for name, version in needed},
                'the package of Debian requires the dependencies')
    check_equal(get_listed(read(PAGE)), needed, 'the page for maintainers lists the dependencies')
    check_names(control, spec)


check_options()
check_packages()
finish()
