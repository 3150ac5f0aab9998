#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests echo-server without a browser: control.py SERVER."""

import json
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

from harness import WAIT_TIMEOUT, Server, Skip, echo, expect, expect_equal, run_cases, wait_for
from control_client import ODD_TEXT, Control, request, show
from raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Gone, WebSocket

SERVER = sys.argv[1]

# Seconds to wait for a message that must not arrive
SILENCE = 0.3

MIB = 1024 * 1024
BLOCK = b'x' * 60000


def with_server(*options):
    """Decorates a case. The case gets a new server, which must end with status 0 after SIGTERM."""
    def decorate(case):
        def run():
            with Server(SERVER, *options) as server:
                case(server)
                expect_equal(server.terminate(), 0, 'the exit status of the server')
        return run
    return decorate


def send_without_end(client):
    """Sends up to 64 MiB without reading answers. Returns whether all of it could be sent.

    If a block is not sent within a second, the server no longer reads.
    """
    client.sock.settimeout(1)
    try:
        for _ in range(64 * MIB // len(BLOCK)):
            client.send(BINARY, BLOCK)
        return True
    except TimeoutError:
        return False
    finally:
        client.sock.settimeout(WAIT_TIMEOUT)


@with_server()
def test_origin(server):
    for origin in (f'http://127.0.0.1:{server.port}', f'http://localhost:{server.port}'):
        with Control(server.port, Origin=origin) as control:
            expect_equal(control.status, 101, f'the status for {origin}')
            expect_equal(control.answer.headers.get('sec-websocket-protocol'), 'hb-control',
                         'the subprotocol')

    for origin in ('https://example.org', 'null', '', f'https://127.0.0.1:{server.port}',
                   f'http://127.0.0.1:{server.port + 1}', 'http://127.0.0.1',
                   f'http://127.0.0.1:{server.port}.example.org'):
        with Control(server.port, Origin=origin) as control:
            expect_equal(control.status, 403, f'the status for {origin or "no name"}')

    with WebSocket(server.port, '/control') as control:
        expect_equal(control.status, 403, 'the status without an origin')


@with_server()
def test_rebinding(server):
    host = f'example.org:{server.port}'
    with Control(server.port, Host=host, Origin=f'http://{host}') as control:
        expect_equal(control.status, 403, 'the status for a name that was made to lead here')


@with_server()
def test_echo_for_all(server):
    with WebSocket(server.port, '/any/path', Origin='https://example.org') as client:
        expect_equal(client.status, 101, 'the status')
        echo(client, 'hello')
        client.send(BINARY, b'\0\xff')
        client.expect_frame(BINARY, b'\0\xff')


@with_server()
def test_echo_of_long_messages(server):
    payload = b'x' * (300 * 1024)
    with WebSocket(server.port) as client:
        client.send(BINARY, payload)
        client.expect_frame(BINARY, payload)
        client.send(BINARY, payload[:100000], fin=0)
        client.send(CONTINUATION, payload[100000:200000], fin=0)
        client.send(CONTINUATION, payload[200000:])
        client.expect_frame(BINARY, payload)


@with_server()
def test_loopback_only(server):
    with socket.socket() as sock:
        result = sock.connect_ex(('127.0.0.2', server.port))
    expect(result != 0, 'the server listens at more than 127.0.0.1')


@with_server()
def test_bad_commands(server):
    with Control(server.port) as control:
        for text in ('', '{', 'nonsense', '[]', '"drop"', '7', 'null', '{}', '{"command": 7}',
                     '{"command": null}', '{"command": {}}', '{"command": "\\ud800"}',
                     '{"command": "drop"', '[' * 16000):
            control.send_text(text)
            reply = control.read_json()
            expect_equal((reply['type'], reply['command']), ('error', ''),
                         f'the reply to {text[:20]}')
        control.send(BINARY, b'{"command": "next"}')
        expect_equal(control.read_json()['type'], 'error', 'the reply to binary data')
        control.expect_error('is unknown', 'explode')
        control.next()


@with_server()
def test_bad_members(server):
    with Control(server.port) as control, WebSocket(server.port):
        control.expect_error('Client 99 is not connected', 'drop', client=99)
        for client in (None, '1', 0, -1, 1.0, True, [1], 1 << 40):
            control.expect_error('“client” has to be', 'drop', client=client)

        for code in (None, '1000', 999, 5000):
            control.expect_error('“code” has to be', 'close', client=1, code=code)
        for code in (1004, 1005, 1006, 1010, 1015, 1016, 2999):
            control.expect_error('not a close code', 'close', client=1, code=code)

        control.expect_error('“mute” has to be', 'mute', client=1, mute=1)
        control.expect_error('“text” has to be', 'send', client=1, text=7)
        # Half of a surrogate pair, which some versions of json-glib accept as text
        expect_equal(control.run('send', client=1, text='\ud800')['type'], 'error', 'the reply')
        control.expect_error('“count” has to be', 'broadcast', text='x', count=10001)
        control.expect_error('exceed 16 MiB', 'broadcast', text='x' * 2000, count=10000)
        control.expect_error('“refuse” has to be', 'refuse', refuse='yes', retryAfter=1)
        control.expect_error('“retryAfter” has to be', 'refuse', refuse=True, retryAfter=-2)
        control.expect_error('“delay” has to be', 'delay', delay=-1)
        control.expect_error('“text” has to be', 'greet', text=7)
        control.expect_error('“text” has to be', 'login', text=False)
        control.expect_error('“answer” has to be', 'login', text='x', answer=[])
        for limit in (None, '1', -2, 17 * MIB):
            control.expect_error('“bytes” has to be', 'limit', bytes=limit)

        update = control.next()
        expect_equal([(client['in'], client['out'], client['mute'], client['open'])
                      for client in update['clients']], [(0, 0, False, True)], 'the client')
        expect_equal(update['server'], {'refuse': False, 'retryAfter': -1, 'delay': 0,
                                        'limit': -1, 'greet': False, 'login': False,
                                        'refused': 0, 'connected': 1}, 'the server')


@with_server()
def test_big_command(server):
    with Control(server.port) as control:
        control.send_text('x' * 20000)
        try:
            opcode, payload = control.receive()
            expect_equal((opcode, payload[:2]), (CLOSE, (1009).to_bytes(2, 'big')), 'the frame')
        except ConnectionResetError:
            # If the server closes the socket before it has read all bytes, the kernel resets the
            # connection. The client may then lose the close frame.
            pass
    with Control(server.port) as control:
        control.next()


@with_server()
def test_update(server):
    with WebSocket(server.port, '/first') as client, Control(server.port) as control:
        echo(client, 'Grüße')
        client.send(BINARY, b'\0\1\2')
        client.expect_frame(BINARY, b'\0\1\2')

        update = control.next()
        listed = update['clients'][0]
        host, port = client.sock.getsockname()
        expect_equal(listed['address'], f'{host}:{port}', 'the address')
        expect_equal([listed[name] for name in ('number', 'in', 'out', 'bytesIn', 'bytesOut')],
                     [1, 2, 2, 10, 10], 'the counts')
        expect_equal([(line['number'], line['client'], line['kind'], line['text'])
                      for line in update['log']],
                     [(1, 1, 'event', 'connected, path /first'), (2, 1, 'in', 'Grüße'),
                      (3, 1, 'out', 'Grüße'), (4, 1, 'in', '3 bytes of binary data'),
                      (5, 1, 'out', '3 bytes of binary data')], 'the log')


@with_server()
def test_odd_texts(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        echo(client, ODD_TEXT)
        expect_equal([line['text'] for line in control.next()['log'][1:]], [show(ODD_TEXT)] * 2,
                     'the log')
        for character in ODD_TEXT[1:]:
            expect_equal(control.run(character)['command'], character, 'the name of the command')


@with_server()
def test_odd_paths(server):
    with Control(server.port) as control:
        for path, shown in (('/%ff', '/\ufffd'), ('/%1b[2J%0a%7f', '/␛[2J␊␡'),
                            ('/%c2%9b2J', '/\ufffd2J'), ('/%c3%a4', '/ä')):
            with WebSocket(server.port, path) as client:
                echo(client, 'hello')
                log = control.next()['log']
                expect(f'connected, path {shown}' in [line['text'] for line in log],
                       f'{path} is not in the log as {shown}: {log}')


def test_odd_paths_in_terminal():
    with Server(SERVER, '--verbose', stderr=subprocess.STDOUT) as server:
        with WebSocket(server.port, '/%1b[2J%0a%ff'):
            server.wait_for('client 1: connected, path /␛[2J␊\ufffd')


@with_server()
def test_one_update_for_one_next(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        # The server replies at once to the first `next` on a connection. The reply to each later
        # `next` follows when something has changed, or after at most 1 s.
        control.next()
        control.next()
        echo(client, 'one')
        echo(client, 'two')
        control.expect_silence(SILENCE)
        expect_equal([line['text'] for line in control.next()['log']],
                     ['one', 'one', 'two', 'two'], 'the log')


@with_server()
def test_bounded_log(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        for number in range(150):
            echo(client, str(number))
        echo(client, 'ä' * 1000)
        log = control.next()['log']
        expect_equal(len(log), 200, 'the number of lines')
        expect_equal([line['number'] for line in log], list(range(104, 304)), 'the numbers')
        expect_equal(log[-1]['text'], 'ä' * 100 + '… (2000 bytes)', 'the excerpt')
        echo(client, '\0\n' + 'x' * 197 + 'ä')
        expect_equal(control.next()['log'][-1]['text'], '\ufffd␊' + 'x' * 197 + '… (201 bytes)',
                     'the excerpt of an odd text')


@with_server()
def test_drop(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('drop', client=1)
        expect(client.is_reset(), 'the connection has not ended by a reset')
        wait_for(lambda: not control.next()['clients'], 'the end of the client in the list')
        control.expect_error('Client 1 is not connected', 'drop', client=1)


@with_server()
def test_close(server):
    with Control(server.port) as control:
        for number, code in enumerate((1000, 1001, 1011, 1012, 1014, 4000, 4999), 1):
            with WebSocket(server.port) as client:
                control.do('close', client=number, code=code)
                client.expect_frame(CLOSE, code.to_bytes(2, 'big'))
                control.expect_error('is disconnecting', 'send', client=number, text='x')
                client.send(CLOSE, code.to_bytes(2, 'big'))
                expect(not client.is_reset(), 'the connection has ended by a reset')


@with_server()
def test_close_unheard(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('close', client=1, code=1012)
        client.expect_frame(CLOSE, (1012).to_bytes(2, 'big'))
        wait_for(lambda: not control.next()['clients'], 'the end of the client in the list')


@with_server()
def test_mute(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('mute', client=1, mute=True)
        client.send_text('hello')
        client.send(PING, b'are you there')
        client.expect_silence(SILENCE)
        expect_equal(control.next()['clients'][0]['mute'], True, 'mute in the list')
        control.expect_error('is muted', 'send', client=1, text='x')
        control.do('broadcast', text='x', count=1)

        control.do('mute', client=1, mute=False)
        # libsoup sends a pong before messages that are waiting.
        expect_equal(sorted((client.receive(), client.receive())),
                     [(TEXT, b'hello'), (PONG, b'are you there')], 'the frames')
        echo(client, 'again')


@with_server()
def test_mute_twice(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        for text in ('one', 'two', 'three'):
            control.do('mute', client=1, mute=True)
            control.do('mute', client=1, mute=True)
            client.send_text(text)
            control.do('mute', client=1, mute=False)
            client.expect_frame(TEXT, text.encode())


@with_server()
def test_mute_and_leave(server):
    if not hasattr(select, 'POLLRDHUP'):
        raise Skip('this system has no POLLRDHUP')
    with Control(server.port) as control:
        with WebSocket(server.port):
            control.do('mute', client=1, mute=True)
        wait_for(lambda: not control.next()['clients'], 'the end of the client in the list')


@with_server()
def test_mute_and_drop(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('mute', client=1, mute=True)
        control.do('drop', client=1)
        expect(client.is_reset(), 'the connection has not ended by a reset')
        wait_for(lambda: not control.next()['clients'], 'the end of the client in the list')


@with_server()
def test_refuse(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('refuse', refuse=True, retryAfter=7)
        echo(client, 'still here')
        with WebSocket(server.port) as other:
            expect_equal((other.status, other.answer.headers.get('retry-after')), (503, '7'),
                         'the answer')
        control.do('refuse', refuse=True, retryAfter=-1)
        with WebSocket(server.port) as other:
            expect_equal((other.status, other.answer.headers.get('retry-after')), (503, None),
                         'the answer')
        expect_equal(request(server.port).status, 200, 'the status of the page')
        with Control(server.port) as other:
            expect_equal(other.next()['server']['refused'], 2, 'the number of the refused')

        control.do('refuse', refuse=False, retryAfter=7)
        with WebSocket(server.port) as other:
            expect_equal(other.status, 101, 'the status')


@with_server()
def test_delay(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('delay', delay=300)
        start = time.monotonic()
        client.send_text('late')
        client.send(PING, b'ping')
        client.expect_frame(PONG, b'ping')
        wait_for(lambda: control.next()['clients'][0]['waiting'] == 1, 'an answer that waits')

        # The answers keep the order of the messages when the delay becomes shorter.
        control.do('delay', delay=0)
        client.send_text('soon')
        client.expect_frame(TEXT, b'late')
        expect(time.monotonic() - start >= 0.3, 'the answer was not delayed')
        client.expect_frame(TEXT, b'soon')
        echo(client, 'at once')


@with_server()
def test_delay_is_bounded(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('delay', delay=60000)
        expect(not send_without_end(client), 'the server continues to read')
        expect(control.next()['clients'][0]['bytesIn'] < 32 * MIB, 'the server has read too much')


@with_server()
def test_empty_answers_are_bounded(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        def count():
            return control.next()['clients'][0]['waiting']

        control.do('delay', delay=60000)
        client.sock.sendall(b'\x82\x80\0\0\0\0' * 200000)
        wait_for(lambda: 0 < count() == count(), 'the end of reading')
        expect(count() < 150000, 'the server keeps too many empty answers')


@with_server()
def test_unread_is_bounded(server):
    with Control(server.port) as control:
        with WebSocket(server.port) as client:
            expect(not send_without_end(client), 'the server continues to read')
            listed = control.next()['clients'][0]
            expect(listed['bytesIn'] < 32 * MIB, 'the server has read too much')
            control.expect_error('has not read', 'send', client=1, text='x')
            control.do('broadcast', text='x' * 1000, count=10000)
            expect_equal(control.next()['clients'][0]['out'], listed['out'], 'what was sent')

            for _ in range(listed['out']):
                client.expect_frame(BINARY, BLOCK)
            wait_for(lambda: control.next()['clients'][0]['in'] > listed['in'],
                     'the server to read again')
        wait_for(lambda: not control.next()['clients'], 'the end of the client in the list')


@with_server()
def test_unread_broadcasts_are_bounded(server):
    with WebSocket(server.port), Control(server.port) as control:
        for _ in range(10):
            control.do('broadcast', text='x' * 1000, count=10000)
        expect(control.next()['clients'][0]['bytesOut'] < 32 * MIB, 'all was sent')


@with_server()
def test_send_and_broadcast(server):
    with WebSocket(server.port) as first, WebSocket(server.port) as second, \
         Control(server.port) as control:
        control.do('send', client=2, text='<b>you</b>')
        second.expect_frame(TEXT, b'<b>you</b>')
        control.do('broadcast', text='all', count=3)
        for client in (first, second):
            for _ in range(3):
                client.expect_frame(TEXT, b'all')
        control.do('broadcast', text='', count=10000)
        for _ in range(10000):
            first.expect_frame(TEXT, b'')
        first.expect_silence(SILENCE)


@with_server()
def test_all(server):
    with Control(server.port) as control:
        for command in ({'command': 'drop'}, {'command': 'mute', 'mute': True},
                        {'command': 'close', 'code': 1001}):
            control.expect_error('No client is connected', command.pop('command'), **command)

        with WebSocket(server.port) as first, WebSocket(server.port) as second:
            control.do('mute', mute=True)
            expect_equal([client['mute'] for client in control.run('status')['clients']],
                         [True, True], 'mute in the list')
            control.do('mute', mute=False)
            control.do('broadcast', text='all')
            control.do('close', code=1012)
            for client in (first, second):
                client.expect_frame(TEXT, b'all')
                client.expect_frame(CLOSE, (1012).to_bytes(2, 'big'))
                client.send(CLOSE, (1012).to_bytes(2, 'big'))
        wait_for(lambda: not control.run('status')['clients'], 'the end of the clients')

        with WebSocket(server.port) as first, WebSocket(server.port) as second:
            control.do('drop')
            expect(first.is_reset() and second.is_reset(), 'not all were dropped')


@with_server()
def test_greet(server):
    with WebSocket(server.port) as before, Control(server.port) as control:
        control.do('greet', text='grüß Gott')
        with WebSocket(server.port) as client:
            client.expect_frame(TEXT, 'grüß Gott'.encode())
            echo(client, 'hello')
        control.do('greet')
        with WebSocket(server.port) as client:
            echo(client, 'hello')
        echo(before, 'hello')


@with_server()
def test_login(server):
    with Control(server.port) as control:
        control.do('login', text='let me in', answer='welcome')
        with WebSocket(server.port) as client:
            client.send_text('let me in')
            client.expect_frame(TEXT, b'welcome')
            echo(client, 'hello')
        with WebSocket(server.port) as client:
            client.send_text('hello')
            client.expect_frame(CLOSE, (1008).to_bytes(2, 'big'))
        control.do('login', text='let me in')
        with WebSocket(server.port) as client:
            client.send_text('let me in')
            echo(client, 'hello')
        control.do('login', text=None)
        with WebSocket(server.port) as client:
            echo(client, 'hello')


@with_server()
def test_limit(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        control.do('limit', bytes=5)
        echo(client, 'short')
        client.send_text('longer')
        client.expect_frame(CLOSE, (1009).to_bytes(2, 'big'))
        control.do('limit', bytes=-1)
        with WebSocket(server.port) as other:
            echo(other, 'longer')
            other.send(TEXT, bytes(16 * MIB), fin=0)
            other.send(CONTINUATION, b'!')
            # From 3.8 on, libsoup ends the connection itself, perhaps without a close frame.
            try:
                opcode = other.receive()[0]
            except (Gone, OSError):
                opcode = CLOSE
            expect_equal(opcode, CLOSE, 'a message above 16 MiB')


@with_server()
def test_files(server):
    files = {
        '/': 'text/html; charset=utf-8',
        '/style.css': 'text/css; charset=utf-8',
        '/page.js': 'text/javascript; charset=utf-8',
        '/view.js': 'text/javascript; charset=utf-8',
        '/icon.svg': 'image/svg+xml',
    }
    for path, kind in files.items():
        answer = request(server.port, path)
        expect_equal((answer.status, answer.headers['content-type']), (200, kind), path)
        expect(b'SPDX-License-Identifier' in answer.body, f'{path} is not the file')
        policy = answer.headers['content-security-policy']
        expect("default-src 'none'" in policy and "frame-ancestors 'none'" in policy
               and 'unsafe' not in policy, f'the policy of {path} is {policy}')

    expect_equal(request(server.port, '/', 'HEAD').status, 200, 'the status of HEAD')
    expect(request(server.port, '/', 'POST').status >= 400, 'POST is let through')
    expect_equal(request(server.port, '/none').status, 400, 'the status of another path')
    expect_equal(request(server.port, '/%2e%2e/etc/passwd').status, 400, 'the status of a climb')


@with_server('--refuse', '--retry-after=5')
def test_option_refuse(server):
    with WebSocket(server.port) as client:
        expect_equal((client.status, client.answer.headers.get('retry-after')), (503, '5'),
                     'the answer')
    expect_equal(request(server.port, '/none').status, 503, 'the status of another path')
    with Control(server.port) as control:
        expect_equal(control.next()['server']['refuse'], True, 'refuse')
        control.do('refuse', refuse=False, retryAfter=-1)
    with WebSocket(server.port) as client:
        echo(client, 'hello')


@with_server('--mute-after=2')
def test_option_mute_after(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        echo(client, 'one')
        echo(client, 'two')
        client.send_text('three')
        client.expect_silence(SILENCE)
        control.do('mute', client=1, mute=False)
        client.expect_frame(TEXT, b'three')
        echo(client, 'four')

        with WebSocket(server.port) as other:
            echo(other, 'one')
            control.do('login', text='let me in', answer='welcome')
            other.send_text('let me in')
            other.expect_frame(TEXT, b'welcome')
            other.send_text('three')
            other.expect_silence(SILENCE)

        # The server does not read a muted client's reply to a close frame, so a message after which
        # the server closes the connection does not mute the client.
        with WebSocket(server.port) as refused:
            control.do('login', text=None)
            echo(refused, 'one')
            control.do('limit', bytes=5)
            refused.send_text('longer')
            refused.expect_frame(CLOSE, (1009).to_bytes(2, 'big'))
            expect_equal(control.run('status')['clients'][-1]['mute'], False, 'mute in the list')


@with_server('--drop-every=2')
def test_option_drop_every(server):
    with WebSocket(server.port) as client, Control(server.port) as control:
        echo(client, 'one')
        client.send_text('two')
        try:
            client.receive()
            expect(False, 'the second message was answered')
        except (EOFError, ConnectionResetError):
            pass
        wait_for(lambda: not control.next()['clients'], 'the end of the client in the list')


@with_server('--pong=pong', '--protocol=chat')
def test_options_pong_and_protocol(server):
    with WebSocket(server.port, Sec_WebSocket_Protocol='chat') as client:
        expect_equal(client.answer.headers.get('sec-websocket-protocol'), 'chat', 'the subprotocol')
        client.send_text('heartbeat')
        client.expect_frame(TEXT, b'pong')
        echo(client, 'heartbeats')


@with_server()
def test_many_at_once(server):
    """A stopped server accepts none of the clients before all have connected."""
    server.process.send_signal(signal.SIGSTOP)
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection(('127.0.0.1', server.port), WAIT_TIMEOUT))
    server.process.send_signal(signal.SIGCONT)


def test_many_stay():
    """Each client needs a descriptor both in the server and in the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        wanted = 2048 if hard == resource.RLIM_INFINITY else min(2048, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

    with Server(SERVER) as server, Control(server.port) as control, ExitStack() as stack:
        clients = [stack.enter_context(WebSocket(server.port)) for _ in range(1000)]
        wait_for(lambda: control.next()['server']['connected'] == 1000, 'all clients')
        with WebSocket(server.port) as client:
            expect_equal(client.status, 503, 'the status of one too many')
        expect_equal(request(server.port).status, 200, 'the status of the page')
        expect_equal(control.next()['server']['refused'], 1, 'the number of the refused')
        echo(clients[0], 'still here')

        clients[0].sock.close()
        wait_for(lambda: control.next()['server']['connected'] == 999, 'the end of a client')
        with WebSocket(server.port) as client:
            echo(client, 'in its place')


@with_server()
def test_many_come_and_go(server):
    """A dropped client is removed from the list, even if a new client gets its descriptor."""
    with Control(server.port) as control:
        for _ in range(10):
            clients = [WebSocket(server.port) for _ in range(20)]
            for listed in control.next()['clients']:
                if listed['open']:
                    control.send_text(json.dumps({'command': 'drop', 'client': listed['number']}))
                    control.read_json()
            for client in clients:
                client.sock.close()
        wait_for(lambda: not control.next()['clients'], 'the end of the clients in the list')


CASES = [
    ('only the page of the server can send commands', test_origin),
    ('a foreign name that resolves to the server cannot send commands', test_rebinding),
    ('every origin can use the echo, on any path', test_echo_for_all),
    ('messages above the limits of a SoupServer are echoed', test_echo_of_long_messages),
    ('only this machine can reach the server', test_loopback_only),
    ('the reply to an invalid command is an error', test_bad_commands),
    ('the error names a missing or wrong member, and nothing is changed', test_bad_members),
    ('a command that is too big ends the connection', test_big_command),
    ('an update lists clients and messages', test_update),
    ('each text of a message becomes valid JSON', test_odd_texts),
    ('the log shows each path', test_odd_paths),
    ('a path does not bring control characters to the terminal', test_odd_paths_in_terminal),
    ('each command next gets one update', test_one_update_for_one_next),
    ('the log is bounded', test_bounded_log),
    ('drop resets the connection', test_drop),
    ('close sends the close code', test_close),
    ('a client that does not answer a close frame is removed', test_close_unheard),
    ('a muted client receives nothing until it is unmuted', test_mute),
    ('mute and unmute may alternate', test_mute_twice),
    ('a muted client that disconnects is removed from the list', test_mute_and_leave),
    ('a muted client can be dropped', test_mute_and_drop),
    ('refuse answers 503, and does not affect the page and the clients', test_refuse),
    ('delay delays answers, and keeps their order', test_delay),
    ('the answers that wait for a delay are bounded', test_delay_is_bounded),
    ('the empty answers that wait for a delay are bounded', test_empty_answers_are_bounded),
    ('the answers that a client does not read are bounded', test_unread_is_bounded),
    ('broadcasts that a client does not read are bounded', test_unread_broadcasts_are_bounded),
    ('send reaches one client, and broadcast all clients', test_send_and_broadcast),
    ('a command without a client is for all clients', test_all),
    ('greet sends a message before the client does', test_greet),
    ('login requires a first message', test_login),
    ('limit closes with the code 1009', test_limit),
    ('the files of the page are served with a policy', test_files),
    ('the command refuse can undo --refuse', test_option_refuse),
    ('the command mute can undo --mute-after', test_option_mute_after),
    ('--drop-every drops the connection', test_option_drop_every),
    ('--pong and --protocol take effect', test_options_pong_and_protocol),
    ('a hundred clients can connect at the same moment', test_many_at_once),
    ('at most a thousand clients can connect', test_many_stay),
    ('clients that are dropped while others connect are all removed', test_many_come_and_go),
]

if __name__ == '__main__':
    run_cases(CASES)
