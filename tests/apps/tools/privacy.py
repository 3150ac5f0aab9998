#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that hb-cat prints no secrets, and that a server cannot control the terminal.

The user info, the query and the fragment of the URI may be secret, and so may headers, passwords
and the texts of --greeting and --ready-on.
"""

import base64
import errno
import os
import pty
import re
import tempfile
from pathlib import Path

from common import ENVIRONMENT, SOURCE, Cat, EchoServer, check, finish, run_cat
from raw_websocket import Peer

SECRET = 'hunter2'
ENCODED = base64.b64encode(f'me:{SECRET}'.encode()).decode()

CREDENTIALS = (f'--header=Authorization: Bearer {SECRET}', f'--header=Cookie: session={SECRET}',
               f'--user=me:{SECRET}', '--protocol=chat')

# With these options, hb-cat reports lost connections, attempts and pings within a short time.
LIMITS = ('--repeat-limit=1', '--reconnect-timeout=1', '--ping-timeout=5', '--wait=20')
VERBOSE = {**ENVIRONMENT, 'G_MESSAGES_DEBUG': 'all'}


def check_silent(name, *arguments, expected=''):
    for mode in ((), ('--json',), ('--quiet',)):
        result = run_cat(*mode, *arguments, env=VERBOSE)
        text = result.output.decode() + result.stderr
        check(SECRET not in text and ENCODED not in text and expected in text,
              ' '.join([name, *mode]), result)


def get_uri(uri):
    scheme, rest = uri.split('://')
    return f'{scheme}://me:{SECRET}@{rest}path?token={SECRET}'


def check_debug():
    with Peer() as peer:
        result = run_cat('--json', *CREDENTIALS, *LIMITS, get_uri(peer.uri), env=VERBOSE)
    check('task 1: state OPEN' in result.stderr and result.get_events(),
          'debug messages go to standard error', result)

    page = (SOURCE / 'doc' / 'debugging.md').read_text(encoding='utf-8')
    example = re.search(r'<!-- snippet: shell -->\n```text\n(.*?)```', page, re.DOTALL)[1]
    with EchoServer('--mute-after=1') as server:
        result = run_cat('--wait=-1', '--quiet', '--ping-timeout=1000', '--pong-timeout=500',
                         '--repeat-limit=0', f'{server.uri}feed?token=1234', stdin=b'hello\n',
                         env=VERBOSE)
    lines = re.findall(r' hb-websocket-DEBUG: .*(task 1: .*)', result.stderr)
    check('\n'.join(lines).replace(str(server.port), '8080')
          == '\n'.join(re.findall(r'task 1: .*', example)),
          'the example prints the lines on the page about debugging', result)


def read_terminal(terminal):
    """Reads until no program has the other end open."""
    text = b''
    try:
        while part := os.read(terminal, 1 << 12):
            text += part
    except OSError as error:
        check(error.errno == errno.EIO, 'the terminal can be read', repr(error))
    return text.decode()


def check_message_on_terminal(*options, expected):
    def send(client):
        client.send_text('a\tb\x1b[2J\x9b2J\x7f\0c')
        client.close(4001)

    terminal, end = pty.openpty()
    with Peer(send) as peer, Cat('--once', '--wait=-1', *options, peer.uri, stdout=end) as cat:
        os.close(end)
        text = read_terminal(terminal)
        cat.wait()
    os.close(terminal)
    check(expected in text and not re.search(r'[\x00-\x08\x0e-\x1f\x7f-\x9f]', text),
          ' '.join(['a message of a server cannot control the terminal', *options]), repr(text))


def check_harmless():
    check_message_on_terminal(expected='a\tb�[2J�2J��c\r\n')
    check_message_on_terminal('--json', expected=r'a\u0009b\u001b[2J\u009b2J\u007f\u0000c')

    reason = 'gone\x1b[2J\x9b2J\x7f\r\n12:00:00.000  open\nbye'
    with Peer(lambda client: client.close(4001, reason)) as peer:
        result = run_cat('--once', '--wait=-1', peer.uri)
    lines = result.stderr.splitlines()
    check('closed with code 4001, “gone�[2J�2J���12:00:00.000  open�bye”' in result.stderr
          and all(re.match(r'\d\d:\d\d:\d\d\.\d{3}  ', line) for line in lines)
          and all(line.isprintable() for line in lines),
          'the close reason of a server cannot control the terminal', result)


def main():
    with Peer() as peer:
        check_silent('a connection without faults', *CREDENTIALS, *LIMITS, get_uri(peer.uri))
        check(SECRET in str(peer.requests), 'the server receives the secret')
    for status in ('401 Unauthorized', '403 Forbidden', '503 Service Unavailable', '200 OK'):
        with Peer(status=status) as peer:
            check_silent(f'an answer {status}', *CREDENTIALS, *LIMITS, get_uri(peer.uri),
                         expected='attempt')
    with Peer(lambda client: client.close(4001)) as peer:
        check_silent('connections that are lost', *CREDENTIALS, *LIMITS, get_uri(peer.uri))
        check_silent('a login that is refused', f'--greeting={SECRET}', f'--ready-on={SECRET}',
                     *LIMITS, peer.uri)
    with Peer(accept=False) as peer:
        check_silent('no answer', *CREDENTIALS, *LIMITS, '--connect-timeout=10', get_uri(peer.uri))
    check_debug()
    check_harmless()
    check_silent('no server', *CREDENTIALS, *LIMITS, get_uri('ws://127.0.0.1:1/'),
                 expected='attempt')
    check_silent('no host', *CREDENTIALS, *LIMITS, get_uri('ws://host.invalid/'),
                 expected='attempt')

    for uri in (f'ws://me:{SECRET}@[::1/', f'ws://me:{SECRET}@host:99999/', f'ftp://{SECRET}@host/',
                f'ws:{SECRET}', f'ws://host/?{SECRET}#{SECRET}', f'{SECRET}'):
        check_silent('a bad URI', uri, expected='hb-cat --help')

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / 'headers'
        path.write_text(f'X-Good: 1\nAuthorization Bearer {SECRET}\n', encoding='utf-8')
        greeting = Path(scratch) / 'greeting'
        greeting.write_bytes(f'{SECRET}\xff'.encode('latin-1'))
        for arguments in (
                [f'--greeting=@{greeting}'],
                [f'--heder=Authorization: {SECRET}'], [f'-ume:{SECRET}'], [f'--user={SECRET}'],
                [f'--header={SECRET}'],
                [f'--header=Authorization: {SECRET}\nX'], [f'--header=Authorization {SECRET}: x'],
                [f'--header=Upgrade: {SECRET}'], [f'--header=@{path}'],
                [f'ws://{SECRET}@host/']):
            check_silent('a bad command line', *arguments, 'ws://127.0.0.1/',
                         expected='hb-cat --help')

    finish()


if __name__ == '__main__':
    main()
