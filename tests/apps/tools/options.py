#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that each option of hb-cat has the effect that --help describes."""

import base64
import os
import pty
import re
import select
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from common import (ENVIRONMENT, WAIT_TIMEOUT, Cat, EchoServer, check, check_equal, finish,
                    get_options, run_cat, skip, used, wait_until)
from raw_websocket import BINARY, CLOSE, PING, PONG, TEXT, Gone, Peer, echo

# Options for a test that needs only the handshake. With --wait=0, hb-cat closes the connection as
# soon as its empty input has ended.
BRIEFLY = ('--quiet', '--wait=0')

# A URI with a port on which no server listens
NOWHERE = 'ws://127.0.0.1:1/'

OWN_CERTIFICATE = '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'

# LeakSanitizer is disabled, because it sometimes crashes if TLS has left threads running ("Tracer
# caught signal 11"). tests/loopback finds leaks in connections with TLS.
WITH_TLS = {**ENVIRONMENT,
            'ASAN_OPTIONS': f'{os.environ.get("ASAN_OPTIONS", "")}:detect_leaks=0'}

# Longer than the default of --wait, in seconds
MOMENT = 0.6


def get_request(*arguments):
    """Returns the headers of the request, or a dictionary with the result if no request came."""
    with Peer() as peer:
        result = run_cat(*arguments, *BRIEFLY, peer.uri)
    return peer.requests[0][1] if peer.requests else {'result': result}


def check_handshake(scratch):
    with Peer(protocol='chat') as peer:
        result = run_cat('--protocol=talk', '--protocol=chat', '--wait=0', peer.uri)
    check(peer.requests[0][1].get('sec-websocket-protocol') == 'talk, chat'
          and 'open, protocol chat' in result.stderr, '--protocol offers subprotocols', result)

    path = Path(scratch) / 'headers'
    path.write_text('X-Two: 2\r\n\nX-Three: drei  \n', encoding='utf-8')
    headers = get_request('--header', 'X-One:  1 ', f'--header=@{path}')
    check_equal([headers.get(f'x-{name}') for name in ('one', 'two', 'three')],
                ['1', '2', 'drei'], '--header adds headers, also those of a file')

    path.write_bytes(b'X-One: 1\0\nX-Two: 2\n')
    result = run_cat(f'--header=@{path}', 'ws://127.0.0.1/')
    check(result.status == 2 and 'line 1: The value of the header “X-One” contains'
          in result.stderr, '--header rejects a file with a NUL', result)

    headers = get_request('--user=käthe:pass:word')
    check_equal(headers.get('authorization'),
                f'Basic {base64.b64encode("käthe:pass:word".encode()).decode()}',
                '--user authenticates')

    headers = get_request('--origin=https://example.com')
    check_equal(headers.get('origin'), 'https://example.com', '--origin sets the header')

    check('permessage-deflate' in get_request('--compression').get('sec-websocket-extensions', '')
          and 'sec-websocket-extensions' not in get_request(),
          'only --compression offers permessage-deflate')


def make_certificate(scratch, name, subject):
    certificate, key = Path(scratch) / f'{name}.pem', Path(scratch) / f'{name}.key'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                    '-keyout', key, '-out', certificate, '-subj', *subject],
                   check=True, capture_output=True)
    return certificate, key


def has_tls(result):
    return 'TLS support is not available' not in result.stderr


