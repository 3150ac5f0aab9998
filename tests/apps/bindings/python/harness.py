# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions for the tests of the Python binding.

Each test is a program whose argument is the URI of a peer (peer.c). A test imports this module
before any module of gi.repository, because this module selects the versions of Soup and Hb.
"""

import sys
from pathlib import Path

import gi

gi.require_version('Soup', '3.0')
gi.require_version('Hb', '1')

from gi.repository import GLib, Hb, Soup  # noqa: E402

# In the source tree, tap.py is in tests/. Where the tests are installed, it is beside this file.
sys.path.append(str(Path(__file__).resolve().parents[3]))

from tap import Skip, run_cases, skip_all  # noqa: E402, F401

WAIT_TIMEOUT = 5  # seconds
URI = sys.argv[-1]
NOWHERE = 'ws://127.0.0.1:9/'

TEXT = Soup.WebsocketDataType.TEXT
BINARY = Soup.WebsocketDataType.BINARY


def wait(condition):
    late = []
    alarm = GLib.timeout_add_seconds(WAIT_TIMEOUT, late.append, True)
    while not condition():
        GLib.MainContext.default().iteration(True)
        assert not late, 'timed out'
    GLib.source_remove(alarm)


def start(begin, finish, *arguments, cancellable=None):
    """Makes an asynchronous call, and returns a function that waits for its result."""
    results = []
    begin(*arguments, cancellable, lambda source, result: results.append(result))

    def end():
        wait(lambda: results)
        return finish(results[0])

    return end


def call(begin, finish, *arguments, cancellable=None):
    return start(begin, finish, *arguments, cancellable=cancellable)()


def assert_fails(domain, code, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except GLib.Error as error:
        assert error.matches(domain, code), f'{error.domain} {error.code}: {error.message}'
    else:
        raise AssertionError(f'no error, but expected {code}')


def new_task(uri=URI, **properties):
    return Hb.WebsocketTask(uri=uri, **properties)


def open_task(**properties):
    task = new_task(**properties)
    assert call(task.open_async, task.open_finish)
    return task


def close_task(task):
    assert call(task.close_async, task.close_finish, 1000, None)
    assert task.get_state() == Hb.State.CLOSED


def main(names):
    run_cases((name.removeprefix('test_'), test) for name, test in names.items()
              if name.startswith('test_'))
