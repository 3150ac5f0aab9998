# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that sends the commands of the page to echo-server."""

import json
import re
import urllib.error
import urllib.request
from types import SimpleNamespace

from harness import WAIT_TIMEOUT, expect, expect_equal
from raw_websocket import TEXT, WebSocket

# All control characters and some unusual characters. The server must encode each in JSON.
ODD_TEXT = ''.join(map(chr, [*range(0x20), *range(0x7f, 0xa0)])) + '"\\/\u2028\ufeff\uffff🙂'


def show(text):
    """Returns the text as the log of the server shows it, but in full."""
    return re.sub('[\0\x80-\x9f]', '\ufffd', re.sub(
        '[\1-\x1f]', lambda match: chr(0x2400 + ord(match[0])), text).replace('\x7f', '␡'))


def request(port, path='/', method='GET', **headers):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(urllib.request.Request(
            f'http://127.0.0.1:{port}{path}', method=method, headers=headers), timeout=WAIT_TIMEOUT)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())


class Control(WebSocket):
    def __init__(self, port, **headers):
        super().__init__(port, '/control', **{'Origin': f'http://127.0.0.1:{port}',
                                              'Sec_WebSocket_Protocol': 'hb-control', **headers})

    def read_json(self):
        opcode, payload = self.receive()
        expect_equal(opcode, TEXT, 'the type of the frame')
        return json.loads(payload)

    def run(self, command, /, **members):
        self.send_text(json.dumps({'command': command, **members}))
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
        expect_equal(update['type'], 'update', 'the type of the reply to next')
        return update
