#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handlers that fail, and idle sources that send, in Python."""

import sys
from contextlib import contextmanager

from harness import TEXT, close_task, main, new_task, open_task, wait
from gi.repository import GLib, Hb


class Slip(Exception):
    """The exception that fail() raises."""


@contextmanager
def catch():
    """Collects the types of the exceptions that Python would otherwise print."""
    caught = []
    sys.excepthook = lambda kind, *_: caught.append(kind)
    try:
        yield caught
    finally:
        sys.excepthook = sys.__excepthook__


def fail(*_):
    raise Slip('a handler has failed')


def test_exceptions():
    """Python reports an exception in a handler, and the task continues."""
    task = new_task(reconnect_timeout=1)
    log = []
    names = ('connecting', 'open', 'message', 'drain', 'close', 'error', 'reconnect',
             'notify::state')

    for name in names:
        task.connect(name, fail)
        task.connect(name, lambda *_, name=name: log.append(name))

    with catch() as caught:
        task.open()
        task.send_text('hello')
        wait(lambda: 'message' in log)
        task.send_text('drop')
        wait(lambda: log.count('open') == 2)
        task.set_max_message_size(1)
        task.send_text('longer')
        wait(lambda: task.get_state() == Hb.State.CLOSED and 'error' in log)

    assert set(log) == set(names), set(names) - set(log)
    assert caught == [Slip] * len(log), (len(caught), len(log))


def test_exceptions_of_functions():
    """If a ping function fails, the task sends `ping-message`, because `ping-bytes` is not set.

    If a reconnect function fails, the task makes the attempt at once.
    """
    task = open_task(pong_message='pong', reconnect_timeout=1)
    opened = []
    delays = []
    task.set_ping_func(fail)
    task.set_reconnect_func(fail)
    task.connect('reconnect', lambda _, attempt, delay: delays.append(delay))
    task.connect('open', lambda _: opened.append(task.get_attempt()))

    with catch() as caught:
        task.check()
        wait(lambda: task.get_metrics().get_replies() == 1)
        task.send_text('drop')
        wait(lambda: opened)
    assert caught == [Slip, Slip], caught
    assert opened == [1]
    assert delays == [0], delays
    close_task(task)


def test_sources():
    """As the callback of an idle source, a function that sends is called only once.

    A main loop calls a callback again if it returns true, so the functions that send return
    nothing in Python.
    """
    task = open_task()
    received = []
    payload = GLib.Bytes.new(b'payload')
    functions = [(task.send_text, 'payload'), (task.send_bytes, payload),
                 (task.send_message, TEXT, payload, Hb.SendFlags.DEFAULT)]
    task.connect('message', lambda _, kind, message: received.append(message.get_data()))

    for function in functions:
        GLib.idle_add(*function)
    GLib.idle_add(task.send_text, 'last', priority=GLib.PRIORITY_LOW)
    wait(lambda: b'last' in received)
    assert received == [b'payload'] * len(functions) + [b'last'], received
    close_task(task)

    # A program cannot catch the error of a call by the main loop, so Python prints the error.
    with catch() as caught:
        for function in functions:
            GLib.idle_add(*function)
        GLib.idle_add(received.clear, priority=GLib.PRIORITY_LOW)
        wait(lambda: not received)
    assert caught == [GLib.Error] * len(functions), caught


if __name__ == '__main__':
    main(globals())
