#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that an application can include <hb-websocket.h>, but no other public header directly.

The script also checks that an application can compare versions, and limit the API to a version.
"""

import re
import tempfile
from pathlib import Path

from common import (CC, CXX, check, finish, get_build_cflags, get_public_headers, run, skip)

STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
REFUSAL = 'Only <hb-websocket.h> can be included directly.'

PROGRAM = '''
#include <hb-websocket.h>

int
main (void)
{
  return hb_check_version (1, 0, 0) != NULL;
}
'''

VERSION_PROGRAM = '''
#include <hb-websocket.h>

#if !HB_CHECK_VERSION (1, 0, 0) || !HB_CHECK_VERSION (0, 99, 99)
# error "older than itself"
#endif

#if HB_CHECK_VERSION (2, 0, 0) || HB_CHECK_VERSION (HB_MAJOR_VERSION, HB_MINOR_VERSION + 1, 0)
# error "newer than itself"
#endif

#if !HB_CHECK_VERSION (HB_MAJOR_VERSION, HB_MINOR_VERSION, HB_MICRO_VERSION)
# error "not itself"
#endif

#if HB_VERSION_MIN_REQUIRED > HB_VERSION_MAX_ALLOWED || HB_VERSION_MAX_ALLOWED < HB_VERSION_1_0
# error "the default bounds are wrong"
#endif
'''


def compile_text(compiler, text, suffix, *flags):
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / f'probe{suffix}'
        source.write_text(text, encoding='utf-8')
        return run([*compiler, *flags, *get_build_cflags(), '-fsyntax-only', source])


def check_compiles(name, *arguments):
    result = compile_text(*arguments)
    check(result.returncode == 0, name, result.stdout)


def main():
    for header in get_public_headers():
        if header.name == 'hb-websocket.h':
            continue
        result = compile_text(CC, f'#include <{header.name}>\n', '.c')
        # The header itself must refuse, and not only a header that it includes.
        refused = re.search(rf'\b{header.name}:\d+:\d+: error: .*{REFUSAL}', result.stdout)
        check(refused, f'<{header.name}> refuses to be included directly', result.stdout)

    for standard in ('c99', 'gnu11'):
        check_compiles(f'<hb-websocket.h> compiles alone as {standard}',
                       CC, PROGRAM, '.c', f'-std={standard}', *STRICT)
    check_compiles('<hb-websocket.h> can be included twice',
                   CC, '#include <hb-websocket.h>\n' + PROGRAM, '.c', '-std=c99', *STRICT)

    for standard in ('c++11', 'c++17'):
        name = f'<hb-websocket.h> compiles alone as {standard}'
        if CXX:
            check_compiles(name, CXX, PROGRAM.replace('(void)', '()'), '.cc', f'-std={standard}',
                           *STRICT)
        else:
            skip(name, 'the C++ compiler is missing')

    check_compiles('the preprocessor can compare versions', CC, VERSION_PROGRAM, '.c', '-std=c99',
                   *STRICT)
    check_compiles('the API of 1.0 compiles if 1.0 is allowed', CC, PROGRAM, '.c',
                   '-DHB_VERSION_MAX_ALLOWED=HB_VERSION_1_0', *STRICT)
    result = compile_text(CC, PROGRAM, '.c', '-DHB_VERSION_MAX_ALLOWED=G_ENCODE_VERSION(0,9)',
                          *STRICT)
    check(result.returncode != 0 and 'Not available before 1.0' in result.stdout,
          'the API of 1.0 causes a warning if only 0.9 is allowed', result.stdout)

    finish()


if __name__ == '__main__':
    main()
