#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses the whole of the API from Python. The argument is the URI of a peer, see peer.c."""

import gc
import sys
import traceback
import weakref

import gi

gi.require_version('Soup', '3.0')
gi.require_version('Hb', '1')

from gi.repository import Gio, GLib, GObject, Hb, Soup  # noqa: E402

PATIENCE = 5  # seconds
URI = sys.argv[-1]
NOWHERE = 'ws://127.0.0.1:9/'
WITH_NUL = b'a\0b'

# name, default, another value
WRITABLE = [
    ('uri', None, 'ws://example.org/'),
    ('protocols', [], ['chat', 'superchat']),
    ('origin', None, 'https://example.org'),
    ('compression', False, True),
    ('heartbeat-mode', Hb.HeartbeatMode.MESSAGE, Hb.HeartbeatMode.PING),
    ('liveness', Hb.Liveness.ANY, Hb.Liveness.REPLY),
    ('ping-timeout', 15000, 1),
    ('pong-timeout', 10000, 2),
    ('ping-message', 'heartbeat', 'ping'),
    ('pong-message', None, 'pong'),
    ('reconnect-timeout', 2000, 3),
    ('reconnect-timeout-max', 0, 4),
    ('reconnect-jitter', 0.0, 0.5),
    ('repeat-limit', -1, 5),
    ('min-uptime', 5000, 6),
    ('connect-timeout', 10000, 7),
    ('close-timeout', 2000, 8),
    ('max-message-size', 16 * 1024 * 1024, 1 << 40),
    ('max-buffered-amount', 8 * 1024 * 1024, 1 << 41),
    ('overflow', Hb.Overflow.FAIL, Hb.Overflow.DROP_OLDEST),
    ('network-aware', True, False),
]

READABLE = [
    ('session', None),
    ('state', Hb.State.CLOSED),
    ('connection', None),
    ('protocol', None),
    ('attempt', 0),
    ('reconnect-at', -1),
    ('buffered-amount', 0),
    ('latency', -1),
    ('downtime', 0),
    ('http-status', 0),
]


def wait(condition):
    late = []
    alarm = GLib.timeout_add_seconds(PATIENCE, late.append, True)
    while not condition():
        GLib.MainContext.default().iteration(True)
        assert not late, 'nothing came of it'
    GLib.source_remove(alarm)


def call(start, finish, *arguments, cancellable=None):
    """Makes an asynchronous call, and waits for what it gives."""
    results = []
    start(*arguments, cancellable, lambda source, result: results.append(result))
    wait(lambda: results)
    return finish(results[0])


