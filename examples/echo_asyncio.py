#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does with asyncio what echo.py does with callbacks.

Needs PyGObject 3.50 and Python 3.12, or later versions.

Usage: echo_asyncio.py URI
"""

import asyncio
import signal
import sys

import gi

gi.require_version('Hb', '1')
from gi.events import GLibEventLoop  # noqa: E402
from gi.repository import Gio, GLib, Hb  # noqa: E402

try:
    gi.require_version('GioUnix', '2.0')
    from gi.repository.GioUnix import InputStream  # noqa: E402
except ValueError:  # GLib before 2.80
    from gi.repository.Gio import UnixInputStream as InputStream  # noqa: E402

# In seconds
ANSWER_TIMEOUT = 5


def read_lines():
    """Returns a queue of the lines, with None at the end of the input or after an error.

    An awaited read_line_async() would return the same value for an empty line as for the end of the
    input, so a callback reads each line.
    """
    stream = Gio.DataInputStream.new(InputStream.new(0, False))
    lines = asyncio.Queue()

    def on_line(_, result):
        try:
            line, _ = stream.read_line_finish_utf8(result)
        except GLib.Error as error:
            print(error.message, file=sys.stderr)
            line = None

        lines.put_nowait(line)
        if line is not None:
            read_line()

    def read_line():
        stream.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)

    read_line()
    return lines


async def main(uri):
    lines = read_lines()
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
        try:
            # While the task reconnects, it queues the text for the next connection.
            task.send_text(text)
            set_unanswered(unanswered + 1)
        except GLib.Error as error:
            print(error.message, file=sys.stderr)

    def on_open(_):
        print('open')
        # The server receives this message first on each connection, before the queued lines.
        send_text('hello')

    def on_text(_, kind, message):
        print('received', message.get_data().decode())
        set_unanswered(max(unanswered - 1, 0))

    def on_close(_, code, reason):
        print('closed with code', code)
        # Answers that have not arrived are lost. The program stops waiting for answers, unless
        # messages are queued for the next connection.
        if task.props.buffered_amount == 0:
            set_unanswered(0)

    def on_state(*_):
        if task.get_state() == Hb.State.CLOSED:
            # After Ctrl+C or an error, the program must not wait for lines or answers any longer.
            lines.put_nowait(None)
            set_unanswered(0)

    # The handlers stay connected when the task reconnects.
    task.connect('open', on_open)
    task.connect('message::text', on_text)
    task.connect('error', lambda _, error: print('error:', error.message))
    task.connect('close', on_close)
    task.connect('reconnect', lambda _, attempt, delay: print(f'attempt {attempt} in {delay} ms'))
    task.connect('notify::state', on_state)

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.close, 1000, None)

    print('Type lines to send them. Ctrl+D or Ctrl+C closes the connection.')

    # Repeats failed attempts until a connection is open.
    try:
        await task.open_async()
    except GLib.Error as error:
        # Ctrl+C, or an error that the `error` signal has reported, has closed the task.
        return 0 if error.matches(Hb.Error.quark(), Hb.Error.CLOSED) else 1

    while (line := await lines.get()) is not None:
        send_text(line)

    try:
        await asyncio.wait_for(is_answered.wait(), ANSWER_TIMEOUT)
    except TimeoutError:
        pass  # The server has not answered every message in time.
    await task.close_async(1000, None)
    return 0


if len(sys.argv) != 2:
    sys.exit('The URI is missing. Usage: echo_asyncio.py ws://HOST:PORT/')

# If the output is a pipe, Python would otherwise keep the lines until they fill a buffer.
sys.stdout.reconfigure(line_buffering=True)

# The awaitable calls need a loop that runs GLib's default main context.
sys.exit(asyncio.run(main(sys.argv[1]),
                     loop_factory=lambda: GLibEventLoop(GLib.MainContext.default())))
