#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks when hb-cat ends, and its exit status."""

import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading

from common import Cat, EchoServer, check, check_equal, finish, run_cat, wait_until
from raw_websocket import BINARY, Peer, echo

NOWHERE = 'ws://127.0.0.1:1/'

# Invalid command lines, each with words that hb-cat's error must contain
WRONG = [
    ([], 'The URI is missing.'),
    (['ws://one/', 'ws://two/'], 'Only one argument'),
    (['http://example.com/'], 'The scheme of the URI is “http”'),
    (['--send=x', 'http://example.com/'], 'The scheme of the URI is “http”'),
    (['ws://example.com/#there'], 'fragment'),
    (['ws://'], 'host'),
    (['--no-such-option', NOWHERE], 'Unknown option --no-such-option'),
    (['--origin'], 'Missing argument for --origin'),
    (['--ping-timeout=soon', NOWHERE],
     '--ping-timeout takes a whole number from 0 to 4294967295, not “soon”'),
    (['--ping-timeout=-1', NOWHERE], '--ping-timeout takes a whole number from 0'),
    (['--max-message-size=1k', NOWHERE],
     '--max-message-size takes a whole number from 0 to 18446744073709551615, not “1k”'),
    (['--repeat-limit=-2', NOWHERE], '--repeat-limit takes a whole number from -1'),
    (['--wait=0.5', NOWHERE], '--wait takes a whole number from -1'),
    (['--count=0', NOWHERE], '--count takes a whole number from 1'),
    (['--reconnect-jitter=2', NOWHERE], '--reconnect-jitter takes a number from 0 to 1, not “2”'),
    (['--ping-mode=loud', NOWHERE], '--ping-mode takes one of message|ping, not “loud”'),
    (['--liveness=some', NOWHERE], '--liveness takes one of any|reply|steady, not “some”'),
    (['--ping-message', b'\xff', NOWHERE], '--ping-message takes text in UTF-8'),
    (['--header=Nothing', NOWHERE], 'one of the headers has no colon'),
    (['--header=A b: c', NOWHERE], '“A” is followed by another character'),
    (['--header=A: b\nC: d', NOWHERE], 'The value of the header “A” contains a newline'),
    (['--header=Upgrade: more', NOWHERE], 'The header “Upgrade” belongs to the WebSocket'),
    (['--header=@/no/such/file', NOWHERE], '/no/such/file'),
    (['--user=me', NOWHERE], '--user takes NAME:PASSWORD'),
    (['--protocol=two words', NOWHERE], 'two words'),
    (['--origin=a\nb', NOWHERE], 'rigin'),
    (['--once', '--repeat-limit=1', NOWHERE], '--once and --repeat-limit cannot be used together'),
    (['--send=x', '--exec=y', NOWHERE], '--send and --exec cannot be used together'),
    (['--send=@/no/such/file', NOWHERE], '/no/such/file'),
    (['--send', b'\xff', NOWHERE], '--send is not valid UTF-8'),
    (['--insecure', '--ca-file=x', NOWHERE], '--insecure and --ca-file cannot be used together'),
    (['--key=x', NOWHERE], '--key needs --cert'),
    (['--cert=/no/such/file', NOWHERE], '--cert: '),
    (['--ca-file=/no/such/file', NOWHERE], '--ca-file: '),
]


def get_readable(descriptor):
    """Returns the number of bytes in this pipe."""
    number, = struct.unpack('i', fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))
    return number


def check_usage():
    for arguments, words in WRONG:
        for mode in ([], ['--json']):
            # os.fsdecode() keeps bytes that are not text, so hb-cat receives them unchanged.
            command = [*mode, *(os.fsdecode(argument) for argument in arguments)]
            result = run_cat(*command)
            lines = result.stderr.splitlines()
            check(result.status == 2 and not result.output and len(lines) == 2
                  and lines[0].startswith('hb-cat: ') and words in lines[0]
                  and lines[1] == 'Try “hb-cat --help” for more information',
                  f'2: {" ".join(map(ascii, command))}', result)

    result = run_cat('--help')
    check(result.status == 0 and not result.stderr and result.output.startswith(b'Usage:'),
          '0: --help', result)


def check_closed_as_asked():
    def leave(client):
        client.close(1000)
        echo(client)

    with EchoServer() as server:
        result = run_cat(server.uri, stdin=b'one\ntwo\n')
        check(result.status == 0 and result.output == b'one\ntwo\n'
              and 'closed with code 1000' in result.stderr, '0: the input has ended', result)

        result = run_cat(server.uri, '--wait=0', stdin=None, preexec_fn=lambda: os.close(0))
        check_equal(result.status, 0, '0: standard input is closed')

        for number in (signal.SIGINT, signal.SIGTERM):
            for ends_input in (False, True):
                with Cat('--json', '--wait=-1', server.uri) as cat:
                    cat.write(b'hello\n')
                    if ends_input:
                        cat.process.stdin.close()
                    cat.wait_for('"hello"')
                    cat.interrupt(number)
                    result = cat.wait()
                check(result.status == 0 and result.get_events('close')[0]['code'] == 1000,
                      f'0: {number.name}' + ' after the input has ended' * ends_input, result)

    with Peer(leave) as peer:
        result = run_cat('--once', '--wait=-1', peer.uri)
        check_equal(result.status, 0, '0: the server has closed with 1000, --once')


