# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs that are measured, and which of them are to be had here."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
CLIENTS = SOURCE / 'clients'

TASK = 'task'
RAW = 'libsoup'

NODE_PEERS = ('ws', 'reconnecting-websocket', 'partysocket', 'websocket-heartbeat-js')


@dataclass
class Program:
    name: str
    command: list
    base: str = RAW        # what it is compared with
    is_peer: bool = False  # what the task is to be ahead of
    absent: str = ''       # why it cannot be run
    environment: dict = field(default_factory=dict)


def find_python(module):
    """The first Python in the path may be one without Debian's modules."""
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
        absent = 'there is no node'
    elif not (modules / name).exists() or not (modules / 'ws').exists():
        absent = 'npm has not installed it'

    return Program(name, ['node', str(script), name], is_peer=True, absent=absent)


def make_binding_programs(build):
    library = build / 'lib'
    environment = {
        'GI_TYPELIB_PATH': str(library),
        'LD_LIBRARY_PATH': os.pathsep.join(
            filter(None, (str(library), os.environ.get('LD_LIBRARY_PATH')))),
    }
    python = find_python('gi')
    gjs = shutil.which('gjs')
    bindings = (
        ('Python', [python, str(CLIENTS / 'client-gi.py')], python, 'PyGObject'),
        ('GJS', [gjs, '-m', str(CLIENTS / 'client-gjs.js')], gjs, 'GJS'),
    )

    for language, command, interpreter, needed in bindings:
        absent = '' if interpreter else f'there is no {needed}'
        base = f'{RAW} in {language}'
        yield Program(base, [*command, RAW], base=base, absent=absent)
        yield Program(f'{TASK} in {language}', [*command, TASK], base=base,
                      absent=absent or ('' if list(library.glob('Hb-*.typelib'))
                                        else 'built without introspection'),
                      environment=environment)


def make_programs(build):
    folder = build / 'tests' / 'bench'
    python = find_python('websockets')

    yield make_c_program(RAW, folder / 'client-soup')
    yield make_c_program(TASK, folder / 'client-hb')
    yield make_c_program('libwebsockets', folder / 'client-lws', is_peer=True)
    for name in NODE_PEERS:
        yield make_node_program(name, build)
    yield Program('websockets', [python, str(CLIENTS / 'client-websockets.py')], is_peer=True,
                  absent='' if python else 'there is no Python with websockets')
    yield from make_binding_programs(build)
