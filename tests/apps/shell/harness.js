// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions and classes for the tests of the module for GNOME Shell. Some of these tests also test
// the library. The servers run in this process.

import GLib from 'gi://GLib';
import Gio from 'gi://Gio';
import Soup from 'gi://Soup?version=3.0';

const WAIT_TIMEOUT = 60; // seconds
const MINUTE = 60 * 1000000; // microseconds
const LATE = 1600; // milliseconds for which freeze() blocks the main loop
const getTime = GLib.get_monotonic_time; // jump() replaces the function in GLib, but not this one
const MAX_MESSAGE = 16 * 1024 * 1024;
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// Set by run.js before it imports a table of scenarios
export let Hb = null;
export let implementation = '';

export const IS_MODULE = () => implementation === 'module';
export const {TEXT, BINARY} = Soup.WebsocketDataType;

const ERRORS = ['INVALID_URI', 'INVALID_ARGUMENT', 'CONNECT_TIMEOUT', 'HANDSHAKE', 'PONG_TIMEOUT',
  'MESSAGE_TOO_BIG', 'CLOSED', 'NOT_OPEN', 'QUEUE_FULL', 'REPEAT_LIMIT', 'MESSAGE_REFUSED'];
const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED', 'WAITING'];

export function use(name, namespace) {
  implementation = name;
  Hb = namespace;
}

export function decode(bytes) {
  return new TextDecoder().decode(bytes.toArray());
}

export function assert(condition, message = 'an assertion failed') {
  if (!condition)
    throw new Error(message);
}

export function assertEqual(value, wanted) {
  const [shown, expected] = [JSON.stringify(value), JSON.stringify(wanted)];

  assert(shown === expected, `got ${shown}, but expected ${expected}`);
}

export function nameError(error) {
  return ERRORS.find(name => error.matches(Hb.Error, Hb.Error[name])) ?? 'other';
}

export function assertFails(name, call) {
  try {
    call();
  } catch (error) {
    assertEqual(error instanceof GLib.Error ? nameError(error) : `${error}`, name);
    return;
  }

  throw new Error(`no error, but expected ${name}`);
}

// Resolves after the given time, during which the main loop runs.
export function turn(milliseconds = 1) {
  return new Promise(resolve => {
    GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
      resolve();
      return GLib.SOURCE_REMOVE;
    });
  });
}

// Advances clocks by a minute for the module, which reads them through GLib. Each name is that of a
// GLib function. The clocks are not set back.
export function jump(...names) {
  for (const name of names) {
    const read = GLib[name];

    GLib[name] = () => read() + MINUTE;
  }
}

// Acts as if this process had been stopped for longer than the task's timeouts. For the module, the
// clocks jump. The library reads the system's clocks, which jump() cannot advance, so for the
// library, the main loop is blocked.
//
// A task that handles a deadline more than a second late assumes that its process was not running.
// LATE is over a second longer than any timeout of up to 500 ms, so use only such timeouts.
export function freeze() {
  if (IS_MODULE())
    jump('get_monotonic_time', 'get_real_time');
  else
    block(LATE);
}

export function block(milliseconds) {
  GLib.usleep(milliseconds * 1000);
}

// Runs the main loop, as a modal dialog in a signal handler does.
export function runLoop(milliseconds) {
  const loop = new GLib.MainLoop(null, false);

  GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
    loop.quit();
    return GLib.SOURCE_REMOVE;
  });
  loop.run();
}

export async function wait(condition, what = `${condition}`) {
  const deadline = getTime() + WAIT_TIMEOUT * 1000000;

  while (!condition()) {
    assert(getTime() < deadline, `timed out waiting for ${what}`);
    await turn();
  }
}

export function countDescriptors() {
  const folder = Gio.File.new_for_path('/proc/self/fd').enumerate_children(
    'standard::name', Gio.FileQueryInfoFlags.NONE, null);

  return [...folder].length;
}

// Binds a socket that never listens. As long as this socket exists, the kernel does not choose its
// port as a free one for another process, but a socket with SO_REUSEADDR may listen on the port.
function reservePort() {
  const socket = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.STREAM,
    Gio.SocketProtocol.TCP);

  socket.bind(Gio.InetSocketAddress.new_from_string('127.0.0.1', 0), true);
  return socket;
}

// A server that can be stopped and started again on the same port. By default, it sends each
// message back as text.
export class Peer {
  constructor({onMessage = (connection, text) => connection.send_text(text), onOpen} = {}) {
    this.onMessage = onMessage;
    this.onOpen = onOpen;
    this.status = 0; // the HTTP status with which requests are refused, 0 to accept them
    this.received = []; // texts, or the length of a text that has more than 100 characters
    this.connections = [];
    this.closed = []; // the close codes from the clients, 0 without a close frame
    this.nRequests = 0;
    this.tokens = []; // for each request, the value of the header X-Token or null
    this._reservation = reservePort();
    this._port = this._reservation.get_local_address().get_port();
    this.start();
  }

  get uri() {
    return `ws://127.0.0.1:${this._port}/`;
  }

  get connection() {
    return this.connections[this.connections.length - 1];
  }

  start() {
    this._server = new Soup.Server();
    this._server.add_early_handler('/', (_server, message) => {
      this.nRequests++;
      this.tokens.push(message.get_request_headers().get_one('X-Token'));
      if (this.status !== 0)
        message.set_status(this.status, null);
    });
    this._server.add_websocket_handler('/', null, null,
      (_server, _message, _path, connection) => this._adopt(connection));
    this._server.listen_local(this._port, Soup.ServerListenOptions.IPV4_ONLY);
  }

