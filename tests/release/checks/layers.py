#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each layer of the library includes only the layers that it may use.

Each folder with C code in lib/ is a layer, and so is the header <hb-websocket.h>. Pure layers may
call only GLib, GObject and a little of the C library. Only the link may call libsoup, with a few
exceptions.
"""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

from common import (check, check_none, compile_as, finish, get_compile_command, get_flags,
                    get_public_headers, get_sources, get_symbols, read_code, relative, skip)

# The files of each layer, and the other layers that it may include, with the lowest layer first
LAYERS = {
    'base': ('lib/base/*', set()),
    'core': ('lib/core/*', {'base'}),
    'frame': ('lib/frame/*', {'base'}),
    'loop': ('lib/loop/*', {'base'}),
    'link': ('lib/link/*', {'base', 'core', 'frame', 'loop'}),
    'task': ('lib/task/*', {'base', 'core', 'loop', 'link'}),
    'face': ('lib/hb-websocket.h', {'base', 'task'}),
}

# The pure layers, which only decide and compute
PURE = {'base', 'core', 'frame'}

# The headers of other libraries that a pure layer may include
PURE_LIBRARIES = {'glib.h', 'glib-object.h', 'inttypes.h', 'libintl.h', 'string.h'}

# Names that a pure layer must not contain
IMPURE = re.compile(r'''\b(
    g_get_(monotonic|real)_time | g_date_time_new_now\w* | g_timer_\w+ | clock_gettime |
    gettimeofday | (timerfd|epoll)_\w+ | g_usleep |
    g_source_\w+ | GSource\w* | g_main_\w+ | GMain\w+ | g_timeout_\w+ | g_idle_\w+ | g_poll |
    g_signal_\w+ | g_object_notify\w* | g_closure_\w+ |
    g_socket_\w+ | GSocket\w* | GIO\w+ | g_io_\w+ |
    g_(\w+_)?(input|output)_stream_\w+ | G\w*(Input|Output)Stream |
    GTask | g_task_\w+ | GCancellable | g_cancellable_\w+ |
    GThread\w* | g_thread_\w+ | G(Rec)?Mutex\w* | g_(rec_)?mutex_\w+ | GRWLock | g_rw_lock_\w+ |
    GCond | g_cond_\w+ | g_(pointer_)?bit_\w*lock | g_random_\w+ |
    soup_\w+ | Soup\w+ | SOUP_\w+
)\b''', re.VERBOSE)

# The functions of the C library that a pure layer may call. The compiler and the headers of the C
# library add those that begin with an underscore.
PURE_C_FUNCTIONS = re.compile(r'_\w+|mem(chr|cmp|cpy|move|set)|str(chr|cmp|len|ncmp|spn)|'
                              r'bind_?textdomain(_codeset)?|d(n|c|cn)?gettext')

# The calls to libsoup outside lib/link, with the reason for each
SOUP_EXCEPTIONS = {
    ('lib/task/hb-driver-calls.c', 'soup_message_headers_new'):
        'the headers for every attempt belong to the task, not to one attempt',
    ('lib/task/hb-driver-reference.c', 'soup_message_headers_unref'):
        'the same',
    ('lib/task/hb-trace.c', 'soup_message_get_uri'):
        'a debug line names the host of a request',
    ('lib/task/hb-trace.c', 'soup_message_get_status'):
        'a debug line names the status after which a request is sent again',
}

# For each layer below `task`: a source and a header of the layer, and a header that the layer may
# not include
SOURCES = {
    'base': ('hb-settings.c', '"hb-settings-private.h"', '"hb-machine-private.h"'),
    'core': ('hb-machine.c', '"hb-machine-private.h"', '"hb-link-private.h"'),
    'frame': ('hb-frame.c', '"hb-frame-private.h"', '"hb-machine-private.h"'),
    'loop': ('hb-alarm.c', '"hb-alarm-private.h"', '"hb-machine-private.h"'),
    'link': ('hb-link.c', '"hb-link-private.h"', '"hb-driver-private.h"'),
}

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
            unknown.append(f'{name} belongs to no layer: name its layer in {Path(__file__).name}')
            continue
        for kind, header in get_includes(path):
            if kind == '"' and header == 'config.h' and path.suffix == '.c':
                continue
            if kind == '"' and own.get(header) not in LAYERS[layer][1] | {layer}:
                backwards.append(f'{name} of {layer} includes {header} of {own.get(header)}')
            if layer in PURE and kind == '<' and header not in PURE_LIBRARIES:
                foreign.append(f'{name} includes <{header}>')

    check_none(unknown, 'every file belongs to a layer')
    check_none(backwards, 'each layer includes only the layers that it may use')
    check_none(foreign, 'pure layers include only GLib, GObject and a little of the C library')
    check_none((f'{relative(path)} includes {header}' for path in get_public_headers()
                for _, header in get_includes(path) if header.endswith('-private.h')),
               'no public header includes a private one')


def check_calls():
    faults = []
    used = set()
    soup = re.compile(r'\bsoup_\w+')

    check_none((f'{relative(path)}:{line}: {name}' for path in get_sources()
                if get_layer(relative(path)) in PURE
                for line, name in find_calls(path, IMPURE)),
               'pure layers use no clock, loop, signal, socket, thread or random number')

    for path in get_sources():
        if get_layer(relative(path)) == 'link':
            continue
        for line, name in find_calls(path, soup):
            used.add((relative(path), name))
            if (relative(path), name) not in SOUP_EXCEPTIONS:
                faults.append(f'{relative(path)}:{line}: {name}')

    check_none(faults, 'only the link calls libsoup')
    check_none((f'{path} no longer calls {name}' for path, name in
                sorted(SOUP_EXCEPTIONS.keys() - used)), 'each exception is still needed')


def check_symbols(archives):
    name = 'pure layers call only GLib, GObject and a little of the C library'
    libraries = [Path(libdir) / f'lib{library}.so'
                 for library in ('glib-2.0', 'gobject-2.0')
                 for libdir in get_flags('--variable=libdir', library)]
    missing = [str(library) for library in libraries if not library.exists()]

    if '-fsanitize' in ' '.join(get_compile_command('hb-machine.c', 'hb-core')[1]):
        skip(name, 'built with sanitizers')
    elif missing:
        skip(name, f'{missing[0]} is missing')
    else:
        known = get_symbols('--defined-only', *archives).union(
            *(get_symbols('-D', '--defined-only', library) for library in libraries))
        check_none((symbol for symbol in sorted(get_symbols('-u', *archives) - known)
                    if not PURE_C_FUNCTIONS.fullmatch(symbol)), name)


def check_compile():
    for layer, (source, own, other) in SOURCES.items():
        def compile_here(header, source=source, layer=layer):
            return compile_as(source, f'hb-{layer}', f'#include "config.h"\n#include {header}\n')

        good = compile_here(own)
        check(good.returncode == 0, f'in lib/{layer} its own header {own} compiles', good.stdout)

        for header in (other, *(['<libsoup/soup.h>'] if layer in PURE else [])):
            bad = compile_here(header)
            # GCC and Clang have different messages.
            refused = 'No such file' in bad.stdout or 'file not found' in bad.stdout
            check(bad.returncode != 0 and refused, f'in lib/{layer} {header} does not compile',
                  bad.stdout)


def main():
    check_includes()
    check_calls()
    check_symbols(sys.argv[4:])
    check_compile()
    finish()


if __name__ == '__main__':
    main()