def check_queue():
    with EchoServer() as server:
        port = server.port
    with Cat('--json', '--reconnect-timeout=50', '--count=300', server.uri) as cat:
        cat.write(b''.join(b'%d\n' % i for i in range(300)))
        cat.process.stdin.close()
        tried = cat.wait_for('"attempt":2')
        with EchoServer(port=port):
            result = cat.wait()
    data = [event['data'] for event in result.get_events('message')]
    check(tried and result.status == 0 and data == list(map(str, range(300))),
          '0: queued lines are sent after the end of the input', result)


def check_given_up():
    def leave(client):
        client.close(1001)
        echo(client)

    result = run_cat('--repeat-limit=2', '--reconnect-timeout=1', NOWHERE)
    check(result.status == 1 and not result.output and 'Gave up after 2 attempts' in result.stderr,
          '1: --repeat-limit was reached', result)

    with Peer(lambda client: client.receive()) as peer:
        result = run_cat('--once', '--wait=-1', peer.uri, stdin=b'x')
        check(result.status == 1 and 'connection lost' in result.stderr,
              '1: the connection of --once was lost', result)
    with Peer(leave) as peer:
        result = run_cat('--once', '--wait=-1', peer.uri)
        check(result.status == 1 and 'closed with code 1001' in result.stderr,
              '1: the server has closed with another code, --once', result)

    with EchoServer() as server:
        result = run_cat('--max-message-size=2', '--wait=-1', server.uri, stdin=b'long\n')
        check_equal(result.status, 1, '1: a received message was too big')
        result = run_cat('--count=3', '--wait=100', server.uri, stdin=b'1\n2\n')
        check_equal(result.status, 1, '1: fewer messages than --count')
        result = run_cat(server.uri, stdin=b'good\nb\xffd\nfine\n')
        check(result.status == 1 and result.output == b'good\nfine\n'
              and 'hb-cat: a line was not sent: ' in result.stderr, '1: a line could not be sent',
              result)


def check_unsent():
    long_line = b'x' * (8 << 20)  # more than the kernel's buffers can hold
    has_ended = threading.Event()

    def leave_unread(client):
        client.take(1)
        client.close(1000)
        has_ended.wait()

    def answer_unread(client):
        client.take(1)
        client.send_text('answer')
        has_ended.wait()

    for serve, options in [(leave_unread, ['--once', '--wait=-1']),
                           (answer_unread, ['--count=1', '--close-timeout=100'])]:
        has_ended.clear()
        with Peer(serve) as peer:
            result = run_cat(*options, peer.uri, stdin=long_line)
            has_ended.set()
        check(result.status == 1 and 'closed before 1 message was sent' in result.stderr
              and 'a line was not sent' not in result.stderr,
              f'1: the task has closed before a line was sent, {options[0]}', result)


def check_endless_input():
    with Peer(lambda client: client.close(1000)) as peer, \
         subprocess.Popen(['yes'], stdout=subprocess.PIPE) as lines:
        with Cat('--once', peer.uri, stdin=lines.stdout) as cat:
            result = cat.wait()
        lines.kill()
    check(result.status in (0, 1), 'the end of the task ends the program, although lines follow',
          result)


def check_input_and_output():
    with EchoServer() as server:
        folder = os.open('/', os.O_RDONLY)
        with Cat('--wait=0', server.uri, stdin=folder) as cat:
            result = cat.wait()
        os.close(folder)
        check(result.status == 1 and 'cannot read standard input' in result.stderr,
              '1: the input cannot be read', result)

        for mode in ([], ['--json']):
            with open('/dev/full', 'wb') as full, \
                 Cat(*mode, server.uri, stdout=full) as cat:
                cat.write(b'hello\n')
                result = cat.wait()
            check(result.status == 1
                  and result.stderr.count('cannot write to standard output: ') == 1,
                  ' '.join(['1: the output device is full', *mode]), result)

            # hb-cat must notice that the reader has ended, although no message arrives afterwards.
            reading, writing = os.pipe()
            with Cat(*mode, server.uri, stdout=writing) as cat:
                os.close(writing)
                cat.write(b'hello\n')
                os.read(reading, 1)
                os.close(reading)
                result = cat.wait()
            check(result.status == 0 and 'cannot write' not in result.stderr,
                  ' '.join(['0: the reader of the output has ended', *mode]), result)

            with Cat(*mode, server.uri, stdout=None, preexec_fn=lambda: os.close(1)) as cat:
                cat.write(b'hello\n')
                result = cat.wait()
            check(result.status == 1 and 'cannot write to standard output: ' in result.stderr,
                  ' '.join(['1: the output is closed', *mode]), result)


