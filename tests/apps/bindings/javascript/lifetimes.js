// SPDX-License-Identifier: LGPL-2.1-or-later

// What keeps objects alive in JavaScript. GJS has WeakRef, but no collection that a test could wait
// for clears it. A task is finalized when the peer has lost a client.

import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';
import System from 'system';
import {
  TEXT, assert, assertEqual, closeTask, decode, main, newTask, openTask, turn, wait,
} from './harness.js';

// Asks the peer how many connections it has, that of the watcher included.
async function countClients(watcher) {
  const answers = [];
  const handler = watcher.connect('message', (_, _type, message) => answers.push(decode(message)));

  watcher.send_text('clients');
  await wait(() => answers.length > 0);
  watcher.disconnect(handler);
  return Number(answers[0]);
}

// The collector runs in separate iterations, whose frames hold no references.
async function collect() {
  for (let i = 0; i < 3; i++) {
    await turn();
    System.gc();
  }
}

async function waitForClients(watcher, number) {
  await wait(async () => {
    await collect();
    return await countClients(watcher) === number;
  });
}

async function assertClients(watcher, number) {
  await collect();
  assertEqual(await countClients(watcher), number, 'the number of clients');
}

main({
  // The end of the last reference drops the link, whatever the task is doing.
  async dropped() {
    const watcher = await openTask();
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
    const make = async prepare => {
      const task = newTask();

      task.connect('open', () => {});
      task.set_ping_func(() => 'ping');
      await prepare(task);
    };

    for (const prepare of preparations) {
      await make(prepare);
      await waitForClients(watcher, 1);
    }
    await closeTask(watcher);
  },

  // The handlers and functions of a task that refer to it do not keep it alive, nor does its link.
  async handlers_alone() {
    const watcher = await openTask();
    const make = async () => {
      const task = await openTask();

      task.connect('open', () => task.send_text('open'));
      task.connect('message', () => task.check());
      task.set_ping_func(() => `${task.attempt}`);
      task.set_reconnect_func(() => task.attempt);
      assertEqual(await countClients(watcher), 2, 'the number of clients');
    };

    await make();
    await waitForClients(watcher, 1);
    await closeTask(watcher);
  },

  // A pending call keeps its task alive until its callback.
  async call_keeps() {
    const watcher = await openTask();
    const opened = [];

    (() => newTask().open_async(null).then(value => opened.push(value)))();
    await collect();
    await wait(() => opened.length > 0);
    assertEqual(opened, [true]);
    await waitForClients(watcher, 1);
    await closeTask(watcher);
  },

  // A handler's own task stays while the handler runs, even if it has the last reference.
  async handler_keeps() {
    const watcher = await openTask();
    const tasks = [await openTask()];
    const log = [];

    tasks[0].connect('message', (source, _type, message) => {
      tasks.splice(0);
      System.gc();
      log.push([decode(message), source.state]);
    });
    tasks[0].send_text('hello');
    await wait(() => log.length > 0);
    assertEqual(log, [['hello', Hb.State.OPEN]]);
    await waitForClients(watcher, 1);
    await closeTask(watcher);
  },

  // Other tasks are freed during this one's handler.
  async collected_in_a_handler() {
    const watcher = await openTask();
    const others = await Promise.all([openTask(), openTask(), openTask()]);

    await assertClients(watcher, 4);

    const handler = watcher.connect('message', () => {
      others.splice(0);
      System.gc();
    });

    watcher.send_text('hello');
    await wait(() => others.length === 0);
    watcher.disconnect(handler);
    await waitForClients(watcher, 1);
    await closeTask(watcher);
  },

  // The bytes outlive the signal that brought them, and the task.
  async messages_are_kept() {
    const watcher = await openTask();
    const kept = [];
    const make = async () => {
      const task = await openTask();

      task.connect('message', (_, _type, message) => kept.push(message));
      for (let i = 0; i < 100; i++)
        task.send_text(`${i}`);
      await wait(() => kept.length === 100);
    };

    await make();
    await waitForClients(watcher, 1);
    assertEqual(kept.map(message => Number(decode(message))), [...kept.keys()]);
    await closeTask(watcher);
  },

  // A message that waits does not need its sender.
  async sent_bytes_are_kept() {
    const task = newTask();
    const received = [];

    task.connect('message', (_, _type, message) => received.push(decode(message)));
    task.hold();
    task.open();

    const sent = task.send_message_async(TEXT, new GLib.Bytes('x'.repeat(100000)),
      Hb.SendFlags.DEFAULT, null);

    await collect();
    task.release();
    assert(await sent);
    await wait(() => received.length > 0);
    assertEqual(received, ['x'.repeat(100000)]);
    await closeTask(task);
  },

  // Handlers and functions go when they are replaced or taken away, and with the task at the
  // latest. Each holds a witness, whose link is seen to go.
  async functions_are_released() {
    const watcher = await openTask();
    let task = newTask();
    const connect = {
      ping: func => task.set_ping_func(func),
      reconnect: func => task.set_reconnect_func(func),
      message: func => task.connect('message', func),
    };
    const give = async take => {
      const witness = await openTask();

      take(() => witness.attempt);
    };

    for (const name of ['ping', 'reconnect']) {
      await give(connect[name]);
      await assertClients(watcher, 2);
      await give(connect[name]);
      await waitForClients(watcher, 2);
      connect[name](null);
      await waitForClients(watcher, 1);
    }

    for (const take of Object.values(connect))
      await give(take);
    await assertClients(watcher, 4);
    task = null;
    await waitForClients(watcher, 1);
    await closeTask(watcher);
  },
});