def check_tls(scratch):
    if not shutil.which('openssl'):
        skip('TLS', 'openssl is missing')
        # These options cannot be tested without certificates.
        used.update(('--ca-file', '--cert', '--key', '--insecure'))
        return

    certificate, key = make_certificate(scratch, 'server', OWN_CERTIFICATE)
    mine, my_key = make_certificate(scratch, 'mine', ('/CN=me',))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    ask = ('--once', '--count=1')

    with Peer(tls=tls) as peer:
        result = run_cat(*ask, peer.uri, stdin=b'hi', env=WITH_TLS)
        if not has_tls(result):
            skip('TLS', 'GIO has no TLS')
            used.update(('--ca-file', '--cert', '--key', '--insecure'))
            return

        check(result.status == 1 and not peer.requests,
              'a certificate that is not trusted is refused', result)

        result = run_cat(*ask, f'--ca-file={certificate.name}', peer.uri, stdin=b'hi', env=WITH_TLS,
                         cwd=scratch)
        check(result.status == 0 and result.output == b'hi\n' and 'warning' not in result.stderr,
              '--ca-file trusts the authorities in the file', result)

        result = run_cat(*ask, f'--ca-file={mine}', peer.uri, stdin=b'hi', env=WITH_TLS)
        check_equal(result.status, 1, '--ca-file trusts no others')

        result = run_cat(*ask, '--insecure', '--quiet', peer.uri, stdin=b'hi', env=WITH_TLS)
        check(result.status == 0 and result.output == b'hi\n'
              and result.stderr.count('warning: the certificate of the server') == 1,
              '--insecure accepts any certificate, with a warning', result)

    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strict.load_cert_chain(certificate, key)
    strict.load_verify_locations(mine)
    strict.verify_mode = ssl.CERT_REQUIRED
    both = Path(scratch) / 'both.pem'
    both.write_bytes(mine.read_bytes() + my_key.read_bytes())

    with Peer(tls=strict) as peer:
        trust = (*ask, f'--ca-file={certificate}')
        result = run_cat(*trust, peer.uri, stdin=b'hi', env=WITH_TLS)
        check_equal(result.status, 1, 'a server can ask for a certificate')
        result = run_cat(*trust, f'--cert={mine}', f'--key={my_key}', peer.uri, stdin=b'hi',
                         env=WITH_TLS)
        check_equal(result.output, b'hi\n', '--cert and --key authenticate the client')
        result = run_cat(*trust, f'--cert={both}', peer.uri, stdin=b'hi', env=WITH_TLS)
        check_equal(result.output, b'hi\n', 'the file of --cert can contain the key')


def check_heartbeat():
    frames = []

    def note(client):
        while True:
            frames.append(client.receive())
            if frames[-1][0] == CLOSE:
                client.send(*frames[-1])
                return

    def get_first_frame(*arguments):
        frames.clear()
        with Peer(note) as peer, Cat('--ping-timeout=1', *arguments, peer.uri) as cat:
            wait_until(lambda: frames)
            cat.interrupt()
            cat.wait()
        return frames[0]

    for arguments, frame in [
            ([], (PING, b'heartbeat')),
            (['--ping-mode=ping'], (PING, b'heartbeat')),
            (['--ping-mode=message'], (TEXT, b'heartbeat')),
            (['--ping-message=alive?'], (TEXT, b'alive?')),
            (['--pong-message=yes'], (TEXT, b'heartbeat')),
            (['--ping-message=alive?', '--ping-mode=ping'], (PING, b'alive?')),
            (['--ping-mode=ping', '--ping-message=alive?'], (PING, b'alive?')),
            (['--ping-mode=ping', '--pong-message=yes'], (PING, b'heartbeat'))]:
        check_equal(get_first_frame(*arguments), frame,
                    f'the first ping with {" ".join(arguments) or "no option"}')

    def know_no_text(client):
        while True:
            kind, payload = client.receive()
            if kind in (PING, CLOSE):
                client.send({PING: PONG, CLOSE: CLOSE}[kind], payload)
            if kind == CLOSE:
                return

    with Peer(know_no_text) as peer, \
            Cat('--ping-timeout=20', '--pong-timeout=100', peer.uri) as cat:
        answered = cat.wait_for('ping answered in ', 10, 'stderr')
        cat.interrupt()
        result = cat.wait()
    check(answered and result.status == 0 and 'silence: ' not in result.stderr,
          'a connection to a server that knows no heartbeat stays open', result)

    with EchoServer('--pong=pong') as server:
        with Cat('--ping-timeout=20', '--pong-message=pong', server.uri) as cat:
            answered = cat.wait_for('ping answered in ', 3, 'stderr')
            cat.interrupt()
            result = cat.wait()
        check(answered and not result.output, '--pong-message is not printed', result)
        result = run_cat('--ping-timeout=20', '--ping-mode=message', '--count=1', server.uri)
        check_equal(result.output, b'pong\n', 'the reply is printed without --pong-message')

    def only_talk(client):
        while True:
            client.receive()
            client.send(TEXT, b'talk')

    arguments = ('--ping-timeout=50', '--pong-timeout=100', '--pong-message=pong', '--once')
    with Peer(only_talk) as peer:
        result = run_cat(*arguments, '--liveness=reply', peer.uri, '--wait=-1')
        check(result.status == 1 and 'silence: ' in result.stderr,
              '--liveness=reply requires the reply within --pong-timeout', result)
        result = run_cat(*arguments, '--liveness=any', '--count=10', peer.uri)
        check(result.status == 0 and 'silence: ' not in result.stderr,
              '--liveness=any accepts any message', result)

    def talk_until_pinged(client):
        # With --liveness=any, hb-cat would send no ping while these messages arrive.
        while not select.select([client.sock], [], [], 0.005)[0]:
            client.send(TEXT, b'talk')
        opcode, _ = client.receive()
        client.close(1000 if opcode == PING else 4000)

    with Peer(talk_until_pinged) as peer:
        result = run_cat('--ping-timeout=50', '--liveness=steady', '--once', '--wait=-1', peer.uri)
        check(result.status == 0, '--liveness=steady sends pings although messages arrive', result)


