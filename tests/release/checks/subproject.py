#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the library as a subproject of an application, with a wrap that points at the source.

The application calls `dependency('hb-websocket-1')`. The wrap names the subproject as the provider
of this dependency. Meson would prefer an installed library, so the check passes
--force-fallback-for.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from common import (MESON, SOURCE, check, check_none, check_program, finish, run, skip,
                    skip_all)

PROJECT = SOURCE / 'tests' / 'release' / 'checks' / 'subproject'
WRAP = '''[wrap-file]
directory = source

[provide]
dependency_names = hb-websocket-1
'''

NOT_COPIED = shutil.ignore_patterns('.git', '_build*', 'build*', '__pycache__')


def make_project(project):
    """Returns the build directory of the project, and the command that sets up this directory."""
    build = project / '_build'
    subprojects = project / 'subprojects'

    shutil.copytree(PROJECT, project)
    subprojects.mkdir()
    (subprojects / 'hb-websocket.wrap').write_text(WRAP, encoding='utf-8')
    (subprojects / 'source').symlink_to(project.parent / 'source')

    return build, [*MESON, 'setup', build, project, '-Dbuildtype=debug', '-Dwerror=true',
                   '--force-fallback-for=hb-websocket-1']


def introspect(build, what):
    result = subprocess.run([*MESON, 'introspect', build, what], text=True, check=True,
                            stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def get_programs(build):
    """Returns the names of the programs in the subproject."""
    return {target['name'] for target in introspect(build, '--targets')
            if target['type'] == 'executable' and target['subproject']}


def check_kind(kind, scratch):
    build, command = make_project(scratch / kind)

    vala = bool(shutil.which('valac'))
    result = run([*command, f'-Ddefault_library={kind}', f'-Dhb-websocket:default_library={kind}',
                  f'-Dvala={str(vala).lower()}'])
    if not check(result.returncode == 0, f'{kind}: the project is set up', result.stdout):
        return

    check_none(get_programs(build), f'{kind}: the project adds no tests, examples or tools')
    check(not introspect(build, '--tests'), f'{kind}: the project has no tests to run')

    result = run([*MESON, 'compile', '-C', build])
    if check(result.returncode == 0, f'{kind}: the project compiles', result.stdout):
        check_program([build / 'user'], f'{kind}: the program runs')
        if vala:
            check_program([build / 'user-in-vala'], f'{kind}: the program in Vala runs')
        else:
            skip(f'{kind}: the program in Vala runs', 'the Vala compiler is missing')


def check_asking(scratch):
    build, command = make_project(scratch / 'asking')

    result = run([*command, '-Dlibrary_options=tests=true,tools=true'])
    if check(result.returncode == 0, 'asking: the project is set up', result.stdout):
        missing = {'test-core-machine', 'hb-cat'} - get_programs(build)
        check_none(missing, 'asking: the tests and the tool are built if the project asks for them')
        check(any('hb-websocket:core' in test['suite'] for test in introspect(build, '--tests')),
              'asking: the project adds the tests')


def main():
    if not MESON:
        skip_all('meson is missing')

    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        shutil.copytree(SOURCE, scratch / 'source', symlinks=True, ignore=NOT_COPIED)
        for kind in ('shared', 'static'):
            check_kind(kind, scratch)
        check_asking(scratch)

    finish()


if __name__ == '__main__':
    main()
