#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom, and who may call what."""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

from common import (check, check_none, compile_as, finish, get_compile_command, get_flags,
                    get_public_headers, get_sources, get_symbols, read_code, relative, skip)

# From the bottom up: the files of a layer, and the layers that it may include besides itself.
LAYERS = {
    'core': ('lib/core/*', set()),
    'link': ('lib/link/*', {'core'}),
    'clock': ('lib/hb-clock*', set()),
    'alarm': ('lib/hb-alarm*', {'core', 'clock'}),
    'network': ('lib/hb-network*', set()),
    'call': ('lib/hb-call*', {'core'}),
    'driver': ('lib/hb-driver*', {'core', 'link', 'clock', 'alarm', 'network', 'call'}),
    'marshal': ('lib/hb-marshal*', set()),
    'version': ('lib/hb-version*', {'core'}),
    'task': ('lib/hb-websocket-task*', {'core', 'driver', 'marshal'}),
    'face': ('lib/hb-websocket.h', {'core', 'version', 'task'}),
}

# What the core may include besides its own headers.
CORE_LIBRARIES = {'glib.h', 'glib-object.h', 'inttypes.h', 'libintl.h', 'string.h'}

# A clock, a loop, a signal, a socket, chance, another library: what the core never names.
NOT_IN_CORE = re.compile(r'''\b(
    g_get_(monotonic|real)_time | g_date_time_new_now\w* | g_timer_\w+ | clock_gettime |
    gettimeofday | (timerfd|epoll)_\w+ | g_usleep |
    g_source_\w+ | GSource\w* | g_main_\w+ | GMain\w+ | g_timeout_\w+ | g_idle_\w+ | g_poll |
    g_signal_\w+ | g_object_notify\w* | g_closure_\w+ |
    g_socket_\w+ | GSocket\w* | GIO\w+ | g_io_\w+ | (input|output)_stream_\w+ |
    GTask | g_task_\w+ | GCancellable | g_cancellable_\w+ | g_thread_\w+ | g_random_\w+ |
    soup_\w+ | Soup\w+ | SOUP_\w+
)\b''', re.VERBOSE)

# Functions of the C library that the core may call.
CORE_C_FUNCTIONS = re.compile(r'_\w+|mem(chr|cmp|cpy|move|set)|str(chr|cmp|len|ncmp|spn)|'
                              r'bind_?textdomain(_codeset)?|d(n|c|cn)?gettext')

# Calls into libsoup from outside lib/link, with the reason for each.
SOUP_EXCEPTIONS = {
    ('lib/hb-driver.c', 'soup_message_headers_new'):
        'the headers for every attempt belong to the task, not to one attempt',
    ('lib/hb-driver.c', 'soup_message_headers_unref'):
        'the same',
}

# A source of the core, and what it is part of
CORE_SOURCE = ('hb-machine.c', 'hb-core')

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def get_layer(path):
    return next((layer for layer, (pattern, _) in LAYERS.items() if fnmatch(path, pattern)), None)


def get_includes(path):
    return INCLUDE.findall(path.read_text(encoding='utf-8'))


def find_calls(path, pattern):
    code = read_code(path)
    for found in pattern.finditer(code):
        yield code.count('\n', 0, found.start()) + 1, found[0]


def check_includes():
    own = {path.name.removesuffix('.in'): get_layer(relative(path)) for path in get_sources()}
    unknown = []
    backwards = []
    foreign = []

    for path in get_sources():
        name = relative(path)
        layer = get_layer(name)
        if layer is None:
            unknown.append(f'{name} belongs to no layer: give it one in {Path(__file__).name}')
            continue
        for kind, header in get_includes(path):
            if kind == '"' and header == 'config.h' and path.suffix == '.c':
                continue
            if kind == '"' and own.get(header) not in LAYERS[layer][1] | {layer}:
                backwards.append(f'{name} of {layer} includes {header} of {own.get(header)}')
            if layer == 'core' and kind == '<' and header not in CORE_LIBRARIES:
                foreign.append(f'{name} includes <{header}>')

    check_none(unknown, 'every file has a layer')
    check_none(backwards, 'includes point one way')
    check_none(foreign, 'the core includes GLib and GObject alone')
    check_none((f'{relative(path)} includes {header}' for path in get_public_headers()
                for _, header in get_includes(path) if header.endswith('-private.h')),
               'public headers include no private one')


def check_calls():
    faults = []
    used = set()
    soup = re.compile(r'\bsoup_\w+')

    check_none((f'{relative(path)}:{line}: {name}' for path in get_sources()
                if get_layer(relative(path)) == 'core'
                for line, name in find_calls(path, NOT_IN_CORE)),
               'the core knows no clock, loop, signal, socket or chance')

    for path in get_sources():
        if get_layer(relative(path)) == 'link':
            continue
        for line, name in find_calls(path, soup):
            used.add((relative(path), name))
            if (relative(path), name) not in SOUP_EXCEPTIONS:
                faults.append(f'{relative(path)}:{line}: {name}')

    check_none(faults, 'only the link drives libsoup')
    check_none((f'{path} does not call {name} any more' for path, name in
                sorted(SOUP_EXCEPTIONS.keys() - used)), 'no exception is out of date')


def check_core_symbols(archive):
    name = 'the core calls GLib, GObject and a little of the C library'
    libraries = [Path(libdir) / f'lib{library}.so'
                 for library in ('glib-2.0', 'gobject-2.0')
                 for libdir in get_flags('--variable=libdir', library)]
    missing = [str(library) for library in libraries if not library.exists()]

    if '-fsanitize' in ' '.join(get_compile_command(*CORE_SOURCE)[1]):
        skip(name, 'built with sanitizers')
    elif missing:
        skip(name, f'there is no {missing[0]}')
    else:
        known = get_symbols('--defined-only', archive).union(
            *(get_symbols('-D', '--defined-only', library) for library in libraries))
        check_none((symbol for symbol in sorted(get_symbols('-u', archive) - known)
                    if not CORE_C_FUNCTIONS.fullmatch(symbol)), name)


def compile_as_core(header):
    return compile_as(*CORE_SOURCE, f'#include "config.h"\n#include {header}\n')


def check_compile():
    good = compile_as_core('"hb-machine-private.h"')
    check(good.returncode == 0, 'in the core its own header compiles', good.stdout)

    for header in ('<libsoup/soup.h>', '"hb-link-private.h"', '"hb-driver-private.h"'):
        bad = compile_as_core(header)
        # In the words of GCC, or of Clang
        refused = 'No such file' in bad.stdout or 'file not found' in bad.stdout
        check(bad.returncode != 0 and refused, f'in the core {header} does not compile',
              bad.stdout)


def main():
    check_includes()
    check_calls()
    check_core_symbols(Path(sys.argv[4]))
    check_compile()
    finish()


if __name__ == '__main__':
    main()
