// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions for the tests of the JavaScript binding. Each file of tests is a program whose argument
// is the URI of a peer (peer.c).

import GLib from 'gi://GLib';
import Gio from 'gi://Gio';
import Hb from 'gi://Hb?version=1';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

const WAIT_TIMEOUT = 5; // seconds

export const URI = ARGV[ARGV.length - 1];
export const {TEXT, BINARY} = Soup.WebsocketDataType;

for (const name of ['open', 'close', 'send_message', 'flush', 'receive'])
  Gio._promisify(Hb.WebsocketTask.prototype, `${name}_async`, `${name}_finish`);

function show(value) {
  return JSON.stringify(value, (_, part) => part instanceof Uint8Array ? [...part] : part);
}

export function encode(text) {
  return new TextEncoder().encode(text);
}

export function decode(message) {
  return new TextDecoder().decode(message.toArray());
}

export function assert(condition, message = 'an assertion failed') {
  if (!condition)
    throw new Error(message);
}

export function assertEqual(value, wanted, message = 'it') {
  assert(show(value) === show(wanted),
    `${message} is ${show(value)}, but expected ${show(wanted)}`);
}

export async function assertFails(domain, code, call) {
  try {
    await call();
  } catch (error) {
    assert(error instanceof GLib.Error && error.matches(domain, code), `${error}`);
    return;
  }

  throw new Error(`no error, but expected ${code}`);
}

// Lets the main loop run for a millisecond.
export function turn() {
  return new Promise(resolve => {
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    });
  });
}

// The condition may be an async function.
export async function wait(condition) {
  const deadline = GLib.get_monotonic_time() + WAIT_TIMEOUT * 1000000;

  while (!await condition()) {
    assert(GLib.get_monotonic_time() < deadline, 'timed out');
    await turn();
  }
}

export function newTask(properties = {}) {
  return new Hb.WebsocketTask({uri: URI, ...properties});
}

export async function openTask(properties = {}) {
  const task = newTask(properties);

  assert(await task.open_async(null));
  return task;
}

export async function closeTask(task) {
  assert(await task.close_async(1000, null, null));
  assertEqual(task.get_state(), Hb.State.CLOSED, 'state');
}

async function runAll(tests) {
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

// Runs the functions in the object `tests` one by one, and ends the program.
export function main(tests) {
  const loop = new GLib.MainLoop(null, false);
  let failed = true;

  runAll(tests).then(result => {
    failed = result;
  }).finally(() => loop.quit());
  loop.run();
  System.exit(failed ? 1 : 0);
}
