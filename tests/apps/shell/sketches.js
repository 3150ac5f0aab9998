// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests of the code in doc/gnome-shell.md, with faults that have broken similar code in extensions.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Soup from 'gi://Soup?version=3.0';

import {IS_MODULE, assert, assertEqual, freeze, turn, wait} from './harness.js';

const TIMEOUT = 400; // milliseconds; freeze() allows at most 500
const SHELL = `'resource:///org/gnome/shell/extensions/extension.js'`;

// The test runs without GNOME Shell, which adds these methods to each GObject.
const connections = [];

Object.assign(GObject.Object.prototype, {
  connectObject(...handlers) {
    const owner = handlers.pop();

    for (let i = 0; i < handlers.length; i += 2)
      connections.push({object: this, owner, id: this.connect(handlers[i], handlers[i + 1])});
  },
  disconnectObject(owner) {
    connections.filter(each => each.object === this && each.owner === owner)
      .forEach(({id}) => this.disconnect(id));
  },
});

function getFolder(...path) {
  return Gio.File.new_for_uri(import.meta.url).resolve_relative_path(['..', ...path].join('/'));
}

// Writes the files of the page to a temporary folder, with the module and a file that replaces the
// shell. A fence with the code of a file begins with the name of the file.
function extract() {
  const [, page] = getFolder('..', '..', '..', 'doc', 'gnome-shell.md').load_contents(null);
  const fences = new TextDecoder().decode(page).matchAll(/^```js\n\/\/ (\w+\.js)\n([^]*?)^```$/gm);
  const folder = Gio.File.new_for_path(GLib.Dir.make_tmp('hb-sketches-XXXXXX'));
  const files = [['shell.js', 'export class Extension {}\n'],
    ...[...fences].map(([, name, text]) => [name, text.replace(SHELL, `'./shell.js'`)])];

  for (const [name, text] of files)
    GLib.file_set_contents(folder.get_child(name).get_path(), text);
  getFolder('..', '..', '..', 'extras', 'gnome-shell', 'hbWebsocket.js').copy(
    folder.get_child('hbWebsocket.js'), Gio.FileCopyFlags.NONE, null, null);

  return {folder, names: [...files.map(([name]) => name), 'hbWebsocket.js']};
}

const {folder, names} = extract();
const load = name => import(folder.get_child(name).get_uri());

// hb.js imports the library if it is installed, and otherwise the module.
const {Hb} = await load('hb.js');
const {Requests} = await load('requests.js');
const {Feed} = await load('feed.js');
const {default: NewsExtension} = await load('extension.js');

names.forEach(name => folder.get_child(name).delete(null));
folder.delete(null);

// A server that answers each login after a while, and denies requests that arrive earlier.
function newRequestPeer(scenario) {
  const loggedIn = new Set();

  return scenario.peer({
    onMessage: async (connection, text) => {
      const {type, token, id, method} = JSON.parse(text);

      if (type === 'auth') {
        await turn(20);
        if (connection.state !== Soup.WebsocketState.OPEN)
          return;
        if (token === 'secret')
          loggedIn.add(connection);
        connection.send_text(`{"type":"auth_${token === 'secret' ? 'ok' : 'invalid'}"}`);
      } else if (!loggedIn.has(connection))
        connection.send_text(JSON.stringify({id, result: 'denied'}));
      else if (method === 'big')
        connection.send_text(JSON.stringify({id, result: 'x'.repeat(1024 * 1024)}));
      else if (method !== 'never')
        connection.send_text(JSON.stringify({id, result: method}));
    },
  });
}

async function fails(promise, reason) {
  try {
    await promise;
  } catch (error) {
    assertEqual(error.message, reason);
    return;
  }

  throw new Error('the request did not fail');
}

