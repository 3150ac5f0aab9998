#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that all C is compiled for the oldest supported versions of GLib and libsoup.

The compiler then warns about functions that these versions deprecate or do not have yet.
"""

import re
import shlex

from common import (PKG_CONFIG, SOURCE, check, check_none, compile_as, finish, get_compile_commands,
                    run, skip)

PROBE = '''#include <libsoup/soup.h>

void probe (gpointer data);

void
probe (gpointer data)
{{
  {};
}}
'''

# Newer functions: the module, the version that added the function, and a call
NEWER = (
    ('glib-2.0', '2.76', 'g_string_free_and_steal (data)'),
    ('libsoup-3.0', '3.4', 'soup_message_set_force_http1 (data, TRUE)'),
)


def get_definitions():
    """Yields the flags that select the versions that meson.build requires."""
    text = (SOURCE / 'meson.build').read_text(encoding='utf-8')
    for name in ('glib', 'soup'):
        version = re.search(rf"^{name}_required = '>= (\d+)\.(\d+)'$", text, re.MULTILINE)
        value = f'{name.upper()}_VERSION_{version[1]}_{version[2]}'
        yield f'-D{name.upper()}_VERSION_MIN_REQUIRED={value}'
        yield f'-D{name.upper()}_VERSION_MAX_ALLOWED={value}'


def check_commands():
    sources = [entry for entry in get_compile_commands() if entry['file'].endswith('.c')]

    check(sources, 'C files are found')
    for definition in get_definitions():
        check_none((entry['output'] for entry in sources
                    if definition not in shlex.split(entry['command'])),
                   f'all C is compiled with {definition}')


def compile_call(call):
    return compile_as('hb-driver.c', 'hb-task', PROBE.format(call),
                      '-Werror=deprecated-declarations')


def check_warnings():
    good = compile_call('g_clear_object (&data)')
    check(good.returncode == 0, 'a function that is neither deprecated nor new compiles',
          good.stdout)

    bad = compile_call('g_free (g_memdup (data, 1))')
    check(bad.returncode != 0 and 'deprecated-declarations' in bad.stdout,
          'a function that GLib 2.68 has deprecated does not compile', bad.stdout)

    for module, version, call in NEWER:
        name = f'a function that {module} has since {version} does not compile'
        if run([*PKG_CONFIG, f'--atleast-version={version}', module]).returncode != 0:
            skip(name, 'the headers are older')
            continue
        bad = compile_call(call)
        check(bad.returncode != 0 and 'deprecated-declarations' in bad.stdout, name, bad.stdout)


def main():
    check_commands()
    check_warnings()
    finish()


if __name__ == '__main__':
    main()
