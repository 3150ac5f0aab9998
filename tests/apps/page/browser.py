#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the page of echo-server in a headless Chromium, driven by Selenium.

browser.py SERVER DRIVER CHROMIUM FOLDER

DRIVER is chromedriver. The screenshots are saved in FOLDER. control.py tests the effects of the
commands that the page sends.
"""

import os
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from harness import Server, expect, expect_equal, run_cases, wait_for
from control_client import ODD_TEXT, Control, show
from raw_websocket import PING, TEXT, WebSocket

SERVER, DRIVER, CHROMIUM = sys.argv[1:4]
FOLDER = Path(sys.argv[4])

GET_CARDS = '''
  return [...document.querySelectorAll('.client')].map(card => Object.fromEntries(
    [['number', Number(card.dataset.client)],
     ...['state', 'address', 'in', 'out', 'waiting', 'mute'].map(
       name => [name, card.querySelector('.' + name).textContent])]));
'''

GET_LOG = "return [...document.querySelectorAll('#log li')].map(item => item.textContent)"

GET_FOCUS = '''
  const focus = document.activeElement;
  const card = focus.closest('.client');
  return (card ? card.dataset.client + ' ' : '') + (focus.id || focus.className || focus.tagName);
'''

# Clicks `refuse` in the middle of an update, when the page sets its title. The server sent the
# update before the click, so the update must not undo the click.
CLICK_IN_UPDATE = '''
  Object.defineProperty(document, 'title', {configurable: true, set() {
    const refuse = document.getElementById('refuse');
    delete document.title;
    refuse.focus();
    refuse.click();
    setTimeout(() => { window.kept = String(refuse.checked); }, 0);
  }});
'''


@contextmanager
def open_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in ('--headless=new', '--disable-gpu', '--disable-dev-shm-usage',
                         '--no-first-run', '--no-proxy-server', '--force-color-profile=srgb',
                         f'--user-data-dir={profile}'):
            options.add_argument(argument)
        # As root, Chromium refuses to run with its sandbox.
        if os.geteuid() == 0:
            options.add_argument('--no-sandbox')
        browser = webdriver.Chrome(options=options, service=Service(DRIVER))
        try:
            yield browser
        finally:
            browser.quit()


class Page:
    def __init__(self, server, browser):
        self.server = server
        self.browser = browser
        self.run = browser.execute_script

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def set_size(self, width, height):
        self.browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': width < 600})

    @contextmanager
    def client(self):
        """Yields a client, and a function that finds a part of the client's card on the page.

        No other client may be connected.
        """
        with WebSocket(self.server.port) as client:
            number = self.wait_for_cards(lambda cards: len(cards) == 1, 'a client')[0]['number']
            yield client, lambda name: self.find(f'.client[data-client="{number}"] .{name}')
        self.wait_for_cards(lambda cards: not cards, 'an empty list')

    def wait_for_cards(self, condition, what):
        cards = []

        def look():
            cards[:] = self.run(GET_CARDS)
            return condition(cards)

        wait_for(look, what)
        return cards

    def wait_for_log(self, text):
        wait_for(lambda: any(text in line for line in self.run(GET_LOG)), f'“{text}” in the log')

    def wait_for_status(self, text):
        wait_for(lambda: self.find('#status').text == text, f'the status “{text}”')


def test_empty(page):
    page.wait_for_cards(lambda cards: not cards, 'an empty list')
    expect(page.find('#nobody').is_displayed(), 'the page does not say that no client is connected')
    expect_equal(page.find('#address').text, page.server.uri, 'the address')
    page.wait_for_status('The page is connected to the server.')


def test_counts(page):
    with page.client() as (client, _):
        client.send_text('hello')
        card = page.wait_for_cards(lambda cards: cards[0]['out'] == '1 (5 B)', 'an echo')[0]
        expect_equal([card[name] for name in ('state', 'address', 'in', 'waiting', 'mute')],
                     ['open', '{}:{}'.format(*client.sock.getsockname()), '1 (5 B)', '0', 'Mute'],
                     'the card')
        page.wait_for_log(f'client {card["number"]} ← hello')
        page.wait_for_log(f'client {card["number"]} → hello')


def test_odd_text(page):
    evil = '<img src="/none" onerror="document.title = 1"><script>document.title = 2</script>'
    with page.client() as (client, _):
        for text in (ODD_TEXT, evil):
            client.send_text(text)
            page.wait_for_log(show(text))
    expect_equal(page.browser.find_elements(By.CSS_SELECTOR, '#log img, #log script'), [],
                 'the elements made from HTML')


def test_commands_to_one(page):
    with page.client() as (client, find):
        find('mute').click()
        page.wait_for_cards(lambda cards: (cards[0]['state'], cards[0]['mute'])
                            == ('muted', 'Unmute'), 'a muted client')
        find('mute').click()
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'open', 'an open client')
        find('text').send_keys('only you')
        find('send-form button').click()
        client.expect_frame(TEXT, b'only you')
        number = page.run(GET_CARDS)[0]['number']
        find('drop').click()
        expect(client.is_reset(), 'the connection has not ended by a reset')
        page.wait_for_status(f'Client {number} was dropped.')
    with page.client() as (client, find):
        Select(find('code')).select_by_value('1012')
        find('close-form button').click()
        expect_equal(client.receive()[1][:2], (1012).to_bytes(2, 'big'), 'the code')


def test_commands_to_all(page):
    Select(page.find('#retry-after')).select_by_value('1')
    page.find('#refuse').click()
    page.wait_for_log('new clients are refused')
    with WebSocket(page.server.port) as client:
        expect_equal((client.status, client.answer.headers['retry-after']), (503, '1'),
                     'the answer')
    wait_for(lambda: page.find('#refused').text == '1', 'a refused client')
    page.find('#refuse').click()
    page.wait_for_status('New connections are accepted.')

    with page.client() as (client, _):
        Select(page.find('#delay')).select_by_value('2000')
        page.wait_for_log('answers are delayed by 2000 ms')
        client.send_text('late')
        page.wait_for_cards(lambda cards: cards[0]['waiting'] == '1', 'an answer that waits')
        Select(page.find('#delay')).select_by_value('0')
        page.wait_for_log('answers are delayed by 0 ms')
        client.expect_frame(TEXT, b'late')


def submit(page, form, **texts):
    for name, text in texts.items():
        page.find(f'#{form}-{name}').clear()
        page.find(f'#{form}-{name}').send_keys(text)
    page.find(f'#{form}-form button').click()


def wait_for_note(page, name, text):
    wait_for(lambda: page.find(f'#{name}').text == text, f'the note “{text}” of {name}')


def test_demands(page):
    submit(page, 'greet', text='welcome')
    page.wait_for_status('New clients are greeted.')
    submit(page, 'login', text='secret', answer='come in')
    page.wait_for_status('Clients have to log in.')
    Select(page.find('#limit')).select_by_value('100')
    page.wait_for_status('Messages are limited to 100 bytes.')
    wait_for_note(page, 'greet', 'on')
    wait_for_note(page, 'login', 'on')

    with page.client() as (client, _):
        client.expect_frame(TEXT, b'welcome')
        client.send_text('secret')
        client.expect_frame(TEXT, b'come in')
        client.send_text('x' * 101)
        expect_equal(client.receive()[1][:2], (1009).to_bytes(2, 'big'), 'the code')

    submit(page, 'greet', text='')
    submit(page, 'login', text='', answer='')
    Select(page.find('#limit')).select_by_value('-1')
    page.wait_for_status('Messages have no limit below 16 MiB.')
    wait_for_note(page, 'greet', 'off')
    wait_for_note(page, 'login', 'off')
    with page.client() as (client, _):
        client.send_text('x' * 101)
        client.expect_frame(TEXT, b'x' * 101)


def test_long_log(page):
    with page.client() as (client, _):
        for name, text in (('text', 'flood'), ('count', '1000')):
            page.find(f'#broadcast-{name}').clear()
            page.find(f'#broadcast-{name}').send_keys(text)
        page.find('#broadcast-form button').click()
        for _ in range(1000):
            client.expect_frame(TEXT, b'flood')
        page.wait_for_cards(lambda cards: cards[0]['out'].startswith('1,000 ('), '1,000 sent')
        page.wait_for_log('lines left out')
        expect(len(page.run(GET_LOG)) <= 500, 'the log has more than 500 lines')
        page.find('#clear').click()


def test_hold(page):
    with page.client() as (client, _):
        page.wait_for_log('connected')
        page.find('#clear').click()
        page.find('#hold').click()
        client.send_text('one')
        page.wait_for_cards(lambda cards: cards[0]['out'] == '1 (3 B)', 'an echo')
        page.find('#hold').click()
        client.send_text('two')
        page.wait_for_log('two')
        expect_equal(page.run(GET_LOG)[0], '… 2 lines left out', 'the first line')


def test_click_in_update(page):
    page.run(CLICK_IN_UPDATE)
    with page.client():
        wait_for(lambda: page.run('return window.kept'), 'an update')
        expect_equal(page.run('return window.kept'), 'true', 'the effect of the click')
        page.wait_for_log('new clients are refused')
        page.find('#refuse').click()
        page.wait_for_status('New connections are accepted.')


def test_change_elsewhere(page):
    delay = page.find('#delay')
    page.run('arguments[0].focus()', delay)
    with Control(page.server.port) as control:
        for value in (500, 0):
            control.do('delay', delay=value)
            wait_for(lambda wanted=str(value): delay.get_property('value') == wanted, 'the change')
    expect_equal(page.run(GET_FOCUS), 'delay', 'the focus')


def press(page, key):
    ActionChains(page.browser).send_keys(key).perform()


def tab_to(page, focus):
    seen = []
    while focus not in seen:
        expect(len(seen) < 60, f'Tab does not lead to “{focus}”, but to {seen}')
        press(page, Keys.TAB)
        seen.append(page.run(GET_FOCUS))


def test_keyboard(page):
    with page.client() as (client, _):
        number = page.run(GET_CARDS)[0]['number']
        tab_to(page, f'{number} mute')
        press(page, Keys.SPACE)
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'muted', 'a muted client')
        expect_equal(page.run(GET_FOCUS), f'{number} mute', 'the focus')
        press(page, Keys.ENTER)
        page.wait_for_cards(lambda cards: cards[0]['state'] == 'open', 'an open client')
        tab_to(page, f'{number} text')
        press(page, 'typed')
        press(page, Keys.ENTER)
        client.expect_frame(TEXT, b'typed')
        tab_to(page, f'{number} drop')
        press(page, Keys.ENTER)
        page.wait_for_cards(lambda cards: not cards, 'an empty list')
        expect_equal(page.run(GET_FOCUS), 'clients-heading', 'the focus')
        for focus in ('hold', 'clear', 'log', 'refuse', 'retry-after', 'delay', 'limit',
                      'greet-text', 'login-text', 'login-answer'):
            tab_to(page, focus)


def test_names(page):
    with page.client():
        controls = page.browser.find_elements(
            By.CSS_SELECTOR, 'button, input, select, #log, main section, .client')
        expect(len(controls) > 15, f'there are only {len(controls)} controls')
        for control in controls:
            expect(control.accessible_name, 'no name: ' + control.get_attribute('outerHTML')[:80])
        expect_equal([page.find(f'#{name}').get_attribute('role') for name in ('status', 'log')],
                     ['status', 'log'], 'the roles of the elements that are read out')


def test_looks(page):
    """The screenshots are for reviewers."""
    with page.client() as (client, find):
        client.send_text('x' * 500)
        find('mute').click()
        client.send(PING, b'a ping that is not answered')
        for scheme in ('light', 'dark'):
            page.browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [
                {'name': 'prefers-color-scheme', 'value': scheme}]})
            for name, width, height in (('wide', 1000, 1080), ('narrow', 360, 1500)):
                page.set_size(width, height)
                wait_for(lambda w=width: page.run('return innerWidth') == w, 'the new size')
                page.browser.save_screenshot(str(FOLDER / f'page-{scheme}-{name}.png'))
                excess = page.run('const root = document.documentElement;'
                                  'return root.scrollWidth - root.clientWidth;')
                expect_equal(excess, 0, f'the width beyond the edge of the {name} page')
            text, ground = (sum(map(int, re.findall(r'\d+', colour)[:3])) for colour in page.run(
                'const style = getComputedStyle(document.body);'
                'return [style.color, style.backgroundColor];'))
            expect((text < ground) == (scheme == 'light'), f'the page is not {scheme}')
        page.set_size(1000, 1080)


def test_console(page):
    # On a slow machine, Chromium also writes messages about its own start page.
    messages = [entry['message'] for entry in page.browser.get_log('browser')]
    expect_equal([message for message in messages if not message.startswith('chrome://')], [],
                 'the messages on the console')


def test_back(page):
    with page.client() as (client, _):
        client.send_text('only once')
        page.wait_for_log('→ only once')
        page.browser.get('about:blank')
        page.browser.back()
        page.wait_for_status('The page is connected to the server.')
        page.wait_for_log('→ only once')
        client.send_text('the end')
        page.wait_for_log('→ the end')
        expect_equal(sum('→ only once' in line for line in page.run(GET_LOG)), 1,
                     'the number of lines with the echo')


def test_restart(page):
    page.server.terminate()
    page.wait_for_status('The server cannot be reached. Trying again…')
    with Server(SERVER, port=page.server.port) as server:
        page.wait_for_status('The page is connected to the server.')
        with page.client() as (client, _):
            client.send_text('hello again')
            page.wait_for_log('client 1 ← hello again')
        expect_equal(server.terminate(), 0, 'the exit status of the server')


CASES = [
    ('the list is empty at first', test_empty),
    ('a client is listed, and its messages are counted', test_counts),
    ('the page shows markup in messages as text', test_odd_text),
    ('the buttons of a client act on it', test_commands_to_one),
    ('the settings of the server act on all clients', test_commands_to_all),
    ('the server greets, requires a login, and limits messages', test_demands),
    ('a broadcast reaches a client, and the log is bounded', test_long_log),
    ('the log counts the lines that it did not show while it was held', test_hold),
    ('a change by another program is shown in a control that has the focus', test_change_elsewhere),
    ('an update that arrives late does not undo a click', test_click_in_update),
    ('each control can be used with the keyboard', test_keyboard),
    ('each control has a name', test_names),
    ('the page fits a phone, and follows the light and dark schemes', test_looks),
    ('the console shows no errors', test_console),
    ('the log repeats no lines if the user leaves the page and comes back', test_back),
    ('the page reconnects to a server that was started again', test_restart),
]


def main():
    with Server(SERVER) as server, open_browser() as browser:
        page = Page(server, browser)
        page.set_size(1000, 1080)
        browser.get(server.uri.replace('ws:', 'http:'))
        run_cases([(name, lambda case=case: case(page)) for name, case in CASES])


if __name__ == '__main__':
    main()
