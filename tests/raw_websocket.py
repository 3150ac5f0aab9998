# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client and a server that send and receive single WebSocket frames, in the test's process."""

import base64
import hashlib
import os
import socket
import ssl
import struct
import threading

GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# The timeout of a socket in seconds. Programs with sanitizers are slow on a busy machine.
WAIT_TIMEOUT = 20


class Gone(EOFError):
    """The other end has closed the connection."""


class Head:
    """The first line of a request or a response, and its headers by their names in lower case."""

    def __init__(self, data):
        self.first, *lines = data.decode().strip().split('\r\n')
        self.headers = {name.lower(): value.strip()
                        for name, _, value in (line.partition(':') for line in lines)}

    @property
    def status(self):
        return int(self.first.split()[1])


def make_head(first, headers):
    lines = [first, *(f'{name.replace("_", "-")}: {value}' for name, value in headers.items())]
    return '\r\n'.join([*lines, '', '']).encode()


def apply_mask(mask, data):
    pattern = (mask * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, 'big') ^ int.from_bytes(pattern, 'big')).to_bytes(len(data), 'big')


class Connection:
    """The functions that the client and the server share."""

    masks = False

    def __init__(self, sock):
        self.sock = sock
        self.opcode = None
        self.fragments = []

    def take(self, size):
        """Reads exactly `size` bytes, so that the socket shows whether more bytes have arrived."""
        data = b''
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise Gone
            data += part
        return data

    def take_head(self):
        text = b''
        while not text.endswith(b'\r\n\r\n'):
            text += self.take(1)
        return Head(text)

    def receive_frame(self):
        first, second = self.take(2)
        size = second & 0x7f
        if size == 126:
            size, = struct.unpack('!H', self.take(2))
        elif size == 127:
            size, = struct.unpack('!Q', self.take(8))
        mask = self.take(4) if second & 0x80 else bytes(4)
        return first & 0x80, first & 0xf, apply_mask(mask, self.take(size))

    def receive(self):
        """Returns the opcode and the payload of the next control frame or whole message."""
        while True:
            is_last, opcode, data = self.receive_frame()
            if opcode >= CLOSE:
                return opcode, data
            if opcode != CONTINUATION:
                self.opcode = opcode
                self.fragments = []
            self.fragments.append(data)
            if is_last:
                return self.opcode, b''.join(self.fragments)

    def send(self, opcode, data=b'', fin=0x80):
        bit = 0x80 if self.masks else 0
        if len(data) < 126:
            head = struct.pack('!BB', fin | opcode, bit | len(data))
        elif len(data) < 0x10000:
            head = struct.pack('!BBH', fin | opcode, bit | 126, len(data))
        else:
            head = struct.pack('!BBQ', fin | opcode, bit | 127, len(data))
        mask = os.urandom(4) if self.masks else b''
        self.sock.sendall(head + mask + (apply_mask(mask, data) if mask else data))

    def send_text(self, text):
        self.send(TEXT, text.encode())

    def close(self, code, reason=''):
        self.send(CLOSE, struct.pack('!H', code) + reason.encode())


class WebSocket(Connection):
    """A client of a server on this machine. `status` is 101 if the server accepts the handshake."""

    masks = True

    def __init__(self, port, path='/', **headers):
        super().__init__(socket.create_connection(('127.0.0.1', port), WAIT_TIMEOUT))
        self.sock.sendall(make_head(f'GET {path} HTTP/1.1', {
            'Host': f'127.0.0.1:{port}', 'Connection': 'Upgrade', 'Upgrade': 'websocket',
            'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
            **headers}))
        self.answer = self.take_head()
        self.status = self.answer.status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def expect_frame(self, opcode, payload):
        received = self.receive()
        assert received == (opcode, payload), f'the frame is {received}, not {(opcode, payload)}'

    def expect_silence(self, seconds):
        """Fails if a byte arrives or the connection ends within `seconds`."""
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(1)
            raise AssertionError(f'{data!r} was received, but nothing was expected')
        except TimeoutError:
            pass
        finally:
            self.sock.settimeout(WAIT_TIMEOUT)

    def is_reset(self):
        """Waits for the end of the connection."""
        try:
            while True:
                self.take(1)
        except ConnectionResetError:
            return True
        except Gone:
            return False


def echo(client):
    """Echoes messages, answers pings, and returns the payload of the close frame."""
    while True:
        opcode, data = client.receive()
        if opcode == PING:
            client.send(PONG, data)
        elif opcode != PONG:
            client.send(opcode, data)
        if opcode == CLOSE:
            return data


def end(sock):
    """Ends a connection, or stops listening. close() alone would not wake a waiting thread."""
    try:
        # The method of SSLSocket would also discard the state of TLS, and calls in other threads
        # would then raise other errors.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # The connection has already ended.
    sock.close()


class Peer:
    """A server that accepts connections until the end of its `with` block.

    After each accepted handshake, calls `serve` with the Connection, in a separate thread. `tls` is
    an SSLContext, and `protocol` the subprotocol of each response. The server never answers a
    handshake if `accept` is false, and refuses each with `status` if that is set.
    """

    def __init__(self, serve=echo, tls=None, protocol=None, accept=True, status=None):
        self.serve = serve
        self.tls = tls
        self.protocol = protocol
        self.accept = accept
        self.status = status
        self.requests = []
        self.connections = []
        self.has_ended = False

    def __enter__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.uri = f'{"wss" if self.tls else "ws"}://127.0.0.1:{self.port}/'
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.has_ended = True
        end(self.socket)
        for connection in self.connections:
            end(connection)

    def listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(WAIT_TIMEOUT)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            if self.tls:
                # The wrapper takes over the socket, so `connections` must contain the wrapper.
                connection = self.tls.wrap_socket(connection, server_side=True,
                                                  do_handshake_on_connect=False)
            self.connections.append(connection)
            if self.has_ended:
                return
            if self.tls:
                connection.do_handshake()
            if self.accept:
                self.shake_hands(Connection(connection))
            else:
                connection.recv(1)
                connection.recv(1 << 16)
                connection.recv(1)
        except (Gone, OSError, ssl.SSLError):
            pass
        finally:
            connection.close()

    def shake_hands(self, client):
        request = client.take_head()
        self.requests.append((request.first, request.headers))

        if self.status:
            client.sock.sendall(make_head(f'HTTP/1.1 {self.status}', {'Content-Length': 0}))
            return

        key = hashlib.sha1((request.headers['sec-websocket-key'] + GUID).encode()).digest()
        answer = {'Upgrade': 'websocket', 'Connection': 'Upgrade',
                  'Sec-WebSocket-Accept': base64.b64encode(key).decode()}
        if self.protocol:
            answer['Sec-WebSocket-Protocol'] = self.protocol
        client.sock.sendall(make_head('HTTP/1.1 101 Switching Protocols', answer))
        self.serve(client)
