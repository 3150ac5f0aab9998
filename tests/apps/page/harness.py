# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions and classes for the tests of echo-server and its page."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from raw_websocket import TEXT, WAIT_TIMEOUT  # noqa: E402
from tap import Skip, run_cases  # noqa: E402, F401


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def expect_equal(value, wanted, what):
    expect(value == wanted, f'{what} is {value!r}, but {wanted!r} was expected')


def wait_for(condition, what):
    """Waits until the condition is true, and returns its result."""
    deadline = time.monotonic() + WAIT_TIMEOUT

    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f'{what}: not within {WAIT_TIMEOUT} s')


def echo(client, text):
    client.send_text(text)
    client.expect_frame(TEXT, text.encode())


class Program:
    """A process whose standard output is collected, line by line.

    The end of the `with` block kills it.
    """

    def __init__(self, *command, stderr=None):
        self.process = subprocess.Popen([str(part) for part in command], text=True, stderr=stderr,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip('\n'))

    def write(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def count(self, start):
        return sum(line.startswith(start) for line in self.lines)

    def wait_for(self, start, count=1):
        wait_for(lambda: self.count(start) >= count,
                 f'{count} of “{start}” from {os.path.basename(self.process.args[0])}, '
                 f'which said {self.lines}')


class Server(Program):
    def __init__(self, path, *options, port=0, stderr=None):
        super().__init__(path, f'--port={port}', *options, stderr=stderr)
        self.wait_for('Listening on ')
        self.uri = self.lines[0].removeprefix('Listening on ')
        self.port = int(self.uri.rstrip('/').rpartition(':')[2])

    def terminate(self):
        self.process.terminate()
        return self.process.wait(WAIT_TIMEOUT)
