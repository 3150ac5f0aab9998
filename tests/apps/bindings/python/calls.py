#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls and their errors in Python."""

from harness import (
    BINARY, TEXT, URI, assert_fails, call, close_task, main, new_task, open_task, start, wait,
)
from gi.repository import Gio, GLib, Hb

CANCELLED = (Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)

def test_errors():
    task = new_task()
    payload = GLib.Bytes.new(b'text')

    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_text, 'text')
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_bytes, payload)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_message, TEXT, payload,
                 Hb.SendFlags.DEFAULT)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, call, task.send_message_async,
                 task.send_message_finish, TEXT, payload, Hb.SendFlags.DEFAULT)

    task.open()
    assert_fails(Hb.error_quark(), Hb.Error.NOT_OPEN, task.send_message, TEXT, payload,
                 Hb.SendFlags.VOLATILE)
    assert_fails(Hb.error_quark(), Hb.Error.INVALID_ARGUMENT, task.send_message, TEXT,
                 GLib.Bytes.new(b'\xff'), Hb.SendFlags.DEFAULT)
    assert_fails(Hb.error_quark(), Hb.Error.INVALID_ARGUMENT, call, task.close_async,
                 task.close_finish, 1006, 'no such code')
    task.close(1000, None)
    assert task.get_state() == Hb.State.CLOSED

    task.set_uri('http://example.org/')
    assert_fails(Hb.error_quark(), Hb.Error.INVALID_URI, call, task.open_async, task.open_finish)


def test_error_domain():
    task = new_task()
    try:
        task.send_text('text')
        raise AssertionError('it was sent')
    except GLib.Error as error:
        assert error.domain == 'hb-error-quark'
        assert error.code == Hb.Error.CLOSED
        assert error.message
        assert error.matches(Hb.Error.quark(), Hb.Error.CLOSED)
        assert not error.matches(Gio.io_error_quark(), Hb.Error.CLOSED)
        assert not error.matches(Hb.Error.quark(), Hb.Error.NOT_OPEN)


def test_error_signal():
    task = new_task(uri=URI.replace('/ws', '/not-there'), repeat_limit=0)
    errors = []
    task.connect('error', lambda _, error: errors.append(error))

    assert_fails(Hb.error_quark(), Hb.Error.REPEAT_LIMIT, call, task.open_async, task.open_finish)
    assert isinstance(errors[0], GLib.Error)
    assert errors[0].matches(Hb.error_quark(), Hb.Error.HANDSHAKE)
    assert errors[1].matches(Hb.error_quark(), Hb.Error.REPEAT_LIMIT)
    assert task.get_http_status() == 404
    assert task.get_last_error().matches(Hb.error_quark(), Hb.Error.REPEAT_LIMIT)

    task = open_task()
    del errors[:]
    task.connect('error', lambda _, error: errors.append(error))
    task.send_text('too big')
    wait(lambda: errors)
    assert errors[0].matches(Hb.error_quark(), Hb.Error.MESSAGE_REFUSED)
    task.close(1000, None)


def test_cancelled_calls():
    task = new_task()
    task.hold()
    task.open()
    kept = Gio.Cancellable()
    message = start(task.send_message_async, task.send_message_finish, BINARY,
                    GLib.Bytes.new(b'taken back'), Hb.SendFlags.DEFAULT, cancellable=kept)
    flush_cancellable = Gio.Cancellable()
    flush = start(task.flush_async, task.flush_finish, cancellable=flush_cancellable)
    assert task.get_buffered_amount() == 10

    flush_cancellable.cancel()
    assert_fails(*CANCELLED, flush)
    assert task.get_buffered_amount() == 10
    kept.cancel()
    assert_fails(*CANCELLED, message)
    assert task.get_buffered_amount() == 0
    task.release()
    wait(lambda: task.get_state() == Hb.State.OPEN)

    # The cancelled call fails, but the task continues to close.
    cancellable = Gio.Cancellable()
    closing = start(task.close_async, task.close_finish, 1000, 'bye', cancellable=cancellable)
    cancellable.cancel()
    assert_fails(*CANCELLED, closing)
    wait(lambda: task.get_state() == Hb.State.CLOSED)

    # With a cancellable that is already triggered, the call fails and does nothing else.
    assert_fails(*CANCELLED, call, task.open_async, task.open_finish, cancellable=cancellable)
    assert task.get_state() == Hb.State.CLOSED


def test_async():
    task = open_task()
    assert call(task.send_message_async, task.send_message_finish, TEXT,
                GLib.Bytes.new(b'one'), Hb.SendFlags.DEFAULT)
    task.send_text('two')
    assert call(task.flush_async, task.flush_finish)
    close_task(task)


def test_receive():
    task = new_task(paused=True)
    messages = []
    task.connect('message', lambda _, kind, data: messages.append(data.get_data()))
    assert call(task.open_async, task.open_finish)
    task.send_text('one')
    message = call(task.receive_async, task.receive_finish)
    assert isinstance(message, Hb.Message)
    assert message.get_message_type() == TEXT
    assert message.get_bytes().get_data() == b'one'

    cancellable = Gio.Cancellable()
    cancelled = start(task.receive_async, task.receive_finish, cancellable=cancellable)
    ends = [start(task.receive_async, task.receive_finish) for _ in range(2)]
    cancellable.cancel()
    assert_fails(*CANCELLED, cancelled)
    task.send_bytes(GLib.Bytes.new(b'two'))
    task.send_text('three')
    assert [end().get_bytes().get_data() for end in ends] == [b'two', b'three']

    assert messages == []
    task.set_paused(False)
    task.send_text('four')
    wait(lambda: messages)
    assert messages == [b'four']

    end = start(task.receive_async, task.receive_finish)
    assert task.get_paused()
    close_task(task)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, end)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, call, task.receive_async, task.receive_finish)


def test_defaults():
    """The last arguments of a call may be omitted if they are nullable."""
    task = open_task()
    closes = []
    task.connect('close', lambda _, code, reason: closes.append((code, reason)))
    task.flush_async()
    task.close(1000)
    wait(lambda: closes)
    assert closes == [(1000, None)], closes
    task.close_async(1000)


if __name__ == '__main__':
    main(globals())
