# SPDX-License-Identifier: LGPL-2.1-or-later
"""As much of a WebSocket client as a test needs that looks at what goes over the wire."""

import json
import os
import re
import socket
import struct

from harness import PATIENCE, Failure, expect, expect_equal

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# What JSON, a log or a terminal may stumble over: all control characters, and some odder ones.
ODD_TEXT = ''.join(map(chr, [*range(0x20), *range(0x7f, 0xa0)])) + '"\\/\u2028\ufeff\uffff🙂'


def show(text):
    """Gives what the log of the server makes of a text."""
    return re.sub('[\0\x80-\x9f]', '\ufffd', re.sub(
        '[\1-\x1f]', lambda match: chr(0x2400 + ord(match[0])), text).replace('\x7f', '␡'))


class Answer:
    """The status and the headers, their names in lower case, and the body as far as it has come."""

    def __init__(self, data):
        head, _, self.body = data.partition(b'\r\n\r\n')
        first, *rest = head.decode().split('\r\n')
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip()
                        for name, _, value in (line.partition(':') for line in rest)}


def connect(port):
    return socket.create_connection(('127.0.0.1', port), PATIENCE)


def request(port, path='/', method='GET', **headers):
    """Makes a request, and gives the answer with all of its body."""
    headers = {'Host': f'127.0.0.1:{port}', 'Connection': 'close', **headers}
    with connect(port) as sock:
        sock.sendall(make_request(method, path, headers))
        return Answer(b''.join(iter(lambda: sock.recv(65536), b'')))


def make_request(method, path, headers):
    lines = [f'{method} {path} HTTP/1.1', *(f'{name}: {value}' for name, value in headers.items())]
    return '\r\n'.join([*lines, '', '']).encode()


class WebSocket:
    def __init__(self, port, path='/', **headers):
        self.sock = connect(port)
        self.data = b''
        headers = {
            'Host': f'127.0.0.1:{port}', 'Connection': 'Upgrade', 'Upgrade': 'websocket',
            'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
            **{name.replace('_', '-'): value for name, value in headers.items()},
        }
        self.sock.sendall(make_request('GET', path, headers))
        while b'\r\n\r\n' not in self.data:
            self.receive()
        self.answer = Answer(self.data)
        self.data = self.answer.body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    @property
    def status(self):
        return self.answer.status

    def receive(self):
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise Failure(f'nothing came within {self.sock.gettimeout()} s') from None
        if not data:
            raise EOFError
        self.data += data

    def take(self, count):
        while len(self.data) < count:
            self.receive()
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def send(self, payload, opcode=TEXT, fin=0x80):
        payload = payload.encode() if isinstance(payload, str) else payload
        mask = os.urandom(4)
        if len(payload) < 126:
            head = struct.pack('!BB', fin | opcode, 0x80 | len(payload))
        elif len(payload) < 0x10000:
            head = struct.pack('!BBH', fin | opcode, 0x80 | 126, len(payload))
        else:
            head = struct.pack('!BBQ', fin | opcode, 0x80 | 127, len(payload))
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.sock.sendall(head + mask + masked)

    def read(self):
        """Gives the next frame as opcode and payload."""
        first, length = self.take(2)
        if length == 126:
            length, = struct.unpack('!H', self.take(2))
        elif length == 127:
            length, = struct.unpack('!Q', self.take(8))
        return first & 0xf, self.take(length)

    def expect_frame(self, opcode, payload):
        expect_equal(self.read(), (opcode, payload), 'the frame')

    def expect_silence(self, seconds):
        """Time has to pass here: it is shown that nothing comes."""
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(65536)
            raise Failure(f'{data!r} came, and nothing was to')
        except TimeoutError:
            pass
        finally:
            self.sock.settimeout(PATIENCE)

    def is_reset(self):
        """Whether the connection ends by a reset, once it has ended."""
        try:
            while True:
                self.receive()
        except ConnectionResetError:
            return True
        except EOFError:
            return False


class Control(WebSocket):
    """What the page has to the server."""

    def __init__(self, port, **headers):
        headers = {'Origin': f'http://127.0.0.1:{port}',
                   'Sec_WebSocket_Protocol': 'hb-control', **headers}
        super().__init__(port, '/control', **headers)

    def read_json(self):
        opcode, payload = self.read()
        expect_equal(opcode, TEXT, 'the type of the frame')
        return json.loads(payload)

    def run(self, command, /, **members):
        """Gives the reply to a command."""
        self.send(json.dumps({'command': command, **members}))
        return self.read_json()

    def do(self, command, /, **members):
        expect_equal(self.run(command, **members), {'type': 'done', 'command': command},
                     'the reply')

    def expect_error(self, words, command, /, **members):
        reply = self.run(command, **members)
        expect_equal((reply['type'], reply['command']), ('error', command), 'the reply')
        expect(words in reply['message'], f'the error is “{reply["message"]}” without “{words}”')

    def next(self):
        update = self.run('next')
        expect_equal(update['type'], 'update', 'what follows next')
        return update
