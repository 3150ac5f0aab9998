// SPDX-License-Identifier: LGPL-2.1-or-later

// Versions, enumerations, properties and metrics in JavaScript

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Hb from 'gi://Hb?version=1';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

import {
  URI, assert, assertEqual, closeTask, main, newTask, openTask, wait,
} from './harness.js';

// The name of a property, its default, and another value
const WRITABLE = [
  ['session', null, new Soup.Session()],
  ['uri', null, 'ws://example.org/'],
  ['protocols', [], ['chat', 'superchat']],
  ['origin', null, 'https://example.org'],
  ['compression', false, true],
  ['heartbeat-mode', Hb.HeartbeatMode.MESSAGE, Hb.HeartbeatMode.PING],
  ['liveness', Hb.Liveness.ANY, Hb.Liveness.REPLY],
  ['ping-timeout', 15000, 1],
  ['pong-timeout', 10000, 2],
  ['ping-message', 'heartbeat', 'ping'],
  ['pong-message', null, 'pong'],
  ['reconnect-timeout', 2000, 3],
  ['reconnect-timeout-max', 0, 4],
  ['reconnect-jitter', 0, 0.5],
  ['repeat-limit', -1, 5],
  ['min-uptime', 5000, 6],
  ['connect-timeout', 10000, 7],
  ['close-timeout', 2000, 8],
  ['max-message-size', 16 * 1024 * 1024, 2 ** 40],
  ['max-buffered-amount', 8 * 1024 * 1024, 2 ** 41],
  ['overflow', Hb.Overflow.FAIL, Hb.Overflow.DROP_OLDEST],
  ['network-aware', true, false],
  ['manual-ready', false, true],
  ['paused', false, true],
  ['ping-bytes', null, new GLib.Bytes([0xc0, 0])],
  ['queue-timeout', 0, 1],
  ['fragment-size', 32760, 1],
  ['delivery', Hb.Delivery.WRITTEN, Hb.Delivery.ACKNOWLEDGED],
];

const READABLE = [
  ['state', Hb.State.CLOSED],
  ['connection', null],
  ['protocol', null],
  ['attempt', 0],
  ['reconnect-at', -1],
  ['buffered-amount', 0],
  ['latency', -1],
  ['downtime', 0],
  ['http-status', 0],
  ['last-error', null],
  ['ready', false],
];

// A view in an application
const View = GObject.registerClass({
  Properties: {
    'state': GObject.ParamSpec.enum('state', null, null, GObject.ParamFlags.READWRITE,
      Hb.State.$gtype, Hb.State.CLOSED),
    'ping-timeout': GObject.ParamSpec.uint('ping-timeout', null, null,
      GObject.ParamFlags.READWRITE, 0, GLib.MAXUINT32, 0),
  },
}, class View extends GObject.Object {
});

