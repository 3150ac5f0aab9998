#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages, headers, the heartbeat and reconnecting in Python."""

import gc
import threading
import weakref

from harness import (
    BINARY, TEXT, assert_fails, close_task, main, new_task, open_task, wait,
)
from gi.repository import GLib, Hb, Soup

WITH_NUL = b'a\0b'

def test_conversation():
    task = new_task(protocols=['chat'])
    log = []
    task.connect('open', lambda _: log.append('open'))
    task.connect('message', lambda _, kind, data: log.append((kind, data.get_data())))
    task.connect('message::text', lambda _, kind, data: log.append('text'))
    task.connect('message::binary', lambda _, kind, data: log.append('binary'))
    task.connect('close', lambda _, code, reason: log.append((code, reason)))
    states = []
    task.connect('notify::state', lambda *_: states.append(task.get_state()))

    task.open()
    wait(lambda: 'open' in log)
    assert task.get_connection().get_state() == Soup.WebsocketState.OPEN
    assert task.get_protocol() == 'chat'
    assert task.get_http_status() == 101
    del log[:]

    task.send_text('höß')
    task.send_bytes(GLib.Bytes.new(WITH_NUL))
    task.send_message(TEXT, GLib.Bytes.new(WITH_NUL), Hb.SendFlags.DEFAULT)
    task.send_message(BINARY, GLib.Bytes.new(b''), Hb.SendFlags.VOLATILE)
    wait(lambda: len(log) == 8)
    assert log == [
        (TEXT, 'höß'.encode()), 'text',
        (BINARY, WITH_NUL), 'binary',
        (TEXT, WITH_NUL), 'text',
        (BINARY, b''), 'binary',
    ], log
    del log[:]

    task.close(1000, 'bye')
    wait(lambda: task.get_state() == Hb.State.CLOSED)
    assert log == [(1000, 'bye')], log
    assert states == [Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING, Hb.State.CLOSED]


