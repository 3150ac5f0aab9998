// SPDX-License-Identifier: LGPL-2.1-or-later

// Messages, headers, the heartbeat and reconnecting in JavaScript

import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

import {
  BINARY, TEXT, assert, assertEqual, closeTask, decode, encode, main, newTask, openTask, wait,
} from './harness.js';

const WITH_NUL = new Uint8Array([97, 0, 98]);

main({
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

    task.send_text('höß');
    task.send_bytes(new GLib.Bytes(WITH_NUL));
    task.send_message(TEXT, new GLib.Bytes(WITH_NUL), Hb.SendFlags.DEFAULT);
    task.send_message(BINARY, new GLib.Bytes([]), Hb.SendFlags.VOLATILE);
    await wait(() => log.length === 8);
    assertEqual(log.splice(0), [
      [TEXT, encode('höß')], 'text',
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
      answers.push(decode(message));
    });

    task.open();
    task.send_text('header X-Token');
    task.send_text('header X-Attempt');
    await wait(() => answers.length === 2);
    assertEqual(answers, ['secret', '0']);
    assert(requests[0] instanceof Soup.Message);
    await closeTask(task);
  },

  // set_ping_func() and set_pong_func() work with replies that differ each time.
  async numberedHeartbeat() {
    const task = await openTask({liveness: Hb.Liveness.REPLY});
    const asked = [];
    const got = [];
    const decode = message => new TextDecoder().decode(message.get_data());

    task.connect('message', (_, kind, message) => got.push(decode(message)));
    task.set_ping_func(() => `{"ref":${task.get_metrics().get_pings()}}`);
    task.set_pong_func((source, kind, message) => {
      assert(source === task);
      assertEqual(kind, Soup.WebsocketDataType.TEXT);
      asked.push(decode(message));
      return decode(message).startsWith('{"ref":');
    });
    for (const number of [1, 2]) {
      task.check();
      await wait(() => task.get_metrics().get_replies() === number);
    }
    task.send_text('news');
    await wait(() => got.length > 0);
    assertEqual(got, ['news']);
    assertEqual(asked, ['{"ref":0}', '{"ref":1}', 'news']);

    task.set_ping_func(null);
    task.set_ping_bytes(new GLib.Bytes([0xc0, 0]));
    task.set_pong_func((_, kind, message) => kind === Soup.WebsocketDataType.BINARY &&
      message.get_size() === 2);
    System.gc();
    task.check();
    await wait(() => task.get_metrics().get_replies() === 3);
    await closeTask(task);
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
    assertEqual(log.splice(0), ['open']);
    assertEqual(task.attempt, 0);

    assert(task.ready && task.last_error === null);
    task.reconnect_later();
    assert(!task.ready);
    await wait(() => log.length === 3);
    assertEqual(log.splice(0), [[1006, null, Hb.State.WAITING], [1, 1], 'open']);
    task.set_reconnect_func(null);
    System.gc();
    await closeTask(task);
  },

  async hold() {
    const task = newTask({manual_ready: true});
    let drained = 0;

    task.connect('open', () => {
      assert(!task.ready);
      task.mark_ready();
    });

    task.hold();
    task.open();
    task.send_text('one');
    task.send_text('two');
    assert(task.buffered_amount > 0);
    task.send_bytes(new GLib.Bytes(new Uint8Array([97, 0, 98])));
    const messages = task.take_queue();
    assertEqual(task.buffered_amount, 0);
    assert(messages.every(message => message instanceof Hb.Message));
    assertEqual(messages.map(message => message.get_message_type()).join(),
      [TEXT, TEXT, BINARY].join());
    assertEqual(messages.map(message => message.get_bytes().get_data().join()).join('|'),
      '111,110,101|116,119,111|97,0,98');
    const copy = messages[0].copy();
    assertEqual(copy.get_bytes().get_size(), 3);
    copy.free();
    assertEqual(task.take_queue().length, 0);

    task.connect('drain', () => drained++);
    task.send_text('three');
    task.release();
    await wait(() => drained === 1);
    assert(task.ready);
    await closeTask(task);
  },
});
