#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as a subproject of an application, by a wrap that points at the source.

What the application asks for is `dependency('hb-websocket-1')`, with or without a fallback: where
the library is not installed, the wrap says that the subproject provides it.
"""

import shutil
import tempfile
from pathlib import Path

from common import MESON, SOURCE, check, check_program, finish, run, skip_all

PROJECT = SOURCE / 'tests' / 'checks' / 'subproject'
WRAP = '''[wrap-file]
directory = source

[provide]
dependency_names = hb-websocket-1
'''

NOT_COPIED = shutil.ignore_patterns('.git', '_build*', 'build*', '__pycache__')


def check_kind(kind, scratch):
    project = scratch / kind
    build = project / '_build'
    subprojects = project / 'subprojects'

    shutil.copytree(PROJECT, project)
    subprojects.mkdir()
    (subprojects / 'hb-websocket.wrap').write_text(WRAP, encoding='utf-8')
    (subprojects / 'source').symlink_to(scratch / 'source')

    result = run([*MESON, 'setup', build, project, '-Dbuildtype=debug', '-Dwerror=true',
                  f'-Ddefault_library={kind}', f'-Dhb-websocket:default_library={kind}',
                  '-Dhb-websocket:tests=false', '-Dhb-websocket:examples=false'])
    if not check(result.returncode == 0, f'{kind}: the project is set up', result.stdout):
        return

    result = run([*MESON, 'compile', '-C', build])
    if check(result.returncode == 0, f'{kind}: the project compiles', result.stdout):
        check_program([build / 'user'], f'{kind}: the program runs')


def main():
    if not MESON:
        skip_all('there is no meson')

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        shutil.copytree(SOURCE, scratch / 'source', symlinks=True, ignore=NOT_COPIED)
        for kind in ('shared', 'static'):
            check_kind(kind, scratch)

    finish()


if __name__ == '__main__':
    main()
