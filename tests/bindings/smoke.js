// SPDX-License-Identifier: LGPL-2.1-or-later

// Uses the whole of the API from JavaScript. The argument is the URI of a peer, see peer.c.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gio from 'gi://Gio';
import Hb from 'gi://Hb?version=1';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

const PATIENCE = 5; // seconds
const URI = ARGV[ARGV.length - 1];
const NOWHERE = 'ws://127.0.0.1:9/';
const WITH_NUL = new Uint8Array([97, 0, 98]);

const {TEXT, BINARY} = Soup.WebsocketDataType;

for (const name of ['open', 'close', 'send_message', 'flush'])
  Gio._promisify(Hb.WebsocketTask.prototype, `${name}_async`, `${name}_finish`);

// name, default, another value
const WRITABLE = [
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
];

const READABLE = [
  ['session', null],
  ['state', Hb.State.CLOSED],
  ['connection', null],
  ['protocol', null],
  ['attempt', 0],
  ['reconnect-at', -1],
  ['buffered-amount', 0],
  ['latency', -1],
  ['downtime', 0],
  ['http-status', 0],
];

function show(value) {
  return JSON.stringify(value, (_, part) => part instanceof Uint8Array ? [...part] : part);
}

function assert(condition, message = 'an assertion failed') {
  if (!condition)
    throw new Error(message);
}

function assertEqual(value, wanted, message = '') {
  assert(show(value) === show(wanted), `${message} is ${show(value)}, not ${show(wanted)}`);
}

async function assertFails(domain, code, call) {
  try {
    await call();
  } catch (error) {
    assert(error instanceof GLib.Error && error.matches(domain, code), `${error}`);
    return;
  }

  throw new Error(`no error, but ${code} was to come`);
}

// Lets the main loop run for a moment.
function turn() {
  return new Promise(resolve => {
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    });
  });
}

async function wait(condition) {
  const deadline = GLib.get_monotonic_time() + PATIENCE * 1000000;

  while (!condition()) {
    assert(GLib.get_monotonic_time() < deadline, 'nothing came of it');
    await turn();
  }
}

function newTask(properties = {}) {
  return new Hb.WebsocketTask({uri: URI, ...properties});
}

async function openTask(properties = {}) {
  const task = newTask(properties);

  assert(await task.open_async(null));
  return task;
}

async function closeTask(task) {
  assert(await task.close_async(1000, null, null));
  assertEqual(task.get_state(), Hb.State.CLOSED, 'state');
}

