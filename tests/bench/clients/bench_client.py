# SPDX-License-Identifier: LGPL-2.1-or-later
"""The part that the clients in Python share. bench-client.h describes a client."""

import json
import resource
import time

WARM_UP = 0.2
CLOCK_EVERY = 8
WINDOWS_SENT = 4


class BenchClient:
    def __init__(self, uri, work, size, window, seconds, kind='binary', read_number=int):
        """@read_number returns the number in a message that consists of decimal digits."""
        self.uri = uri
        self.work = work
        self.size = int(size)
        self.window = int(window)
        self.duration = float(seconds)
        self.is_text = kind == 'text'
        self.read_number = read_number
        self.data = b'x' * self.size
        self.opened_at = self.started_at = self.ended_at = 0
        self.usage = None
        self.n_received = self.n_messages = self.n_counted = 0

    def on_open(self):
        self.opened_at = time.monotonic()
        return {'echo': self.window, 'receive': 0, 'send': WINDOWS_SENT * self.window}[self.work]

    def read_count(self, data):
        """Returns how many messages the server has counted since its last count."""
        n_new = self.read_number(data) - self.n_counted
        if n_new != self.window:
            raise ValueError(f'The server has counted {n_new} messages, not {self.window}')
        self.n_counted += n_new
        return n_new

    def on_message(self, size, data):
        """Returns the number of messages to send now, or -1 when the time is up."""
        n_told = self.read_count(data) if self.work == 'send' else 1

        if self.work != 'send' and size != self.size:
            raise ValueError(f'A message has {size} bytes instead of {self.size}')

        self.n_received += 1
        self.n_messages += n_told

        if self.n_received % CLOCK_EVERY == 0 or self.work == 'send' or self.size > 65535:
            if self.look_at_clock():
                return -1

        return 0 if self.work == 'receive' else n_told

    def look_at_clock(self):
        now = time.monotonic()

        if self.started_at == 0:
            if (now - self.opened_at >= self.duration * WARM_UP
                    and (self.work == 'send' or self.n_received >= self.window)):
                self.usage = resource.getrusage(resource.RUSAGE_SELF)
                self.started_at = now
                self.n_messages = 0
            return False

        self.ended_at = now
        return now - self.started_at >= self.duration

    def print_result(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({
            'messages': self.n_messages,
            'bytes': self.n_messages * self.size,
            'wall': self.ended_at - self.started_at,
            'user': usage.ru_utime - self.usage.ru_utime,
            'system': usage.ru_stime - self.usage.ru_stime,
        }), flush=True)
