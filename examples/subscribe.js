#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later

// Subscribes on each connection, prints each text message, and ends on Ctrl+C.
//
// Usage: gjs -m subscribe.js URI

import GLib from 'gi://GLib';
import Hb from 'gi://Hb?version=1';
import System from 'system';

const SIGINT = 2;

// In GLib 2.80 and later, signal_add is in the namespace GLibUnix. In the first versions of
// GLibUnix, it is available only as signal_add_full.
const addSignal = await import('gi://GLibUnix?version=2.0')
  .then(({default: GLibUnix}) => GLibUnix.signal_add ?? GLibUnix.signal_add_full,
    () => GLib.unix_signal_add);

const task = new Hb.WebsocketTask({
  uri: ARGV[0],
  heartbeatMode: Hb.HeartbeatMode.PING,
});

task.connect('open', () => task.send_text('subscribe'));
task.connect('message::text', (_task, _type, message) => {
  print(new TextDecoder().decode(message.get_data()));
});

const closed = new Promise(resolve => {
  task.connect('notify::state', () => task.state === Hb.State.CLOSED && resolve());
});

addSignal(GLib.PRIORITY_DEFAULT, SIGINT, () => {
  task.close(1000, null);
  return GLib.SOURCE_REMOVE;
});
task.open();
if (task.state !== Hb.State.CLOSED)
  await closed;
System.exit(task.last_error === null ? 0 : 1);
