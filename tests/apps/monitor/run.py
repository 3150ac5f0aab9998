#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program on an X server of its own: run.py XVFB PROGRAM [ARGUMENT]...

The exit status is that of the program, or 1 if the server does not start or SIGTERM ends run.py.
"""

import os
import signal
import subprocess
import sys
import tempfile

SCREEN = '1280x1024x24'


def start(xvfb):
    """Starts an X server. Returns its process, and its display (None if it has failed)."""
    reading, writing = os.pipe()
    server = subprocess.Popen([xvfb, '-displayfd', str(writing), '-screen', '0', SCREEN,
                               '-dpi', '96', '-nolisten', 'tcp', '-noreset'],
                              pass_fds=[writing], stderr=subprocess.PIPE, text=True)
    os.close(writing)
    with os.fdopen(reading) as names:
        number = names.readline().strip()

    return server, f':{number}' if number else None


def run(program, env):
    """Runs the program, and kills the processes that it leaves behind. Returns its status."""
    process = subprocess.Popen(program, env=env, start_new_session=True)

    try:
        return process.wait()
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def main(xvfb, *program):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server, display = start(xvfb)

    try:
        if display is None:
            print(f'Bail out! Xvfb does not start: {server.stderr.read().strip()}')
            return 1
        with tempfile.TemporaryDirectory() as home:
            # The settings and the state of the user's desktop must not affect the program.
            env = {**os.environ, 'DISPLAY': display, 'HOME': home, 'XDG_CONFIG_HOME': home,
                   'XDG_CACHE_HOME': home, 'XDG_DATA_HOME': home, 'XDG_RUNTIME_DIR': home}
            env.pop('WAYLAND_DISPLAY', None)
            return run(program, env)
    finally:
        server.terminate()
        server.wait()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