def assert_fails(domain, code, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except GLib.Error as error:
        assert error.matches(domain, code), f'{error.domain} {error.code}: {error.message}'
    else:
        raise AssertionError(f'no error, but {code} was to come')


def new_task(uri=URI, **properties):
    task = Hb.WebsocketTask.new(uri)
    for name, value in properties.items():
        task.set_property(name, value)
    return task


def open_task(**properties):
    task = new_task(**properties)
    assert call(task.open_async, task.open_finish)
    return task


def close_task(task):
    assert call(task.close_async, task.close_finish, 1000, None)
    assert task.get_state() == Hb.State.CLOSED


def test_version():
    assert Hb.get_major_version() == Hb.MAJOR_VERSION
    assert Hb.get_minor_version() == Hb.MINOR_VERSION
    assert Hb.get_micro_version() == Hb.MICRO_VERSION
    assert Hb.VERSION_S == f'{Hb.MAJOR_VERSION}.{Hb.MINOR_VERSION}.{Hb.MICRO_VERSION}'
    assert Hb.check_version(Hb.MAJOR_VERSION, Hb.MINOR_VERSION, Hb.MICRO_VERSION) is None
    assert 'too old' in Hb.check_version(Hb.MAJOR_VERSION + 1, 0, 0)


def test_enums():
    assert [int(state) for state in (Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING,
                                     Hb.State.CLOSED, Hb.State.WAITING)] == [0, 1, 2, 3, 4]
    assert Hb.HeartbeatMode.MESSAGE != Hb.HeartbeatMode.PING
    assert Hb.Liveness.ANY != Hb.Liveness.REPLY
    assert len({Hb.Overflow.FAIL, Hb.Overflow.DROP_OLDEST, Hb.Overflow.DROP_NEWEST}) == 3
    assert Hb.SendFlags.DEFAULT == 0
    assert Hb.SendFlags.DEFAULT | Hb.SendFlags.VOLATILE == Hb.SendFlags.VOLATILE
    assert len({Hb.Error.INVALID_URI, Hb.Error.INVALID_ARGUMENT, Hb.Error.CONNECT_TIMEOUT,
                Hb.Error.HANDSHAKE, Hb.Error.PONG_TIMEOUT, Hb.Error.MESSAGE_TOO_BIG,
                Hb.Error.CLOSED, Hb.Error.NOT_OPEN, Hb.Error.QUEUE_FULL,
                Hb.Error.REPEAT_LIMIT}) == 10
    assert Hb.error_quark() == Hb.Error.quark()
    assert Hb.State.OPEN.value_nick == 'open'


def test_properties():
    task = Hb.WebsocketTask()
    told = []
    task.connect('notify', lambda _, pspec: told.append(pspec.name))

    for name, default in [*READABLE, *((name, default) for name, default, _ in WRITABLE)]:
        getter = getattr(task, 'get_' + name.replace('-', '_'))
        assert getter() == default, name
        assert task.get_property(name) == default, name

    for name, default, value in WRITABLE:
        getter = getattr(task, 'get_' + name.replace('-', '_'))
        setter = getattr(task, 'set_' + name.replace('-', '_'))
        setter(value)
        assert getter() == value, name
        assert task.get_property(name) == value, name
        task.set_property(name, default)
        assert task.get_property(name) == default, name
        assert told == [name, name], told
        told.clear()

    known = {name for name, *_ in READABLE} | {name for name, *_ in WRITABLE}
    assert {pspec.name for pspec in GObject.list_properties(Hb.WebsocketTask)} == known

    session = Soup.Session()
    assert Hb.WebsocketTask(uri=URI, session=session).get_session() == session


def test_errors():
    task = new_task()
    text = Soup.WebsocketDataType.TEXT
    payload = GLib.Bytes.new(b'text')

    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_text, 'text')
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_bytes, payload)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, task.send_message, text, payload,
                 Hb.SendFlags.DEFAULT)
    assert_fails(Hb.error_quark(), Hb.Error.CLOSED, call, task.send_message_async,
                 task.send_message_finish, text, payload, Hb.SendFlags.DEFAULT)

    task.open()
    assert_fails(Hb.error_quark(), Hb.Error.NOT_OPEN, task.send_message, text, payload,
                 Hb.SendFlags.VOLATILE)
    assert_fails(Hb.error_quark(), Hb.Error.INVALID_ARGUMENT, task.send_message, text,
                 GLib.Bytes.new(b'\xff'), Hb.SendFlags.DEFAULT)
    assert_fails(Hb.error_quark(), Hb.Error.INVALID_ARGUMENT, call, task.close_async,
                 task.close_finish, 1, 'no such code')
    task.close(1000, None)
    assert task.get_state() == Hb.State.CLOSED

    task.set_uri('http://example.org/')
    assert_fails(Hb.error_quark(), Hb.Error.INVALID_URI, call, task.open_async, task.open_finish)


def test_error_signal():
    task = new_task(uri=URI.replace('/ws', '/not-there'), repeat_limit=0)
    errors = []
    task.connect('error', lambda _, error: errors.append(error))

    assert_fails(Hb.error_quark(), Hb.Error.REPEAT_LIMIT, call, task.open_async, task.open_finish)
    assert isinstance(errors[0], GLib.Error)
    assert errors[0].matches(Hb.error_quark(), Hb.Error.HANDSHAKE)
    assert errors[1].matches(Hb.error_quark(), Hb.Error.REPEAT_LIMIT)
    assert task.get_http_status() == 404


def test_cancellable():
    task = new_task(uri=NOWHERE)
    cancellable = Gio.Cancellable()
    GLib.idle_add(cancellable.cancel)

    assert_fails(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, call, task.open_async,
                 task.open_finish, cancellable=cancellable)
    assert task.get_state() == Hb.State.CLOSED


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

    kinds = Soup.WebsocketDataType
    assert task.send_text('höß')
    assert task.send_bytes(GLib.Bytes.new(WITH_NUL))
    assert task.send_message(kinds.TEXT, GLib.Bytes.new(WITH_NUL), Hb.SendFlags.DEFAULT)
    assert task.send_message(kinds.BINARY, GLib.Bytes.new(b''), Hb.SendFlags.VOLATILE)
    wait(lambda: len(log) == 8)
    assert log == [
        (kinds.TEXT, 'höß'.encode()), 'text',
        (kinds.BINARY, WITH_NUL), 'binary',
        (kinds.TEXT, WITH_NUL), 'text',
        (kinds.BINARY, b''), 'binary',
    ], log
    del log[:]

    task.close(1000, 'bye')
    wait(lambda: task.get_state() == Hb.State.CLOSED)
    assert log == [(1000, 'bye')], log
    assert states == [Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING, Hb.State.CLOSED]