def get_delays(*arguments):
    events = run_cat('--json', *arguments, NOWHERE).get_events('reconnect')
    return [(event['attempt'], event['delay']) for event in events]


def check_reconnecting():
    check_equal(get_delays('--reconnect-timeout=7', '--repeat-limit=3'), [(1, 7), (2, 7), (3, 7)],
                '--reconnect-timeout is the delay, and --repeat-limit ends the attempts')
    check_equal(get_delays('--reconnect-timeout=10', '--reconnect-timeout-max=30',
                           '--repeat-limit=4'), [(1, 10), (2, 20), (3, 30), (4, 30)],
                '--reconnect-timeout-max is the limit of growing delays')
    delays = {delay for _, delay in get_delays('--reconnect-timeout=20', '--reconnect-jitter=1',
                                               '--repeat-limit=30')}
    check(len(delays) > 1 and max(delays) <= 20, '--reconnect-jitter makes delays random', delays)

    with Peer(lambda client: client.close(1001)) as peer:
        arguments = ('--json', '--reconnect-timeout=1', '--repeat-limit=2', '--wait=-1')
        result = run_cat(*arguments, '--min-uptime=60000', peer.uri)
        check_equal([event['attempt'] for event in result.get_events('reconnect')], [1, 2],
                    'connections shorter than --min-uptime do not reset the count')
        with Cat(*arguments, '--min-uptime=0', peer.uri) as cat:
            check(cat.wait_for('"attempt":1,', 5),
                  'with --min-uptime=0 each connection resets the count')

    with Peer(accept=False) as peer:
        result = run_cat('--json', '--once', '--connect-timeout=50', peer.uri)
        check_equal([(event['domain'], event['code']) for event in result.get_events('error')],
                    [('hb-error-quark', 2)], '--connect-timeout ends an attempt')

    with Peer(lambda client: client.close(1001)) as peer:
        result = run_cat('--once', '--wait=-1', peer.uri)
        check('reconnect in ' not in result.stderr and len(peer.requests) == 1,
              '--once never reconnects', result)


