#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps a WebSocket open, and sends each line of standard input.

At the end of the input, waits at most 5 seconds for the last answers. On Ctrl+C, closes the
connection without waiting.

Usage: echo.py URI
"""

import signal
import sys

import gi

gi.require_version('Hb', '1')
from gi.repository import Gio, GLib, Hb  # noqa: E402

try:
    gi.require_version('GioUnix', '2.0')
    from gi.repository.GioUnix import InputStream  # noqa: E402
except ValueError:  # GLib before 2.80
    from gi.repository.Gio import UnixInputStream as InputStream  # noqa: E402

# In milliseconds
ANSWER_TIMEOUT = 5000

if len(sys.argv) != 2:
    sys.exit('The URI is missing. Usage: echo.py ws://HOST:PORT/')

# If the output is a pipe, Python would otherwise keep the lines until they fill a buffer.
sys.stdout.reconfigure(line_buffering=True)

loop = GLib.MainLoop()
lines = Gio.DataInputStream.new(InputStream.new(0, False))
task = Hb.WebsocketTask(
    uri=sys.argv[1],
    heartbeat_mode=Hb.HeartbeatMode.PING,
    ping_timeout=2000,
    pong_timeout=2000,
    reconnect_timeout=500,
)
unanswered = 0
input_has_ended = False


def send_text(text):
    global unanswered

    try:
        # While the task reconnects, it queues the text for the next connection.
        task.send_text(text)
        unanswered += 1
    except GLib.Error as error:
        print(error.message, file=sys.stderr)


def set_unanswered(number):
    global unanswered

    unanswered = number
    if input_has_ended and unanswered == 0:
        task.close(1000, None)


def on_open(_):
    print('open')
    # The server receives this message first on each connection, before the queued lines.
    send_text('hello')


def on_text(_, kind, message):
    print('received', message.get_data().decode())
    set_unanswered(max(unanswered - 1, 0))


def on_close(_, code, reason):
    print('closed with code', code)
    # Answers that have not arrived are lost. The program stops waiting for answers, unless messages
    # are queued for the next connection.
    if task.props.buffered_amount == 0:
        set_unanswered(0)


def on_opened(_, result):
    try:
        task.open_finish(result)
    except GLib.Error:
        return  # Ctrl+C or an error has closed the task.
    read_line()


def on_line(_, result):
    global input_has_ended

    try:
        line, _ = lines.read_line_finish_utf8(result)
    except GLib.Error as error:
        print(error.message, file=sys.stderr)
        line = None

    if line is None:
        input_has_ended = True
        GLib.timeout_add(ANSWER_TIMEOUT, task.close, 1000, None)
        set_unanswered(unanswered)
        return

    send_text(line)
    read_line()


def read_line():
    lines.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)


# The handlers stay connected when the task reconnects.
task.connect('open', on_open)
task.connect('message::text', on_text)
task.connect('error', lambda _, error: print('error:', error.message))
task.connect('close', on_close)
task.connect('reconnect', lambda _, attempt, delay: print(f'attempt {attempt} in {delay} ms'))
task.connect('notify::state', lambda *_: task.get_state() == Hb.State.CLOSED and loop.quit())
signal.signal(signal.SIGINT, lambda *_: task.close(1000, None))

print('Type lines to send them. Ctrl+D or Ctrl+C closes the connection.')

# Repeats failed attempts until a connection is open.
task.open_async(None, on_opened)
if task.get_state() == Hb.State.CLOSED:
    sys.exit(1)  # The URI is invalid, as the `error` signal has reported.

loop.run()
