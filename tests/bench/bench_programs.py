# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs that are measured, and which of them are available here."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
CLIENTS = SOURCE / 'clients'

TASK = 'task'
OLD = 'old task'               # the task's client with the library of another build
ACKNOWLEDGED = 'acknowledged'  # the task with delivery ACKNOWLEDGED
RAW = 'libsoup'
ENGINE = 'engine'
OURS = (RAW, TASK, OLD, ACKNOWLEDGED, ENGINE)

LIBRARY = 'libhb-websocket-1.so.0'
LANGUAGES = ('Python', 'GJS')

NODE_PEERS = ('ws', 'reconnecting-websocket', 'partysocket', 'websocket-heartbeat-js')


@dataclass
class Program:
    name: str
    command: list
    language: str = 'C'
    is_peer: bool = False  # whether it uses neither this library nor libsoup nor the engine
    absent: str = ''       # why it cannot be run, empty if it can
    environment: dict = field(default_factory=dict)


def find_python(module):
    """Returns a Python that has the module, or None. The first one in the PATH may lack it."""
    for python in ('python3', '/usr/bin/python3'):
        if shutil.which(python) and subprocess.run(
                [python, '-c', f'import {module}'], capture_output=True, check=False
                ).returncode == 0:
            return python
    return None


def make_c_program(name, path, **kwargs):
    return Program(name, [str(path)], absent='' if path.exists() else 'not built', **kwargs)


def make_node_program(name, build):
    modules = build / 'peers' / 'node_modules'
    script = build / 'peers' / 'client-node.js'
    absent = ''

    if not shutil.which('node'):
        absent = 'node is missing'
    elif not (modules / name).exists() or not (modules / 'ws').exists():
        absent = 'npm has not installed it'

    return Program(name, ['node', str(script), name], is_peer=True, absent=absent)


def find_libraries(*folders):
    path = os.pathsep.join(map(str, folders))
    return {
        'GI_TYPELIB_PATH': path,
        'LD_LIBRARY_PATH': os.pathsep.join(filter(None, (path, os.environ.get('LD_LIBRARY_PATH')))),
    }


def in_language(name, language):
    return name if language == 'C' else f'{name} in {language}'


def make_binding_programs(build):
    library = build / 'lib'
    environment = find_libraries(library, build / 'tests' / 'bench')
    python = find_python('gi')
    gjs = shutil.which('gjs')
    bindings = (
        ('Python', [python, str(CLIENTS / 'client-gi.py')], python, 'PyGObject'),
        ('GJS', [gjs, '-m', str(CLIENTS / 'client-gjs.js')], gjs, 'GJS'),
    )

    for language, command, interpreter, needed in bindings:
        absent = '' if interpreter else f'{needed} is missing'
        if not list(library.glob('Hb-*.typelib')):
            absent = absent or 'built without introspection'
        for name in (RAW, TASK, ENGINE):
            yield Program(in_language(name, language), [*command, name], language=language,
                          absent=absent, environment=environment)


def make_programs(build, old=None):
    folder = build / 'tests' / 'bench'
    python = find_python('websockets')

    yield make_c_program(RAW, folder / 'client-soup')
    yield make_c_program(TASK, folder / 'client-hb')
    yield make_c_program(ACKNOWLEDGED, folder / 'client-hb',
                         environment={'HB_BENCH_ACKNOWLEDGED': '1'})
    if old is not None:
        yield make_c_program(OLD, folder / 'client-hb', environment=find_libraries(old / 'lib'))
    yield make_c_program(ENGINE, folder / 'client-engine')
    yield make_c_program('libwebsockets', folder / 'client-lws', is_peer=True)
    for name in NODE_PEERS:
        yield make_node_program(name, build)
    yield Program('websockets', [python, str(CLIENTS / 'client-websockets.py')], is_peer=True,
                  absent='' if python else 'Python with websockets is missing')
    yield from make_binding_programs(build)
