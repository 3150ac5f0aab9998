#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a WebSocket open, and sends each line of its input on it: gjs -m echo.js URI
//
// At the end of the input it waits for the answers to all lines, and closes the connection.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';
import System from 'system';

Gio._promisify(Hb.WebsocketTask.prototype, 'open_async', 'open_finish');
Gio._promisify(Hb.WebsocketTask.prototype, 'close_async', 'close_finish');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

// How long to wait for the last answers, in milliseconds
const ANSWER_TIMEOUT = 5000;

if (ARGV.length !== 1) {
  printerr('The URI is missing. Usage: gjs -m echo.js ws://HOST:PORT/');
  System.exit(1);
}

const lines = Gio.DataInputStream.new(Gio.File.new_for_path('/dev/stdin').read(null));
const task = new Hb.WebsocketTask({
  uri: ARGV[0],
  heartbeatMode: Hb.HeartbeatMode.PING,
  pingTimeout: 2000,
  pongTimeout: 2000,
  reconnectTimeout: 500,
});
let unanswered = 0;
let onAnswered = null;

function sendText(text) {
  // While the connection is lost, the text waits for the next one.
  task.send_text(text);
  unanswered++;
}

function setUnanswered(number) {
  unanswered = number;
  if (unanswered === 0)
    onAnswered?.();
}

function waitForAnswers() {
  return new Promise(resolve => {
    onAnswered = resolve;
    setUnanswered(unanswered);
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, ANSWER_TIMEOUT, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    });
  });
}

// These stay connected, however often the connection is lost and opened again.
task.connect('open', () => {
  print('open');
  // Each connection begins with this, before the lines that have waited for it.
  sendText('hello');
});
task.connect('message::text', (_task, _type, message) => {
  print(`received ${new TextDecoder().decode(message.get_data())}`);
  setUnanswered(Math.max(unanswered - 1, 0));
});
task.connect('error', (_task, error) => print(`error: ${error.message}`));
task.connect('close', (_task, code) => {
  print(`closed with code ${code}`);
  // The answers to what was sent on this connection are lost.
  if (task.buffered_amount === 0)
    setUnanswered(0);
});
task.connect('reconnect', (_task, attempt, delay) => print(`attempt ${attempt} in ${delay} ms`));

print('Type lines to send them. Ctrl+D closes the connection.');

// Tries until a connection is open.
try {
  await task.open_async(null);
} catch {
  System.exit(1); // The URI is wrong, as the error has reported.
}

for (;;) {
  const [line] = await lines.read_line_async(GLib.PRIORITY_DEFAULT, null);

  if (line === null)
    break;
  sendText(line);
}

await waitForAnswers();
await task.close_async(1000, null, null);
