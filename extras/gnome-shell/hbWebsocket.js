// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a WebSocket connection open, for extensions of GNOME Shell. Copy this file into your
// extension.
//
// This module implements the task of the library hb-websocket, but needs only GLib and libsoup 3.
// Names, defaults, states and the order of events are those of the library, so the same code runs
// with both, unless it needs a feature that only one of them has. This statement imports the
// library, or this module if the library is not installed:
//
//   const {default: Hb} = await import('gi://Hb?version=1').catch(() =>
//     import('./hbWebsocket.js'));
//
// With a `close_timeout` of 0, close() in disable() removes everything that the task has attached
// to the main loop. The page "GNOME Shell extensions" in the documentation of hb-websocket has an
// example, and lists the differences from the library.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Gio from 'gi://Gio';
import Soup from 'gi://Soup?version=3.0';

export const State = Object.freeze({CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3, WAITING: 4});
export const HeartbeatMode = Object.freeze({MESSAGE: 0, PING: 1});
export const Liveness = Object.freeze({ANY: 0, REPLY: 1, STEADY: 2});
export const SendFlags = Object.freeze({DEFAULT: 0, VOLATILE: 1, THIS_LINK: 2});

// The codes of errors: `error.matches(Hb.Error, Hb.Error.CLOSED)` compares domain and code.
const DOMAIN = GLib.quark_from_string('hb-websocket-module-error');
const Code = Object.freeze({
  INVALID_URI: 0, INVALID_ARGUMENT: 1, CONNECT_TIMEOUT: 2, HANDSHAKE: 3, PONG_TIMEOUT: 4,
  MESSAGE_TOO_BIG: 5, CLOSED: 6, NOT_OPEN: 7, QUEUE_FULL: 8, REPEAT_LIMIT: 9,
  // Only the library reports the last two.
  MESSAGE_REFUSED: 10, EXPIRED: 11,
  valueOf: () => DOMAIN,
});
export {Code as Error};

// All times are in milliseconds.
const NEVER = Infinity;
const CHECK_INTERVAL = 5000; // the minimum time between two checks after network changes
const PING_LAG = 2000; // the maximum delay of a ping frame: libsoup's timer counts whole seconds

// If a deadline passed longer ago than this, for example during a suspend, a reply may have arrived
// meanwhile, so connect-timeout and pong-timeout must not end the link.
const LATE = 1000;

