// SPDX-License-Identifier: LGPL-2.1-or-later

// Sends commands to the server, and passes updates to the view. The server sends an update only to
// a page that has asked for the next one.

import {View} from './view.js';

const RECONNECT = 1000; // the delay before a new attempt, in milliseconds

// The texts that confirm commands
const WORDS = {
  drop: ({client}) => `Client ${client} was dropped.`,
  close: ({client, code}) => `Client ${client} was sent a close frame with code ${code}.`,
  mute: ({client, mute}) => `Client ${client} is ${mute ? 'muted' : 'no longer muted'}.`,
  send: ({client}) => `Client ${client} was sent a message.`,
  broadcast: ({count}) => count === 1 ? 'A message was sent to all clients.'
    : `${count} messages were sent to all clients.`,
  refuse: ({refuse}) => `New connections are ${refuse ? 'refused' : 'accepted'}.`,
  delay: ({delay}) => delay > 0 ? `Answers are delayed by ${delay / 1000} s.`
    : 'Answers are not delayed.',
  greet: ({text}) => text !== null ? 'New clients are greeted.' : 'No client is greeted.',
  login: ({text}) => text !== null ? 'Clients have to log in.' : 'No client has to log in.',
  limit: ({bytes}) => bytes >= 0 ? `Messages are limited to ${bytes} bytes.`
    : 'Messages have no limit below 16 MiB.',
};

let socket = null;

// The commands that are waiting for a reply, in order. “next” is not among them, because its reply
// is an update.
let pending = [];

function send(command) {
  if (socket === null || socket.readyState !== WebSocket.OPEN)
    return false;

  socket.send(JSON.stringify(command));
  return true;
}

const view = new View(command => {
  if (send(command))
    pending.push(command);
  else
    view.showStatus('The server cannot be reached, so nothing was done.', true);
});

function showReply({type, message}) {
  const command = pending.shift();

  if (type === 'done')
    view.showStatus(WORDS[command.command](command));
  else
    view.showStatus(`The command failed: ${message}.`, true);
}

function receive(event) {
  const message = JSON.parse(event.data);

  if (message.type === 'update') {
    view.update(message);
    // An update that the server sent before it ran a command must not undo the user's change.
    if (pending.length === 0)
      view.showSettings(message.server);
    send({command: 'next'});
  } else {
    showReply(message);
  }
}

function connect() {
  const current = new WebSocket(`ws://${location.host}/control`, 'hb-control');

  socket = current;
  current.addEventListener('open', () => {
    pending = [];
    view.begin();
    send({command: 'next'});
  });
  current.addEventListener('message', receive);
  current.addEventListener('close', () => {
    view.end();
    setTimeout(connect, RECONNECT);
  });
}

// A browser may keep a page that the user leaves, but without its connection. After the user comes
// back, the log of that page would repeat lines.
addEventListener('pageshow', event => {
  if (event.persisted)
    location.reload();
});

connect();
