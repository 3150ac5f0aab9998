// SPDX-License-Identifier: LGPL-2.1-or-later

// A client that uses a library for Node: client-node.js LIBRARY ARGUMENT...
//
// Each library is used as its README shows.

import {createRequire} from 'node:module';
import process from 'node:process';

import {WebSocket} from 'ws';

import {BenchClient} from './bench-client.js';

const [library, ...argv] = process.argv.slice(2);
const client = new BenchClient(argv, () => performance.now() * 1000, () => process.cpuUsage(),
    data => Number(Buffer.from(data).toString()));
const message = client.isText ? client.text : Buffer.from(client.text);

function getSize(data) {
    return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
}

function send(socket, nMessages) {
    for (let i = 0; i < nMessages; i++)
        socket.send(message);

    if (nMessages < 0) {
        console.log(client.result);
        process.exit(0);
    }
}

function fail(error) {
    console.error(error?.message ?? 'The connection was closed');
    process.exit(1);
}

// Without the binary type, some libraries would deliver each binary message as a Blob, which cannot
// be read synchronously.
function watchAsInBrowser(socket) {
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => send(socket, client.onOpen());
    socket.onmessage = ({data}) => send(socket, client.onMessage(getSize(data), data));
    socket.onerror = fail;
    socket.onclose = fail;
}

const libraries = {
    'ws': () => {
        const socket = new WebSocket(client.uri, {perMessageDeflate: false});

        socket.on('open', () => send(socket, client.onOpen()));
        socket.on('message', data => send(socket, client.onMessage(data.length, data)));
        socket.on('error', fail);
        socket.on('close', fail);
    },
    'reconnecting-websocket': async () => {
        const {default: ReconnectingWebSocket} = await import('reconnecting-websocket');

        watchAsInBrowser(new ReconnectingWebSocket(client.uri, [], {WebSocket}));
    },
    'partysocket': async () => {
        const {default: PartyWebSocket} = await import('partysocket/ws');

        watchAsInBrowser(new PartyWebSocket(client.uri, [], {WebSocket}));
    },
    'websocket-heartbeat-js': () => {
        globalThis.WebSocket = WebSocket;
        globalThis.window = globalThis;
        const WebsocketHeartbeatJs = createRequire(import.meta.url)('websocket-heartbeat-js');
        const Heartbeat = WebsocketHeartbeatJs.default ?? WebsocketHeartbeatJs;

        watchAsInBrowser(new Heartbeat({url: client.uri}));
    },
};

await libraries[library]();
