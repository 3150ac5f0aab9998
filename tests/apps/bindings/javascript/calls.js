// SPDX-License-Identifier: LGPL-2.1-or-later

// Calls and their errors in JavaScript

import GLib from 'gi://GLib';
import Gio from 'gi://Gio';
import Hb from 'gi://Hb?version=1';

import {
  BINARY, TEXT, URI, assert, assertEqual, assertFails, closeTask, decode, main, newTask, openTask,
  wait,
} from './harness.js';

main({
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
      () => task.send_text_with_flags('text', Hb.SendFlags.VOLATILE));
    await assertFails(Hb.Error, Hb.Error.INVALID_ARGUMENT, () => task.send_message(TEXT,
      new GLib.Bytes(new Uint8Array([0xff])), Hb.SendFlags.DEFAULT));
    await assertFails(Hb.Error, Hb.Error.INVALID_ARGUMENT,
      () => task.close_async(1006, 'no such code', null));
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
    assert(task.last_error.matches(Hb.Error, Hb.Error.REPEAT_LIMIT));

    const other = await openTask();
    errors.length = 0;
    other.connect('error', (_, error) => errors.push(error));
    other.send_text('too big');
    await wait(() => errors.length === 1);
    assert(errors[0].matches(Hb.Error, Hb.Error.MESSAGE_REFUSED));
    await closeTask(other);
  },

  async async() {
    const task = await openTask();

    assert(await task.send_message_async(TEXT, new GLib.Bytes('one'), Hb.SendFlags.DEFAULT, null));
    task.send_text('two');
    assert(await task.flush_async(null));
    await closeTask(task);
  },

  error_domain() {
    try {
      newTask().send_text('text');
    } catch (error) {
      assert(error instanceof Hb.Error);
      assert(!(error instanceof Gio.IOErrorEnum));
      assertEqual(error.domain, Hb.error_quark());
      assertEqual(error.code, Hb.Error.CLOSED);
      assert(error.message !== '');
      assert(error.matches(Hb.Error, Hb.Error.CLOSED));
      assert(error.matches(Hb.error_quark(), Hb.Error.CLOSED));
      assert(!error.matches(Gio.IOErrorEnum, Hb.Error.CLOSED));
      assert(!error.matches(Hb.Error, Hb.Error.NOT_OPEN));
      return;
    }
    assert(false, 'it was sent');
  },

  async cancelled_calls() {
    const wanted = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];
    const task = newTask();
    const cancellables = [new Gio.Cancellable(), new Gio.Cancellable(), new Gio.Cancellable()];

    task.hold();
    task.open();

    const message = task.send_message_async(BINARY, new GLib.Bytes('taken back'),
      Hb.SendFlags.DEFAULT, cancellables[0]);
    const flush = task.flush_async(cancellables[1]);

    cancellables[1].cancel();
    await assertFails(...wanted, () => flush);
    assertEqual(task.buffered_amount, 10);
    cancellables[0].cancel();
    await assertFails(...wanted, () => message);
    assertEqual(task.buffered_amount, 0);
    task.release();
    await wait(() => task.state === Hb.State.OPEN);

    // The cancelled call fails, but the task continues to close.
    const closing = task.close_async(1000, 'bye', cancellables[2]);

    cancellables[2].cancel();
    await assertFails(...wanted, () => closing);
    await wait(() => task.state === Hb.State.CLOSED);

    // With a cancellable that is already triggered, the call fails and does nothing else.
    await assertFails(...wanted, () => task.open_async(cancellables[2]));
    assertEqual(task.state, Hb.State.CLOSED);
  },

  async receive() {
    const task = newTask({paused: true});
    const messages = [];
    const cancellable = new Gio.Cancellable();

    task.connect('message', (_, type, message) => messages.push(decode(message)));
    await task.open_async(null);
    task.send_text('one');
    const message = await task.receive_async(null);
    assert(message instanceof Hb.Message);
    assertEqual(message.get_message_type(), TEXT);
    assertEqual(decode(message.get_bytes()), 'one');

    const cancelled = task.receive_async(cancellable);
    const calls = [task.receive_async(null), task.receive_async(null)];
    cancellable.cancel();
    await assertFails(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, () => cancelled);
    task.send_bytes(new GLib.Bytes('two'));
    task.send_text('three');
    assertEqual((await Promise.all(calls)).map(part => decode(part.get_bytes())),
      ['two', 'three']);

    assertEqual(messages, []);
    task.paused = false;
    task.send_text('four');
    await wait(() => messages.length === 1);
    assertEqual(messages, ['four']);

    const last = task.receive_async(null);
    assert(task.paused);
    await closeTask(task);
    await assertFails(Hb.Error, Hb.Error.CLOSED, () => last);
    await assertFails(Hb.Error, Hb.Error.CLOSED, () => task.receive_async(null));
  },
});