const tests = {
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
    assertEqual([Hb.Liveness.ANY, Hb.Liveness.REPLY], [0, 1]);
    assertEqual([Hb.Overflow.FAIL, Hb.Overflow.DROP_OLDEST, Hb.Overflow.DROP_NEWEST], [0, 1, 2]);
    assertEqual([Hb.SendFlags.DEFAULT, Hb.SendFlags.VOLATILE], [0, 1]);
    assertEqual([Hb.Error.INVALID_URI, Hb.Error.INVALID_ARGUMENT, Hb.Error.CONNECT_TIMEOUT,
      Hb.Error.HANDSHAKE, Hb.Error.PONG_TIMEOUT, Hb.Error.MESSAGE_TOO_BIG, Hb.Error.CLOSED,
      Hb.Error.NOT_OPEN, Hb.Error.QUEUE_FULL, Hb.Error.REPEAT_LIMIT],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEqual(Hb.error_quark(), Hb.Error.quark());
  },

  properties() {
    const task = new Hb.WebsocketTask();
    const told = [];
    const known = [...READABLE, ...WRITABLE].map(([name]) => name).sort();

    task.connect('notify', (_, pspec) => told.push(pspec.get_name()));

    for (const [name, initial] of [...READABLE, ...WRITABLE]) {
      const symbol = name.replaceAll('-', '_');

      assertEqual(task[`get_${symbol}`]() ?? initial, initial, name);
      assertEqual(task[symbol], initial, name);
    }

    for (const [name, initial, value] of WRITABLE) {
      const symbol = name.replaceAll('-', '_');

      task[`set_${symbol}`](value);
      assertEqual(task[`get_${symbol}`](), value, name);
      assertEqual(task[symbol], value, name);
      task[symbol] = initial;
      assertEqual(task[symbol], initial, name);
      assertEqual(told.splice(0), [name, name], 'notified');
    }

    assertEqual(GObject.Object.list_properties.call(Hb.WebsocketTask)
      .map(pspec => pspec.get_name()).sort(), known, 'properties');

    const session = new Soup.Session();

    assert(newTask({session}).get_session() === session);
    assert(Hb.WebsocketTask.new(URI).get_uri() === URI);
  },

  async errors() {
    const task = newTask();
    const payload = new GLib.Bytes('text');

    await assertFails(Hb.Error, Hb.Error.CLOSED, () => task.send_text('text'));
    await assertFails(Hb.Error, Hb.Error.CLOSED, () => task.send_bytes(payload));
    await assertFails(Hb.Error, Hb.Error.CLOSED,
      () => task.send_message(TEXT, payload, Hb.SendFlags.DEFAULT));
    await assertFails(Hb.Error, Hb.Error.CLOSED,
      () => task.send_message_async(TEXT, payload, Hb.SendFlags.DEFAULT, null));

    task.open();
    await assertFails(Hb.Error, Hb.Error.NOT_OPEN,
      () => task.send_message(TEXT, payload, Hb.SendFlags.VOLATILE));
    await assertFails(Hb.Error, Hb.Error.INVALID_ARGUMENT, () => task.send_message(TEXT,
      new GLib.Bytes(new Uint8Array([0xff])), Hb.SendFlags.DEFAULT));
    await assertFails(Hb.Error, Hb.Error.INVALID_ARGUMENT,
      () => task.close_async(1, 'no such code', null));
    task.close(1000, null);
    assertEqual(task.state, Hb.State.CLOSED);

    task.uri = 'http://example.org/';
    await assertFails(Hb.Error, Hb.Error.INVALID_URI, () => task.open_async(null));
  },

  async error_signal() {
    const task = newTask({uri: URI.replace('/ws', '/not-there'), repeat_limit: 0});
    const errors = [];

    task.connect('error', (_, error) => errors.push(error));

    await assertFails(Hb.Error, Hb.Error.REPEAT_LIMIT, () => task.open_async(null));
    assert(errors[0] instanceof GLib.Error);
    assert(errors[0].matches(Hb.Error, Hb.Error.HANDSHAKE));
    assert(errors[1].matches(Hb.Error, Hb.Error.REPEAT_LIMIT));
    assertEqual(task.http_status, 404);
  },

  async cancellable() {
    const task = newTask({uri: NOWHERE});
    const cancellable = new Gio.Cancellable();

    GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
      cancellable.cancel();
      return GLib.SOURCE_REMOVE;
    });
    await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
      () => task.open_async(cancellable));
    assertEqual(task.state, Hb.State.CLOSED);
  },

  async conversation() {
    const task = newTask({protocols: ['chat']});
    const log = [];
    const states = [];

    task.connect('open', () => log.push('open'));
    task.connect('message', (_, type, message) => log.push([type, message.toArray()]));
    task.connect('message::text', () => log.push('text'));
    task.connect('message::binary', () => log.push('binary'));
    task.connect('close', (_, code, reason) => log.push([code, reason]));
    task.connect('notify::state', () => states.push(task.state));

    task.open();
    await wait(() => log.includes('open'));
    assertEqual(task.connection.state, Soup.WebsocketState.OPEN);
    assertEqual(task.protocol, 'chat');
    assertEqual(task.http_status, 101);
    log.splice(0);

    assert(task.send_text('höß'));
    assert(task.send_bytes(new GLib.Bytes(WITH_NUL)));
    assert(task.send_message(TEXT, new GLib.Bytes(WITH_NUL), Hb.SendFlags.DEFAULT));
    assert(task.send_message(BINARY, new GLib.Bytes([]), Hb.SendFlags.VOLATILE));
    await wait(() => log.length === 8);
    assertEqual(log.splice(0), [
      [TEXT, new TextEncoder().encode('höß')], 'text',
      [BINARY, WITH_NUL], 'binary',
      [TEXT, WITH_NUL], 'text',
      [BINARY, new Uint8Array()], 'binary',
    ]);

    task.close(1000, 'bye');
    await wait(() => task.state === Hb.State.CLOSED);
    assertEqual(log, [[1000, 'bye']]);
    assertEqual(states,
      [Hb.State.CONNECTING, Hb.State.OPEN, Hb.State.CLOSING, Hb.State.CLOSED]);
  },

  // The bytes outlive the signal that brought them.
  async message_is_kept() {
    const task = await openTask();
    const kept = [];

    task.connect('message', (_, type, message) => kept.push(message));
    for (let i = 0; i < 100; i++)
      task.send_text(`${i}`);
    await wait(() => kept.length === 100);
    await closeTask(task);
    System.gc();
    assertEqual(kept.map(message => Number(new TextDecoder().decode(message.toArray()))),
      [...kept.keys()]);
  },

  async async() {
    const task = await openTask();

    assert(await task.send_message_async(TEXT, new GLib.Bytes('one'), Hb.SendFlags.DEFAULT, null));
    assert(task.send_text('two'));
    assert(await task.flush_async(null));
    await closeTask(task);
  },

  async headers() {
    const task = newTask();
    const answers = [];
    const requests = [];

    task.get_request_headers().append('X-Token', 'secret');
    task.connect('connecting', (_, message) => {
      message.get_request_headers().append('X-Attempt', `${requests.length}`);
      requests.push(message);
    });
    task.connect('message', (_, type, message) => {
      answers.push(new TextDecoder().decode(message.toArray()));
    });

    task.open();
    task.send_text('header X-Token');
    task.send_text('header X-Attempt');
    await wait(() => answers.length === 2);
    assertEqual(answers, ['secret', '0']);
    assert(requests[0] instanceof Soup.Message);
    await closeTask(task);
  },

  async heartbeat() {
    const task = await openTask({pong_message: 'pong', liveness: Hb.Liveness.REPLY});
    const pings = [];
    const errors = [];

    task.set_ping_func(source => {
      pings.push(source);
      return 'heartbeat';
    });
    task.check();
    await wait(() => task.latency >= 0);
    assert(pings.length === 1 && pings[0] === task);

    task.set_ping_func(() => null);
    task.check();
    await wait(() => task.get_metrics().get_replies() === 2);
    task.set_ping_func(null);
    System.gc();

    task.connect('error', (_, error) => errors.push(error));
    task.send_text('mute');
    task.pong_timeout = 20;
    task.check();
    await wait(() => errors.length > 0);
    assert(errors[0].matches(Hb.Error, Hb.Error.PONG_TIMEOUT));
    assertEqual(task.get_metrics().get_pong_timeouts(), 1);
    assertEqual(pings.length, 1);
    task.close(1000, null);
  },

  async reconnect() {
    const task = await openTask();
    const log = [];
    const delays = [];

    task.connect('open', () => log.push('open'));
    task.connect('close', (_, code, reason) => log.push([code, reason, task.state]));
    task.connect('reconnect', (_, attempt, delay) => log.push([attempt, delay]));
    task.set_reconnect_func((source, attempt) => {
      assert(source === task);
      delays.push(attempt);
      return delays.length === 2 ? 60000 : 1;
    });

    task.send_text('drop');
    await wait(() => log.includes('open'));
    assertEqual(log.splice(0), [[1006, null, Hb.State.WAITING], [1, 1], 'open']);
    assert(task.downtime > 0);
    assertEqual(task.attempt, 1);

    task.send_text('leave');
    await wait(() => log.length === 2);
    assertEqual(log.splice(0), [[4001, 'see you', Hb.State.WAITING], [2, 60000]]);
    assert(task.reconnect_at > GLib.get_monotonic_time());
    assertEqual(delays, [1, 2]);

    task.reconnect_now();
    await wait(() => log.length > 0);
    assertEqual(log, ['open']);
    assertEqual(task.attempt, 0);
    task.set_reconnect_func(null);
    System.gc();
    await closeTask(task);
  },

  async hold() {
    const task = newTask();
    let drained = 0;

    task.hold();
    task.open();
    task.send_text('one');
    task.send_text('two');
    assert(task.buffered_amount > 0);
    assertEqual(task.clear_queue(), 2);
    assertEqual(task.buffered_amount, 0);

    task.connect('drain', () => drained++);
    task.send_text('three');
    task.release();
    await wait(() => drained === 1);
    await closeTask(task);
  },

  async overflow() {
    const task = newTask({max_buffered_amount: 4});

    task.hold();
    task.open();
    task.send_text('1234');
    await assertFails(Hb.Error, Hb.Error.QUEUE_FULL, () => task.send_text('5'));
    task.overflow = Hb.Overflow.DROP_NEWEST;
    assert(task.send_text('6'));
    assertEqual(task.get_metrics().get_messages_dropped(), 1);
    task.close(1000, null);
  },

  async metrics() {
    const task = await openTask({heartbeat_mode: Hb.HeartbeatMode.PING});
    let answers = 0;

    task.connect('message', () => answers++);
    task.send_text('hello');
    task.check();
    await wait(() => answers === 1 && task.latency >= 0);

    const metrics = task.get_metrics();

    await closeTask(task);
    assert(metrics instanceof Hb.Metrics);
    assertEqual(metrics.get_messages_sent(), 1);
    assertEqual(metrics.get_bytes_sent(), 5);
    assertEqual(metrics.get_messages_received(), 1);
    assertEqual(metrics.get_bytes_received(), 5);
    assertEqual(metrics.get_messages_dropped(), 0);
    assertEqual(metrics.get_attempts(), 1);
    assertEqual(metrics.get_opens(), 1);
    assertEqual(metrics.get_pings(), 1);
    assertEqual(metrics.get_replies(), 1);
    assertEqual(metrics.get_pong_timeouts(), 0);
    assert(metrics.get_latency_min() <= metrics.get_latency_mean());
    assert(metrics.get_latency_mean() <= metrics.get_latency_max());
    assert(metrics.get_uptime() > 0);
    assert(metrics.get_downtime() >= 0);

    const copy = metrics.copy();

    assertEqual(copy.get_bytes_sent(), 5);
    copy.free();
    System.gc();
  },

  // Who drops the last reference drops the link, whatever the task is doing.
  async dropped() {
    const preparations = [
      () => {},
      task => task.open(),
      task => task.open_async(null),
      task => {
        task.hold();
        task.open();
        task.send_text('text');
      },
    ];

    for (const prepare of preparations) {
      const task = newTask();

      task.set_ping_func(() => 'ping');
      await prepare(task);
    }
    System.gc();
    await turn();
    System.gc();
  },
};

async function main() {
  const names = Object.keys(tests);
  let failed = false;

  print(`1..${names.length}`);
  for (const [i, name] of names.entries()) {
    try {
      await tests[name]();
      print(`ok ${i + 1} - ${name}`);
    } catch (error) {
      failed = true;
      print(`# ${`${error}\n${error.stack}`.replaceAll('\n', '\n# ')}`);
      print(`not ok ${i + 1} - ${name}`);
    }
  }

  return failed;
}

const loop = new GLib.MainLoop(null, false);
let failed = true;

main().then(result => {
  failed = result;
}).finally(() => loop.quit());
loop.run();
System.exit(failed ? 1 : 0);