def check_messages():
    def send_all(client):
        client.send(TEXT, 'grüß\nGott'.encode())
        client.send(BINARY, bytes(range(40)))
        echo(client)

    with Peer(send_all) as peer:
        result = run_cat('--count=2', peer.uri)
        check(result.output == 'grüß\nGott\n'.encode()
              and 'binary message, 40 bytes: 00 01 02' in result.stderr,
              'a binary message is shown by its first bytes', result)
        result = run_cat('--binary', '--null', '--count=2', peer.uri)
        check_equal(result.output, 'grüß\nGott\0'.encode() + bytes(range(40)) + b'\0',
                    '--binary prints a binary message, and --null ends it with a NUL')

    frames = []

    def note(client):
        try:
            while True:
                frames.append(client.receive())
                client.send(*frames[-1])
        except Gone:
            pass

    def send(stdin, *arguments):
        frames.clear()
        with Peer(note) as peer:
            run_cat(*arguments, '--wait=0', peer.uri, stdin=stdin)
            return [frame for frame in frames if frame[0] != CLOSE]

    check_equal(send(b'a\n\nb\0c\r\nlast'), [(TEXT, b'a'), (TEXT, b''), (TEXT, b'b\0c\r'),
                                             (TEXT, b'last')], 'each line is a text message')
    check_equal(send(b'\xff\n\xfe', '--binary'), [(BINARY, b'\xff'), (BINARY, b'\xfe')],
                '--binary sends binary messages')
    check_equal(send(b'a\nb\0\0c', '-0'), [(TEXT, b'a\nb'), (TEXT, b''), (TEXT, b'c')],
                '--null sends the texts between NULs as messages')
    long = b'x' * 9_000_000
    check([len(frame[1]) for frame in send(long + b'\nshort')] == [len(long), 5],
          'a long line is sent as one message')

    result = run_cat('--json', '--repeat-limit=1', '--reconnect-timeout=1000', NOWHERE,
                     stdin=b'\n' * 50000)
    n_queued = max((event['waiting'] for event in result.get_events('queued')), default=0)
    check(n_queued < 50000, 'no more input is read while many empty lines are waiting', n_queued)
    check_equal(len(send(b'\n' * 50000)), 50000,
                'reading continues when all lines that were waiting have been sent')

    with EchoServer() as server:
        result = run_cat('--max-message-size=10', '--wait=-1', server.uri, stdin=b'eleven chars')
        check_equal(result.status, 1, 'a message longer than --max-message-size ends the program')
        result = run_cat('--max-message-size=10', '--count=1', server.uri, stdin=b'ten chars!')
        check_equal(result.output, b'ten chars!\n',
                    'a message as long as --max-message-size is accepted')


def check_sent(scratch):
    path = Path(scratch) / 'message'
    path.write_bytes('zwei\nZeilen\n'.encode())
    with EchoServer() as server:
        arguments = ('--send=eins', f'--send=@{path}', '--send=', '--count=3', server.uri)
        result = run_cat(*arguments, stdin=b'never read\n')
        check_equal(result.output, b'eins\nzwei\nZeilen\n\n', '--send replaces the input')
        data = [event['data'] for event in run_cat('--json', *arguments).get_events('message')]
        check_equal(data, ['eins', 'zwei\nZeilen', ''], 'each --send is one message')

        path.write_bytes(b'\0\xff\n')
        check_equal(run_cat('--binary', f'--send=@{path}', '--count=1', server.uri).output,
                    b'\0\xff\n\n', '--send sends a binary message with --binary')
        check_equal(run_cat(f'--send=@{path}', server.uri).status, 2,
                    '--send requires UTF-8 without --binary')

    taken = []

    def log_in(client):
        taken.append(client.receive())
        client.send(TEXT, b'auth_ok')
        echo(client)

    with Peer(log_in) as peer:
        result = run_cat('--greeting=me', '--ready-on=auth_ok', '--send=one', '--count=1',
                         peer.uri)
        check(taken == [(TEXT, b'me')] and result.output == b'auth_ok\none\n',
              '--send waits for the login', result)


def check_slow_command(scratch):
    """Lets the command read only when the connection has been lost."""
    gate = Path(scratch) / 'gate'
    logins = []
    os.mkfifo(gate)

    def open_gate():
        gate.write_text('\n', encoding='utf-8')

    def fill(client, code):
        for _ in range(40):
            client.send(TEXT, b'x' * 40000)
        client.close(code)
        client.receive()

    def end(client):
        fill(client, 1000)
        open_gate()

    def leave(client):
        fill(client, 1001)
        open_gate()

    def restart(client):
        logins.append(client.receive())
        if len(logins) == 1:
            client.send(TEXT, b'auth_ok')
            fill(client, 1001)
        else:
            open_gate()
            echo(client)

    for serve, name, *options in (
            (end, 'the server has ended', '--once'),
            (leave, 'the server has left', '--count=40', '--reconnect-timeout=60000'),
            (restart, 'the next connection is open', '--count=40', '--reconnect-timeout=1',
             '--greeting=me', '--ready-on=auth_ok')):
        with Peer(serve) as peer:
            result = run_cat(f'--exec=read -r _ < {gate}; tr -cd x | wc -c >&2', *options,
                             peer.uri)
        check(result.status == 0 and '1600000' in result.stderr,
              f'the command reads all messages when {name}', result)