  _adopt(connection) {
    this.connections.push(connection);
    connection.max_incoming_payload_size = MAX_MESSAGE;
    if ('max_total_message_size' in connection)
      connection.max_total_message_size = MAX_MESSAGE;
    connection.connect('message', (_connection, type, bytes) => {
      const text = decode(bytes);

      this.received.push(text.length > 100 ? text.length : text);
      if (connection.state === Soup.WebsocketState.OPEN)
        this.onMessage(connection, text);
    });
    connection.connect('closed', () => this.closed.push(connection.get_close_code()));
    this.onOpen?.(connection);
  }

  send(text) {
    this.connections.filter(({state}) => state === Soup.WebsocketState.OPEN)
      .forEach(connection => connection.send_text(text));
  }

  // Ends all connections without a close frame.
  drop() {
    for (const connection of this.connections.splice(0)) {
      try {
        connection.get_io_stream()?.close(null);
      } catch {
        // libsoup is already closing this connection.
      }
    }
  }

  stop() {
    this.drop();
    this._server.disconnect();
  }
}

// A server that performs the handshake, and then neither reads nor writes. If `status` is not 101,
// the server sends only the head of a refusal, except to a request with a password. Directly before
// the response, the server sends `nInterim` interim responses.
export class MutePeer {
  constructor(status = 101, nInterim = 0) {
    this._status = status;
    this._nInterim = nInterim;
    this._streams = [];
    this._service = new Gio.SocketService();
    this._port = this._service.add_any_inet_port(null);
    this._service.connect('incoming', (_service, stream) => {
      this._streams.push(stream);
      this._answer(stream, '');
      return true;
    });
  }

  get uri() {
    return `ws://127.0.0.1:${this._port}/`;
  }

  _answer(stream, before) {
    const input = stream.get_input_stream();

    input.read_bytes_async(4096, GLib.PRIORITY_DEFAULT, null, (_input, result) => {
      const request = before + decode(input.read_bytes_finish(result));

      if (!request.endsWith('\r\n\r\n')) {
        this._answer(stream, request);
        return;
      }

      const [, key] = request.match(/Sec-WebSocket-Key: (\S+)/i);
      const hash = GLib.Checksum.new(GLib.ChecksumType.SHA1);
      hash.update(new TextEncoder().encode(key + ACCEPT_GUID));
      const digest = Uint8Array.from(hash.get_string().match(/../g), hex => parseInt(hex, 16));
      const interim = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(this._nInterim);
      const status = /^Authorization: /im.test(request) ? 101 : this._status;
      const body = status === 101 ? [] : ['Content-Length: 9'];
      stream.get_output_stream().write_all(new TextEncoder().encode([
        `${interim}HTTP/1.1 ${status} Answer`, 'Upgrade: websocket', 'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${GLib.base64_encode(digest)}`,
        'WWW-Authenticate: Basic realm="Peer"', ...body, '', '',
      ].join('\r\n')), null);
    });
  }

  stop() {
    this._service.stop();
    this._service.close();
    this._streams.forEach(stream => stream.close(null));
  }
}

// Creates peers, and tasks whose signals it logs.
export class Scenario {
  constructor() {
    this._ends = [];
    this._tasks = new Set();
  }

  peer(options) {
    const peer = new Peer(options);

    this._ends.push(() => peer.stop());
    return peer;
  }

  mutePeer(...options) {
    const peer = new MutePeer(...options);

    this._ends.push(() => peer.stop());
    return peer;
  }

  task(properties) {
    const task = new Hb.WebsocketTask({reconnect_timeout: 20, ...properties});
    const log = [];

    task.connect('notify::state', () => log.push(STATES[task.state]));
    task.connect('connecting', () => log.push('connecting'));
    task.connect('open', () => log.push('open'));
    task.connect('message', (_task, _type, bytes) => log.push(`message ${decode(bytes)}`));
    task.connect('close', (_task, code, reason) => log.push(`close ${code} ${reason}`));
    task.connect('error', (_task, error) => log.push(`error ${nameError(error)}`));
    task.connect('reconnect', (_task, attempt, delay) => log.push(`reconnect ${attempt} ${delay}`));
    task.connect('drain', () => log.push('drain'));
    this._tasks.add(task);
    task.log = log;

    return task;
  }

  end() {
    for (const task of this._tasks) {
      task.close_timeout = 0;
      task.close(1000, null);
    }
    this._ends.forEach(end => end());
  }
}

async function runOne(run) {
  const scenario = new Scenario();

  let failure = null;

  try {
    await run(scenario);
  } catch (error) {
    failure = error;
  }

  try {
    scenario.end();
  } catch (error) {
    failure ??= error;
  }

  return failure;
}

function report(number, name, error) {
  if (error !== null)
    print(`# ${`${error}\n${error.stack}`.replaceAll('\n', '\n# ')}`);
  print(`${error === null ? 'ok' : 'not ok'} ${number} - ${implementation}: ${name}`);

  return error === null;
}

// Runs the scenarios of `together` at the same time. Those of `alone` would disturb other scenarios
// or be disturbed by them, so they run one after the other. Resolves with whether all have passed.
export async function runAll({together = {}, alone = {}}) {
  const names = [...Object.keys(together), ...Object.keys(alone)];
  let passed = true;
  let n = 0;

  print(`1..${names.length}`);
  const results = Object.entries(together).map(([name, run]) => [name, runOne(run)]);
  for (const [name, result] of results)
    passed = report(++n, name, await result) && passed;
  for (const [name, run] of Object.entries(alone))
    passed = report(++n, name, await runOne(run)) && passed;

  return passed;
}
