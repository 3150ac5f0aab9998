#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the installed files, and builds and runs a program with the flags of pkg-config."""

import os
import shutil
import tempfile
from pathlib import Path

from common import (API, BUILD, CC, GIR, MESON, PKG_CONFIG, SOURCE, check, check_none,
                    check_program, finish, get_flags, get_options, get_public_headers, install,
                    run, skip, skip_all)

PROGRAM = SOURCE / 'tests' / 'release' / 'checks' / 'subproject' / 'user.c'


MONITOR = 'io.github.hb_websocket.Monitor'


def without_sysroot(flag, sysroot):
    """Removes the sysroot, which pkg-config also puts before paths of dependencies outside it."""
    path = flag.removeprefix('-L')
    if path.startswith(str(sysroot)) and not Path(path).exists():
        return flag.replace(str(sysroot), '', 1)
    return flag


def check_application(root, below):
    # AppStream looks below usr/ for the files that the metainfo names.
    name = 'each file that the metainfo names is installed'
    if not shutil.which('appstreamcli'):
        skip(name, 'appstreamcli is missing')
        return

    tree = root / 'tree'
    tree.mkdir()
    (tree / 'usr').symlink_to(below)
    result = run(['appstreamcli', 'validate-tree', '--no-net', '--no-color', tree])
    check(result.returncode == 0 and MONITOR in result.stdout, name, result.stdout)


def main():
    if not MESON:
        skip_all('meson is missing')

    options = get_options()
    prefix = Path(options['prefix'])

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        below = root / prefix.relative_to('/')
        libdir = below / options['libdir']
        pkgconfig = libdir / 'pkgconfig'
        includes = below / options['includedir'] / API
        env = {**os.environ, 'PKG_CONFIG_PATH': str(pkgconfig), 'PKG_CONFIG_SYSROOT_DIR': name}

        result = install(root)
        if not check(result.returncode == 0, 'the project can be installed', result.stdout):
            finish()

        wanted = {header.name for header in get_public_headers()}
        found = {path.name for path in includes.rglob('*')}
        check(wanted == found, 'exactly the public headers are installed',
              f'{sorted(wanted ^ found)}')
        check_none((f'{path} is missing' for path in [
            libdir / f'lib{API}.so.0', pkgconfig / f'{API}.pc', *([
                below / options['datadir'] / 'gir-1.0' / 'Hb-1.gir',
                libdir / 'girepository-1.0' / 'Hb-1.typelib',
            ] if GIR.exists() else []), *([
                below / options['bindir'] / 'hb-cat',
                below / options['libexecdir'] / 'hb-websocket' / 'echo-server',
                below / options['mandir'] / 'man1' / 'echo-server.1',
                below / options['mandir'] / 'man1' / 'hb-cat.1',
                below / options['datadir'] / 'bash-completion' / 'completions' / 'hb-cat',
                below / options['datadir'] / 'fish' / 'vendor_completions.d' / 'hb-cat.fish',
                below / options['datadir'] / 'zsh' / 'site-functions' / '_hb-cat',
            ] if options['tools'] else []), *([
                below / options['bindir'] / 'hb-websocket-monitor',
                below / options['mandir'] / 'man1' / 'hb-websocket-monitor.1',
                *(below / options['datadir'] / path for path in [
                    f'applications/{MONITOR}.desktop',
                    f'dbus-1/services/{MONITOR}.service',
                    f'icons/hicolor/scalable/apps/{MONITOR}.svg',
                    f'icons/hicolor/symbolic/apps/{MONITOR}-symbolic.svg',
                    f'metainfo/{MONITOR}.metainfo.xml',
                ]),
            ] if options['install_monitor'] else []),
        ] if not path.exists()), 'all other files are installed')

        if options['install_monitor']:
            check_application(root, below)

        if GIR.exists():
            for variable, path in (('girdir', f'{options["datadir"]}/gir-1.0'),
                                   ('typelibdir', f'{options["libdir"]}/girepository-1.0')):
                value = run([*PKG_CONFIG, f'--variable={variable}', API], env=env).stdout.strip()
                check(value.removeprefix(name) == str(prefix / path),
                      f'pkg-config knows {variable}', value)

        program = root / 'user'
        flags = [without_sysroot(flag, root) for flag in get_flags('--cflags', '--libs', API,
                                                                   env=env)]
        result = run([*CC, '-Wall', '-Werror', PROGRAM, '-o', program, *flags])
        if check(result.returncode == 0, 'a program compiles with the flags of pkg-config',
                 result.stdout):
            check_program([program], 'the program runs',
                          env={**os.environ, 'LD_LIBRARY_PATH': str(libdir)})

    finish()


if __name__ == '__main__':
    main()