def check_command(scratch):
    with EchoServer() as server:
        result = run_cat('--exec=echo one; read -r line; echo "$line two"; read -r line; '
                         'echo "got $line" >&2', server.uri, stdin=b'never read\n')
        check(result.status == 0 and not result.output and 'got one two' in result.stderr,
              '--exec sends the lines of the command, and lets it read messages', result)

        path = Path(scratch) / 'taken'
        result = run_cat(f'--exec=echo hello; cat > {path}; echo ended >&2', '--count=1',
                         server.uri)
        check(result.status == 0 and path.read_bytes() == b'hello\n' and 'ended' in result.stderr,
              'the command of --exec reads all messages before hb-cat ends', result)

        result = run_cat('--json', f'--exec=echo hello; cat > {path}', '--count=1', server.uri)
        check(not result.output and '"event":"message"' in path.read_text(encoding='utf-8'),
              'the command of --exec reads the JSON', result)

        size = 3_000_000
        result = run_cat(f"--exec=head -c {size} /dev/zero | tr '\\0' x; echo; cat | wc -c >&2",
                         '--count=1', server.uri)
        check(result.status == 0 and result.stderr.split()[-1].isdigit()
              and str(size + 1) in result.stderr, '--exec takes long messages',
              result.stderr[-200:])
        # This command reads only after it has written all its lines, which no pipe can hold. If
        # hb-cat waited for the command to read the first echoes, both would wait forever.
        result = run_cat("--exec=i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | "
                         "tr '\\0' x; echo; i=$((i + 1)); done; wc -c >&2", '--count=40',
                         server.uri)
        check(result.status == 0 and '4000040' in result.stderr,
              'hb-cat does not block while the command writes and does not read',
              result.stderr[-200:])

    check_slow_command(scratch)

    result = run_cat(f'--exec=touch {Path(scratch) / "none"}', '--repeat-limit=0', NOWHERE)
    check(result.status == 1 and not (Path(scratch) / 'none').exists(),
          'the command does not run without a connection', result)


def look(terminal, wanted):
    """Reads until the output contains `wanted` or no byte arrives for WAIT_TIMEOUT, and returns the
    output."""
    text = b''
    while wanted not in text and select.select([terminal], [], [], WAIT_TIMEOUT)[0]:
        text += os.read(terminal, 1 << 12)
    return text.decode()


def check_colours():
    for change, coloured in [({}, True), ({'NO_COLOR': ''}, True), ({'NO_COLOR': '1'}, False),
                             ({'TERM': 'dumb'}, False)]:
        environment = {**ENVIRONMENT, 'TERM': 'xterm', **change}
        if 'NO_COLOR' not in change:
            environment.pop('NO_COLOR', None)
        with EchoServer() as server:
            terminal, end = pty.openpty()
            with Cat(server.uri, stderr=end, env=environment) as cat:
                os.close(end)
                cat.process.stdin.close()
                text = look(terminal, b'code 1000')
                cat.wait()
            os.close(terminal)
        check(('  \x1b[32mopen\x1b[0m' in text) == coloured and ('\x1b' in text) == coloured,
              f'colours on a terminal, {change}: {coloured}', repr(text))

    with EchoServer() as server:
        result = run_cat(server.uri, env={**ENVIRONMENT, 'TERM': 'xterm'})
        check('\x1b' not in result.stderr, 'no colours without a terminal', result)