def test_async():
    task = open_task()
    assert call(task.send_message_async, task.send_message_finish, Soup.WebsocketDataType.TEXT,
                GLib.Bytes.new(b'one'), Hb.SendFlags.DEFAULT)
    assert task.send_text('two')
    assert call(task.flush_async, task.flush_finish)
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


def test_heartbeat():
    task = open_task(pong_message='pong', liveness=Hb.Liveness.REPLY)
    pings = []

    def make_ping(source, data):
        pings.append((source, data))
        return 'heartbeat'

    dropped = weakref.ref(make_ping)
    task.set_ping_func(make_ping, 'data')
    task.check()
    wait(lambda: task.get_latency() >= 0)
    assert pings == [(task, 'data')]

    task.set_ping_func(lambda *_: None)
    task.check()
    wait(lambda: task.get_metrics().get_replies() == 2)

    task.set_ping_func(None)
    del make_ping, pings
    gc.collect()
    assert dropped() is None

    errors = []
    task.connect('error', lambda _, error: errors.append(error))
    task.send_text('mute')
    task.set_pong_timeout(20)
    task.check()
    wait(lambda: errors)
    assert errors[0].matches(Hb.error_quark(), Hb.Error.PONG_TIMEOUT)
    assert task.get_metrics().get_pong_timeouts() == 1
    task.close(1000, None)


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
    task.set_reconnect_func(None)
    del get_delay, delays
    gc.collect()
    assert dropped() is None
    close_task(task)


def test_hold():
    task = new_task()
    task.hold()
    task.open()
    task.send_text('one')
    task.send_text('two')
    assert task.get_buffered_amount() > 0
    assert task.clear_queue() == 2
    assert task.get_buffered_amount() == 0

    drained = []
    task.connect('drain', drained.append)
    task.send_text('three')
    task.release()
    wait(lambda: drained)
    assert drained == [task]
    close_task(task)


def test_overflow():
    task = new_task(max_buffered_amount=4)
    task.hold()
    task.open()
    task.send_text('1234')
    assert_fails(Hb.error_quark(), Hb.Error.QUEUE_FULL, task.send_text, '5')
    task.set_overflow(Hb.Overflow.DROP_NEWEST)
    assert task.send_text('6')
    assert task.get_metrics().get_messages_dropped() == 1
    task.close(1000, None)


def test_metrics():
    task = open_task(heartbeat_mode=Hb.HeartbeatMode.PING)
    answers = []
    task.connect('message', lambda _, kind, data: answers.append(data))
    task.send_text('hello')
    task.check()
    wait(lambda: answers and task.get_latency() >= 0)

    metrics = task.get_metrics()
    close_task(task)
    assert isinstance(metrics, Hb.Metrics)
    assert metrics.get_messages_sent() == 1
    assert metrics.get_bytes_sent() == 5
    assert metrics.get_messages_received() == 1
    assert metrics.get_bytes_received() == 5
    assert metrics.get_messages_dropped() == 0
    assert metrics.get_attempts() == 1
    assert metrics.get_opens() == 1
    assert metrics.get_pings() == 1
    assert metrics.get_replies() == 1
    assert metrics.get_pong_timeouts() == 0
    assert 0 <= metrics.get_latency_min() <= metrics.get_latency_mean() \
        <= metrics.get_latency_max()
    assert metrics.get_uptime() > 0
    assert metrics.get_downtime() >= 0

    copy = metrics.copy()
    assert copy.get_bytes_sent() == 5
    copy.free()
    del copy, metrics
    gc.collect()


def test_dropped():
    """Whoever drops the last reference drops the link, whatever the task is doing."""
    for prepare in (lambda task: None,
                    lambda task: task.open(),
                    lambda task: call(task.open_async, task.open_finish),
                    lambda task: (task.hold(), task.open(), task.send_text('text'))):
        task = new_task()
        task.connect('open', lambda _: None)
        task.set_ping_func(lambda *_: 'ping')
        prepare(task)
        dropped = weakref.ref(task)
        del task
        gc.collect()
        assert dropped() is None


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith('test_')]
    failed = False

    print(f'1..{len(tests)}')
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {name[5:]}', flush=True)
        except Exception:
            failed = True
            for line in traceback.format_exc().splitlines():
                print(f'# {line}')
            print(f'not ok {number} - {name[5:]}', flush=True)

    return failed


if __name__ == '__main__':
    sys.exit(main())
