// SPDX-License-Identifier: LGPL-2.1-or-later

// Scenarios for the module for GNOME Shell (hbWebsocket.js) and for the library (gi://Hb), which
// must behave the same

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Soup from 'gi://Soup?version=3.0';

import {
  BINARY, Hb, TEXT, assert, assertEqual, assertFails, block, countDescriptors, decode, freeze,
  runLoop, turn, wait,
} from './harness.js';

// A timeout in milliseconds that is short enough for block(1600) and for freeze(), whose comment
// explains the limit
const TIMEOUT = 400;

const {State, HeartbeatMode, Liveness, SendFlags} = Hb;
const START = ['CONNECTING', 'connecting', 'OPEN', 'open'];
const AGAIN = ['WAITING', 'close 1006 null', 'reconnect 1 20', ...START];

async function openTask(scenario, peer, properties = {}) {
  const task = scenario.task({uri: peer.uri, ...properties});

  task.open();
  await wait(() => task.log.includes('open'), 'open');
  return task;
}

function count(task, entry) {
  return task.log.filter(logged => logged === entry).length;
}

const mute = {onMessage: () => {}};

export const together = {
  async opening(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri});

    assertEqual([task.state, task.ready, task.attempt], [State.CLOSED, false, 0]);
    assert(task.connection === null && task.last_error === null);
    await openTask(scenario, peer);
    task.open();
    await wait(() => task.ready);
    assertEqual(task.http_status, 101);
    assert(task.connection !== null);
    assertEqual(task.log, START);
  },

  async echo(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer);
    const kinds = [];

    task.connect('message::text', (_task, type) => kinds.push(type));
    task.connect('message::binary', (_task, type) => kinds.push(type));
    peer.onMessage = (connection, text) => connection.send_message(text === 'b' ? BINARY : TEXT,
      new GLib.Bytes(new TextEncoder().encode(text)));
    task.send_text('höß €');
    task.send_bytes(new GLib.Bytes([98]));
    task.send_message(TEXT, new GLib.Bytes([]), SendFlags.DEFAULT);
    await wait(() => kinds.length >= 3);
    assertEqual(task.log, [...START, 'message höß €', 'message b', 'message ']);
    assertEqual(kinds, [TEXT, BINARY, TEXT]);
  },

  async defaults(scenario) {
    const task = new Hb.WebsocketTask();
    const names = ['uri', 'origin', 'heartbeat_mode', 'liveness', 'ping_timeout',
      'pong_timeout', 'ping_message', 'pong_message', 'reconnect_timeout',
      'reconnect_timeout_max', 'reconnect_jitter', 'repeat_limit', 'min_uptime', 'connect_timeout',
      'close_timeout', 'max_message_size', 'max_buffered_amount', 'network_aware', 'manual_ready',
      'state', 'ready', 'connection', 'attempt', 'buffered_amount', 'http_status', 'last_error'];

    assertEqual(names.map(name => task[name]), [
      null, null, 0, 0, 15000, 10000, 'heartbeat', null, 2000, 0, 0, -1, 5000, 10000,
      2000, 16777216, 8388608, true, false, 3, false, null, 0, 0, 0, null]);
    scenario.task({});
  },

  // With REPLY, the task sends another ping when pong-message changes, because it might no longer
  // recognize the reply to the first one. The end of pong-timeout is not postponed.
  async newReply(scenario) {
    const peer = scenario.peer(mute);
    const task = await openTask(scenario, peer,
      {ping_timeout: 20, liveness: Liveness.REPLY, pong_message: 'pong'});

    await wait(() => peer.received.length === 1);
    task.pong_message = 'PONG';
    await wait(() => peer.received.length === 2);
    assertEqual(task.log, START);

    task.pong_timeout = 300;
    const changes = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 20, () => {
      task.pong_message += '!';
      return GLib.SOURCE_CONTINUE;
    });
    await wait(() => task.log.includes('error PONG_TIMEOUT'));
    GLib.Source.remove(changes);
  },

  // An empty message adds nothing to `buffered-amount`, but `drain` is emitted when it is sent.
  async emptyMessage(scenario) {
    const peer = scenario.peer(mute);
    const task = scenario.task({uri: peer.uri});

    task.open();
    task.send_text('');
    await wait(() => peer.received.length === 1);
    assertEqual(task.log, [...START, 'drain']);
  },

  // Messages that a handler for `open` sends precede those that have been waiting, so the handler
  // can log in.
  async queue(scenario) {
    const peer = scenario.peer(mute);
    const task = scenario.task({uri: peer.uri});

    assertFails('CLOSED', () => task.send_text('early'));
    task.connect('open', () => task.send_text('greeting'));
    task.open();
    for (const text of ['1', '2', '3'])
      task.send_text(text);
    assertEqual(task.buffered_amount, 3);
    assertFails('NOT_OPEN', () =>
      task.send_message(TEXT, new GLib.Bytes([97]), SendFlags.VOLATILE));
    task.max_buffered_amount = 12;
    assertFails('QUEUE_FULL', () => task.send_text('x'.repeat(10)));
    await wait(() => peer.received.length >= 4);
    assertEqual(peer.received, ['greeting', '1', '2', '3']);
    assertEqual(task.log, [...START, 'drain']);
    assertEqual(task.buffered_amount, 0);
  },

  async messagesWhileDown(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer);

    task.send_text('one');
    await wait(() => task.log.includes('message one'));
    peer.stop();
    await wait(() => task.state === State.WAITING);
    task.send_text('two');
    task.send_text('three');
    peer.start();
    await wait(() => task.log.includes('message three'));
    assertEqual(peer.received, ['one', 'two', 'three']);
  },

  async serverDrops(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer);

    await wait(() => peer.connections.length >= 1);
    peer.drop();
    await wait(() => count(task, 'open') >= 2);
    assertEqual(task.log, [...START, ...AGAIN]);
    assertEqual(task.attempt, 1);
  },

  async serverCloses(scenario) {
    const peer = scenario.peer({onOpen: connection => connection.close(4001, 'see you')});
    const task = await openTask(scenario, peer);

    peer.onOpen = null;
    await wait(() => count(task, 'open') >= 2);
    assertEqual(task.log, [...START, 'WAITING', 'close 4001 see you', 'reconnect 1 20', ...START]);
    assert(task.last_error === null);
  },

  // With the default repeat-limit, the task connects again even after a normal close.
  async serverClosesNormally(scenario) {
    const peer = scenario.peer({onOpen: connection => connection.close(1000, null)});
    const task = await openTask(scenario, peer);

    peer.onOpen = connection => connection.close(1005, null);
    await wait(() => count(task, 'open') >= 2);
    peer.onOpen = null;
    await wait(() => count(task, 'open') >= 3);
    assertEqual(task.log, [...START, 'WAITING', 'close 1000 null', 'reconnect 1 20', ...START,
      'WAITING', 'close 1005 null', 'reconnect 2 20', ...START]);
  },

  async refusal(scenario) {
    const peer = scenario.peer();

    peer.stop();
    const task = scenario.task({uri: peer.uri, reconnect_timeout_max: 40});
    task.open();
    await wait(() => count(task, 'error other') >= 3);
    peer.start();
    await wait(() => task.log.includes('open'));
    assertEqual(task.log.slice(0, 12), ['CONNECTING', 'connecting', 'WAITING', 'error other',
      'reconnect 1 20', 'CONNECTING', 'connecting', 'WAITING', 'error other', 'reconnect 2 40',
      'CONNECTING', 'connecting']);
    assert(task.last_error === null);
  },

  async unavailable(scenario) {
    const peer = scenario.peer();

    peer.status = 503;
    const task = scenario.task({uri: peer.uri});
    task.open();
    await wait(() => task.attempt >= 3);
    assertEqual(task.http_status, 503);
    assert(task.last_error.matches(Hb.Error, Hb.Error.HANDSHAKE));
    peer.status = 0;
    await wait(() => task.state === State.OPEN);
    assertEqual(task.log.slice(0, 5),
      ['CONNECTING', 'connecting', 'WAITING', 'error HANDSHAKE', 'reconnect 1 20']);
  },

  // The body of the response never arrives, so the attempt must not wait for the body. libsoup has
  // no name for the status 429.
  async endlessPage(scenario) {
    for (const status of [200, 429]) {
      const task = scenario.task({uri: scenario.mutePeer(status).uri, repeat_limit: 0});

      task.open();
      await wait(() => task.state === State.CLOSED);
      assertEqual(task.log,
        ['CONNECTING', 'connecting', 'CLOSED', 'error HANDSHAKE', 'error REPEAT_LIMIT']);
      assertEqual(task.http_status, status);
    }
  },

  // The body of the refusal does not arrive, so the request with the password needs another
  // connection.
  async passwordAfterEndlessPage(scenario) {
    const uri = scenario.mutePeer(401).uri.replace('//', '//user:password@');

    await openTask(scenario, {uri});
  },

  // A server may send at most 100 interim responses.
  async interimResponses(scenario) {
    for (const [nInterim, end] of [[100, 'open'], [101, 'error HANDSHAKE']]) {
      const task = scenario.task({uri: scenario.mutePeer(101, nInterim).uri});

      task.open();
      await wait(() => task.log.length >= 4);
      assertEqual(task.log[3], end);
    }
  },

  async backoff(scenario) {
    const delays = [];
    const task = scenario.task({uri: 'ws://127.0.0.1:9/', reconnect_timeout: 4000,
      reconnect_timeout_max: 30000, reconnect_jitter: 0.5});

    task.connect('reconnect', (_task, attempt, delay) => {
      delays.push(delay);
      if (attempt < 5)
        task.check();
    });
    task.open();
    await wait(() => delays.length >= 5);
    for (const [i, max] of [4000, 8000, 16000, 30000, 30000].entries())
      assert(delays[i] >= max / 2 && delays[i] <= max, `${delays}`);
  },

  async repeatLimit(scenario) {
    const task = scenario.task({uri: 'ws://127.0.0.1:9/', repeat_limit: 2, reconnect_timeout: 1});

    task.open();
    task.send_text('lost');
    await wait(() => task.state === State.CLOSED && task.log.length >= 15);
    const failure = ['WAITING', 'error other'];
    assertEqual(task.log, ['CONNECTING', 'connecting', ...failure, 'reconnect 1 1', 'CONNECTING',
      'connecting', ...failure, 'reconnect 2 1', 'CONNECTING', 'connecting', 'CLOSED',
      'error other', 'error REPEAT_LIMIT', 'error CLOSED']);
    assert(task.last_error.matches(Hb.Error, Hb.Error.REPEAT_LIMIT));
    task.open();
    await wait(() => task.attempt >= 1);
  },

  async normalEnd(scenario) {
    const peer = scenario.peer({onOpen: connection => connection.close(1000, 'done')});
    const task = await openTask(scenario, peer, {repeat_limit: 0});

    await wait(() => task.state === State.CLOSED);
    assertEqual(task.log, [...START, 'CLOSED', 'close 1000 done']);
  },

  // Opening a connection does not reset the number of attempts. The number becomes 0 when a
  // connection has been ready for min-uptime.
  async minUptime(scenario) {
    const peer = scenario.peer({onOpen: connection => connection.close(1000, null)});
    const task = await openTask(scenario, peer);

    await wait(() => task.attempt >= 3);
    peer.onOpen = null;
    task.min_uptime = 50;
    await wait(() => task.attempt === 0);
    assertEqual(task.state, State.OPEN);
  },

  async heartbeat(scenario) {
    const peer = scenario.peer({onMessage: connection => connection.send_text('pong')});
    const task = await openTask(scenario, peer, {ping_timeout: 30, pong_message: 'pong'});

    await wait(() => peer.received.length >= 3);
    assertEqual(peer.received.slice(0, 3), ['heartbeat', 'heartbeat', 'heartbeat']);
    assertEqual(task.log, START);
  },

  async check(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {ping_message: 'one', pong_message: 'one'});

    task.check();
    task.check(); // has no effect, because a reply is awaited
    await wait(() => peer.received.length >= 1);
    await turn(20);
    [task.ping_message, task.pong_message] = ['two', 'two'];
    task.check();
    await wait(() => peer.received.length >= 2);
    assertEqual(peer.received, ['one', 'two']);
    assertEqual(task.log, START);
  },

  // Without pong-message, the task cannot recognize a reply, and delivers it as a message.
  async unknownReply(scenario) {
    const peer = scenario.peer({onMessage: connection => connection.send_text('what?')});
    const task = await openTask(scenario, peer, {ping_timeout: 30});

    await wait(() => peer.received.length >= 2);
    assertEqual(task.log.slice(0, 5), [...START, 'message what?']);
  },

  async pongTimeout(scenario) {
    const peer = scenario.peer(mute);
    const task = await openTask(scenario, peer, {ping_timeout: 30, pong_timeout: 50});

    await wait(() => count(task, 'open') >= 2);
    assertEqual(task.log.slice(0, 12), [...START, 'WAITING', 'error PONG_TIMEOUT',
      'close 1006 null', 'reconnect 1 20', ...START]);
  },

  async noPongTimeout(scenario) {
    const peer = scenario.peer(mute);
    const task = await openTask(scenario, peer, {ping_timeout: 20, pong_timeout: 0});

    await wait(() => peer.received.length >= 4);
    assertEqual(task.log, START);
  },

  // With ANY and STEADY, a feed of messages keeps the connection open. With ANY, the messages also
  // delay the pings. With REPLY, they do not count as a reply.
  async liveness(scenario) {
    const peers = [0, 1, 2].map(() => scenario.peer(mute));
    const [toAny, toSteady, toReply] = peers;
    const any = await openTask(scenario, toAny, {liveness: Liveness.ANY});
    const steady = await openTask(scenario, toSteady, {liveness: Liveness.STEADY});
    const reply = await openTask(scenario, toReply, {liveness: Liveness.REPLY});
    const feed = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 10, () => {
      peers.forEach(peer => peer.send('news'));
      return GLib.SOURCE_CONTINUE;
    });

    for (const task of [any, steady, reply])
      [task.ping_timeout, task.pong_timeout, task.pong_message] = [500, 500, 'pong'];
    await wait(() => reply.log.includes('error PONG_TIMEOUT') && toSteady.received.length >= 4);
    GLib.Source.remove(feed);
    assert(!any.log.includes('WAITING') && !steady.log.includes('WAITING'));
    // A busy machine may stop the feed for 500 ms once.
    assert(toAny.received.length <= 1, `${toAny.received.length} pings with ANY`);
    reply.close(1000, null);
  },

  async pingFrame(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {heartbeat_mode: HeartbeatMode.PING,
      ping_timeout: 50, pong_timeout: 1000, liveness: Liveness.REPLY});

    await turn(3300);
    assertEqual(task.log, START);
    assertEqual(peer.received, []);
  },

  async pingFrameUnanswered(scenario) {
    const peer = scenario.mutePeer();
    const task = await openTask(scenario, peer, {heartbeat_mode: HeartbeatMode.PING,
      ping_timeout: 50, pong_timeout: 50});

    await wait(() => task.log.includes('reconnect 1 20'));
    assertEqual(task.log.slice(0, 8), [...START, 'WAITING', 'error PONG_TIMEOUT',
      'close 1006 null', 'reconnect 1 20']);
  },

  async close(scenario) {
    const peer = scenario.peer();

    // To a close frame without a code, libsoup's server replies with 1000.
    for (const [code, reason, seen] of [
      [1000, 'bye', 1000], [0, null, 1005], [4321, null, 4321], [999, null, 1002],
    ]) {
      const task = await openTask(scenario, peer);

      task.send_text('last');
      task.close(code, reason);
      assertEqual(task.state, State.CLOSING);
      assertFails('CLOSED', () => task.send_text('late'));
      await wait(() => task.state === State.CLOSED);
      assertEqual(task.log, [...START, 'CLOSING', 'CLOSED',
        `close ${code === 0 ? 1000 : seen} ${reason}`]);
      await wait(() => peer.closed.length > 0);
      assertEqual([peer.received.splice(0), peer.closed.splice(0)], [['last'], [seen]]);
      task.close(1000, null);
      assertEqual(task.log.length, START.length + 3);
    }
  },

  async closeTimeout(scenario) {
    const task = await openTask(scenario, scenario.mutePeer(), {close_timeout: 50});

    task.close(1000, null);
    await wait(() => task.state === State.CLOSED);
    assertEqual(task.log, [...START, 'CLOSING', 'CLOSED', 'close 1006 null']);
  },

  async closeWithoutLink(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri});

    task.connect('notify::buffered-amount', () =>
      task.log.push(`buffered ${task.buffered_amount}`));
    task.open();
    task.send_text('lost');
    task.close(1006, null);
    task.close(1000, null);
    await turn(50);
    assertEqual(task.log, ['CONNECTING', 'connecting', 'buffered 4', 'error INVALID_ARGUMENT',
      'CLOSED', 'error CLOSED', 'buffered 0']);
  },

  // The waiting messages precede the close frame.
  async closeInOpen(scenario) {
    const peer = scenario.peer(mute);
    const task = scenario.task({uri: peer.uri});

    task.connect('open', () => {
      task.send_text('greeting');
      task.close(1000, null);
    });
    task.open();
    task.send_text('queued');
    await wait(() => task.state === State.CLOSED);
    assertEqual(peer.received, ['greeting', 'queued']);
    assertEqual(task.log, [...START, 'CLOSING', 'drain', 'CLOSED', 'close 1000 null']);
  },

  async closeInHandler(scenario) {
    const peer = scenario.peer({onOpen: connection => connection.close(4001, null)});
    const task = await openTask(scenario, peer);

    task.connect('close', () => task.close(1000, null));
    await wait(() => task.state === State.CLOSED);
    await turn(50);
    assertEqual(task.log, [...START, 'WAITING', 'close 4001 null', 'CLOSED']);
  },

  async invalid(scenario) {
    for (const [properties, name] of [[{}, 'INVALID_URI'], [{uri: 'http://h/'}, 'INVALID_URI'],
      [{uri: 'ws://h/#f'}, 'INVALID_URI'], [{uri: 'ws:///p'}, 'INVALID_URI'],
      [{uri: 'ws://:80/'}, 'INVALID_URI'], [{uri: 'ws://u:p@/'}, 'INVALID_URI'],
      [{uri: 'ws://h:99999/'}, 'INVALID_URI'], [{uri: 'ws://h i/'}, 'INVALID_URI'],
      [{uri: 'ws://h/\n'}, 'INVALID_URI'], [{uri: 'ws://h/p '}, 'INVALID_URI'],
      [{uri: 'ws://h%0d%0aA%3ab/'}, 'INVALID_URI'], [{uri: 'ws://h\x7f/'}, 'INVALID_URI'],
      [{uri: 'ws://h/', protocols: ['a b']}, 'INVALID_ARGUMENT'],
      [{uri: 'ws://h/', protocols: ['']}, 'INVALID_ARGUMENT'],
      [{uri: 'ws://h/', protocols: ['a', 'a']}, 'INVALID_ARGUMENT'],
      [{uri: 'ws://h/', origin: 'a\nb'}, 'INVALID_ARGUMENT']]) {
      const task = scenario.task(properties);

      task.open();
      assertEqual(task.state, State.CLOSED);
      assertEqual(task.log, [`error ${name}`]);
    }
  },

  async readiness(scenario) {
    const peer = scenario.peer({
      onOpen: connection => connection.send_text('who?'),
      onMessage: (connection, text) => text === 'login' && connection.send_text('welcome'),
    });
    const task = scenario.task({uri: peer.uri, manual_ready: true, ping_timeout: 20});

    task.connect('open', () => task.send_text('subscribe'));
    task.connect('message', (_task, _type, bytes) => {
      if (decode(bytes) === 'who?')
        task.send_text_with_flags('login', SendFlags.THIS_LINK);
      else
        task.mark_ready();
    });
    task.open();
    assertFails('NOT_OPEN', () =>
      task.send_message(TEXT, new GLib.Bytes([97]), SendFlags.THIS_LINK));
    task.send_text('queued');
    await wait(() => task.state === State.OPEN);
    assert(!task.ready);
    await wait(() => task.ready && peer.received.length >= 4);
    assertEqual(peer.received.slice(0, 4), ['login', 'subscribe', 'queued', 'heartbeat']);
    assertEqual(task.log.slice(0, 7), [...START, 'message who?', 'message welcome', 'drain']);
  },

  async notReady(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri, manual_ready: true});

    task.connect('connecting', () => (task.connect_timeout = 0));
    task.connect('open', () => (task.connect_timeout = 20));
    task.open();
    task.send_text('kept');
    await wait(() => count(task, 'open') >= 3);
    assertEqual(task.log.slice(0, 12), [...START, 'WAITING', 'error CONNECT_TIMEOUT',
      'close 1006 null', 'reconnect 1 20', ...START]);
    assertEqual(peer.received, []);
    task.manual_ready = false;
    await wait(() => peer.received.length >= 1);
  },

  // close() immediately drops the messages that wait for mark_ready(), because a connection that
  // is closing never becomes ready.
  async closeNotReady(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {manual_ready: true});

    task.send_text('lost');
    task.close(1000, null);
    assertEqual(task.buffered_amount, 0);
    await wait(() => task.state === State.CLOSED);
    assertEqual(task.log, [...START, 'CLOSING', 'error CLOSED', 'CLOSED', 'close 1000 null']);
    assertEqual(peer.received, []);
  },

  async connectTimeout(scenario) {
    const service = new Gio.SocketListener();
    const port = service.add_any_inet_port(null);
    const task = scenario.task({uri: `ws://127.0.0.1:${port}/`, connect_timeout: 50});

    task.open();
    await wait(() => task.attempt >= 1);
    service.close();
    assertEqual(task.log.slice(0, 5), ['CONNECTING', 'connecting', 'WAITING',
      'error CONNECT_TIMEOUT', 'reconnect 1 20']);
  },

  async bigMessages(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri});
    const sizes = [];

    task.connect('message', (_task, _type, bytes) => sizes.push(bytes.get_size()));
    task.open();
    for (const size of [128 * 1024, 1024 * 1024, 5])
      task.send_text('x'.repeat(size));
    await wait(() => sizes.length >= 3);
    assertEqual(sizes, [131072, 1048576, 5]);
  },

  // If the socket cannot accept all messages at once, the messages still arrive in order.
  async backlog(scenario) {
    const peer = scenario.peer(mute);
    const task = await openTask(scenario, peer, {max_buffered_amount: 0});

    for (let i = 0; i < 200; i++)
      task.send_text(`${i}`.padEnd(i % 2 ? 100000 : 1));
    await wait(() => peer.received.length >= 200);
    assertEqual(peer.received.filter(text => text !== 100000).map(Number),
      Array.from({length: 100}, (_, i) => 2 * i));
    assertEqual(task.buffered_amount, 0);
  },

  async tooBig(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {max_message_size: 1000});

    task.send_text('x'.repeat(1001));
    await wait(() => task.state === State.CLOSED);
    assertEqual(task.log, [...START, 'CLOSED', 'error MESSAGE_TOO_BIG', 'close 1006 null']);
  },

  async headers(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri});
    const seen = [];

    task.connect('connecting', (_task, message) => {
      message.get_request_headers().append('X-Token', `${seen.length}`);
      seen.push(task.state);
    });
    task.open();
    await wait(() => task.ready);
    task.reconnect_now();
    await wait(() => task.ready);
    assertEqual([seen, peer.tokens], [[State.CONNECTING, State.CONNECTING], ['0', '1']]);
    assertEqual(task.log, [...START, 'CONNECTING', 'close 1006 null', 'connecting', 'OPEN',
      'open']);
  },

  async restart(scenario) {
    const peer = scenario.peer();
    const tasks = [];

    for (let i = 0; i < 10; i++)
      tasks.push(await openTask(scenario, peer));
    for (let i = 0; i < 2; i++) {
      peer.stop();
      await wait(() => tasks.every(task => task.state !== State.OPEN));
      peer.start();
      await wait(() => tasks.every(task => task.state === State.OPEN));
    }

    // Each task has made one new connection after each loss.
    assertEqual(peer.connections.length, tasks.length);
    tasks.forEach(task => assertEqual(count(task, 'open'), 3));
  },

  async disableDuringAttempt(scenario) {
    const listener = new Gio.SocketListener();
    const port = listener.add_any_inet_port(null);
    const uri = `ws://127.0.0.1:${port}/`;
    const task = scenario.task({uri});

    task.open();
    await turn(20);
    task.close(1000, null);
    assertEqual(task.state, State.CLOSED);
    await turn(50);
    listener.close();
    assertEqual(task.log, ['CONNECTING', 'connecting', 'CLOSED']);
  },

  // With close-timeout 0, the task sends the close frame, but does not wait for the reply.
  async disable(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {close_timeout: 0});

    await wait(() => peer.connections.length >= 1);
    task.send_text('last');
    task.close(1000, null);
    await wait(() => peer.closed.length >= 1 && task.state === State.CLOSED);
    assertEqual([peer.received, peer.closed], [['last'], [1000]]);
    assertEqual(task.log.slice(0, -1), [...START, 'CLOSING', 'CLOSED']);
    assert(/^close 100[06] null$/.test(task.log.at(-1)), task.log.at(-1));
  },
};

