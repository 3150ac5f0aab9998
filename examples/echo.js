#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a WebSocket open, and sends each line of standard input.
//
// At the end of the input, waits at most 5 seconds for the last answers. On Ctrl+C, closes the
// connection without waiting.
//
// Usage: gjs -m echo.js URI

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';
import System from 'system';

Gio._promisify(Hb.WebsocketTask.prototype, 'open_async', 'open_finish');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

const SIGINT = 2;

// In GLib 2.80 and later, signal_add and InputStream are in the namespaces GLibUnix and GioUnix. In
// the first versions of GLibUnix, signal_add is available only as signal_add_full.
const addSignal = await import('gi://GLibUnix?version=2.0')
  .then(({default: GLibUnix}) => GLibUnix.signal_add ?? GLibUnix.signal_add_full,
    () => GLib.unix_signal_add);
const InputStream = await import('gi://GioUnix?version=2.0')
  .then(({default: GioUnix}) => GioUnix.InputStream, () => Gio.UnixInputStream);

// In milliseconds
const ANSWER_TIMEOUT = 5000;

if (ARGV.length !== 1) {
  printerr('The URI is missing. Usage: gjs -m echo.js ws://HOST:PORT/');
  System.exit(1);
}

const lines = Gio.DataInputStream.new(InputStream.new(0, false));
const task = new Hb.WebsocketTask({
  uri: ARGV[0],
  heartbeatMode: Hb.HeartbeatMode.PING,
  pingTimeout: 2000,
  pongTimeout: 2000,
  reconnectTimeout: 500,
});
let unanswered = 0;
let inputHasEnded = false;

function sendText(text) {
  try {
    // While the task reconnects, it queues the text for the next connection.
    task.send_text(text);
    unanswered++;
  } catch (error) {
    printerr(error.message);
  }
}

function setUnanswered(number) {
  unanswered = number;
  if (inputHasEnded && unanswered === 0)
    task.close(1000, null);
}

// Called on the first Ctrl+C, or when the answers take too long. A second Ctrl+C ends the program.
function closeNow() {
  task.close(1000, null);
  return GLib.SOURCE_REMOVE;
}

// Returns null at the end of the input and after an error.
async function readLine() {
  try {
    const [line] = await lines.read_line_async(GLib.PRIORITY_DEFAULT, null);

    return line;
  } catch (error) {
    printerr(error.message);
    return null;
  }
}

async function sendLines() {
  // Repeats failed attempts until a connection is open.
  await task.open_async(null);

  for (let line = await readLine(); line !== null; line = await readLine())
    sendText(line);

  inputHasEnded = true;
  GLib.timeout_add(GLib.PRIORITY_DEFAULT, ANSWER_TIMEOUT, closeNow);
  setUnanswered(unanswered);
}

const closed = new Promise(resolve => {
  task.connect('notify::state', () => task.state === Hb.State.CLOSED && resolve());
});

// The handlers stay connected when the task reconnects.
task.connect('open', () => {
  print('open');
  // The server receives this message first on each connection, before the queued lines.
  sendText('hello');
});
task.connect('message::text', (_task, _type, message) => {
  print(`received ${new TextDecoder().decode(message.get_data())}`);
  setUnanswered(Math.max(unanswered - 1, 0));
});
task.connect('error', (_task, error) => print(`error: ${error.message}`));
task.connect('close', (_task, code) => {
  print(`closed with code ${code}`);
  // Answers that have not arrived are lost. The program stops waiting for answers, unless messages
  // are queued for the next connection.
  if (task.buffered_amount === 0)
    setUnanswered(0);
});
task.connect('reconnect', (_task, attempt, delay) => print(`attempt ${attempt} in ${delay} ms`));

addSignal(GLib.PRIORITY_DEFAULT, SIGINT, closeNow);

print('Type lines to send them. Ctrl+D or Ctrl+C closes the connection.');

sendLines().catch(error => {
  if (!error.matches(Hb.Error, Hb.Error.CLOSED))
    printerr(error.message);
});
if (task.state === Hb.State.CLOSED)
  System.exit(1); // The URI is invalid, as the `error` signal has reported.

await closed;
