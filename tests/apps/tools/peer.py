# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket server in the test's own process, which does what a test tells it to."""

import base64
import hashlib
import socket
import ssl
import struct
import threading

GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

CONTINUATION = 0
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

# Seconds for a socket
PATIENCE = 20


class Gone(Exception):
    """The client has left."""


class Client:
    """One WebSocket, seen from the server."""

    def __init__(self, connection, headers):
        self.connection = connection
        self.headers = headers
        self.opcode = None
        self.fragments = []

    def read(self, size):
        data = b''
        while len(data) < size:
            try:
                part = self.connection.recv(size - len(data))
            except OSError as error:
                raise Gone from error
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        """One message, whose fragments are joined, or one control frame, also between these."""
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

    def receive_frame(self):
        first, second = self.read(2)
        size = second & 0x7f
        if size == 126:
            size, = struct.unpack('!H', self.read(2))
        elif size == 127:
            size, = struct.unpack('!Q', self.read(8))
        mask = self.read(4)
        data = self.read(size)
        pattern = (mask * (size // 4 + 1))[:size]
        plain = int.from_bytes(data, 'big') ^ int.from_bytes(pattern, 'big')
        return first & 0x80, first & 0xf, plain.to_bytes(size, 'big')

    def send(self, opcode, data=b''):
        if len(data) < 126:
            head = struct.pack('!BB', 0x80 | opcode, len(data))
        elif len(data) < 1 << 16:
            head = struct.pack('!BBH', 0x80 | opcode, 126, len(data))
        else:
            head = struct.pack('!BBQ', 0x80 | opcode, 127, len(data))
        try:
            self.connection.sendall(head + data)
        except OSError as error:
            raise Gone from error

    def close(self, code, reason=''):
        self.send(CLOSE, struct.pack('!H', code) + reason.encode())


def echo(client):
    """Sends messages back, answers pings, and returns the payload of the close frame."""
    while True:
        opcode, data = client.receive()
        if opcode == PING:
            client.send(PONG, data)
        elif opcode != PONG:
            client.send(opcode, data)
        if opcode == CLOSE:
            return data


class Peer:
    """Serves while the block lasts; `serve` is called with each client, in a thread of its own.

    Without `accept`, a connection is never answered; `status` refuses it.
    """

    def __init__(self, serve=echo, tls=None, protocol=None, accept=True, status=None):
        self.serve = serve
        self.tls = tls
        self.protocol = protocol
        self.accept = accept
        self.status = status
        self.requests = []
        self.connections = []

    def __enter__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.uri = f'{"wss" if self.tls else "ws"}://127.0.0.1:{self.port}/'
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()
        for connection in self.connections:
            connection.close()

    def listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            self.connections.append(connection)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            if self.accept:
                self.shake_hands(connection)
            else:
                connection.recv(1)
                connection.recv(1 << 16)
                connection.recv(1)
        except (Gone, OSError, ssl.SSLError):
            pass
        finally:
            connection.close()

    def shake_hands(self, connection):
        text = b''
        while not text.endswith(b'\r\n\r\n'):
            part = connection.recv(1)
            if not part:
                return
            text += part

        request, *lines = text.decode().strip().split('\r\n')
        headers = {name.lower(): value.strip()
                   for name, value in (line.split(':', 1) for line in lines)}
        self.requests.append((request, headers))

        if self.status:
            connection.sendall(f'HTTP/1.1 {self.status}\r\nContent-Length: 0\r\n\r\n'.encode())
            return

        key = hashlib.sha1((headers['sec-websocket-key'] + GUID).encode()).digest()
        answer = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
                  f'Sec-WebSocket-Accept: {base64.b64encode(key).decode()}']
        if self.protocol:
            answer.append(f'Sec-WebSocket-Protocol: {self.protocol}')
        connection.sendall('\r\n'.join([*answer, '', '']).encode())
        self.serve(Client(connection, headers))