def check_command():
    with EchoServer() as server:
        for command, status in [('true', 0), ('false', 1), ('exit 3', 1), ('kill -9 $$', 1),
                                ('/no/such/command', 1)]:
            result = run_cat(f'--exec={command}', '--wait=0', server.uri)
            check_equal(result.status, status, f'{status}: the command {command}')
        result = run_cat('--exec=echo 1; cat > /dev/null; exit 5', '--count=1', server.uri)
        check_equal(result.status, 0, '0: the command fails after hb-cat has ended')
        result = run_cat('--exec=exec <&-; echo 1; echo 2', '--wait=100', server.uri)
        check_equal(result.status, 0, '0: the command does not read')
        result = run_cat('--exec=yes', '--count=1', server.uri)
        check_equal(result.status, 0, '0: the command does not end before its output is closed')

        reading, writing = os.pipe()
        os.close(reading)
        with Cat('--exec=echo 1; cat > /dev/null', '--count=1', server.uri,
                 stdout=writing) as cat:
            os.close(writing)
            check_equal(cat.wait().status, 0, '0: the output is not needed')

        with Cat("--exec=echo ready >&2; trap '' INT; exec sleep 60", server.uri) as cat:
            cat.wait_for('ready', name='stderr')
            cat.interrupt()
            cat.wait_for('closed with code 1000', name='stderr')
            cat.interrupt_again()
            check_equal(cat.wait().status, 1, '1: a second SIGINT does not wait for the command')
            # The command keeps standard error open, so a thread that still reads it would show that
            # the command still runs.
            check(not any(thread.is_alive() for thread in cat.threads),
                  '1: a second SIGINT ends the command')

        # Ctrl+C on a terminal sends SIGINT to the command too. hb-cat may read the end of the
        # command's output before or after it receives its own SIGINT.
        statuses = set()
        for _ in range(10):
            with Cat('--exec=echo ready >&2; exec cat', server.uri,
                     start_new_session=True) as cat:
                cat.wait_for('ready', name='stderr')
                os.killpg(cat.process.pid, signal.SIGINT)
                statuses.add(cat.wait().status)
        check_equal(statuses, {0}, '0: SIGINT ends the command too')


def check_signals_while_blocked():
    has_ended = threading.Event()

    def flood(client):
        for _ in range(4000):
            client.send(BINARY, bytes(32))
        has_ended.wait()

    for name, option in [('stdout', '--binary'), ('stdout', '--json'),
                         ('stderr', '--exec=exec sleep 60')]:
        has_ended.clear()
        reading, writing = os.pipe()
        size = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
        with Peer(flood) as peer, Cat(option, peer.uri, **{name: writing}) as cat:
            os.close(writing)
            is_full = wait_until(lambda: get_readable(reading) > size * 0.95)
            cat.interrupt(signal.SIGINT)
            cat.interrupt_again(signal.SIGTERM)
            result = cat.wait()
            has_ended.set()
        os.close(reading)
        check(is_full and result.status == 1,
              f'1: a second signal while {name} is blocked, {option}', result)


def check_signals():
    arguments = ('--reconnect-timeout=60000', NOWHERE)

    with Cat(*arguments) as cat:
        cat.wait_for('reconnect in', name='stderr')
        cat.interrupt()
        check_equal(cat.wait().status, 0,
                    '0: SIGINT while no connection is open, and nothing is queued')

    with EchoServer() as server, Cat(server.uri) as cat:
        cat.wait_for('open', name='stderr')
        cat.interrupt(signal.SIGTERM)
        cat.interrupt(signal.SIGINT)
        check_equal(cat.wait().status, 0, '0: two signals at the same time count as one')

    with Cat(*arguments) as cat:
        cat.wait_for('reconnect in', name='stderr')
        cat.write(b'hello\n')
        cat.wait_for('queued, 1 waiting', name='stderr')
        cat.interrupt()
        check(cat.wait_for('messages still to be sent: 1;', name='stderr'),
              'a first SIGINT waits for queued lines')
        cat.interrupt_again()
        check_equal(cat.wait().status, 1, '1: a second SIGINT')


def main():
    check_usage()
    check_closed_as_asked()
    check_queue()
    check_given_up()
    check_unsent()
    check_endless_input()
    check_input_and_output()
    check_command()
    check_signals_while_blocked()
    check_signals()
    finish()


if __name__ == '__main__':
    main()
