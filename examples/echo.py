#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps a WebSocket open, and sends each line of its input on it: echo.py URI"""

import sys

import gi

gi.require_version('Hb', '1')
from gi.repository import Gio, GLib, Hb  # noqa: E402

loop = GLib.MainLoop()
lines = Gio.DataInputStream.new(Gio.File.new_for_path('/dev/stdin').read(None))
task = Hb.WebsocketTask(
    uri=sys.argv[1],
    heartbeat_mode=Hb.HeartbeatMode.PING,
    ping_timeout=2000,
    pong_timeout=2000,
    reconnect_timeout=500,
)


def on_open(_):
    print('open')
    # Each link begins with this, ahead of the lines that have waited for it.
    task.send_text('hello')


def on_opened(_, result):
    task.open_finish(result)
    read_line()


def on_line(_, result):
    line, _ = lines.read_line_finish_utf8(result)
    if line is None:
        # echo_asyncio.py awaits this call instead.
        task.close_async(1000, None, None, lambda *_: loop.quit())
        return

    # Where the link is down, the line waits for the next one.
    task.send_text(line)
    read_line()


def read_line():
    lines.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)


# These stay connected, however often the link is lost and opened again.
task.connect('open', on_open)
task.connect('message::text', lambda _, kind, data: print('received', data.get_data().decode()))
task.connect('error', lambda _, error: print('error:', error.message))
task.connect('close', lambda _, code, reason: print('closed with code', code))
task.connect('reconnect', lambda _, attempt, delay: print(f'attempt {attempt} in {delay} ms'))

# Tries until the link is open.
task.open_async(None, on_opened)
if task.get_state() == Hb.State.CLOSED:
    sys.exit(1)  # The URI is wrong, as the error has told.

loop.run()