export const alone = {
  // If the time to queue a message depended on how many messages are waiting, the test would exceed
  // its timeout.
  longQueue(scenario) {
    const task = scenario.task({uri: 'ws://127.0.0.1:9/'});
    const n = 25000;

    task.open();
    for (let i = 0; i < n; i++)
      task.send_text('queued');
    assertEqual(task.buffered_amount, n * 'queued'.length);
  },

  // No attempt may leave a file descriptor open until GJS collects garbage.
  async refusedDescriptors(scenario) {
    const task = scenario.task({uri: 'ws://127.0.0.1:9/', repeat_limit: 50, reconnect_timeout: 0});
    const descriptors = countDescriptors();

    task.open();
    await wait(() => task.state === State.CLOSED);
    const opened = countDescriptors() - descriptors;
    assert(opened < 20, `${opened} descriptors are open`);
  },

  // The reply to a ping counts if it has reached the socket before the deadline, even if the task
  // reads it only afterwards.
  async replyInSocket(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {ping_timeout: 50, pong_timeout: 400,
      pong_message: 'heartbeat', liveness: Liveness.REPLY});

    // After the message “news”, libsoup adds the source of its input again. The main loop then
    // dispatches the task's timer before this source.
    peer.onMessage = async (connection, text) => {
      connection.send_text('news');
      await turn(20);
      if (connection.state === Soup.WebsocketState.OPEN) {
        connection.send_text(text);
        block(600);
      }
    };
    await wait(() => peer.received.length >= 3);
    assertEqual(task.log.slice(0, 6), [...START, 'message news', 'message news']);
  },

  // During freeze(), the server, which runs in this process, cannot answer. Instead of dropping the
  // connection, the task must send another ping.
  async blockedLoop(scenario) {
    const peer = scenario.peer(mute);
    const task = await openTask(scenario, peer, {ping_timeout: 50,
      pong_timeout: TIMEOUT, pong_message: 'heartbeat'});

    await wait(() => peer.received.length >= 1);
    peer.onMessage = (connection, text) => connection.send_text(text);
    freeze();
    await wait(() => peer.received.length >= 3);
    assertEqual(task.log, START);
  },

  // An attempt does not fail if its timeout passed more than a second ago, while the main loop was
  // blocked.
  async frozenAttempt(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri, connect_timeout: TIMEOUT});

    task.open();
    block(1600);
    await wait(() => task.ready);
    assertEqual(task.log, START);
  },

  // Messages that arrive while a handler runs the main loop are not delivered after close().
  // libsoup receives no message while it emits its signal `message`, so a handler for `open` runs
  // the main loop here. Within that handler, `state` may change an iteration of the main loop
  // before the signal `close`.
  async closeInMessage(scenario) {
    const peer = scenario.peer({
      onOpen: connection => ['1', '2', '3'].forEach(text => connection.send_text(text)),
    });
    const task = scenario.task({uri: peer.uri});

    task.connect('open', () => runLoop(50));
    task.connect('message', () => task.close(1000, null));
    task.open();
    await wait(() => task.log.at(-1).startsWith('close'));
    assertEqual(task.log, [...START, 'message 1', 'CLOSING', 'CLOSED', 'close 1000 null']);
  },

  async networkChange(scenario) {
    const peer = scenario.peer();
    const open = await openTask(scenario, peer);
    const waiting = scenario.task({uri: 'ws://127.0.0.1:9/', reconnect_timeout: 60000});
    const deaf = scenario.task({uri: 'ws://127.0.0.1:9/', reconnect_timeout: 60000,
      network_aware: false});

    waiting.open();
    deaf.open();
    await wait(() => waiting.attempt >= 1 && deaf.attempt >= 1);
    for (let i = 0; i < 5; i++)
      Gio.NetworkMonitor.get_default().emit('network-changed', true);
    await wait(() => peer.received.length >= 1 && waiting.attempt >= 2);
    await turn(50);
    assertEqual([peer.received, waiting.attempt, deaf.attempt], [['heartbeat'], 2, 1]);
    assertEqual(open.log[4], 'message heartbeat');
  },

  async networkChangeDuringAttempt(scenario) {
    const task = scenario.task({uri: 'ws://127.0.0.1:9/', reconnect_timeout: 60000});

    task.open();
    Gio.NetworkMonitor.get_default().emit('network-changed', true);
    await wait(() => task.attempt >= 2);
  },

  async networkChangeBeforeReady(scenario) {
    const peer = scenario.peer();
    const task = await openTask(scenario, peer, {manual_ready: true});
    const failing = await openTask(scenario, peer, {manual_ready: true, connect_timeout: 200,
      reconnect_timeout: 60000});

    Gio.NetworkMonitor.get_default().emit('network-changed', true);
    await wait(() => failing.attempt === 1 && failing.state === State.OPEN);
    assertEqual(peer.received, []);
    task.mark_ready();
    await wait(() => peer.received.length >= 1);
  },
};
