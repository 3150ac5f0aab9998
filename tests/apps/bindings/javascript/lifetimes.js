// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests which references keep objects alive in JavaScript. The collector of GJS does not clear a
// WeakRef in time, so a test waits until the peer has lost a client.

import System from 'system';
import {assertEqual, closeTask, decode, main, newTask, openTask, turn, wait} from './harness.js';

// Returns the number of connections of the peer, including that of the watcher.
async function countClients(watcher) {
  const answers = [];
  const handler = watcher.connect('message', (_, _type, message) => answers.push(decode(message)));

  watcher.send_text('clients');
  await wait(() => answers.length > 0);
  watcher.disconnect(handler);
  return Number(answers[0]);
}

// Runs the collector in separate iterations of the main loop, because a function that is still
// running could hold references on its stack.
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
  // The garbage collector frees a task to which only its own handlers and functions refer, even an
  // open one.
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

  // A function is freed when it is replaced or removed. Handlers and functions are freed with the
  // task at the latest. Each of them keeps a witness alive, a task whose connection ends when the
  // handler or function is freed.
  async functions_are_released() {
    const watcher = await openTask();
    let task = newTask();
    const connect = {
      ping: func => task.set_ping_func(func),
      pong: func => task.set_pong_func(func),
      reconnect: func => task.set_reconnect_func(func),
      message: func => task.connect('message', func),
    };
    const give = async take => {
      const witness = await openTask();

      take(() => witness.attempt);
    };

    for (const name of ['ping', 'pong', 'reconnect']) {
      await give(connect[name]);
      await assertClients(watcher, 2);
      await give(connect[name]);
      await waitForClients(watcher, 2);
      connect[name](null);
      await waitForClients(watcher, 1);
    }

    for (const take of Object.values(connect))
      await give(take);
    await assertClients(watcher, 5);
    task = null;
    await waitForClients(watcher, 1);
    await closeTask(watcher);
  },
});