// A server with a feed of numbered items. The server answers a subscription with the items that the
// client lacks, and sends each new item to all clients.
function newFeedPeer(scenario) {
  const peer = scenario.peer({
    onMessage: (connection, text) => {
      const {type, since} = JSON.parse(text);

      if (type === 'ping' && peer.isFrozen)
        return;
      if (type === 'ping')
        connection.send_text('{"type":"pong"}');
      else
        peer.items.slice(since).forEach(item => connection.send_text(item));
    },
  });
  peer.items = [];
  peer.publish = text => {
    peer.items.push(JSON.stringify({number: peer.items.length + 1, text}));
    peer.send(peer.items[peer.items.length - 1]);
  };

  return peer;
}

function hurry(sketch) {
  sketch._task.reconnect_timeout = 20;
  sketch._task.reconnect_timeout_max = 0;
}

export const together = {
  async recipe() {
    assertEqual(`${Hb.WebsocketTask.$gtype.name}`.startsWith('HbWebsocketTask_'), IS_MODULE());
  },

  async requests(scenario) {
    const peer = newRequestPeer(scenario);
    const requests = new Requests(peer.uri, 'secret');

    hurry(requests);
    assertEqual(await Promise.all([requests.request('a'), requests.request('b')]), ['a', 'b']);
    assertEqual((await requests.request('big')).length, 1024 * 1024);

    const never = requests.request('never');
    await wait(() => peer.received.length >= 5);
    peer.stop();
    await fails(never, 'The connection was lost');
    const later = requests.request('later');
    peer.status = 503;
    peer.start();
    await wait(() => peer.nRequests >= 3);
    peer.status = 0;
    assertEqual(await later, 'later');

    const last = requests.request('never');
    requests.destroy();
    await fails(last, 'The extension was disabled');
  },

  async feed(scenario) {
    const peer = newFeedPeer(scenario);
    const texts = [];

    peer.publish('one');
    const feed = new Feed(peer.uri, ({text}) => texts.push(text.length > 9 ? text.length : text));
    hurry(feed);
    await wait(() => texts.length >= 1);
    peer.publish('x'.repeat(1024 * 1024));
    await wait(() => texts.length >= 2);
    peer.stop();
    peer.publish('three');
    peer.status = 503;
    peer.start();
    await wait(() => peer.nRequests >= 3);
    peer.status = 0;
    await wait(() => texts.length >= 3);
    assertEqual(texts, ['one', 1024 * 1024, 'three']);
    feed.destroy();
  },

  async disableDuringAttempt() {
    const listener = new Gio.SocketListener();
    const uri = `ws://127.0.0.1:${listener.add_any_inet_port(null)}/`;

    for (const sketch of [new Requests(uri, 'secret'), new Feed(uri, () => assert(false))]) {
      await turn(20);
      sketch.destroy();
    }
    await turn(20);
    listener.close();
  },

  async extension() {
    const extension = new NewsExtension();

    for (let i = 0; i < 3; i++) {
      extension.enable();
      await turn();
      extension.disable();
    }
  },
};

export const alone = {
  async freezeOfRequests(scenario) {
    const peer = newRequestPeer(scenario);
    const requests = new Requests(peer.uri, 'secret');

    assertEqual(await requests.request('before'), 'before');
    requests._task.ping_timeout = 50;
    requests._task.pong_timeout = TIMEOUT;
    await turn(100);
    freeze();
    assertEqual(await requests.request('after'), 'after');
    assertEqual(peer.connections.length, 1);
    requests.destroy();
  },

  async freezeOfFeed(scenario) {
    const peer = newFeedPeer(scenario);
    const texts = [];
    const feed = new Feed(peer.uri, ({text}) => texts.push(text));

    await wait(() => peer.received.length >= 1);
    feed._task.ping_timeout = 50;
    feed._task.pong_timeout = TIMEOUT;
    peer.isFrozen = true;
    await wait(() => peer.received.length >= 2);
    peer.isFrozen = false;
    freeze();
    peer.publish('still there');
    await wait(() => texts.length >= 1 && peer.received.length >= 4);
    assertEqual(peer.connections.length, 1);
    feed.destroy();
  },
};
