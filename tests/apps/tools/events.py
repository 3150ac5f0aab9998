#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the output of hb-cat --json, and that the manual page lists its events and members."""

import base64
import re
import time

from common import Cat, EchoServer, SOURCE, check, check_equal, check_none, finish, run_cat
from raw_websocket import BINARY, TEXT, Peer, echo

PAGE = SOURCE / 'tools' / 'hb-cat' / 'hb-cat.1'

# The members of each event and their types, in the order of the output, after `event` and `time`
MEMBERS = {
    'state': {'state': str},
    'open': {'protocol': (str, type(None)), 'downtime': int, 'waiting': int},
    'ready': {'waiting': int},
    'message': {'type': str, 'data': str},
    'close': {'code': int, 'reason': str},
    'error': {'domain': str, 'code': int, 'message': str},
    'reconnect': {'attempt': int, 'delay': int},
    'latency': {'latency_us': int},
    'queued': {'waiting': int},
    'drain': {},
    'unsent': {'domain': str, 'code': int, 'message': str},
}

# Events whose position in the output varies with the times of reads, writes and pings
ANYWHERE = ('drain', 'latency', 'queued')

_seen = set()


def get_faults(events):
    """Yields a description of each fault, and adds the names of the events to _seen."""
    now = time.time() * 1000
    last = 0
    for event in events:
        name = event.get('event')
        _seen.add(name)
        wanted = MEMBERS.get(name, {})
        if list(event) != ['event', 'time', *wanted]:
            yield f'the members of {event}'
        if not all(isinstance(event.get(member), kind) for member, kind in wanted.items()):
            yield f'the types of {event}'
        if not last <= event['time'] <= now or now - event['time'] > 120_000:
            yield f'the time of {event}'
        last = event['time']


def check_form(result, name):
    check_none(get_faults(result.get_events()), f'{name}: each line has the documented form')


def format_events(events):
    """Returns a line for each event that is not in ANYWHERE, without the values that vary."""
    return [' '.join([event['event'], *(str(event[member]) for member in MEMBERS[event['event']]
                                        if member not in ('message', 'downtime'))])
            for event in events if event['event'] not in ANYWHERE]


def check_messages():
    texts = ['', 'grüß 你好 🙂', '"quoted" \\ /', 'a\nb\tc\r\x01\x1f\x7f', 'nul\0in\0\0it\0', '\0',
             '\u2028\ufeff\uffff', '{"json": [1]}', 'x' * 200_000,
             '\0' * 2_000_000 + '\x1f' * 2_000_000]
    blobs = [b'', b'\0', bytes(range(256)), b'y' * 200_000]

    def serve(client):
        for text in texts:
            client.send(TEXT, text.encode())
        for blob in blobs:
            client.send(BINARY, blob)
        echo(client)

    with Peer(serve) as peer:
        result = run_cat('--json', f'--count={len(texts) + len(blobs)}', peer.uri)
    check_form(result, 'messages')
    events = result.get_events('message')
    check_equal([event['data'] for event in events if event['type'] == 'text'], texts,
                'a text message has the text that was sent')
    check_equal([base64.b64decode(event['data'], validate=True) for event in events
                 if event['type'] == 'binary'], blobs, 'binary messages are in Base64')
    check(not result.stderr, 'standard error is empty', result)

    with Peer() as peer:
        result = run_cat('--json', '--binary', '--null', '--count=2', peer.uri, stdin=b'a\nb\0\xff')
    check_equal([(event['type'], event['data']) for event in result.get_events('message')],
                [('binary', 'YQpi'), ('binary', '/w==')],
                '--binary and --null can be used with --json')


