# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions and classes for the tests of hb-cat."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tap import check, check_equal, check_none, finish, skip  # noqa: E402, F401

HB_CAT = Path(sys.argv[1]).resolve()
ECHO_SERVER = Path(sys.argv[2]).resolve()
SOURCE = Path(sys.argv[3]).resolve()

# The timeout in seconds of a condition or a program
WAIT_TIMEOUT = 30

# The tests read untranslated texts.
ENVIRONMENT = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': ''}

# The long options with which the test has called hb-cat
used = set()


class Result:
    """The result of hb-cat. The status is a string if hb-cat did not end in time."""

    def __init__(self, status, output, stderr):
        self.status = status
        self.output = output
        self.stderr = stderr.decode()

    def __repr__(self):
        return f'status {self.status}\nstdout {self.output!r}\nstderr\n{self.stderr}'

    def get_events(self, *names):
        """Returns the events that --json printed, or only those with these names."""
        events = [json.loads(line) for line in self.output.splitlines()]
        return [event for event in events if not names or event['event'] in names]


def make_command(arguments):
    used.update(found[0] for found in (re.match(r'--[a-z-]+', str(argument))
                                       for argument in arguments) if found)
    return [HB_CAT, *map(str, arguments)]


def run_cat(*arguments, stdin=b'', **settings):
    try:
        done = subprocess.run(make_command(arguments), input=stdin, capture_output=True,
                              timeout=WAIT_TIMEOUT, check=False, **{'env': ENVIRONMENT, **settings})
    except subprocess.TimeoutExpired as error:
        return Result('none: it did not end', error.stdout or b'', error.stderr or b'')
    return Result(done.returncode, done.stdout, done.stderr)


class Cat:
    """A running hb-cat, whose input stays open and whose output a test can wait for."""

    def __init__(self, *arguments, **settings):
        self.process = subprocess.Popen(make_command(arguments), **{
            'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE,
            'env': ENVIRONMENT, **settings})
        self.news = threading.Condition()
        self.texts = {'stdout': b'', 'stderr': b''}
        self.threads = [threading.Thread(target=self.collect, args=(name,), daemon=True)
                        for name in self.texts if getattr(self.process, name)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def collect(self, name):
        stream = getattr(self.process, name)
        while part := os.read(stream.fileno(), 1 << 16):
            with self.news:
                self.texts[name] += part
                self.news.notify_all()

    def wait_for(self, pattern, count=1, name='stdout'):
        """Waits for `count` matches of the pattern. Returns whether they arrived in time."""
        def has_come():
            return len(re.findall(pattern, self.texts[name].decode(), re.MULTILINE)) >= count

        with self.news:
            return self.news.wait_for(has_come, WAIT_TIMEOUT)

    def write(self, data):
        """Writes to hb-cat. Ignores the error if hb-cat has ended, because its status shows why."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def interrupt_again(self, number=signal.SIGINT):
        """Sends a second signal, after the time in which hb-cat would ignore it."""
        time.sleep(0.15)
        self.interrupt(number)

    def end(self):
        self.process.stdin.close()
        return self.wait()

    def wait(self):
        try:
            status = self.process.wait(WAIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = 'none: it did not end'
        for thread in self.threads:
            thread.join(WAIT_TIMEOUT)
        return Result(status, self.texts['stdout'], self.texts['stderr'])


class EchoServer:
    def __init__(self, *arguments, port=0):
        self.arguments = arguments
        self.port = port

    def __enter__(self):
        self.process = subprocess.Popen([ECHO_SERVER, f'--port={self.port}', *self.arguments],
                                        stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.uri = self.process.stdout.readline().split()[-1]
        self.port = int(self.uri.rstrip('/').rsplit(':', 1)[1])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def wait_until(is_true):
    """Returns whether the condition became true in time."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def get_help():
    return run_cat('--help')


def get_options():
    """Returns {long option in --help: (its letter or '', whether the option takes a value)}."""
    lines = re.findall(r'^  (?:-(\w), )?(--[a-z-]+)(=?)', get_help().output.decode(), re.MULTILINE)
    return {name: (letter, bool(value)) for letter, name, value in lines}
