// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests of the module alone. The library has other tests for resumed TLS sessions and for suspends.
// The first two tests pass values that GJS would not accept for the library.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';

import {
  Hb, assert, assertEqual, assertFails, countDescriptors, jump, turn, wait,
} from './harness.js';

const N_CYCLES = 1000;

// The stream of a resumed TLS session, whose certificate has errors
const ResumedTls = GObject.registerClass(class ResumedTls extends Gio.SimpleIOStream {
  get_peer_certificate() { return null; }

  get_peer_certificate_errors() { return Gio.TlsCertificateFlags.UNKNOWN_CA; }
});

// Returns the id of the next source of the default context. A context numbers its sources
// consecutively.
function getNextId() {
  const id = GLib.idle_add(GLib.PRIORITY_DEFAULT, () => GLib.SOURCE_REMOVE);

  GLib.Source.remove(id);
  return id + 1;
}

function countSources(from, to) {
  const context = GLib.MainContext.default();
  let n = 0;

  for (let id = from; id < to; id++)
    n += Number(context.find_source_by_id(id) !== null);

  return n;
}

function isNetworkWatched() {
  const monitor = Gio.NetworkMonitor.get_default();

  return GObject.signal_has_handler_pending(monitor,
    GObject.signal_lookup('network-changed', Gio.NetworkMonitor.$gtype), 0, true);
}

// Each function waits for a phase of the task, in which the test closes the task.
const PHASES = [
  async () => {},
  async () => turn(),
  async task => wait(() => task.state === Hb.State.OPEN),
  async (task, peer) => {
    await wait(() => task.state === Hb.State.OPEN);
    peer.drop();
    await wait(() => task.state === Hb.State.WAITING);
  },
];

export const together = {
  async wrongProtocols(scenario) {
    const task = scenario.task({uri: scenario.peer().uri});

    for (const protocols of [[1], 'chat', 1]) {
      task.protocols = protocols;
      task.open();
      assertEqual([task.state, task.log.splice(0)],
        [Hb.State.CLOSED, ['error INVALID_ARGUMENT']]);
    }
    task.protocols = [];
    task.open();
    await wait(() => task.log.includes('open'), 'open');
    assertEqual(task.log.splice(0), ['CONNECTING', 'connecting', 'OPEN', 'open']);

    task.connect('connecting', () => (task.protocols = [1]));
    task.reconnect_now();
    assertEqual(task.log,
      ['CONNECTING', 'close 1006 null', 'connecting', 'CLOSED', 'error INVALID_ARGUMENT']);
  },

  async wrongType(scenario) {
    const peer = scenario.peer();
    const task = scenario.task({uri: peer.uri});
    const calls = [
      ...[0, 3, 'text', null].map(type => () => task.send_message(type, new GLib.Bytes([97]))),
      ...[5, null, undefined, {}].map(text => () => task.send_text(text)),
      ...[5, null, undefined, 'text', [97]].map(data => () => task.send_bytes(data)),
    ];

    task.open();
    for (const call of calls) {
      let error = null;

      try {
        call();
      } catch (thrown) {
        error = thrown;
      }
      assert(error instanceof TypeError, `${error}`);
    }
    assertEqual(task.buffered_amount, 0);
    task.send_text('right');
    await wait(() => peer.received.length >= 1);
    assertEqual(peer.received, ['right']);
    task.close(1000, null);
    await wait(() => task.state === Hb.State.CLOSED);
  },

  // For a resumed TLS session, glib-networking does not emit accept-certificate.
  async resumedTls(scenario) {
    const {TLS_HANDSHAKING, TLS_HANDSHAKED} = Gio.SocketClientEvent;

    for (const [answer, state] of [[() => true, Hb.State.OPEN], [() => false, Hb.State.WAITING],
      [task => task.close(1000, null), Hb.State.CLOSED]]) {
      const peer = scenario.peer();
      const task = scenario.task({uri: peer.uri, reconnect_timeout: 60000});
      const stream = new ResumedTls({
        input_stream: new Gio.MemoryInputStream(),
        output_stream: Gio.MemoryOutputStream.new_resizable(),
      });

      task.connect('connecting', (_task, request) => {
        request.connect('accept-certificate', () => answer(task));
        request.emit('network-event', TLS_HANDSHAKING, stream);
        request.emit('network-event', TLS_HANDSHAKED, stream);
      });
      task.open();
      await wait(() => task.state === state);
      await turn(10);
      assertEqual([task.state, task.last_error?.domain ?? null],
        [state, state === Hb.State.WAITING ? GLib.quark_from_string('g-tls-error-quark') : null]);
    }
  },

  async exception(scenario) {
    const task = scenario.task({uri: scenario.peer().uri});

    task.emit = () => {
      delete task.emit;
      throw new Error('interrupted');
    };
    assertFails('Error: interrupted', () => task.open());
    task.check();
    await wait(() => task.log.includes('open'), 'open');
    assertEqual(task.log, ['CONNECTING', 'OPEN', 'open']);
  },
};

export const alone = {
  // Only the real-time clock shows that the machine was suspended. The reply to a ping from before
  // the suspend may already be in the socket, so the task must keep the connection and send another
  // ping.
  async suspend(scenario) {
    const peer = scenario.peer({onMessage: () => {}});
    const task = scenario.task({uri: peer.uri, ping_timeout: 50, pong_timeout: 400});

    task.open();
    await wait(() => peer.received.length >= 1);
    jump('get_real_time');
    await wait(() => peer.received.length >= 2);
    assertEqual(task.log, ['CONNECTING', 'connecting', 'OPEN', 'open']);
  },

  // The timer of the main loop does not run during a suspend. A network change afterwards must
  // trigger the ping that has become due in the meantime.
  async networkAfterSuspend(scenario) {
    const peer = scenario.peer({onMessage: () => {}});
    const task = scenario.task({uri: peer.uri, ping_timeout: 30000});

    task.open();
    await wait(() => task.state === Hb.State.OPEN);
    const start = GLib.get_monotonic_time();
    jump('get_real_time');
    Gio.NetworkMonitor.get_default().emit('network-changed', true);
    await wait(() => peer.received.length === 1);
    assert(GLib.get_monotonic_time() - start < 5 * GLib.USEC_PER_SEC, 'the timer was kept');
  },

  // Opens and closes tasks, as an extension does when it is enabled and disabled. No source, no
  // file descriptor and no handler of the network monitor may be left.
  async thousandTimes(scenario) {
    const peer = scenario.peer();
    const cycle = async i => {
      const task = new Hb.WebsocketTask({uri: peer.uri, ping_timeout: 1, close_timeout: 0,
        heartbeat_mode: Math.floor(i / PHASES.length) % 2});

      task.open();
      task.send_text('hello');
      await PHASES[i % PHASES.length](task, peer);
      task.close(1000, null);
      assertEqual([task.state, isNetworkWatched()], [Hb.State.CLOSED, false]);
      peer.connections = peer.connections.filter(({state}) => state === 1);
    };

    // The first cycles are not counted, because libraries keep objects after their first use.
    for (let i = 0; i < PHASES.length; i++)
      await cycle(i);
    await wait(() => peer.connections.every(({state}) => state !== 1));
    await turn(100);
    const descriptors = countDescriptors();
    const first = getNextId();

    for (let i = 0; i < N_CYCLES; i++)
      await cycle(i);

    const last = getNextId();
    await wait(() => {
      // A session of libsoup keeps a timer until GJS has collected the session.
      System.gc();
      return countSources(first, last) === 0;
    }, 'no source');
    await wait(() => countDescriptors() <= descriptors, 'no descriptor');
  },
};
