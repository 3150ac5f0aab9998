#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does in asyncio what echo.py does with callbacks: echo_asyncio.py URI

Needs PyGObject 3.50 and Python 3.12, or later versions.
"""

import asyncio
import sys

import gi

gi.require_version('Hb', '1')
from gi.events import GLibEventLoop  # noqa: E402
from gi.repository import Gio, GLib, Hb  # noqa: E402


def read_line(lines):
    """Returns a future of the next line, or of None at the end.

    The call itself can be awaited too, but then an empty line looks like the end of the input.
    """
    line = asyncio.get_running_loop().create_future()
    lines.read_line_async(
        GLib.PRIORITY_DEFAULT, None,
        lambda _, result: line.set_result(lines.read_line_finish_utf8(result)[0]))
    return line


async def main(uri):
    lines = Gio.DataInputStream.new(Gio.File.new_for_path('/dev/stdin').read(None))
    task = Hb.WebsocketTask(
        uri=uri,
        heartbeat_mode=Hb.HeartbeatMode.PING,
        ping_timeout=2000,
        pong_timeout=2000,
        reconnect_timeout=500,
    )

    def on_open(_):
        print('open')
        # Each connection begins with this, ahead of the lines that have waited for it.
        task.send_text('hello')

    # These stay connected, however often the connection is lost and opened again.
    task.connect('open', on_open)
    task.connect('message::text', lambda _, kind, data: print('received', data.get_data().decode()))
    task.connect('error', lambda _, error: print('error:', error.message))
    task.connect('close', lambda _, code, reason: print('closed with code', code))
    task.connect('reconnect', lambda _, attempt, delay: print(f'attempt {attempt} in {delay} ms'))

    # Tries until the connection is open.
    try:
        await task.open_async()
    except GLib.Error:
        return 1  # The URI is wrong, as the error signal has shown.

    while (line := await read_line(lines)) is not None:
        # While the connection is lost, the line waits for the next one.
        task.send_text(line)

    await task.close_async(1000, None)
    return 0


# The awaitable calls need a loop that runs GLib's default main context.
sys.exit(asyncio.run(main(sys.argv[1]),
                     loop_factory=lambda: GLibEventLoop(GLib.MainContext.default())))
