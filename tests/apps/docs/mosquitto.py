#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs mosquitto as a server for MQTT over WebSocket.

The script prints the URI of the server, and runs until its standard input ends. MOSQUITTO in the
environment is the path of mosquitto.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

# Before mosquitto listens, another program may take the port that find_port() has found. mosquitto
# is then started again on another port.
MAX_ATTEMPTS = 10

# Version 2.0.11, which Debian 12 has, serves no WebSocket clients without a second listener, so the
# configuration adds a Unix socket.
CONFIGURATION = """\
{user}
allow_anonymous true
persistence false
log_dest stderr
listener 0 {folder}/socket
listener {port} 127.0.0.1
protocol websockets
"""


def find_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def start(folder, port):
    """Starts mosquitto. Returns its process when it listens, or None if it has ended."""
    configuration = Path(folder) / 'mosquitto.conf'
    # If started as root, mosquitto would change to a user that cannot write to the folder.
    user = 'user root' if os.getuid() == 0 else ''
    configuration.write_text(CONFIGURATION.format(user=user, folder=folder, port=port), 'utf-8')

    server = subprocess.Popen([os.environ['MOSQUITTO'], '-c', configuration], text=True,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for line in server.stderr:
        print(line, end='', file=sys.stderr)
        if line.endswith(' running\n'):
            return server

    server.wait()
    return None


def pass_on(lines):
    for line in lines:
        print(line, end='', file=sys.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(MAX_ATTEMPTS):
            port = find_port()
            server = start(folder, port)
            if server is not None:
                break
        else:
            sys.exit('mosquitto does not listen')

        reader = threading.Thread(target=pass_on, args=(server.stderr,))
        reader.start()
        print(f'ws://127.0.0.1:{port}/ws', flush=True)
        sys.stdin.read()
        server.terminate()
        server.wait()
        reader.join()


if __name__ == '__main__':
    main()
