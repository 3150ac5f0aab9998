// SPDX-License-Identifier: LGPL-2.1-or-later

// A client in GJS: client-gjs.js task|libsoup|engine ARGUMENT...

import GLib from 'gi://GLib';
import Soup from 'gi://Soup?version=3.0';
import System from 'system';

import {BenchClient} from './bench-client.js';

// The microseconds in a clock tick, the unit of CPU times in /proc
const TICK = 10000;

// Reads the CPU time from /proc, in microseconds, because GJS has no getrusage(2). The name of the
// program, in parentheses, may contain spaces, so only the fields after it are split.
function getUsage() {
    const [, bytes] = GLib.file_get_contents('/proc/self/stat');
    const fields = new TextDecoder().decode(bytes).replace(/^.*\) /, '').split(' ');

    return {user: Number(fields[11]) * TICK, system: Number(fields[12]) * TICK};
}

const [library, ...argv] = ARGV;
const client = new BenchClient(argv, () => GLib.get_monotonic_time(), getUsage,
    bytes => Number(new TextDecoder().decode(bytes.toArray())));
const type = client.isText ? Soup.WebsocketDataType.TEXT : Soup.WebsocketDataType.BINARY;
const message = new GLib.Bytes(new TextEncoder().encode(client.text));
const loop = new GLib.MainLoop(null, false);

function send(nMessages, sendOne) {
    for (let i = 0; i < nMessages; i++)
        sendOne();

    if (nMessages < 0) {
        print(client.result);
        System.exit(0);
    }
}

function runLibsoup() {
    const session = new Soup.Session();
    const request = Soup.Message.new('GET', client.uri);

    request.connect('accept-certificate', () => true);
    session.websocket_connect_async(request, null, null, 0, null, (_, result) => {
        const connection = session.websocket_connect_finish(result);
        const sendOne = () => connection.send_message(type, message);

        connection.max_incoming_payload_size = 0;
        connection.connect('message', (_connection, _type, bytes) =>
            send(client.onMessage(bytes.get_size(), bytes), sendOne));
        send(client.onOpen(), sendOne);
        globalThis.connection = connection;
    });
}

async function runTask() {
    const {default: Hb} = await import('gi://Hb?version=1');
    const task = new Hb.WebsocketTask({
        uri: client.uri,
        max_message_size: 0,
        max_buffered_amount: 0,
    });
    const sendOne = () => task.send_message(type, message, Hb.SendFlags.DEFAULT);

    task.connect('connecting', (_, request) => request.connect('accept-certificate', () => true));
    task.connect('open', () => send(client.onOpen(), sendOne));
    task.connect('message', (_task, _type, bytes) =>
        send(client.onMessage(bytes.get_size(), bytes), sendOne));
    task.connect('error', (_, error) => {
        printerr(error.message);
        System.exit(1);
    });
    task.open();
    globalThis.task = task;
}

async function runEngine() {
    const {default: BenchEngine} = await import('gi://BenchEngine?version=1');
    const engine = new BenchEngine.Engine();
    const sendOne = () => engine.send_message(type, message);

    engine.connect('message', (_engine, _type, bytes) =>
        send(client.onMessage(bytes.get_size(), bytes), sendOne));
    engine.open(client.uri);
    send(client.onOpen(), sendOne);
    globalThis.engine = engine;
}

await {task: runTask, libsoup: runLibsoup, engine: runEngine}[library]();

loop.run();
