#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the monitor can be started and quit over the session bus, as on a desktop.

activation.py DESKTOP_FILE [SERVICE PROGRAM]

The bus knows the service of an installed monitor. For a monitor in a build directory, the script
gives the service file SERVICE to the bus, with PROGRAM as the command. run.py provides the display.
"""

import configparser
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from raw_websocket import Peer, echo  # noqa: E402
from tap import check, finish, skip, skip_all  # noqa: E402

ID = 'io.github.hb_websocket.Monitor'

# Seconds to wait for a condition or for the end of a program
WAIT_TIMEOUT = 30

def read_desktop_file(path):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(path, encoding='utf-8')
    return parser['Desktop Entry']


def offer_service(path, program):
    """Writes the service file with the command `program` to the folder that the bus reads first."""
    services = Path(os.environ['XDG_DATA_HOME']) / 'dbus-1' / 'services'
    services.mkdir(parents=True)
    (services / path.name).write_text(
        re.sub(r'^Exec=\S+', lambda _: f'Exec={program}', path.read_text(encoding='utf-8'),
               flags=re.MULTILINE), encoding='utf-8')
    # The translations may not be installed, so the title of the window is checked in English.
    os.environ['LANGUAGE'] = ''


class Bus:
    """A session bus that runs until the end of the `with` block."""

    def __enter__(self):
        self._daemon = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--nosyslog',
                                         '--print-address=1'], stdout=subprocess.PIPE, text=True)
        os.environ['DBUS_SESSION_BUS_ADDRESS'] = self._daemon.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self._daemon.terminate()
        self._daemon.communicate()


def call(*arguments):
    return subprocess.run(['gapplication', *arguments], text=True, check=False,
                          timeout=WAIT_TIMEOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def is_on_bus():
    result = subprocess.run(['gdbus', 'call', '--session', '--dest=org.freedesktop.DBus',
                             '--object-path=/org/freedesktop/DBus',
                             '--method=org.freedesktop.DBus.NameHasOwner', ID],
                            text=True, check=True, stdout=subprocess.PIPE)
    return result.stdout.strip() == '(true,)'


def wait_until(is_true):
    """Returns whether the condition becomes true in time."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def read_request(client):
    """Returns the head of a client's request, or the part that arrived in time."""
    request = b''
    try:
        while b'\r\n\r\n' not in request and (part := client.recv(4096)):
            request += part
    except TimeoutError:
        pass
    return request.decode('ascii', 'replace')


def list_windows():
    return subprocess.run(['xwininfo', '-root', '-tree'], text=True, check=True,
                          stdout=subprocess.PIPE).stdout


def check_window(desktop):
    name = 'the window has the name and the class that the desktop file names'
    if not shutil.which('xwininfo'):
        skip(name, 'xwininfo is missing')
        return

    language = os.environ.get('LANGUAGE')
    title = desktop[f'Name[{language}]' if language else 'Name']
    wanted = f'"{title}": ("{desktop["StartupWMClass"]}"'
    check(wait_until(lambda: wanted in list_windows()), name,
          f'{wanted} is not one of these windows:\n{list_windows()}')


def check_activation(desktop):
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(WAIT_TIMEOUT)
        result = call('launch', ID, f'ws://127.0.0.1:{server.getsockname()[1]}/place')
        check(result.returncode == 0, 'the bus starts the monitor', result.stdout)
        if result.returncode != 0:
            return

        try:
            client, _ = server.accept()
        except TimeoutError:
            check(False, 'the monitor opens the given address', 'no client has connected')
            return

    with client:
        client.settimeout(WAIT_TIMEOUT)
        request = read_request(client)
        check(request.startswith('GET /place HTTP/1.1\r\n') and 'Upgrade: websocket' in request,
              'the monitor opens the given address', request)
        check_window(desktop)
        result = call('action', ID, 'quit')
        try:
            left = client.recv(1) == b''
        except TimeoutError:
            left = False
        check(result.returncode == 0 and left, 'the monitor drops its connection when it quits',
              result.stdout)
        check(wait_until(lambda: not is_on_bus()), 'the monitor leaves the bus when it quits')


def check_farewell():
    is_open = threading.Event()
    payloads = []

    def serve(client):
        client.receive()  # The first ping shows that the connection is open in the monitor too.
        is_open.set()
        payloads.append(echo(client))

    with Peer(serve) as peer:
        call('launch', ID, peer.uri)
        check(is_open.wait(WAIT_TIMEOUT), 'the monitor opens a connection')
        call('action', ID, 'quit')
        check(wait_until(lambda: not is_on_bus()) and payloads == [struct.pack('!H', 1001)],
              'the monitor sends a close frame when it quits', payloads)


def main(desktop_file, service=None, program=None):
    missing = [name for name in ('dbus-daemon', 'gapplication', 'gdbus')
               if not shutil.which(name)]
    if missing:
        skip_all(f'{missing[0]} is missing')

    if service:
        offer_service(Path(service), program)
    with Bus():
        check_activation(read_desktop_file(desktop_file))
        check_farewell()

    finish()


if __name__ == '__main__':
    main(*sys.argv[1:])
