#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a WebSocket open, and sends each line of its input on it: gjs -m echo.js URI

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';

Gio._promisify(Hb.WebsocketTask.prototype, 'open_async', 'open_finish');
Gio._promisify(Hb.WebsocketTask.prototype, 'close_async', 'close_finish');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

const lines = Gio.DataInputStream.new(Gio.File.new_for_path('/dev/stdin').read(null));
const task = new Hb.WebsocketTask({
  uri: ARGV[0],
  heartbeatMode: Hb.HeartbeatMode.PING,
  pingTimeout: 2000,
  pongTimeout: 2000,
  reconnectTimeout: 500,
});

// These stay connected, however often the link is lost and opened again.
task.connect('open', () => {
  print('open');
  // Each link begins with this, ahead of the lines that have waited for it.
  task.send_text('hello');
});
task.connect('message::text', (_task, _type, message) => {
  print(`received ${new TextDecoder().decode(message.get_data())}`);
});
task.connect('error', (_task, error) => print(`error: ${error.message}`));
task.connect('close', (_task, code) => print(`closed with code ${code}`));
task.connect('reconnect', (_task, attempt, delay) => print(`attempt ${attempt} in ${delay} ms`));

// Tries until the link is open, and throws where the URI is wrong.
await task.open_async(null);

for (;;) {
  const [line] = await lines.read_line_async(GLib.PRIORITY_DEFAULT, null);

  if (line === null)
    break;

  // Where the link is down, the line waits for the next one.
  task.send_text(line);
}

await task.close_async(1000, null, null);
