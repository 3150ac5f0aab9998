#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asynchronous calls that Python awaits with asyncio."""

import asyncio
import os
import signal

from harness import NOWHERE, TEXT, WAIT_TIMEOUT, Skip, main, new_task, skip_all
import gi
from gi.repository import GLib, Hb

try:
    from gi.events import GLibEventLoop
except ImportError:
    skip_all('PyGObject is older than 3.50, and has no gi.events')

ONE = GLib.Bytes.new(b'one')


def run(coroutine):
    """Runs a coroutine without an event loop policy, which Python 3.14 deprecates."""
    return asyncio.run(coroutine,
                       loop_factory=lambda: GLibEventLoop(GLib.MainContext.default()))


def test_calls():
    async def work():
        task = new_task()
        await task.open_async()
        assert task.get_state() == Hb.State.OPEN
        await task.send_message_async(TEXT, ONE, Hb.SendFlags.DEFAULT)
        task.send_text('two')
        await task.flush_async()
        assert task.get_buffered_amount() == 0
        await task.close_async(1000, 'bye')
        assert task.get_state() == Hb.State.CLOSED

    run(work())


def test_calls_at_once():
    """Calls can be awaited at the same time.

    In PyGObject 3.58 and earlier, gather() waits forever for the object that a call returns, so
    the test passes coroutines.
    """
    async def wait_for_call(awaitable):
        await awaitable

    async def work():
        task = new_task()
        await asyncio.gather(
            wait_for_call(task.open_async()),
            wait_for_call(task.send_message_async(TEXT, ONE, Hb.SendFlags.DEFAULT)),
            wait_for_call(task.flush_async()))
        assert task.get_buffered_amount() == 0
        await task.close_async(1000, None)

    run(work())


def test_handlers():
    """Handlers run while a coroutine waits, and can pass messages to it."""
    async def work():
        task = new_task()
        messages = asyncio.Queue()
        task.connect('open', lambda task: task.send_text('hello'))
        task.connect('message::text', lambda _, kind, data: messages.put_nowait(data.get_data()))
        await task.open_async()
        assert await asyncio.wait_for(messages.get(), WAIT_TIMEOUT) == b'hello'
        await task.close_async(1000, None)

    run(work())


def test_receive():
    """A coroutine receives in a loop, across several connections, until the task is closed."""
    async def work():
        task = new_task(paused=True, reconnect_timeout=1)
        task.connect('open', lambda task: task.send_text('hello'))
        task.open()
        received = []
        try:
            while True:
                message = await task.receive_async()
                received.append(message.get_bytes().get_data())
                if len(received) == 3:
                    task.close(1000, None)
                else:
                    task.reconnect_later()
        except GLib.Error as error:
            assert error.matches(Hb.Error.quark(), Hb.Error.CLOSED)
        assert received == [b'hello'] * 3, received

    run(work())


def test_interrupt():
    """A SIGINT handler runs while a coroutine waits."""
    async def work():
        interrupted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
        task = new_task()
        await task.open_async()
        os.kill(os.getpid(), signal.SIGINT)
        await interrupted.wait()
        await task.close_async(1000, None)

    run(work())


def test_cancelled_coroutines():
    """asyncio can cancel calls.

    A cancelled open_async() closes the task. A cancelled send_message_async() takes back a message
    that is still queued. A cancelled receive_async() loses no message.
    """
    if gi.version_info < (3, 56, 3):
        raise Skip('asyncio cannot cancel a call before PyGObject 3.56.3')

    async def work():
        task = new_task(uri=NOWHERE)
        try:
            await asyncio.wait_for(task.open_async(), 0.01)
            raise AssertionError('it has opened')
        except TimeoutError:
            assert task.get_state() == Hb.State.CLOSED

        task = new_task()
        task.hold()
        task.open()
        sending = asyncio.ensure_future(wait_for_message(task))
        await asyncio.sleep(0)
        assert task.get_buffered_amount() == 3
        sending.cancel()
        try:
            await sending
            raise AssertionError('it was sent')
        except asyncio.CancelledError:
            assert task.get_buffered_amount() == 0
        task.close(1000, None)

        task = new_task()
        await task.open_async()
        try:
            await asyncio.wait_for(task.receive_async(), 0.01)
            raise AssertionError('there was a message')
        except TimeoutError:
            pass
        task.send_text('late')
        assert (await task.receive_async()).get_bytes().get_data() == b'late'
        await task.close_async(1000, None)

    async def wait_for_message(task):
        await task.send_message_async(TEXT, ONE, Hb.SendFlags.DEFAULT)

    run(work())


if __name__ == '__main__':
    main(globals())
