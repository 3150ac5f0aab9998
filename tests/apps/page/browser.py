#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page in a browser, with clients whose connections it breaks.

browser.py SERVER CLIENT DRIVER CHROMIUM FOLDER

DRIVER is chromedriver, and FOLDER gets the screenshots.
"""

import sys
import time
from pathlib import Path

from harness import Program, Server, expect, expect_equal, run_cases, wait_for
from webdriver import Browser
from websocket import ODD_TEXT, WebSocket, show

SERVER, CLIENT, DRIVER, CHROMIUM = sys.argv[1:5]
FOLDER = Path(sys.argv[5])

GET_CARDS = '''
  return [...document.querySelectorAll('.client')].map(card => Object.fromEntries(
    [['number', Number(card.dataset.client)],
     ...['state', 'address', 'heard', 'in', 'out', 'waiting', 'mute'].map(
       name => [name, card.querySelector('.' + name).textContent])]));
'''

GET_FOCUS = '''
  const focus = document.activeElement;
  const card = focus.closest('.client');
  return (card ? card.dataset.client + ' ' : '') + (focus.id || focus.className || focus.tagName);
'''


class Page:
    """The server, the browser, and what is to be seen in it."""

    def __init__(self, server, browser):
        self.server = server
        self.browser = browser

    def new_client(self, ping_timeout=0, pong_timeout=0):
        """A client that has opened, and is in the list."""
        client = Program(CLIENT, self.server.uri, ping_timeout, pong_timeout)
        client.wait_for('open')
        return client

    def get_cards(self):
        return self.browser.run(GET_CARDS)

    def wait_for_cards(self, condition, what):
        """Gives the cards, once they are such."""
        found = []

        def look():
            found[:] = self.get_cards()
            return condition(found)

        wait_for(look, what)
        return found

    def wait_for_one(self, after=0):
        """Gives the number of the only client, which has come after another."""
        cards = self.wait_for_cards(
            lambda cards: len(cards) == 1 and cards[0]['number'] > after,
            f'a single client after client {after} in the list')
        return cards[0]['number']

    def wait_for_none(self):
        self.wait_for_cards(lambda cards: not cards, 'an empty list')

    def part(self, number, name):
        return f'.client[data-client="{number}"] .{name}'

    def click(self, number, name):
        self.browser.click(self.part(number, name))

    def get_log(self):
        return self.browser.run(
            "return [...document.querySelectorAll('#log li')].map(item => item.textContent)")

    def wait_for_log(self, text):
        wait_for(lambda: any(text in line for line in self.get_log()), f'“{text}” in the log')

    def wait_for_status(self, text):
        wait_for(lambda: self.browser.get_text('#status') == text, f'the status “{text}”')


def test_empty(page):
    page.wait_for_none()
    expect(page.browser.call('GET', f'/element/{page.browser.find("#nobody")}/displayed'),
           'nothing says that nobody is connected')
    expect_equal(page.browser.get_text('#address'), page.server.uri, 'the address')
    page.wait_for_status('The page is connected to the server.')


def test_counts(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        client.write('hello')
        client.wait_for('message hello')
        cards = page.wait_for_cards(lambda cards: cards[0]['out'] == '1 (5 B)',
                                    'one message sent')
        expect_equal([cards[0][name] for name in ('state', 'in', 'waiting', 'mute')],
                     ['open', '1 (5 B)', '0', 'Mute'], 'the card')
        expect(cards[0]['address'].startswith('127.0.0.1:'), 'the address is wrong')
        page.wait_for_log(f'client {number} ← hello')
        page.wait_for_log(f'client {number} → hello')
    page.wait_for_none()


def test_escapes(page):
    evil = '<img src="/none" onerror="document.title = 1"><script>document.title = 2</script>'
    with page.new_client() as client:
        client.write(evil)
        page.wait_for_log(evil)
        expect_equal(page.browser.find_all('#log img, #log script'), [], 'what became of HTML')
    page.wait_for_none()


def test_odd_text(page):
    with WebSocket(page.server.port) as client:
        client.send(ODD_TEXT)
        page.wait_for_log(show(ODD_TEXT))
        client.send('and on it goes')
        page.wait_for_log('and on it goes')
    page.wait_for_none()


def test_drop(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        page.click(number, 'drop')
        client.wait_for('close 1006')
        client.wait_for('reconnect')
        client.wait_for('open', 2)
        page.wait_for_one(after=number)
        page.wait_for_log(f'client {number} • dropped by a reset')
        page.wait_for_status(f'Client {number} was dropped.')
    page.wait_for_none()


def test_close(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        page.browser.choose(page.part(number, 'code'), 1012)
        page.click(number, 'close-form button')
        client.wait_for('close 1012')
        client.wait_for('open', 2)
        page.wait_for_one(after=number)
    page.wait_for_none()


def test_mute(page):
    with page.new_client(ping_timeout=200, pong_timeout=2000) as client:
        number = page.wait_for_one()
        page.click(number, 'mute')
        client.wait_for('error pong-timeout')
        client.wait_for('close 1006')
        client.wait_for('open', 2)
        page.wait_for_one(after=number)
        page.wait_for_log(f'client {number} • silent from now on')
        page.wait_for_log(f'client {number} • gone while it was not listened to')
    page.wait_for_none()


def test_unmute(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        page.click(number, 'mute')
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'muted', 'a muted client')
        expect_equal(page.get_cards()[0]['mute'], 'Unmute', 'the button')
        client.write('anybody there?')
        client.wait_for('open')
        page.click(number, 'mute')
        client.wait_for('message anybody there?')
        expect_equal(client.count('close'), 0, 'the number of closes')
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'open', 'an open client')
    page.wait_for_none()


def test_refuse(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        page.browser.choose('#retry-after', 1)
        page.browser.click('#refuse')
        page.wait_for_log('new clients are refused')
        page.click(number, 'drop')
        client.wait_for('error, status 503')
        client.wait_for('reconnect in 1000')
        page.wait_for_none()
        wait_for(lambda: int(page.browser.get_text('#refused')) > 0, 'a refused client')
        expect_equal(client.count('open'), 1, 'the number of times that the client was open')

        page.browser.click('#refuse')
        page.wait_for_log('new clients are accepted')
        client.wait_for('open', 2)
        page.wait_for_one(after=number)
    page.wait_for_none()


def test_click_in_time(page):
    """A click comes after an update was sent that knows nothing of it, and before it is shown."""
    page.browser.click('#clear')
    page.browser.run('''
      Object.defineProperty(document, 'title', {configurable: true, set() {
        const refuse = document.getElementById('refuse');
        delete document.title;
        refuse.focus();
        refuse.click();
        setTimeout(() => { window.kept = String(refuse.checked); }, 0);
      }});
    ''')
    wait_for(lambda: page.browser.run('return window.kept'), 'an update')
    expect_equal(page.browser.run('return window.kept'), 'true', 'what the update left of a click')
    page.wait_for_log('new clients are refused')
    page.browser.click('#refuse')
    page.wait_for_log('new clients are accepted')


def test_delay(page):
    with page.new_client() as client:
        page.wait_for_one()
        page.browser.choose('#delay', 2000)
        page.wait_for_log('answers are delayed by 2000 ms')
        start = time.monotonic()
        client.write('late')
        page.wait_for_cards(lambda cards: cards[0]['waiting'] == '1', 'an answer that waits')
        client.wait_for('message late')
        expect(time.monotonic() - start >= 2, 'the answer was not delayed')
        page.browser.choose('#delay', 0)
        page.wait_for_log('answers are delayed by 0 ms')
    page.wait_for_none()


def test_send_and_broadcast(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        page.browser.type(page.part(number, 'text'), 'only you')
        page.click(number, 'send-form button')
        client.wait_for('message only you')
        page.browser.type('#broadcast-text', 'flood')
        page.browser.type('#broadcast-count', '1000')
        page.browser.click('#broadcast-form button')
        client.wait_for('message flood', 1000)
        page.wait_for_cards(lambda cards: cards[0]['out'].startswith('1,001 ('), '1,001 sent')
        page.wait_for_log('lines left out')
        lines = page.get_log()
        expect(len(lines) <= 500, f'the log has {len(lines)} lines')
        page.browser.click('#clear')
    page.wait_for_none()


def tab_to(page, focus):
    """By the keyboard alone"""
    seen = []
    for _ in range(60):
        page.browser.press('Tab')
        seen.append(page.browser.run(GET_FOCUS))
        if seen[-1] == focus:
            return
    expect(False, f'Tab does not lead to “{focus}”, but to {seen}')


def test_keyboard(page):
    with page.new_client() as client:
        number = page.wait_for_one()
        tab_to(page, f'{number} mute')
        page.browser.press('Space')
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'muted', 'a muted client')
        expect_equal(page.browser.run(GET_FOCUS), f'{number} mute', 'the focus')
        page.browser.press('Enter')
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'open', 'an open client')

        tab_to(page, f'{number} text')
        page.browser.type(page.part(number, 'text'), 'typed')
        page.browser.press('Enter')
        client.wait_for('message typed')

        tab_to(page, f'{number} drop')
        page.browser.press('Enter')
        client.wait_for('open', 2)
        page.wait_for_one(after=number)
        expect_equal(page.browser.run(GET_FOCUS), 'clients-heading', 'the focus')

        for focus in ('hold', 'clear', 'log', 'refuse', 'retry-after', 'delay'):
            tab_to(page, focus)
    page.wait_for_none()


def test_names(page):
    with page.new_client():
        page.wait_for_one()
        controls = page.browser.find_all('button, input, select, #log, main section, .client')
        expect(len(controls) > 15, f'there are only {len(controls)} controls')
        for control in controls:
            expect(page.browser.get_label(control), 'there is no name for ' + page.browser.run(
                'return arguments[0].outerHTML.slice(0, 80)',
                {'element-6066-11e4-a52e-4f735466cecf': control}))
        expect_equal(page.browser.run(
            "return ['status', 'log'].map(id => document.getElementById(id).role).join()"),
            'status,log', 'the roles of what is to be read out')
    page.wait_for_none()


def test_looks(page):
    """What nobody sees, a test cannot judge; it shows that all fits, and leaves the pictures."""
    browser = page.browser
    with page.new_client(ping_timeout=500, pong_timeout=5000) as first, page.new_client() as second:
        cards = page.wait_for_cards(lambda cards: len(cards) == 2, 'two clients')
        for client, text in ((first, 'hello'), (second, 'a longer message, in a line of its own')):
            client.write(text)
            client.wait_for(f'message {text}')
        page.click(cards[1]['number'], 'mute')
        page.wait_for_cards(lambda cards: cards[1]['state'] == 'muted', 'a muted client')
        second.write('x' * 500)
        for scheme in ('light', 'dark'):
            browser.set_scheme(scheme)
            for name, width, height in (('wide', 1000, 1080), ('narrow', 360, 1500)):
                browser.set_size(width, height)
                wait_for(lambda w=width: browser.run('return innerWidth') == w, 'the new size')
                browser.run('scrollTo(0, 0)')
                browser.save_screenshot(FOLDER / f'page-{scheme}-{name}.png')
                excess = browser.run('const root = document.documentElement;'
                                     'return root.scrollWidth - root.clientWidth;')
                expect_equal(excess, 0, f'what lies beyond the edge of the {name} page')
            colours = browser.run(
                'const style = getComputedStyle(document.body);'
                'return [style.color, style.backgroundColor]'
                '.map(text => text.match(/[0-9]+/g).slice(0, 3).reduce((a, b) => a + +b, 0));')
            expect((colours[0] < colours[1]) == (scheme == 'light'), f'the page is not {scheme}')
        browser.tell_chromium('Emulation.clearDeviceMetricsOverride')
    page.wait_for_none()


def test_console(page):
    # Each message begins with its source. On a slow machine, Chromium writes about the page with
    # which it starts, its own.
    messages = [entry['message'] for entry in page.browser.take_log()]
    expect_equal([message for message in messages if not message.startswith('chrome://')], [],
                 'what the console was told')


def test_restart(page):
    page.server.terminate()
    page.wait_for_status('The server is not there. Trying again…')
    with Server(SERVER, port=page.server.port) as server:
        page.wait_for_status('The page is connected to the server.')
        with page.new_client() as client:
            expect_equal(page.wait_for_one(), 1, 'the number of the first client')
            client.write('hello again')
            page.wait_for_log('client 1 ← hello again')
        page.wait_for_none()
        expect_equal(server.terminate(), 0, 'the exit status of the server')


CASES = [
    ('at first the list is empty', test_empty),
    ('a client is listed, and its messages are counted', test_counts),
    ('what a client sends is shown as text', test_escapes),
    ('the page stumbles over no character', test_odd_text),
    ('a dropped client comes back', test_drop),
    ('a closed client is told the code, and comes back', test_close),
    ('a muted client misses the pong, and comes back', test_mute),
    ('an unmuted client is answered after all', test_unmute),
    ('a refused client waits until it is let in', test_refuse),
    ('an update that comes late takes no click back', test_click_in_time),
    ('a delayed answer is seen to wait', test_delay),
    ('text is sent to one, and to all many times', test_send_and_broadcast),
    ('the keyboard is enough', test_keyboard),
    ('each control has a name', test_names),
    ('it fits a phone, and follows light and dark', test_looks),
    ('the console was told of no error', test_console),
    ('the page finds a server that was started again', test_restart),
]


def main():
    with Server(SERVER) as server, Browser(DRIVER, CHROMIUM) as browser:
        page = Page(server, browser)
        browser.set_size(1000, 1080)
        browser.open(server.uri.replace('ws:', 'http:'))
        return run_cases([(name, lambda case=case: case(page)) for name, case in CASES])


if __name__ == '__main__':
    sys.exit(main())
