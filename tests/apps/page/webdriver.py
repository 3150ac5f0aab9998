# SPDX-License-Identifier: LGPL-2.1-or-later
"""A headless Chromium, by way of WebDriver (https://www.w3.org/TR/webdriver/) as plain HTTP."""

import base64
import json
import os
import re
import tempfile
import urllib.error
import urllib.request

from harness import PATIENCE, Failure, Program, wait_for

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
KEYS = {'Tab': '\ue004', 'Enter': '\ue007', 'Space': ' '}
STARTED = re.compile(r'started successfully on port (\d+)')


class Browser:
    def __init__(self, driver, chromium):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.driver = Program(driver, '--port=0')
        self.base = None
        port = wait_for(self.find_port, f'a port from {driver}')
        arguments = ['--headless=new', '--disable-gpu', '--disable-dev-shm-usage',
                     '--no-first-run', '--no-proxy-server', '--force-color-profile=srgb',
                     f'--user-data-dir={self.profile.name}']
        # Chromium refuses to run as root within its sandbox, which containers often are.
        if os.geteuid() == 0:
            arguments.append('--no-sandbox')
        self.base = f'http://127.0.0.1:{port}'
        session = self.call('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome',
            'goog:chromeOptions': {'binary': chromium, 'args': arguments},
            'goog:loggingPrefs': {'browser': 'ALL'},
        }}})
        self.base += '/session/' + session['sessionId']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call('DELETE', '')
        finally:
            self.driver.__exit__()
            self.profile.cleanup()

    def find_port(self):
        found = STARTED.search('\n'.join(self.driver.lines))
        return found and int(found[1])

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={'Content-Type': 'application/json'})
        try:
            with self.opener.open(request, timeout=4 * PATIENCE) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise Failure(f'{method} {path}: {json.load(error)["value"]["message"]}') from None

    def open(self, uri):
        self.call('POST', '/url', {'url': uri})

    def run(self, script, *arguments):
        """What the body of a function gives, with these arguments."""
        return self.call('POST', '/execute/sync', {'script': script, 'args': list(arguments)})

    def find_all(self, selector):
        found = self.call('POST', '/elements', {'using': 'css selector', 'value': selector})
        return [element[ELEMENT] for element in found]

    def find(self, selector):
        found = self.find_all(selector)
        if not found:
            raise Failure(f'there is no {selector} in the page')
        return found[0]

    def click(self, selector):
        self.call('POST', f'/element/{self.find(selector)}/click', {})

    def type(self, selector, text):
        element = self.find(selector)
        self.call('POST', f'/element/{element}/clear', {})
        self.call('POST', f'/element/{element}/value', {'text': text})

    def choose(self, selector, value):
        self.click(f'{selector} option[value="{value}"]')

    def press(self, key):
        """On whatever has the focus"""
        actions = [{'type': kind, 'value': KEYS[key]} for kind in ('keyDown', 'keyUp')]
        self.call('POST', '/actions', {'actions': [{'type': 'key', 'id': 'keyboard',
                                                    'actions': actions}]})

    def get_label(self, element):
        return self.call('GET', f'/element/{element}/computedlabel')

    def get_text(self, selector):
        return self.call('GET', f'/element/{self.find(selector)}/text')

    def take_log(self):
        """What the console has been told since the last call."""
        return self.call('POST', '/se/log', {'type': 'browser'})

    def tell_chromium(self, command, **parameters):
        return self.call('POST', '/goog/cdp/execute', {'cmd': command, 'params': parameters})

    def set_scheme(self, scheme):
        self.tell_chromium('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': scheme}])

    def set_size(self, width, height):
        self.tell_chromium('Emulation.setDeviceMetricsOverride', width=width, height=height,
                           deviceScaleFactor=1, mobile=width < 600)

    def save_screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call('GET', '/screenshot')))