const URI =
  /^wss?:\/\/(?:[^/?#\s]*@)?[^/?#\s:@][^/?#\s@]*(?:[/?](?:[^#\p{Cc}]*[^#\s\p{Cc}])?)?$/iu;
const INVALID_IN_HOST = /[\s\p{Cc}]/u;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110, 5.6.2
const ORIGIN = /^[\x20-\x7e]*$/; // RFC 6454, 7.1
// RFC 6455, 7.4.1: protocol error, a close frame without a code, an end without a close frame
const [PROTOCOL_ERROR, NO_CODE, ABNORMAL] = [1002, 1005, 1006];
const MAX_REASON = 123; // RFC 6455, 5.5: at most 125 bytes of payload, of which the code takes 2.
const MAX_INTERIM = 100; // the maximum number of interim responses, except 101
const MAX_INT = 2 ** 31 - 1;
const {SWITCHING_PROTOCOLS} = Soup.Status;
const {TEXT, BINARY} = Soup.WebsocketDataType;
const {CONNECTING, OPEN, CLOSING, CLOSED, WAITING} = State;

// All numbers have the same limits, because GJS does not check limits in an assignment.
const number = initial => ['double', -1, Number.MAX_SAFE_INTEGER, initial];

// The properties that an extension may set at any time: type and default
const SETTINGS = {
  'uri': ['string', null], 'origin': ['string', null], 'protocols': ['jsobject'], // an array
  'heartbeat-mode': number(HeartbeatMode.MESSAGE), 'liveness': number(Liveness.ANY),
  'ping-timeout': number(15000), 'pong-timeout': number(10000),
  'ping-message': ['string', 'heartbeat'], 'pong-message': ['string', null],
  'reconnect-timeout': number(2000), 'reconnect-timeout-max': number(0),
  'reconnect-jitter': number(0), 'repeat-limit': number(-1), 'min-uptime': number(5000),
  'connect-timeout': number(10000), 'close-timeout': number(2000),
  'max-message-size': number(16 * 2 ** 20), 'max-buffered-amount': number(8 * 2 ** 20),
  'network-aware': ['boolean', true], 'manual-ready': ['boolean', false],
};

// The properties that only the task sets
const STATUS = {
  'state': number(CLOSED), 'ready': ['boolean', false], 'attempt': number(0),
  'buffered-amount': number(0), 'http-status': number(0),
  'connection': ['object', Soup.WebsocketConnection.$gtype],
  'last-error': ['boxed', GLib.Error.$gtype],
};

const SIGNALS = {
  'connecting': {param_types: [Soup.Message.$gtype]}, // the request, for headers
  'open': {},
  'message': { // type, payload; the details `text` and `binary` select one type
    flags: GObject.SignalFlags.DETAILED,
    param_types: [Soup.WebsocketDataType.$gtype, GLib.Bytes.$gtype],
  },
  'close': {param_types: [GObject.TYPE_UINT, GObject.TYPE_STRING]}, // code, reason
  'error': {param_types: [GLib.Error.$gtype]},
  'reconnect': {param_types: [GObject.TYPE_UINT, GObject.TYPE_UINT]}, // attempt, delay
  'drain': {},
};

const newError = (code, message) => new GLib.Error(DOMAIN, code, message);
// The error that a full TLS handshake would report
const newTlsError = () => new Gio.TlsError({
  code: Gio.TlsError.BAD_CERTIFICATE,
  message: GLib.dgettext('glib-networking', 'Unacceptable TLS certificate'),
});
const newLoss = error => ({error, code: ABNORMAL, reason: null, status: 0});
// RFC 6455, 7.4: the codes that a client may send
const isCloseCode = code => (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1010)
  || (code >= 3000 && code <= 4999);
const encode = text => new TextEncoder().encode(text);
const decode = payload => new TextDecoder('utf-8', {fatal: true}).decode(payload.toArray());

function newSpecs(table, flags) {
  return Object.fromEntries(Object.entries(table).map(([name, [type, ...rest]]) =>
    [name, GObject.ParamSpec[type](name, '', '', flags, ...rest)]));
}

// The signal handlers and the sources of a task or a link
class Attachments {
  _handlers = [];
  _sources = new Map();

  connect(object, handlers) {
    for (const [signal, handler] of Object.entries(handlers))
      this._handlers.push([object, object.connect(signal, handler)]);
  }

  has(name) { return this._sources.has(name); }

  // Calls `func` once. Replaces a source that has the same name.
  attach(name, source, func) {
    this.detach(name);
    this._sources.set(name, source);
    source.set_callback(() => {
      this.detach(name);
      func();
      return GLib.SOURCE_REMOVE;
    });
    source.attach(null);
  }

  detach(name) {
    this._sources.get(name)?.destroy();
    this._sources.delete(name);
  }

  clear() {
    this._handlers.splice(0).forEach(([object, id]) => object.disconnect(id));
    [...this._sources.keys()].forEach(name => this.detach(name));
  }
}

// A link is one attempt to connect, and then the connection. When the attempt fails or the
// connection ends, the link calls `callbacks.lost` once. After drop(), the link calls no callback.
class Link {
  connection = null;
  // A session keeps the addresses of a host, so each attempt has its own session.
  _session = new Soup.Session();
  _cancellable = new Gio.Cancellable();
  _attachments = new Attachments();
  _sockets = []; // for each address that has been tried
  _nInterim = 0;
  _isClosing = false;

  constructor(request, callbacks) {
    this.request = request;
    this._callbacks = callbacks;
    // If libsoup followed a redirect, it would send most headers, and any token in them, to
    // whatever host the server names.
    request.set_flags(Soup.MessageFlags.NO_REDIRECT);
    this._attachments.connect(request, {
      'accept-certificate': () => {
        this._isAsked = true;
        return false;
      },
      'network-event': (_request, event, stream) => this._onNetworkEvent(event, stream),
      'notify::status-code': () => this._onStatus(),
      'got-informational': () => this._onInterim(),
      'got-headers': () => this._onHeaders(),
    });
  }

  start({origin, protocols}) {
    this._session.websocket_connect_async(this.request, origin,
      protocols?.length > 0 ? protocols : null, GLib.PRIORITY_DEFAULT, this._cancellable,
      (_session, result) => this._finish(result));
  }

  // glib-networking keeps TLS sessions for the whole process, and ignores errors of the certificate
  // when it resumes one. The session may come from a request whose handler for `accept-certificate`
  // accepts more certificates. If this handshake has not emitted the signal, the link emits it
  // before libsoup sends the request.
  _onNetworkEvent(event, stream) {
    const {CONNECTING: TRYING, CONNECTED, TLS_HANDSHAKING, TLS_HANDSHAKED} = Gio.SocketClientEvent;
    if (event === TRYING)
      this._sockets.push(stream.get_socket());
    else if (event === CONNECTED)
      this._socket = stream.get_socket();
    else if (event === TLS_HANDSHAKING)
      this._isAsked = false; // An earlier handshake may have been that of a proxy.
    else if (event === TLS_HANDSHAKED && !this._isAsked && !this._accepts(stream))
      this._refuse(newTlsError());
  }

  _accepts(stream) {
    const errors = stream.get_peer_certificate_errors();
    return errors === 0
      || this.request.emit('accept-certificate', stream.get_peer_certificate(), errors);
  }

  // Fails the attempt, unless a handler for `accept-certificate` has ended it.
  _refuse(error) {
    if (this._cancellable.is_cancelled())
      return;
    this._cancellable.cancel();
    this._attachments.attach('end', GLib.idle_source_new(), () =>
      this._callbacks.lost(newLoss(error)));
  }

  // GJS would keep the socket of each failed connection open until it collects garbage. While a
  // server cannot be reached, the process could run out of descriptors before that, so this
  // function closes the sockets.
  _finish(result) {
    this._sockets.splice(0).filter(socket => socket !== this._socket)
      .forEach(socket => socket.close());
    try {
      this.connection = this._session.websocket_connect_finish(result);
    } catch (error) {
      if (!this._cancellable.is_cancelled())
        this._callbacks.lost(this._describeFailure(error));
      return;
    }
    // libsoup may have opened the connection before the cancellation took effect.
    if (this._cancellable.is_cancelled())
      this._release();
    else
      this._adopt();
  }

  // libsoup would read the body of a refusal to its end. A body that does not end would delay the
  // error and, if it arrives fast, block the main loop. libsoup reads no body if the method is
  // HEAD.
  //
  // For a status that Soup.Status does not have, such as 429, get_status() would throw an error.
  _onStatus() { this.request.set_method(this.request.status_code < 200 ? 'GET' : 'HEAD'); }

  // Without a limit, interim responses could block the main loop, because libsoup reads them as
  // long as more arrive.
  _onInterim() {
    const {status_code: status} = this.request;
    if (status !== SWITCHING_PROTOCOLS && ++this._nInterim > MAX_INTERIM)
      this._refuse(newError(Code.HANDSHAKE, 'The server sent too many interim responses'));
  }

  // The body of the refusal has not been read. If the request were sent again on this connection,
  // for example with a password, libsoup would read that body as the next response.
  _onHeaders() {
    this.request.set_method('GET');
    this.request.get_response_headers().replace('Connection', 'close');
  }

  _describeFailure(error) {
    const {status_code: status} = this.request;
    const refusal = `The server answered the handshake with status ${status}`;
    const isRefusal = error instanceof Soup.WebsocketError;
    return {...newLoss(isRefusal ? newError(Code.HANDSHAKE, refusal) : error), status};
  }

  // After an error, libsoup before 3.6.6 continues with the bytes that it has already read, so
  // messages that follow an error are ignored.
  _adopt() {
    this._attachments.connect(this.connection, {
      'message': (_connection, type, payload) =>
        this._attachments.has('end') || this._callbacks.received(type, payload),
      'error': (_connection, error) => this._end(error),
      'closing': () => this._isClosing || this._end(),
      'notify::state': () => this._end(),
    });
    this._callbacks.opened();
  }

  // Reports the end in an idle callback, because libsoup still uses the connection, and may not
  // have answered a close frame yet.
  _end(error = null) {
    if (!this._attachments.has('end'))
      this._attachments.attach('end', GLib.idle_source_new(), () =>
        this._callbacks.lost(this._describeEnd(error)));
  }

  _describeEnd(error) {
    const code = this.connection.get_close_code();
    // libsoup reports an error for the codes from 1012 to 1014, but the connection has the code.
    if (code !== 0 && (error === null || (code >= 1012 && code <= 1014)))
      return {...newLoss(null), code, reason: this.connection.get_close_data()};
    if (error?.matches(Soup.WebsocketError, Soup.WebsocketCloseCode.TOO_BIG))
      return newLoss(newError(Code.MESSAGE_TOO_BIG, 'A message is longer than max-message-size'));
    return newLoss(error);
  }

  // The connection, or null if messages cannot be sent on it
  get openConnection() {
    const isEnding = this._isClosing || this._attachments.has('end');
    return !isEnding && this.connection?.state === Soup.WebsocketState.OPEN
      ? this.connection : null;
  }

  // Calls `callbacks.readable` once, when bytes of any frame arrive. libsoup's signal for pongs
  // cannot be used, because its payload does not have the declared type. The class of libsoup's
  // stream does not show that the stream is pollable, so this function calls the method of the
  // interface.
  watchInput() {
    const {create_source: newSource} = Gio.PollableInputStream.prototype;
    const stream = this.openConnection?.get_io_stream().get_input_stream();
    if (stream && !this._attachments.has('readable'))
      this._attachments.attach('readable', newSource.call(stream, null), this._callbacks.readable);
  }

  // `size`: in bytes, 0 for the maximum. By default, libsoup limits frames to 128 KiB. Since
  // libsoup 3.8, it can also limit whole messages.
  setMaxSize(size) {
    for (const name of ['max_incoming_payload_size', 'max_total_message_size']) {
      if (this.connection !== null && name in this.connection)
        this.connection[name] = Math.min(size || MAX_INT, MAX_INT);
    }
  }

  send(type, payload) { this.openConnection?.send_message(type, payload); }

  close(code, reason) {
    const connection = this.openConnection;
    this._isClosing = true;
    connection?.close(code, reason);
  }

  drop() {
    this._cancellable.cancel();
    this._attachments.clear();
    this._release();
  }

  // Shuts down the socket first, because closing TLS would wait for a peer that no longer answers.
  //
  // If the server continues to send, only run_dispose() removes the sources of libsoup before the
  // connection is garbage-collected. The call is made later, because a function of the connection
  // may be running now.
  async _release() {
    try {
      this._socket?.shutdown(true, true);
    } catch {
      // The peer has reset the connection.
    }
    this._session.abort();
    await null;
    this.connection?.run_dispose();
  }
}

// Keeps one connection to the server at `uri` open. When the task leaves a link, it drops the link
// first, then changes its state, and then emits signals.
export class WebsocketTask extends GObject.Object {
  static {
    GObject.registerClass({
      // Several extensions may have a copy of this file, but two types cannot have the same name.
      GTypeName: `HbWebsocketTask_${import.meta.url.replace(/[^A-Za-z0-9]/g, '_')}`,
      Properties: {
        ...newSpecs(SETTINGS, GObject.ParamFlags.READWRITE),
        ...newSpecs(STATUS, GObject.ParamFlags.READABLE),
      },
      Signals: SIGNALS,
    }, this);
  }

  _status = {
    'state': CLOSED, 'ready': false, 'attempt': 0, 'buffered-amount': 0, 'http-status': 0,
    'connection': null, 'last-error': null,
  };

  _attachments = new Attachments();
  _link = null;
  _effects = []; // the functions to call after a change, in order
  _isDraining = false;
  _nCloses = 0; // the number of valid calls to close()
  _queue = []; // the messages that wait until a link is ready
  _held = []; // the messages that wait until the handlers for `open` have returned
  _hasBacklog = false; // messages were waiting after the last change to the queue
  _requestedAt = NEVER;
  _readyAt = NEVER;
  _lastActivity = NEVER;
  _lastPing = NEVER;
  _awaitedSince = NEVER; // the time from which the reply to a ping is awaited
  _attemptAt = NEVER;
  _closeAt = NEVER;
  _checkAt = NEVER;
  _checkedAt = -NEVER;
  _putOff = NEVER;
  _shift = NEVER; // the real-time clock minus the monotonic clock
  _slept = 0;
  _timerAt = NEVER;

  get state() { return this._status['state']; }
  get ready() { return this._status['ready']; }
  get attempt() { return this._status['attempt']; }
  get buffered_amount() { return this._status['buffered-amount']; }
  get http_status() { return this._status['http-status']; }
  get connection() { return this._status['connection']; }
  get last_error() { return this._status['last-error']; }

  open() { this._run(() => this.state === CLOSED && this._startAfresh()); }

  // Ends the task in any state. If the link is ready, first sends the messages that wait. On an
  // open link, sends a close frame, and waits at most `close-timeout` for that of the server. A
  // reason that is too long for the frame is omitted. With code 0 or 1005, the frame has no code
  // and no reason. With a code that libsoup refuses to send, emits an error and does not end the
  // task. Any other code that a client must not send becomes 1002, without a reason.
  close(code = 1000, reason = null) {
    this._run(now => {
      if ([1006, 1011, 1015].includes(code) || code > 0xffff) {
        this._emit('error', newError(Code.INVALID_ARGUMENT, `A client cannot close with ${code}`));
        return;
      }
      this._nCloses++;
      if (this.state === OPEN && isCloseCode(code))
        this._shutDown(now, code, encode(reason ?? '').length > MAX_REASON ? null : reason);
      else if (this.state === OPEN)
        this._shutDown(now, (code || NO_CODE) === NO_CODE ? NO_CODE : PROTOCOL_ERROR, null);
      else if (this.state === CONNECTING || this.state === WAITING)
        this._leave(CLOSED);
    });
  }

  // Drops the link, if any, and connects at once, even if the task is CLOSED.
  reconnect_now() { this._run(() => this._startAfresh()); }

  // Makes the next attempt now if the task is WAITING. Sends a ping now if the link is open, unless
  // the reply to an earlier ping has a deadline, or the server may refuse a ping before a login.
  check() { this._run(now => this._check(now)); }

  // Call this when the server accepts all messages, usually after a login.
  mark_ready() { this._run(now => this._markReady(now)); }

  send_text(text) { this.send_text_with_flags(text, SendFlags.DEFAULT); }

  send_text_with_flags(text, flags) {
    if (typeof text !== 'string')
      throw new TypeError('A text is a string');
    this.send_message(TEXT, encode(text), flags);
  }

  send_bytes(data) { this.send_message(BINARY, data); }

  // Sends a message, or queues it while no link is open and ready. A message with THIS_LINK needs
  // only an open link. Throws an error if the message is not accepted.
  send_message(type, data, flags = SendFlags.DEFAULT) {
    const payload = data instanceof Uint8Array ? new GLib.Bytes(data) : data;
    const isThisLink = (flags & SendFlags.THIS_LINK) !== 0;
    const message = {type, payload, isThisLink};
    const room = (this.max_buffered_amount || NEVER) - this.buffered_amount;
    if (this.state === CLOSED || this.state === CLOSING)
      throw newError(Code.CLOSED, 'The task is closed: open it first');
    if (!(payload instanceof GLib.Bytes))
      throw new TypeError('The data of a message is GLib.Bytes or a Uint8Array');
    // GJS would refuse the type when the message is sent, and the message would stay in the queue
    // forever.
    if (type !== TEXT && type !== BINARY)
      throw new TypeError('The type of a message is Soup.WebsocketDataType.TEXT or BINARY');
    if (type === TEXT)
      decode(payload);
    if (flags !== SendFlags.DEFAULT && !(this.ready || (this.state === OPEN && isThisLink)))
      throw newError(Code.NOT_OPEN, 'No connection is open or ready for this message');
    if (payload.get_size() > room)
      throw newError(Code.QUEUE_FULL, `No room for a message of ${payload.get_size()} bytes`);
    this._run(() => {
      if (this._isDue(message))
        this._link.send(type, payload);
      else
        this._enqueue(message);
    });
  }

  // A changed time applies at once, except to a delay before an attempt and a closing handshake
  // that have already begun.
  vfunc_notify({name, flags}) {
    if (this._status === undefined || !(flags & GObject.ParamFlags.WRITABLE))
      return;
    this._run(now => {
      this._link?.setMaxSize(this.max_message_size);
      if (!this.manual_ready)
        this._markReady(now);
      if (['heartbeat-mode', 'liveness', 'pong-message'].includes(name))
        this._changeReply(now);
    });
  }

  // Returns the current time, which includes suspends that last longer than LATE. The real-time
  // clock counts a suspend, but the monotonic clock does not. The timer does not run during a
  // suspend, so it must be set again. If the real-time clock is set forward, the only effect is
  // that deadlines pass earlier.
  _now() {
    const monotonic = GLib.get_monotonic_time() / 1000;
    const shift = GLib.get_real_time() / 1000 - monotonic;
    if (shift - this._shift > LATE) {
      this._slept += shift - this._shift;
      this._timerAt = NEVER;
    }
    this._shift = shift;
    return monotonic + this._slept;
  }

  // If a handler calls this function, the new signals are emitted after those that are already due.
  _run(change) {
    change(this._now());
    if (this._isDraining)
      return;
    this._isDraining = true;
    try {
      while (this._effects.length > 0)
        this._effects.shift()();
    } finally {
      // If an effect throws, later calls must still emit the due signals.
      this._isDraining = false;
      this._follow();
    }
  }

  _emit(...args) {
    this._effects.push(() => this.emit(...args));
  }

  _set(values) {
    for (const [name, value] of Object.entries(values)) {
      if (this._status[name] !== value) {
        this._status[name] = value;
        this._effects.push(() => this.notify(name));
      }
    }
  }

  // Enters a state. This function is the only one that ends a link or a delay.
  _leave(state, errors = [], changes = {}) {
    this._link?.drop();
    this._link = null;
    this._startHeartbeat(NEVER);
    this._requestedAt = this._attemptAt = this._closeAt = NEVER;
    this._set({state, ready: false, connection: null, ...changes});
    if (errors.length > 0)
      this._set({'last-error': errors.at(-1)});
    errors.forEach(error => this._emit('error', error));
    this._queue = [...this._queue, ...this._held.splice(0)].filter(({isThisLink}) => !isThisLink);
    if (state !== CLOSED) {
      this._settle();
      return;
    }
    this._checkAt = NEVER;
    this._attachments.clear();
    this._dropQueue();
  }

  // Starts an attempt from any state, if the settings allow it.
  _connect() {
    const hadLink = this.connection !== null;
    const request = URI.test(this.uri) ? Soup.Message.new('GET', this.uri) : null;
    const error = this._checkSettings(request);
    if (error === null)
      this._leave(CONNECTING);
    else
      this._leave(CLOSED, [error]);
    if (hadLink)
      this._emit('close', ABNORMAL, null);
    if (error === null)
      this._announce(request);
  }

  // A handler for `connecting` may have set a value that is not valid.
  _start(request) {
    const error = this._checkSettings(request);
    if (error === null)
      this._link.start(this);
    else
      this._leave(CLOSED, [error]);
  }

  _checkSettings(request) {
    const protocols = this.protocols ?? [];
    const isNew = (name, i) => typeof name === 'string' && TOKEN.test(name)
      && protocols.indexOf(name) === i;
    // GLib has decoded the escapes in the host. A line break in the host would end the Host header.
    // The URI may contain a secret, so the error must not quote it.
    if (request === null || INVALID_IN_HOST.test(request.get_uri().get_host()))
      return newError(Code.INVALID_URI, 'The URI is not of the form wss://host/');
    if (!Array.isArray(protocols) || !protocols.every(isNew))
      return newError(Code.INVALID_ARGUMENT, 'protocols is not an array of different tokens');
    if (!ORIGIN.test(this.origin ?? ''))
      return newError(Code.INVALID_ARGUMENT, 'origin has a character that is not visible ASCII');
    return null;
  }

  _announce(request) {
    const link = this._link = new Link(request, {
      opened: () => this._run(now => this._onOpened(now)),
      lost: loss => this._run(now => this._lose(now, loss)),
      received: (type, payload) => this._run(now => this._onMessage(now, type, payload)),
      readable: () => this._run(now => this._onInput(now)),
    });
    this._effects.push(() => link === this._link && this.emit('connecting', request), () => {
      if (link === this._link) {
        this._requestedAt = this._now();
        this._start(request);
      }
    });
  }

  _startAfresh() {
    if (this.state === CLOSED)
      this._attachments.connect(Gio.NetworkMonitor.get_default(),
        {'network-changed': () => this._run(time => this._onNetworkChanged(time))});
    this._connect();
    this._set({attempt: 0});
    this._checkAt = NEVER;
  }

  // Networks often change several times in a row. The task checks at once after the first change
  // and, if further changes follow within CHECK_INTERVAL, once more at the end of this time. During
  // an attempt, the check waits until the attempt has failed, or until a ping may be sent.
  _onNetworkChanged(now) {
    if (this.network_aware)
      this._checkAt = Math.min(this._checkAt, Math.max(now, this._checkedAt + CHECK_INTERVAL));
  }

  // Lets handlers for `open` send messages before those that were waiting.
  _onOpened(now) {
    const link = this._link;
    link.setMaxSize(this.max_message_size);
    this._held = this._queue.splice(0);
    this._readyAt = now;
    this._checkAt = NEVER;
    this._startHeartbeat(now);
    this._set({'state': OPEN, 'ready': !this.manual_ready, 'http-status': 101, 'last-error': null,
      'connection': link.connection});
    this._effects.push(() => {
      this.emit('open');
      if (link === this._link)
        this._pump(this._held.splice(0));
    });
  }

  _markReady(now) {
    if (this.state !== OPEN || this.ready)
      return;
    this._readyAt = now;
    if (this.heartbeat_mode === HeartbeatMode.MESSAGE)
      this._startHeartbeat(now);
    this._set({ready: true});
    this._pump();
  }

  // Messages that wait for mark_ready() can no longer be sent, so they are dropped.
  _shutDown(now, code, reason) {
    const {ready} = this;
    this._startHeartbeat(NEVER);
    this._requestedAt = NEVER;
    this._closeAt = now + this.close_timeout;
    this._set({state: CLOSING, ready: false});
    this._pump(this._held.splice(0), ready);
    this._dropQueue();
    this._link.close(code, reason);
    if (this.close_timeout === 0)
      this._effects.push(() => this.state === CLOSING && this._lose(now, newLoss(null)));
  }

  // After a call to close(), an error makes no difference to the extension, so it is not emitted.
  _lose(now, {error, code, reason, status}) {
    const hadLink = this.connection !== null;
    const isClosing = this.state === CLOSING;
    const isNormal = this.ready && this.repeat_limit === 0 && error === null && code === 1000;
    const isFinal = isClosing || isNormal || error?.matches(DOMAIN, Code.MESSAGE_TOO_BIG);
    const attempt = now >= this._deadlines.settle ? 0 : this.attempt;
    const limit = !isFinal && this.repeat_limit >= 0 && attempt >= this.repeat_limit
      ? newError(Code.REPEAT_LIMIT, `Gave up after ${attempt} attempts to reconnect`) : null;
    const errors = [isClosing ? null : error, limit].filter(each => each !== null);
    this._leave(isFinal || limit !== null ? CLOSED : WAITING, errors,
      {attempt, 'http-status': hadLink ? this.http_status : status});
    if (hadLink)
      this._emit('close', code, reason);
    if (this.state === WAITING)
      this._wait(now);
  }

  _wait(now) {
    const attempt = this.attempt + 1;
    const {reconnect_timeout: first, reconnect_timeout_max: max, reconnect_jitter: jitter} = this;
    const grown = Math.min(Math.max(first, 1) * 2 ** (attempt - 1), max);
    const full = attempt > 1 && max > first ? grown : first;
    const delay = Math.floor(full * (1 - jitter * Math.random()));
    const attemptAt = this._attemptAt = now + delay;
    this._set({attempt});
    this._effects.push(() => {
      if (this.attempt === attempt && this._attemptAt === attemptAt)
        this.emit('reconnect', attempt, delay);
    });
  }

  // Returns whether a message may be sent now. libsoup accepts any number of messages.
  _isDue({isThisLink}, isReady = this.ready) {
    return (isReady || isThisLink) && Boolean(this._link?.openConnection);
  }

  _enqueue(message) {
    this._queue.push(message);
    this._hasBacklog = true;
    this._set({'buffered-amount': this.buffered_amount + message.payload.get_size()});
  }

  // Queues `added`, and then sends the messages that may be sent now.
  _pump(added = [], isReady = this.ready) {
    const isDue = message => this._isDue(message, isReady);
    this._queue = [...this._queue, ...added];
    this._queue.filter(isDue).forEach(({type, payload}) => this._link.send(type, payload));
    this._queue = this._queue.filter(message => !isDue(message));
    this._settle();
  }

  // Updates `buffered-amount` after a change to the queue, and emits `drain` if no message is left
  // waiting.
  _settle() {
    const sizes = [...this._queue, ...this._held].map(({payload}) => payload.get_size());
    const hadBacklog = this._hasBacklog;
    this._hasBacklog = sizes.length > 0;
    this._set({'buffered-amount': sizes.reduce((sum, size) => sum + size, 0)});
    if (hadBacklog && !this._hasBacklog)
      this._emit('drain');
  }

  _dropQueue() {
    const n = this._queue.splice(0).length;
    this._hasBacklog = false;
    if (n > 0)
      this._emit('error', newError(Code.CLOSED, `The task closed before ${n} messages were sent`));
    this._set({'buffered-amount': 0});
  }

  _check(now) {
    if (this.state === WAITING)
      this._connect();
    else if (this._mayPing && this._deadlines.death === NEVER)
      this._ping(now);
  }

  _startHeartbeat(now) {
    this._lastPing = now;
    this._onActivity(now);
  }

  _onActivity(now) {
    this._lastActivity = now;
    this._awaitedSince = NEVER;
  }

  // A server that requires a login may refuse a ping message before the login.
  get _mayPing() {
    return this.state === OPEN && (this.ready || this.heartbeat_mode === HeartbeatMode.PING);
  }

  // An unanswered ping keeps its deadline, because otherwise frequent pings would postpone the
  // deadline forever. JavaScript cannot send a ping frame, so libsoup's timer sends one each second
  // until _onInput() stops it.
  _ping(now) {
    const isFrame = this.heartbeat_mode === HeartbeatMode.PING;
    const {death} = this._deadlines;
    if (death === NEVER || now >= death)
      this._awaitedSince = now + (isFrame ? PING_LAG : 0);
    this._lastPing = now;
    this._link.watchInput();
    if (isFrame)
      this._link.openConnection?.set_keepalive_interval(1);
    else
      this._link.send(TEXT, new GLib.Bytes(encode(this.ping_message ?? '')));
  }

  // The reply to an earlier ping might no longer count, so another ping is sent.
  _changeReply(now) {
    if (this._awaitedSince !== NEVER && this.liveness === Liveness.REPLY && this._mayPing)
      this._ping(now);
  }

  // Handles bytes that libsoup has not read yet. libsoup's timer for ping frames continues until it
  // has sent at least one frame.
  _onInput(now) {
    const isFrame = this.heartbeat_mode === HeartbeatMode.PING;
    if (isFrame || this.liveness !== Liveness.REPLY)
      this._onActivity(now);
    if (isFrame && now - this._lastPing < PING_LAG)
      this._link.watchInput();
    else
      this._link.openConnection?.set_keepalive_interval(0);
  }

  // As in a browser, no message is delivered after close(), not even one that was received earlier,
  // while a handler was running the main loop. If the task cannot recognize replies, each message
  // counts as one, and is delivered.
  _onMessage(now, type, payload) {
    const {_nCloses: nCloses} = this;
    const pong = this.pong_message;
    const isReply = pong !== null && type === TEXT && decode(payload) === pong;
    const isAnonymous = pong === null && this.heartbeat_mode === HeartbeatMode.MESSAGE;
    if (this.state !== OPEN)
      return;
    if (isReply || isAnonymous || this.liveness !== Liveness.REPLY)
      this._onActivity(now);
    if (!isReply) {
      this._effects.push(() => nCloses === this._nCloses &&
        this.emit(`message::${type === TEXT ? 'text' : 'binary'}`, type, payload));
    }
  }

  // The times at which the task has to act
  get _deadlines() {
    const {ready, _mayPing: mayPing} = this;
    const isAttempting = this.state === CONNECTING || (this.state === OPEN && !mayPing);
    const isSteady = this.liveness === Liveness.STEADY;
    const death = this._awaitedSince + (this.pong_timeout || NEVER);
    const since = this._awaitedSince === NEVER ? this._lastActivity : this._awaitedSince;
    const ping = (isSteady ? this._lastPing : since) + (this.ping_timeout || NEVER);
    return {
      attempt: this._attemptAt,
      check: isAttempting ? NEVER : this._checkAt,
      close: this._closeAt,
      connect: ready ? NEVER : this._requestedAt + (this.connect_timeout || NEVER),
      death: mayPing ? death : NEVER,
      ping: mayPing && (isSteady || death === NEVER) ? ping : NEVER,
      settle: ready && this.attempt > 0 ? this._readyAt + this.min_uptime : NEVER,
    };
  }

  // A timer that ends before the next deadline is kept, because it calls this function again.
  _follow() {
    const next = Math.min(...Object.values(this._deadlines));
    if (next === NEVER)
      this._attachments.detach('timer');
    if (next === NEVER || (this._attachments.has('timer') && this._timerAt <= next))
      return;
    const delay = Math.min(Math.ceil(Math.max(next - this._now(), 0)), MAX_INT);
    this._timerAt = next;
    this._attachments.attach('timer', GLib.timeout_source_new(delay), () =>
      this._run(now => this._tick(now)));
  }

  // A task that has a link handles each deadline one iteration later, because libsoup must first
  // read the data that the socket has received.
  _tick(now) {
    const at = this._deadlines;
    const next = Math.min(...Object.values(at));
    const isReading = this._link !== null && this._putOff !== next;
    if (now >= next && !isReading)
      this._act(now, at);
    else if (now >= next)
      this._putOff = next;
  }

  _act(now, at) {
    const isOver = deadline => now >= deadline && now - deadline <= LATE;
    const loseFor = (code, text) => this._lose(now, newLoss(newError(code, text)));
    if (now >= at.close)
      this._lose(now, newLoss(null));
    else if (now >= at.attempt)
      this._connect();
    else if (isOver(at.connect))
      loseFor(Code.CONNECT_TIMEOUT, `No connection was ready after ${this.connect_timeout} ms`);
    else if (now >= at.connect)
      this._requestedAt = now;
    else if (isOver(at.death))
      loseFor(Code.PONG_TIMEOUT,
        `The server has not replied to a ping within ${this.pong_timeout} ms`);
    else if (now >= at.death || now >= at.ping)
      this._ping(now);
    else if (now >= at.settle)
      this._set({attempt: 0});
    if (now >= at.check) {
      this._checkAt = NEVER;
      this._checkedAt = now;
      this._check(now);
    }
  }
}

// The names in the default export are those of gi://Hb.
export default {WebsocketTask, State, HeartbeatMode, Liveness, SendFlags, Error: Code};
