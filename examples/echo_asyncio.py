#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does in asyncio what echo.py does with callbacks: echo_asyncio.py URI

At the end of the input it waits for the answers to all lines, and closes the connection.

Needs PyGObject 3.50 and Python 3.12, or later versions.
"""

import asyncio
import sys

import gi

gi.require_version('Hb', '1')
from gi.events import GLibEventLoop  # noqa: E402
from gi.repository import Gio, GLib, Hb  # noqa: E402

# How long to wait for the last answers, in seconds
ANSWER_TIMEOUT = 5


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
    unanswered = 0
    is_answered = asyncio.Event()

    def set_unanswered(number):
        nonlocal unanswered

        unanswered = number
        if unanswered == 0:
            is_answered.set()
        else:
            is_answered.clear()

    def send_text(text):
        # While the connection is lost, the text waits for the next one.
        task.send_text(text)
        set_unanswered(unanswered + 1)

    def on_open(_):
        print('open')
        # Each connection begins with this, before the lines that have waited for it.
        send_text('hello')

    def on_text(_, kind, message):
        print('received', message.get_data().decode())
        set_unanswered(max(unanswered - 1, 0))

    def on_close(_, code, reason):
        print('closed with code', code)
        # The answers to what was sent on this connection are lost.
        if task.props.buffered_amount == 0:
            set_unanswered(0)

    # These stay connected, however often the connection is lost and opened again.
    task.connect('open', on_open)
    task.connect('message::text', on_text)
    task.connect('error', lambda _, error: print('error:', error.message))
    task.connect('close', on_close)
    task.connect('reconnect', lambda _, attempt, delay: print(f'attempt {attempt} in {delay} ms'))

    print('Type lines to send them. Ctrl+D closes the connection.')

    # Tries until a connection is open.
    try:
        await task.open_async()
    except GLib.Error:
        return 1  # The URI is wrong, as the error signal has shown.

    while (line := await read_line(lines)) is not None:
        send_text(line)

    try:
        await asyncio.wait_for(is_answered.wait(), ANSWER_TIMEOUT)
    except TimeoutError:
        pass  # The server does not answer each message.
    await task.close_async(1000, None)
    return 0


if len(sys.argv) != 2:
    sys.exit('The URI is missing. Usage: echo_asyncio.py ws://HOST:PORT/')

# The awaitable calls need a loop that runs GLib's default main context.
sys.exit(asyncio.run(main(sys.argv[1]),
                     loop_factory=lambda: GLibEventLoop(GLib.MainContext.default())))
