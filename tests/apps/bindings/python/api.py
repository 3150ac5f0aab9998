#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Versions, enumerations, properties and metrics in Python."""

import gc

from harness import URI, close_task, main, open_task, wait
from gi.repository import GLib, GObject, Hb, Soup

# The name of a property, its default, and another value
WRITABLE = [
    ('session', None, Soup.Session()),
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
    ('manual-ready', False, True),
    ('paused', False, True),
    ('ping-bytes', None, GLib.Bytes.new(b'\xc0\0')),
    ('queue-timeout', 0, 1),
    ('fragment-size', 32760, 1),
    ('delivery', Hb.Delivery.WRITTEN, Hb.Delivery.ACKNOWLEDGED),
]

READABLE = [
    ('state', Hb.State.CLOSED),
    ('connection', None),
    ('protocol', None),
    ('attempt', 0),
    ('reconnect-at', -1),
    ('buffered-amount', 0),
    ('latency', -1),
    ('downtime', 0),
    ('http-status', 0),
    ('last-error', None),
    ('ready', False),
]


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
    assert Hb.Liveness.STEADY != Hb.Liveness.REPLY
    assert len({Hb.Overflow.FAIL, Hb.Overflow.DROP_OLDEST, Hb.Overflow.DROP_NEWEST}) == 3
    assert Hb.Delivery.WRITTEN != Hb.Delivery.ACKNOWLEDGED
    assert Hb.SendFlags.DEFAULT == 0
    assert Hb.SendFlags.DEFAULT | Hb.SendFlags.VOLATILE == Hb.SendFlags.VOLATILE
    assert int(Hb.SendFlags.VOLATILE | Hb.SendFlags.THIS_LINK) == 3
    assert len({Hb.Error.INVALID_URI, Hb.Error.INVALID_ARGUMENT, Hb.Error.CONNECT_TIMEOUT,
                Hb.Error.HANDSHAKE, Hb.Error.PONG_TIMEOUT, Hb.Error.MESSAGE_TOO_BIG,
                Hb.Error.CLOSED, Hb.Error.NOT_OPEN, Hb.Error.QUEUE_FULL,
                Hb.Error.REPEAT_LIMIT, Hb.Error.MESSAGE_REFUSED, Hb.Error.EXPIRED}) == 12
    assert Hb.error_quark() == Hb.Error.quark()
    assert Hb.State.OPEN.value_nick == 'open'


def test_properties():
    task = Hb.WebsocketTask()
    notified = []
    task.connect('notify', lambda _, pspec: notified.append(pspec.name))

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
        assert notified == [name, name], notified
        notified.clear()

    # None sets an empty list.
    for unset in (lambda: task.set_protocols(None), lambda: task.set_property('protocols', None)):
        task.set_protocols(['chat'])
        unset()
        assert task.get_protocols() == [], task.get_protocols()

    known = {name for name, *_ in READABLE} | {name for name, *_ in WRITABLE}
    assert {pspec.name for pspec in GObject.list_properties(Hb.WebsocketTask)} == known

    session = Soup.Session()
    assert Hb.WebsocketTask(uri=URI, session=session).get_session() == session
    assert Hb.WebsocketTask.new_with_session(URI, session).props.session == session
    assert Hb.WebsocketTask.new(URI).props.uri == URI


class View(GObject.Object):
    """A view in an application."""

    state = GObject.Property(type=Hb.State, default=Hb.State.CLOSED)
    is_busy = GObject.Property(type=bool, default=False)
    ping_timeout = GObject.Property(type=GObject.TYPE_UINT, default=0)


def test_bind_property():
    task = Hb.WebsocketTask(uri=URI)
    view = View()
    shown = []
    task.bind_property('state', view, 'state', GObject.BindingFlags.SYNC_CREATE)
    task.bind_property('state', view, 'is-busy', GObject.BindingFlags.SYNC_CREATE,
                       lambda _, state: state == Hb.State.CONNECTING)
    task.bind_property('ping-timeout', view, 'ping-timeout',
                       GObject.BindingFlags.SYNC_CREATE | GObject.BindingFlags.BIDIRECTIONAL)
    assert view.state == Hb.State.CLOSED

    view.connect('notify::state', lambda *_: shown.append((view.state, view.is_busy)))
    task.open()
    assert view.is_busy
    wait(lambda: task.get_state() == Hb.State.OPEN)
    close_task(task)
    assert [state for state, _ in shown] == [Hb.State.CONNECTING, Hb.State.OPEN,
                                             Hb.State.CLOSING, Hb.State.CLOSED], shown

    assert view.ping_timeout == 15000
    view.ping_timeout = 7
    assert task.get_ping_timeout() == 7
    task.set_ping_timeout(8)
    assert view.ping_timeout == 8


def test_metrics():
    task = open_task(heartbeat_mode=Hb.HeartbeatMode.PING)
    answers = []
    task.connect('message', lambda _, kind, data: answers.append(data))
    task.send_text('hello')
    task.check()
    wait(lambda: answers and task.get_latency() >= 0)
    assert task.can_acknowledge() and not Hb.WebsocketTask().can_acknowledge()

    metrics = task.get_metrics()
    uptime = metrics.get_uptime()
    GLib.usleep(10)  # The clock counts microseconds, and the uptime must grow.
    close_task(task)
    assert isinstance(metrics, Hb.Metrics)
    assert metrics.get_messages_sent() == 1
    assert metrics.get_bytes_sent() == 5
    assert metrics.get_messages_received() == 1
    assert metrics.get_bytes_received() == 5
    assert metrics.get_messages_dropped() == 0
    assert metrics.get_messages_expired() == 0
    assert metrics.get_messages_resent() == 0
    assert metrics.get_attempts() == 1
    assert metrics.get_opens() == 1
    assert metrics.get_pings() == 1
    assert metrics.get_replies() == 1
    assert metrics.get_pong_timeouts() == 0
    assert 0 <= metrics.get_latency_min() <= metrics.get_latency_mean() \
        <= metrics.get_latency_max()
    assert uptime > 0
    assert metrics.get_downtime() >= 0

    # The metrics are a snapshot.
    assert metrics.get_uptime() == uptime
    assert task.get_metrics().get_uptime() > uptime

    copy = metrics.copy()
    assert copy.get_bytes_sent() == 5
    copy.free()
    del copy, metrics
    gc.collect()


if __name__ == '__main__':
    main(globals())