main({
  version() {
    assertEqual(Hb.get_major_version(), Hb.MAJOR_VERSION);
    assertEqual(Hb.get_minor_version(), Hb.MINOR_VERSION);
    assertEqual(Hb.get_micro_version(), Hb.MICRO_VERSION);
    assertEqual(Hb.VERSION_S, `${Hb.MAJOR_VERSION}.${Hb.MINOR_VERSION}.${Hb.MICRO_VERSION}`);
    assertEqual(Hb.check_version(Hb.MAJOR_VERSION, Hb.MINOR_VERSION, Hb.MICRO_VERSION), null);
    assert(Hb.check_version(Hb.MAJOR_VERSION + 1, 0, 0).includes('too old'));
  },

  enums() {
    assertEqual([Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING, Hb.State.CLOSED,
      Hb.State.WAITING], [0, 1, 2, 3, 4]);
    assertEqual([Hb.HeartbeatMode.MESSAGE, Hb.HeartbeatMode.PING], [0, 1]);
    assertEqual([Hb.Liveness.ANY, Hb.Liveness.REPLY, Hb.Liveness.STEADY], [0, 1, 2]);
    assertEqual([Hb.Overflow.FAIL, Hb.Overflow.DROP_OLDEST, Hb.Overflow.DROP_NEWEST], [0, 1, 2]);
    assertEqual([Hb.Delivery.WRITTEN, Hb.Delivery.ACKNOWLEDGED], [0, 1]);
    assertEqual([Hb.SendFlags.DEFAULT, Hb.SendFlags.VOLATILE, Hb.SendFlags.THIS_LINK], [0, 1, 2]);
    assertEqual([Hb.Error.INVALID_URI, Hb.Error.INVALID_ARGUMENT, Hb.Error.CONNECT_TIMEOUT,
      Hb.Error.HANDSHAKE, Hb.Error.PONG_TIMEOUT, Hb.Error.MESSAGE_TOO_BIG, Hb.Error.CLOSED,
      Hb.Error.NOT_OPEN, Hb.Error.QUEUE_FULL, Hb.Error.REPEAT_LIMIT,
      Hb.Error.MESSAGE_REFUSED, Hb.Error.EXPIRED],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assertEqual(Hb.error_quark(), Hb.Error.quark());
  },

  properties() {
    const task = new Hb.WebsocketTask();
    const notified = [];
    const known = [...READABLE, ...WRITABLE].map(([name]) => name).sort();

    task.connect('notify', (_, pspec) => notified.push(pspec.get_name()));

    for (const [name, initial] of [...READABLE, ...WRITABLE]) {
      const symbol = name.replaceAll('-', '_');

      assertEqual(task[`get_${symbol}`](), initial, name);
      assertEqual(task[symbol], initial, name);
    }

    for (const [name, initial, value] of WRITABLE) {
      const symbol = name.replaceAll('-', '_');

      task[`set_${symbol}`](value);
      assertEqual(task[`get_${symbol}`](), value, name);
      assertEqual(task[symbol], value, name);
      task[symbol] = initial;
      assertEqual(task[symbol], initial, name);
      assertEqual(notified.splice(0), [name, name], 'notified');
    }

    // Null sets an empty list.
    for (const unset of [() => task.set_protocols(null), () => (task.protocols = null)]) {
      task.set_protocols(['chat']);
      unset();
      assertEqual(task.get_protocols(), [], 'protocols');
    }

    assertEqual(GObject.Object.list_properties.call(Hb.WebsocketTask)
      .map(pspec => pspec.get_name()).sort(), known, 'properties');

    const session = new Soup.Session();

    assert(newTask({session}).get_session() === session);
    assert(Hb.WebsocketTask.new_with_session(URI, session).session === session);
    assert(Hb.WebsocketTask.new(URI).get_uri() === URI);
  },

  async metrics() {
    const task = await openTask({heartbeat_mode: Hb.HeartbeatMode.PING});
    let answers = 0;

    task.connect('message', () => answers++);
    task.send_text('hello');
    task.check();
    await wait(() => answers === 1 && task.latency >= 0);
    assert(task.can_acknowledge() && !newTask().can_acknowledge());

    const metrics = task.get_metrics();
    const uptime = metrics.get_uptime();

    GLib.usleep(10); // The clock counts microseconds, and the uptime must grow.
    await closeTask(task);
    assert(metrics instanceof Hb.Metrics);
    assertEqual(metrics.get_messages_sent(), 1);
    assertEqual(metrics.get_bytes_sent(), 5);
    assertEqual(metrics.get_messages_received(), 1);
    assertEqual(metrics.get_bytes_received(), 5);
    assertEqual(metrics.get_messages_dropped(), 0);
    assertEqual(metrics.get_messages_expired(), 0);
    assertEqual(metrics.get_messages_resent(), 0);
    assertEqual(metrics.get_attempts(), 1);
    assertEqual(metrics.get_opens(), 1);
    assertEqual(metrics.get_pings(), 1);
    assertEqual(metrics.get_replies(), 1);
    assertEqual(metrics.get_pong_timeouts(), 0);
    assert(metrics.get_latency_min() <= metrics.get_latency_mean());
    assert(metrics.get_latency_mean() <= metrics.get_latency_max());
    assert(uptime > 0);
    assert(metrics.get_downtime() >= 0);

    // The metrics are a snapshot.
    assertEqual(metrics.get_uptime(), uptime);
    assert(task.get_metrics().get_uptime() > uptime);

    const copy = metrics.copy();

    assertEqual(copy.get_bytes_sent(), 5);
    copy.free();
    System.gc();
  },

  async bind_property() {
    const {SYNC_CREATE, BIDIRECTIONAL} = GObject.BindingFlags;
    const task = newTask();
    const view = new View({state: Hb.State.OPEN});
    const shown = [];

    task.bind_property('state', view, 'state', SYNC_CREATE);
    task.bind_property('ping-timeout', view, 'ping-timeout', SYNC_CREATE | BIDIRECTIONAL);
    assertEqual(view.state, Hb.State.CLOSED, 'state');

    view.connect('notify::state', () => shown.push(view.state));
    task.open();
    await wait(() => task.state === Hb.State.OPEN);
    await closeTask(task);
    assertEqual(shown, [Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING, Hb.State.CLOSED]);

    assertEqual(view.ping_timeout, 15000);
    view.ping_timeout = 7;
    assertEqual(task.pingTimeout, 7);
    task.pingTimeout = 8;
    assertEqual(view.ping_timeout, 8);
  },
});
