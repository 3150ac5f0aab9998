// SPDX-License-Identifier: LGPL-2.1-or-later

// Handlers that fail, and rejected promises, in JavaScript

import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';
import {assert, assertEqual, closeTask, main, newTask, openTask, wait} from './harness.js';

const {FLAG_FATAL, LEVEL_CRITICAL, LEVEL_ERROR, LEVEL_WARNING} = GLib.LogLevelFlags;

class Slip extends Error {}

function fail() {
  throw new Slip('a handler has failed');
}

// Returns the number of exceptions that GJS reports during the call. Only GJS can catch the
// exceptions of handlers, so `call` gets an array of GJS's log messages. With
// G_DEBUG=fatal-criticals, a critical message would end the program, so only errors are fatal
// during the call.
async function catchSlips(call) {
  const caught = [];
  const fatal = GLib.log_set_always_fatal(LEVEL_ERROR | FLAG_FATAL);
  const handler = GLib.log_set_handler('Gjs', LEVEL_CRITICAL | LEVEL_WARNING, (_, _level, text) => {
    caught.push(text);
  });

  try {
    await call(caught);
  } finally {
    GLib.log_remove_handler('Gjs', handler);
    GLib.log_set_always_fatal(fatal);
  }
  for (const text of caught)
    assert(/a handler has failed|Unhandled promise rejection/.test(text), text);
  return caught.length;
}

main({
  // GJS reports an exception in a handler, and the task continues.
  async exceptions() {
    const task = newTask({reconnectTimeout: 1});
    const log = [];
    const names = ['close', 'connecting', 'drain', 'error', 'message', 'notify::state', 'open',
      'reconnect'];

    for (const name of names) {
      task.connect(name, fail);
      task.connect(name, () => log.push(name));
    }

    const n = await catchSlips(async () => {
      task.open();
      task.send_text('hello');
      await wait(() => log.includes('message'));
      task.send_text('drop');
      await wait(() => log.filter(name => name === 'open').length === 2);
      task.max_message_size = 1;
      task.send_text('longer');
      await wait(() => task.state === Hb.State.CLOSED && log.includes('error'));
    });

    assertEqual([...new Set(log)].sort(), names);
    assertEqual(n, log.length, 'the number of exceptions');
  },

  // If a ping function fails, the task sends `ping-message`, because `ping-bytes` is not set. If a
  // reconnect function fails, the task makes the attempt at once.
  async exceptions_of_functions() {
    const task = await openTask({pongMessage: 'pong', reconnectTimeout: 1});
    const opened = [];
    const delays = [];

    task.set_ping_func(fail);
    task.set_reconnect_func(fail);
    task.connect('reconnect', (_, _attempt, delay) => delays.push(delay));
    task.connect('open', () => opened.push(task.attempt));

    const n = await catchSlips(async () => {
      task.check();
      await wait(() => task.get_metrics().get_replies() === 1);
      task.send_text('drop');
      await wait(() => opened.length > 0);
    });

    assertEqual(n, 2, 'the number of exceptions');
    assertEqual(opened, [1]);
    assertEqual(delays, [0]);
    await closeTask(task);
  },

  // GJS reports the rejected promise of an async handler, and the task receives the next message.
  async rejections() {
    const task = await openTask();
    const log = [];

    task.connect('message', async () => {
      log.push('message');
      await Promise.resolve();
      fail();
    });

    const n = await catchSlips(async caught => {
      task.send_text('one');
      task.send_text('two');
      await wait(() => caught.length === 2);
    });

    assertEqual(n, 2, 'the number of exceptions');
    assertEqual(log, ['message', 'message']);
    await closeTask(task);
  },
});
