#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the example `echo` prints the same lines in each language, and reconnects.

echo.py SERVER COMMAND...

SERVER is echo-server. COMMAND runs the example in one language.
"""

import os
import queue
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from raw_websocket import CLOSE, TEXT, Peer  # noqa: E402
from tap import run_cases  # noqa: E402

# Seconds to wait for a line or for the end of a process
WAIT_TIMEOUT = 20

INTRODUCTION = r'Type lines to send them\. Ctrl\+D or Ctrl\+C closes the connection\.'
REFUSED = r'error: Could not connect to 127\.0\.0\.1: .+'
SILENT = r'error: The server has not replied to a ping within 2000 ms'
ATTEMPT = r'attempt \d+ in 500 ms'
TOO_LATE = 'The task is closing, and accepts no more messages'

# With G_DEBUG=fatal-criticals, a critical message would end the program, and the test would report
# the status instead of the message. In glibc versions before 2.39, messages would be translated
# into the language in LANGUAGE even in the locale C.UTF-8.
ENVIRONMENT = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': '', 'PYTHONUNBUFFERED': '',
               'G_DEBUG': ''}


class Process:
    """A program whose output is read line by line. The end of the `with` block kills it."""

    def __init__(self, *command, stdin=subprocess.PIPE):
        self.process = subprocess.Popen(command, env=ENVIRONMENT, text=True, bufsize=1,
                                        stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.lines = queue.Queue()
        self.complaints = []
        self.threads = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.lines.put)),
            threading.Thread(target=self._read, args=(self.process.stderr,
                                                      self.complaints.append)),
        ]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line.rstrip('\n'))

    def kill(self):
        self.process.kill()
        self.wait()

    def wait(self):
        status = self.process.wait(WAIT_TIMEOUT)
        for thread in self.threads:
            thread.join(WAIT_TIMEOUT)
        return status

    def expect_status(self, wanted):
        status = self.wait()
        assert status == wanted, f'the program ended with status {status}'

    def take(self):
        try:
            return self.lines.get(timeout=WAIT_TIMEOUT)
        except queue.Empty:
            raise AssertionError('the program printed nothing more; '
                                 + self.describe_complaints()) from None

    def describe_complaints(self):
        return 'standard error: ' + ('\n'.join(self.complaints) or 'nothing')


class Server(Process):
    def __init__(self, path, *options, port=0):
        super().__init__(path, f'--port={port}', *options)
        self.uri = self.take().removeprefix('Listening on ')
        self.port = int(self.uri.rstrip('/').rpartition(':')[2])


class Example(Process):
    def __enter__(self):
        self.expect(INTRODUCTION)
        return self

    def expect(self, *patterns):
        for pattern in patterns:
            line = self.take()
            assert re.fullmatch(pattern, line), f'the example printed “{line}”, not “{pattern}”'

    def expect_after(self, pattern, *passing):
        """Reads lines until one matches the pattern. Earlier lines must match one of `passing`."""
        while not re.fullmatch(pattern, line := self.take()):
            assert any(re.fullmatch(other, line) for other in passing), \
                f'the example printed “{line}”'

    def send(self, line):
        self.process.stdin.write(f'{line}\n')
        self.process.stdin.flush()

    def expect_end(self):
        """Ends the input. The example must close the connection and end without an error."""
        self.process.stdin.close()
        self.expect('closed with code 1000')
        self.expect_success()
        assert self.lines.empty(), f'the example also printed “{self.lines.get()}”'

    def expect_success(self):
        self.expect_status(0)
        assert not self.complaints, self.describe_complaints()


def test_restart(path, *command):
    """The example reconnects to a restarted server, and sends what was typed in the meantime."""
    with Server(path) as server, Example(*command, server.uri) as example:
        example.expect('open', 'received hello')
        example.send('before')
        example.expect('received before')

        server.kill()
        example.expect('closed with code 1006', 'attempt 1 in 500 ms', REFUSED,
                       'attempt 2 in 500 ms')
        example.send('while there is no server')
        example.send('schön')

        with Server(path, port=server.port):
            example.expect_after('open', REFUSED, ATTEMPT)
            example.expect('received hello', 'received while there is no server',
                           'received schön')
            example.send('after')
            example.expect('received after')
            example.expect_end()


def test_silence(path, *command):
    with Server(path, '--mute-after=1') as server, Example(*command, server.uri) as example:
        example.expect('open', 'received hello', SILENT, 'closed with code 1006',
                       'attempt 1 in 500 ms', 'open', 'received hello')


def test_drop(path, *command):
    with Server(path, '--drop-every=2') as server, Example(*command, server.uri) as example:
        for number in range(1, 4):
            example.expect('open', 'received hello')
            example.send('drop me')
            example.expect('closed with code 1006', f'attempt {number} in 500 ms')
        example.expect('open', 'received hello')
        example.expect_end()


def test_short_input(path, *command):
    """The lines of the input are sent even if the input ends before the connection is open."""
    with Server(path, '--verbose') as server, Example(*command, server.uri) as example:
        example.send('typed')
        example.process.stdin.close()
        example.expect('open', 'received hello', 'received typed', 'closed with code 1000')
        example.wait()
        server.kill()
        assert 'client 1: message 2, text, 5 bytes' in server.complaints, \
            server.describe_complaints()


def test_pipe(path, *command):
    """If the input is a pipe, the program prints the answers to all lines before it ends."""
    lines = [str(number) for number in range(200)]

    with Server(path) as server, Example(*command, server.uri) as example:
        example.process.stdin.write(''.join(f'{line}\n' for line in lines))
        example.process.stdin.close()
        example.expect('open', 'received hello', *(f'received {line}' for line in lines),
                       'closed with code 1000')
        example.expect_success()


def test_socket(path, *command):
    """The input may be a socket, which the example cannot open through the path /dev/stdin.

    The same applies to the terminal of another user, which may be the input after `su`.
    """
    ours, theirs = socket.socketpair()

    with ours, theirs, Server(path) as server, \
            Example(*command, server.uri, stdin=theirs) as example:
        ours.sendall('schön\n'.encode())
        example.expect('open', 'received hello', 'received schön')
        ours.shutdown(socket.SHUT_WR)
        example.expect('closed with code 1000')
        example.expect_success()


def test_wrong_input(path, *command):
    """A line that is not UTF-8 is an error, after which the program reads no more lines."""
    with Server(path) as server, Example(*command, server.uri) as example:
        example.process.stdin.buffer.write(b'good\nb\xffd\nlost\n')
        example.process.stdin.close()
        example.expect('open', 'received hello', 'received good', 'closed with code 1000')
        example.expect_status(0)
        assert len(example.complaints) == 1, example.describe_complaints()


def test_interrupt(path, *command):
    """Ctrl+C closes an open connection, even if the last line of the input is incomplete."""
    with Server(path) as server, Example(*command, server.uri) as example:
        example.process.stdin.write('complete\nincompl')
        example.process.stdin.flush()
        example.expect('open', 'received hello', 'received complete')
        example.process.send_signal(signal.SIGINT)
        example.expect('closed with code 1000')
        example.expect_success()


def test_early_interrupt(path, *command):
    with Server(path) as server:
        server.kill()
        with Example(*command, server.uri) as example:
            example.expect(REFUSED, 'attempt 1 in 500 ms')
            example.process.send_signal(signal.SIGINT)
            example.expect_success()


def test_late_line(_path, *command):
    """A line that is typed during the closing handshake cannot be sent, and is reported."""
    is_closing = threading.Event()

    def serve(client):
        client.send(*client.receive())
        while client.receive()[0] != CLOSE:
            pass
        is_closing.set()
        client.take(1)

    with Peer(serve) as server, Example(*command, server.uri) as example:
        example.expect('open', 'received hello')
        example.process.send_signal(signal.SIGINT)
        assert is_closing.wait(WAIT_TIMEOUT), 'the example has sent no close frame'
        example.send('late')
        example.expect('closed with code 1006')
        example.expect_status(0)
        assert example.complaints == [TOO_LATE], example.describe_complaints()


def test_too_big(_path, *command):
    def serve(client):
        client.receive()
        client.sock.sendall(struct.pack('!BBQ', 0x80 | TEXT, 127, 1 << 30))
        client.take(1)

    with Peer(serve) as server, Example(*command, server.uri) as example:
        example.expect('open', 'error: .+', 'closed with code 1006')
        example.expect_success()


def test_no_uri(path, *command):
    with Process(*command) as example:
        example.expect_status(1)
        assert example.complaints[0].startswith('The URI is missing. Usage: '), \
            example.describe_complaints()


def test_wrong_uri(path, *command):
    """No attempt can succeed, so the program ends."""
    with Example(*command, 'http://127.0.0.1/') as example:
        example.expect('error: The scheme of the URI is “http”.*')
        example.expect_status(1)


def main(*arguments):
    tests = [test_restart, test_silence, test_drop, test_short_input, test_pipe, test_socket,
             test_wrong_input, test_interrupt, test_early_interrupt, test_late_line, test_too_big,
             test_no_uri, test_wrong_uri]
    run_cases((test.__name__.removeprefix('test_').replace('_', ' '),
               lambda test=test: test(*arguments)) for test in tests)


if __name__ == '__main__':
    main(*sys.argv[1:])