def check_life():
    arguments = ('--json', '--ping-timeout=100', '--pong-message=heartbeat',
                 '--reconnect-timeout=20', '--min-uptime=0')

    with EchoServer('--protocol=chat') as server:
        cat = Cat(*arguments, '--protocol=chat', server.uri)
        cat.wait_for('"event":"open"')
        cat.write(b'hello\n')
        check(cat.wait_for('"hello"') and cat.wait_for('"latency"'), 'each line is printed at once')

    with cat:
        cat.wait_for('"waiting"}$')
        cat.write(b'one\ntwo\n')
        cat.wait_for('"event":"queued"', 2)
        with EchoServer('--protocol=chat', port=server.port):
            cat.wait_for('"two"')
            result = cat.end()

    events = result.get_events()
    check_form(result, 'a reconnection')
    lines = format_events(events)
    check_equal(lines[:5], ['state connecting', 'state open', 'open chat 0', 'message text hello',
                           'state waiting'], 'the connection is opened and lost')
    check(lines[5].startswith(('close 1006', 'error')) and 'reconnect 1 20' in lines,
          'the loss and the attempt are reported', lines)
    check_equal(lines[-8:], ['state connecting', 'state open', 'open chat 2', 'message text one',
                            'message text two', 'state closing', 'state closed', 'close 1000 '],
                'hb-cat reconnects, and sends the queued lines')
    downtimes = [event['downtime'] for event in events if event['event'] == 'open']
    check(downtimes[0] == 0 and 20 <= downtimes[1] <= events[-1]['time'] - events[0]['time'],
          'downtime is in milliseconds, and 0 at first', downtimes)
    latencies = [event['latency_us'] for event in events if event['event'] == 'latency']
    check(all(0 < latency < 60_000_000 for latency in latencies), 'latency is in microseconds',
          latencies)
    check_equal([event['waiting'] for event in events if event['event'] == 'queued'], [1, 2],
                'queued lines are counted')


def check_ends():
    def greet(client):
        client.send(TEXT, b'welcome')
        echo(client)

    with Peer(greet) as peer:
        result = run_cat('--json', '--ready-on=come', '--count=1', peer.uri, stdin=b'x')
    check_form(result, 'a login')
    check_equal([event['event'] for event in result.get_events('message', 'ready')],
                ['message', 'ready', 'message'],
                'readiness is reported after the message that causes it')

    with Peer(lambda client: client.close(4001, 'see “you”\x1f')) as peer:
        result = run_cat('--json', '--once', '--wait=-1', peer.uri)
    check_form(result, 'the server closes')
    check_equal(format_events(result.get_events()),
                ['state connecting', 'state open', 'open None 0', 'state closed',
                 'close 4001 see “you”\x1f'], 'the close code and the reason are reported')

    result = run_cat('--json', '--repeat-limit=1', '--reconnect-timeout=5', 'ws://127.0.0.1:1/')
    check_form(result, 'no server')
    check_equal(format_events(result.get_events()),
                ['state connecting', 'state waiting', 'error g-io-error-quark 39', 'reconnect 1 5',
                 'state connecting', 'state closed', 'error g-io-error-quark 39',
                 'error hb-error-quark 9'], 'attempts and the end after the last one are reported')
    check(result.status == 1 and not result.stderr,
          'standard error is empty after the last attempt', result)

    with EchoServer() as server:
        result = run_cat('--json', '--quiet', '--count=1', server.uri, stdin=b'\xff\nhello\n')
    check_form(result, '--quiet')
    check_equal([event['event'] for event in result.get_events()], ['unsent', 'message'],
                '--quiet prints only messages and errors')


def main():
    check_messages()
    check_life()
    check_ends()

    page = PAGE.read_text(encoding='utf-8').split('.Sh JSON EVENTS')[1].split('.Sh ')[0]
    check_equal(re.findall(r'^\.It Li (\w+)$', page, re.MULTILINE), list(MEMBERS),
                'the manual page lists each event')
    items = dict(re.findall(r'^\.It Li (\w+)\n(.*?)(?=^\.It |^\.El)', page,
                            re.MULTILINE | re.DOTALL))
    check_none((f'{event}: {member}' for event, members in MEMBERS.items() for member in members
                if not re.search(rf'^\.Li (?:\w+ , )?{member}\b', items[event], re.MULTILINE)),
               'the manual page lists the members of each event')
    check_equal(sorted(_seen), sorted(MEMBERS), 'this test has seen each event')
    finish()


if __name__ == '__main__':
    main()
