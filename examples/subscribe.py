#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Subscribes on each connection, prints each text message, and ends on Ctrl+C.

Usage: subscribe.py URI
"""

import signal
import sys

import gi

gi.require_version('Hb', '1')
from gi.repository import GLib, Hb  # noqa: E402

loop = GLib.MainLoop()
task = Hb.WebsocketTask(uri=sys.argv[1], heartbeat_mode=Hb.HeartbeatMode.PING)
task.connect('open', lambda task: task.send_text('subscribe'))
task.connect('message::text', lambda _, kind, data: print(data.get_data().decode(), flush=True))
task.connect('notify::state', lambda task, _: task.get_state() == Hb.State.CLOSED and loop.quit())
signal.signal(signal.SIGINT, lambda *_: task.close(1000, None))
task.open()
if task.get_state() != Hb.State.CLOSED:
    loop.run()
sys.exit(task.get_last_error() is not None)