def check_login(scratch):
    taken = []

    def log_in(client):
        client.send(TEXT, b'hello')
        taken.append(client.receive())
        if taken[-1] not in ((TEXT, b'let me in'), (BINARY, b'\0\xff\n')):
            client.close(1008)
            return
        client.send(TEXT, b'{"type": "auth_ok"}')
        echo(client)

    with Peer(log_in) as peer:
        result = run_cat('--greeting=let me in', '--ready-on=auth_ok', '--count=2', peer.uri,
                         stdin=b'one\ntwo\n')
        check_equal(result.output, b'hello\n{"type": "auth_ok"}\none\ntwo\n',
                    '--ready-on keeps lines until the login is acknowledged')
        check(taken == [(TEXT, b'let me in')] and re.search(r'  ready, 2 queued$', result.stderr,
                                                            re.MULTILINE),
              '--greeting logs in', result)
        taken.clear()

        path = Path(scratch) / 'greeting'
        path.write_bytes(b'let me in\n')
        run_cat(f'--greeting=@{path}', '--wait=0', peer.uri, stdin=b'one')
        check_equal(taken.pop(), (TEXT, b'let me in'),
                    '--greeting reads a file, without the newline at its end')

        path.write_bytes(b'\0\xff\n')
        result = run_cat(f'--greeting=@{path}', '--ready-on=auth', '--binary', '--count=1',
                         '--json', peer.uri, stdin=b'one')
        check_equal(taken.pop(), (BINARY, b'\0\xff\n'),
                    '--greeting sends a binary message with --binary')
        names = [event['event'] for event in result.get_events('open', 'ready', 'message')]
        check_equal(names, ['open', 'message', 'message', 'ready', 'message'],
                    'the connection is ready after the message of --ready-on')

        check(run_cat(f'--greeting=@{path}', peer.uri).status == 2,
              '--greeting requires UTF-8 without --binary')
        check(run_cat('--greeting=@/nowhere/at/all', peer.uri).status == 2,
              '--greeting fails if the file is missing')

    def refuse(client):
        client.send(TEXT, b'who are you?')
        client.close(1000)

    with Peer(refuse) as peer:
        result = run_cat('--ready-on=auth_ok', '--repeat-limit=2', '--reconnect-timeout=1',
                         '--min-uptime=0', peer.uri, stdin=b'one')
        check(result.status == 1 and len(peer.requests) == 3,
              'a login that is refused is a failed attempt', result)
        result = run_cat('--ready-on=auth_ok', '--once', peer.uri)
        check_equal(result.status, 1,
                    'a login that is refused is a failed attempt with --once, for any close code')
        result = run_cat('--ready-on=', '--once', '--wait=-1', peer.uri)
        check_equal(result.status, 0, 'an empty text of --ready-on is in every message')


def check_ending():
    with EchoServer() as server:
        lines = b'1\n2\n3\n4\n'
        check_equal(run_cat('--count=3', server.uri, stdin=lines).output, b'1\n2\n3\n',
                    '--count closes after this number of messages')

        result = run_cat('--wait=600', '--json', server.uri)
        at = {event['state']: event['time'] for event in result.get_events('state')}
        check(at['closing'] - at['open'] >= 600,
              'hb-cat waits for --wait after the end of the input', at)

    with EchoServer('--mute-after=0') as server:
        result = run_cat('--wait=0', '--json', '--close-timeout=100', server.uri)
        at = {event['state']: event['time'] for event in result.get_events('state')}
        check(100 <= at['closed'] - at['closing'] < 2000,
              '--close-timeout limits the time of closing', at)

        with Cat('--wait=-1', server.uri) as cat:
            cat.wait_for('open', name='stderr')
            cat.process.stdin.close()
            try:
                cat.process.wait(MOMENT)
                check(False, '--wait=-1 never ends', cat.wait())
            except subprocess.TimeoutExpired:
                check(True, '--wait=-1 never ends')

    with EchoServer() as server:
        result = run_cat('--quiet', '--count=1', server.uri, stdin=b'hi')
        check(result.output == b'hi\n' and not result.stderr, '--quiet reports nothing', result)
        result = run_cat('-q', '--repeat-limit=1', '--reconnect-timeout=1', NOWHERE)
        check(result.status == 1 and len(result.stderr.splitlines()) >= 2,
              '--quiet reports errors', result)

    result = run_cat('--version')
    check(result.status == 0 and re.fullmatch(rb'hb-cat \d+\.\d+\.\d+ \(libsoup .*\)\n',
                                              result.output),
          '--version prints the version', result)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        check_handshake(scratch)
        check_tls(scratch)
        check_login(scratch)
        check_sent(scratch)
        check_command(scratch)
    check_colours()
    check_heartbeat()
    check_reconnecting()
    check_messages()
    check_ending()

    check_equal(sorted(set(get_options()) - used - {'--help'}), [],
                'this test uses each option of --help')
    finish()


if __name__ == '__main__':
    main()
