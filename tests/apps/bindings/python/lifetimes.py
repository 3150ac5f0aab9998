#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests which references keep objects alive in Python."""

import gc
import time
import weakref

from harness import WAIT_TIMEOUT, call, close_task, main, new_task, open_task, wait


def watch(task):
    """Returns a list that gets an item when the object itself, not its wrapper, is disposed of."""
    gone = []
    task.weak_ref(gone.append, True)
    return gone


def count_clients(watcher):
    """Returns the number of connections of the peer, including that of the watcher."""
    answers = []
    handler = watcher.connect('message', lambda _, kind, data: answers.append(data.get_data()))
    watcher.send_text('clients')
    wait(lambda: answers)
    watcher.disconnect(handler)
    return int(answers[0])


def wait_for_clients(watcher, number):
    deadline = time.monotonic() + WAIT_TIMEOUT
    while count_clients(watcher) != number:
        assert time.monotonic() < deadline, 'the peer still has another client'


def test_dropped():
    """A task without references is disposed of at once, and leaves no connection."""
    watcher = open_task()
    for prepare in (lambda task: None,
                    lambda task: task.open(),
                    lambda task: call(task.open_async, task.open_finish),
                    lambda task: (task.hold(), task.open(), task.send_text('text'))):
        task = new_task()
        task.connect('open', lambda _: None)
        task.set_ping_func(lambda *_: 'ping')
        prepare(task)
        gone = watch(task)
        del task
        gc.collect()
        assert gone
        wait_for_clients(watcher, 1)
    close_task(watcher)


def test_handlers_alone():
    """The garbage collector frees a task to which only its own handlers refer, even an open one."""
    def make():
        task = open_task()
        task.connect('open', lambda _: task.send_text('open'))
        task.connect('message', lambda *_: task.check())
        return watch(task)

    watcher = open_task()
    gone = make()
    assert gone or count_clients(watcher) == 2
    gc.collect()
    assert gone
    wait_for_clients(watcher, 1)
    close_task(watcher)


def test_functions_keep():
    """A function that refers to its own task keeps the task alive.

    The collector sees the references from a task to its handlers, but not to its functions.
    """
    def make():
        task = open_task()
        task.set_ping_func(lambda *_: str(task.get_attempt()))
        gone.append(watch(task))
        tasks.append(weakref.ref(task))

    gone = []
    tasks = []
    make()
    gc.collect()
    assert not gone[0]
    tasks[0]().set_ping_func(None)
    gc.collect()
    assert gone[0]


def test_call_keeps():
    """A pending call keeps its task alive until its callback has run."""
    opened = []

    def begin():
        task = new_task()
        task.open_async(None, lambda task, result: opened.append(task.open_finish(result)))
        return watch(task)

    gone = begin()
    gc.collect()
    assert not gone
    wait(lambda: opened)
    assert opened == [True]
    wait(lambda: gone)


def test_functions_are_released():
    """A function is freed when it is replaced or removed.

    Handlers and functions are freed with the task at the latest.
    """
    def make():
        def func(*_):
            return None

        return func

    task = new_task()
    for setter in (task.set_ping_func, task.set_pong_func, task.set_reconnect_func):
        first = make()
        second = make()
        refs = [weakref.ref(first), weakref.ref(second)]
        setter(first)
        setter(second)
        del first, second
        gc.collect()
        assert refs[0]() is None
        assert refs[1]() is not None
        setter(None)
        gc.collect()
        assert refs[1]() is None

    refs = []
    for connect in (task.set_ping_func, task.set_pong_func, task.set_reconnect_func,
                    lambda func: task.connect('message', func)):
        func = make()
        refs.append(weakref.ref(func))
        connect(func)
        del func
    del setter, connect
    gc.collect()
    assert all(ref() is not None for ref in refs)
    del task
    gc.collect()
    assert all(ref() is None for ref in refs)


if __name__ == '__main__':
    main(globals())
