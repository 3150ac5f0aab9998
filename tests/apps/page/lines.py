#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests how programs control echo-server with lines of JSON: lines.py SERVER.

control.py tests each command. This script tests the transport of commands and replies.
"""

import fcntl
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import contextmanager
from pathlib import Path

from harness import WAIT_TIMEOUT, Server, echo, expect, expect_equal, run_cases, wait_for
from raw_websocket import TEXT, WebSocket

SERVER = sys.argv[1]


class Lines:
    """Sends commands and reads replies."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        hello = self.read()
        expect_equal(hello['type'], 'listening', 'the first line')
        self.port = int(hello['uri'].removeprefix('ws://127.0.0.1:').removesuffix('/'))

    def read(self):
        return json.loads(self.reader.readline())

    def send(self, text):
        self.writer.write(text.encode() + b'\n')
        self.writer.flush()

    def run(self, command, **members):
        self.send(json.dumps({'command': command, **members}))
        return self.read()

    def do(self, command, **members):
        expect_equal(self.run(command, **members), {'type': 'done', 'command': command},
                     'the reply')


@contextmanager
def connect(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(WAIT_TIMEOUT)
        sock.connect(str(path))
        with sock.makefile('rwb') as stream:
            yield Lines(stream, stream)


@contextmanager
def server_at_socket():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'control'
        with Server(SERVER, f'--control={path}') as server:
            yield server, path
            expect_equal(server.terminate(), 0, 'the exit status of the server')
            expect(not path.exists(), 'the socket stays behind')


@contextmanager
def server_at_pipe():
    with subprocess.Popen([SERVER, '--control=-'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        try:
            yield process, Lines(process.stdout, process.stdin)
            process.stdin.close()
            expect_equal(process.wait(WAIT_TIMEOUT), 0, 'the exit status of the server')
        finally:
            process.kill()


def check_commands(lines):
    with WebSocket(lines.port) as client:
        echo(client, 'hello')
        lines.do('broadcast', text='grüß\nGott', count=2)
        for _ in range(2):
            client.expect_frame(TEXT, 'grüß\nGott'.encode())
        status = lines.run('status')
        expect_equal((status['type'], status['server']['connected'], status['clients'][0]['in']),
                     ('update', 1, 1), 'the status')
        expect_equal(lines.run('status')['log'], [], 'what was reported before')
        lines.do('drop')
        expect(client.is_reset(), 'the client was not dropped')

    lines.do('refuse', refuse=True)
    with WebSocket(lines.port) as client:
        expect_equal(client.status, 503, 'the status')

    # A command is answered even while the reply to `next` is waiting for a change.
    expect(lines.run('next')['log'], 'the update has no log')
    lines.send('{"command": "next"}\n{"command": "delay", "delay": 1}')
    expect_equal({lines.read()['type'] for _ in range(2)}, {'done', 'update'}, 'the received types')


def check_errors(lines):
    for text, command, words in [
            ('', '', 'A command is a JSON object'),
            ('nonsense', '', 'A command is a JSON object'),
            ('{"command": "drop", "more": ' + '[' * 200000, '', 'A command is a JSON object'),
            ('{"command": "drop", "\\"": ' + '[' * 200000, '', 'A command is a JSON object'),
            ('{"command": "drop", /*"*/ "more": ' + '[' * 200000, '', 'A command is a JSON object'),
            ('{"command": "drop", \'"\': ' + '[' * 200000, '', 'A command is a JSON object'),
            ('{"command": "explode"}', 'explode', 'is unknown'),
            ('{"command": "close"}', 'close', '“code” has to be a whole number from 1000'),
            ('{"command": "drop"}', 'drop', 'No client is connected'),
            ('{"command": "send", "client": 9, "text": ""}', 'send', 'Client 9 is not connected')]:
        lines.send(text)
        reply = lines.read()
        expect_equal((reply['type'], reply['command']), ('error', command), f'reply to {text[:60]}')
        expect(words in reply['message'], f'the error is “{reply["message"]}” without “{words}”')


def test_socket():
    with server_at_socket() as (server, path), connect(path) as lines:
        expect_equal(lines.port, server.port, 'the port')
        expect_equal(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, 'the permissions of other users')
        check_errors(lines)
        check_commands(lines)


def test_pipe():
    with server_at_pipe() as (_, lines):
        check_errors(lines)
        check_commands(lines)


def test_two_programs():
    with server_at_socket() as (_, path), connect(path) as first, connect(path) as second:
        first.do('limit', bytes=7)
        expect_equal([line['text'] for line in second.run('status')['log']],
                     ['messages may have up to 7 bytes'], 'the log')


def test_end_of_commands():
    with server_at_socket() as (_, path), socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(WAIT_TIMEOUT)
        sock.connect(str(path))
        sock.sendall(b'{"command": "delay", "delay": 1}\n' * 1000)
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile('rb') as stream:
            replies = [json.loads(line)['type'] for line in stream]
    expect_equal(replies, ['listening'] + ['done'] * 1000, 'the received types')


def test_unread_replies():
    with server_at_socket() as (server, path), socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.setblocking(False)
        sent = 0
        try:
            for _ in range(1000):
                sent += sock.send(b'{"command": "status"}\n' * 1000)
        except BlockingIOError:
            pass
        expect(sent < 20_000_000, 'the server reads commands without end')
        with WebSocket(server.port) as client:
            echo(client, 'hello')


def test_unread_pipe():
    """The server serves clients even while an update does not fit into its output pipe."""
    command = b'{"command": "delay", "delay": 0}\n'
    n_commands = 1800  # The replies leave a few of the pipe's 64 KiB free.
    size = n_commands * len('{"type":"done","command":"delay"}\n')

    def is_updating():
        waiting, = struct.unpack('i', fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))
        return waiting > size

    with server_at_pipe() as (process, lines):
        lines.writer.write(command * n_commands + b'{"command": "status"}\n')
        lines.writer.flush()
        wait_for(is_updating, 'the update')
        with WebSocket(lines.port) as client:
            echo(client, 'hello')
        process.stdin.close()
        replies = [json.loads(line)['type'] for line in process.stdout]
        expect_equal(replies, ['done'] * n_commands + ['update'], 'the received types')


def test_leaving():
    """A program disconnects without reading its replies."""
    with server_at_socket() as (_, path):
        for _ in range(20):
            with connect(path) as lines:
                lines.send('{"command": "next"}\n{"command": "next"}')
        with connect(path) as lines:
            expect_equal(lines.run('status')['type'], 'update', 'the reply')


def test_no_socket():
    with tempfile.TemporaryDirectory() as folder:
        for path in (Path(folder) / 'none' / 'control', Path(folder)):
            result = subprocess.run([SERVER, f'--control={path}'], capture_output=True, text=True,
                                    timeout=WAIT_TIMEOUT, check=False, env={**os.environ,
                                                                        'LC_ALL': 'C.UTF-8'})
            expect_equal((result.returncode, result.stdout), (1, ''), 'how it ends')
            expect(f'cannot listen on the control socket {path}: ' in result.stderr, result.stderr)


def test_options():
    """The text in an option must be UTF-8, even in the C locale."""
    for option, status in [('--control=', 2), (f'--control={"x" * 108}', 2), (b'--pong=\xff', 2),
                           ('--pong=pöng', 0)]:
        result = subprocess.run([SERVER, '--control=-', option], capture_output=True, check=False,
                                stdin=subprocess.DEVNULL, timeout=WAIT_TIMEOUT,
                                env={**os.environ, 'LC_ALL': 'C'})
        expect_equal(result.returncode, status, f'the status for {option}')


def test_pipe_ends():
    with server_at_pipe() as (process, lines), WebSocket(lines.port):
        lines.do('mute', mute=True)
        process.stdin.close()
        wait_for(lambda: process.poll() == 0, 'the end of the server')


CASES = [
    ('a socket takes commands, and each gets a reply', test_socket),
    ('standard input takes commands, and each gets a reply', test_pipe),
    ('two programs can control a server', test_two_programs),
    ('each command gets a reply after the end of the commands', test_end_of_commands),
    ('replies that are not read are bounded', test_unread_replies),
    ('clients are served while the output is blocked', test_unread_pipe),
    ('a program can disconnect without a command', test_leaving),
    ('the server ends if it cannot create the socket', test_no_socket),
    ('options are checked in the C locale', test_options),
    ('the end of standard input ends the server', test_pipe_ends),
]

if __name__ == '__main__':
    run_cases(CASES)