def test_threads():
    """Several threads can send while the main loop runs, and each gets the errors of its calls."""
    task = open_task()
    received = []
    errors = []
    task.connect('message::text', lambda _, kind, data: received.append(data.get_data().decode()))

    def send(name):
        for i in range(100):
            task.send_text(f'{name} {i}')
        try:
            task.send_message(TEXT, GLib.Bytes.new(b'\xff'), Hb.SendFlags.DEFAULT)
        except GLib.Error as error:
            errors.append(error)
        GLib.idle_add(task.send_text, f'{name} last')

    names = ['a', 'b', 'c', 'd']
    threads = [threading.Thread(target=send, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    wait(lambda: len(received) == 4 * 101)
    for thread in threads:
        thread.join()

    for name in names:
        expected = [f'{name} {i}' for i in range(100)] + [f'{name} last']
        assert [text for text in received if text.startswith(name)] == expected, received
    assert len(errors) == 4, errors
    assert all(error.matches(Hb.error_quark(), Hb.Error.INVALID_ARGUMENT) for error in errors)
    close_task(task)


def test_payloads():
    task = open_task()
    received = []
    task.connect('message', lambda _, kind, data: received.append((kind, data.get_data() or b'')))
    big = bytes(range(256)) * 4096
    sent = [(kind, payload) for kind in (TEXT, BINARY)
            for payload in (b'', b'\0', WITH_NUL, 'höß €'.encode(), b'x' * 1024 * 1024)]
    sent.append((BINARY, big))

    for kind, payload in sent:
        task.send_message(kind, GLib.Bytes.new(payload), Hb.SendFlags.DEFAULT)
    task.send_bytes(GLib.Bytes.new(big))
    task.send_text('')
    task.send_text('höß €')
    sent += [(BINARY, big), (TEXT, b''), (TEXT, 'höß €'.encode())]
    wait(lambda: len(received) == len(sent))
    assert received == sent
    close_task(task)


def test_headers():
    task = new_task()
    answers = []
    requests = []

    def connecting(_, message):
        message.get_request_headers().append('X-Attempt', str(len(requests)))
        requests.append(message)

    task.get_request_headers().append('X-Token', 'secret')
    task.connect('connecting', connecting)
    task.connect('message', lambda _, kind, data: answers.append(data.get_data()))

    task.open()
    task.send_text('header X-Token')
    task.send_text('header X-Attempt')
    wait(lambda: len(answers) == 2)
    assert answers == [b'secret', b'0']
    assert isinstance(requests[0], Soup.Message)
    close_task(task)


def test_numbered_heartbeat():
    """set_ping_func() and set_pong_func() work with replies that differ each time."""
    task = open_task(liveness=Hb.Liveness.REPLY)
    asked = []
    got = []

    def is_pong(source, kind, message, data):
        asked.append((source, kind, message.get_data(), data))
        return message.get_data().startswith(b'{"ref":')

    task.connect('message', lambda _, kind, message: got.append(message.get_data()))
    task.set_ping_func(lambda *_: '{"ref":%d}' % task.get_metrics().get_pings())
    task.set_pong_func(is_pong, 'data')
    for number in (1, 2):
        task.check()
        wait(lambda: task.get_metrics().get_replies() == number)
    task.send_text('news')
    wait(lambda: got)
    assert got == [b'news'], got
    text = Soup.WebsocketDataType.TEXT
    assert asked == [(task, text, b'{"ref":0}', 'data'), (task, text, b'{"ref":1}', 'data'),
                     (task, text, b'news', 'data')], asked

    task.set_ping_func(None)
    task.set_ping_bytes(GLib.Bytes.new(b'\xc0\0'))
    task.set_pong_func(lambda _, kind, message: (kind == Soup.WebsocketDataType.BINARY
                                                 and message.get_data() == b'\xc0\0'))
    task.check()
    wait(lambda: task.get_metrics().get_replies() == 3)
    close_task(task)


def test_reconnect():
    task = open_task()
    log = []
    delays = []
    task.connect('open', lambda _: log.append('open'))
    task.connect('close', lambda _, code, reason: log.append((code, reason, task.get_state())))
    task.connect('reconnect', lambda _, attempt, delay: log.append((attempt, delay)))

    def get_delay(source, attempt, data):
        delays.append((source, attempt, data))
        return 60000 if len(delays) == 2 else 1

    dropped = weakref.ref(get_delay)
    task.set_reconnect_func(get_delay, 'data')

    task.send_text('drop')
    wait(lambda: 'open' in log)
    assert log == [(1006, None, Hb.State.WAITING), (1, 1), 'open'], log
    assert task.get_downtime() > 0
    assert task.get_attempt() == 1
    del log[:]

    task.send_text('leave')
    wait(lambda: len(log) == 2)
    assert log == [(4001, 'see you', Hb.State.WAITING), (2, 60000)], log
    assert 0 < task.get_reconnect_at() - GLib.get_monotonic_time() <= 60000000
    assert delays == [(task, 1, 'data'), (task, 2, 'data')]
    del log[:]

    task.reconnect_now()
    wait(lambda: log)
    assert log == ['open'], log
    assert task.get_attempt() == 0

    assert task.get_ready() and task.get_last_error() is None
    task.reconnect_later()
    assert not task.get_ready()
    wait(lambda: len(log) == 4)
    assert log == ['open', (1006, None, Hb.State.WAITING), (1, 1), 'open'], log
    task.set_reconnect_func(None)
    del get_delay, delays
    gc.collect()
    assert dropped() is None
    close_task(task)


def test_ready():
    task = new_task(manual_ready=True)
    texts = []

    def on_open(_):
        assert not task.get_ready()
        task.send_text_with_flags('login', Hb.SendFlags.THIS_LINK)

    def on_message(_, _type, message):
        texts.append(message.get_data())
        if texts == [b'login']:
            assert task.get_buffered_amount() == len('queued')
            task.mark_ready()
            assert task.get_ready()

    task.connect('open', on_open)
    task.connect('message', on_message)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_text_with_flags, 'too early',
                 Hb.SendFlags.THIS_LINK)
    task.open()
    assert_fails(Hb.error_quark(), Hb.Error.NOT_OPEN, task.send_text_with_flags, 'too early',
                 Hb.SendFlags.THIS_LINK)
    task.send_text('queued')
    wait(lambda: len(texts) == 2)
    assert texts == [b'login', b'queued'], texts
    close_task(task)


def test_hold():
    task = new_task()
    task.hold()
    task.open()
    task.send_text('one')
    task.send_text('two')
    assert task.get_buffered_amount() > 0
    task.send_bytes(GLib.Bytes.new(WITH_NUL))
    messages = task.take_queue()
    assert task.get_buffered_amount() == 0
    assert all(isinstance(message, Hb.Message) for message in messages)
    assert [(message.get_message_type(), message.get_bytes().get_data())
            for message in messages] == [(TEXT, b'one'), (TEXT, b'two'), (BINARY, WITH_NUL)]
    copy = messages[0].copy()
    del messages
    assert copy.get_bytes().get_data() == b'one'
    copy.free()
    assert task.take_queue() == []

    drained = []
    task.connect('drain', drained.append)
    task.send_text('three')
    task.release()
    wait(lambda: drained)
    assert drained == [task]
    close_task(task)


if __name__ == '__main__':
    main(globals())
