# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures many idle connections in one process, with heartbeats at the default interval.

measures/crowd.c describes the commands of the process.
"""

import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench_programs import TASK, make_node_program
from bench_server import find_reason, make_client_options

RAW = 'libsoup-keepalive'
COUNTS = (100, 1000, 5000, 9900)

ECHOES = 200
TIMEOUT = 120

# The maximum time to wait until all connections are open again, in seconds. libsoup alone would
# take minutes for ten thousand attempts at once.
BACK_MAX = 20

# How many seconds the process sends only heartbeats: SETTLING after the connections have been
# opened, and HEARTBEAT after the echoes. Each connection sends one ping in HEARTBEAT seconds.
SETTLING = 1
HEARTBEAT = 15

# The goals. A goal in a dictionary applies only to the number of connections that is its key.
MAX_DESCRIPTORS = 1.1                  # for each connection
MAX_KIB_ABOVE_RAW = 2.5                # for each connection, if there are at least 1000
MIN_CONNECTS = {1000: 0.9, 9900: 2.5}  # the ratio of new connections per second to libsoup's
MAX_CPU = {5000: 1, 9900: 1.5}         # percent of a core
MAX_WAKEUPS = {9900: 10}               # per second
MAX_ECHO = {9900: 100}                 # microseconds of CPU time

# The maximum ratio of an echo's CPU time with the most connections to that with the fewest
MAX_ECHO_GROWTH = 1.5


@dataclass
class State:
    """A process at one moment, with its CPU time and wake-ups since its start"""

    time: float       # seconds of a monotonic clock
    cpu: int          # microseconds
    wakeups: int
    resident: int     # bytes of memory
    descriptors: int


class Crowd:
    """The process that has the connections"""

    def __init__(self, command, folder):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        **make_client_options(folder))

    def do(self, command, then=None, timeout=TIMEOUT):
        """Gives the process a command, calls @then, and returns the state after the command.

        Raises TimeoutError after @timeout seconds, and OSError if the process has ended.
        """
        self.process.stdin.write(f'{command}\n')
        self.process.stdin.flush()
        if then:
            then()

        answers, _, _ = select.select([self.process.stdout], [], [], timeout)
        if not answers:
            raise TimeoutError(f'{command!r} took longer than {timeout} s')
        words = self.process.stdout.readline().split()
        if not words:
            raise OSError(f'{command!r}: {find_reason(self.process.communicate()[1])}')
        return self.read(*map(int, words))

    def read(self, cpu, wakeups):
        folder = Path('/proc') / str(self.process.pid)
        pages = int((folder / 'statm').read_text(encoding='ascii').split()[1])
        return State(time.monotonic(), cpu, wakeups, pages * os.sysconf('SC_PAGESIZE'),
                     len(list((folder / 'fd').iterdir())))

    def end(self):
        self.process.kill()
        self.process.communicate()


def wait_until_back(crowd, server):
    """Ends all connections, and returns the seconds until all are open again, at most BACK_MAX."""
    restarted_at = time.monotonic()
    try:
        return crowd.do('back', server.restart, BACK_MAX).time - restarted_at
    except TimeoutError:
        return BACK_MAX


def measure(crowd, server, n_links, heartbeat):
    # The first connection is not counted, because it also allocates what all connections share.
    crowd.do('open 1')
    base = crowd.do(f'echo {ECHOES}')
    started_at = time.monotonic()
    opened = crowd.do(f'open {n_links}')
    settled = crowd.do(f'rest {SETTLING}')
    echoed = crowd.do(f'echo {ECHOES}')
    rested = crowd.do(f'rest {heartbeat}')

    return {
        'links': n_links,
        'connects_per_second': n_links / (opened.time - started_at),
        'kib_per_link': (rested.resident - base.resident) / n_links / 1024,
        'descriptors_per_link': (rested.descriptors - base.descriptors) / n_links,
        'wakeups_per_second': (rested.wakeups - echoed.wakeups) / heartbeat,
        'cpu_percent': (rested.cpu - echoed.cpu) / heartbeat / 1e4,
        'echo_us': (echoed.cpu - settled.cpu) / ECHOES,
        'back_seconds': wait_until_back(crowd, server),
    }


def run(n_links, command, server, folder, seconds=HEARTBEAT):
    """Returns the figures and an empty string, or None and the reason why they are missing."""
    crowd = Crowd(command, folder)
    try:
        return measure(crowd, server, n_links, seconds), ''
    except OSError as error:
        return None, str(error)
    finally:
        crowd.end()


def make_commands(n_links, server):
    """Yields the name and the command of each program.

    In each iteration, the main loop queries sources of each session of libsoup. With thousands of
    sessions, the program with libsoup alone would be slow, so it has a session for each connection
    only in the measure with 1,000 connections.
    """
    folder, port = server.build / 'tests' / 'bench', server.ports['plain']
    for library, sessions in ((RAW, ('shared', 'own') if n_links == 1000 else ('shared',)),
                              (TASK, ('shared', 'own'))):
        for session in sessions:
            yield f'{library}, {session}', [folder / 'measure-crowd', library, port, session]
    if not make_node_program('ws', server.build).absent:
        yield 'ws', ['node', server.build / 'peers' / 'crowd-node.js', port]
    if (folder / 'measure-crowd-lws').exists():
        yield 'libwebsockets', [folder / 'measure-crowd-lws', port]


def judge_count(n_links, task, raw):
    """Yields the title of each condition, whether it holds, and the figures."""
    where = f'{n_links:,} idle connections'
    above = task['kib_per_link'] - raw['kib_per_link']
    connects = task['connects_per_second'] / raw['connects_per_second']

    yield (f'{where}: descriptors for each', task['descriptors_per_link'] <= MAX_DESCRIPTORS,
           f'{task["descriptors_per_link"]:.2f}, wanted {MAX_DESCRIPTORS}')
    if n_links >= 1000:
        yield (f'{where}: KiB for each above libsoup', above <= MAX_KIB_ABOVE_RAW,
               f'{above:.2f}, wanted {MAX_KIB_ABOVE_RAW}')
    if n_links in MIN_CONNECTS:
        yield (f'{where}: connects/s, to libsoup', connects >= MIN_CONNECTS[n_links],
               f'{connects:.2f}, wanted {MIN_CONNECTS[n_links]}')
    for limits, key, what in ((MAX_CPU, 'cpu_percent', '% of a core'),
                              (MAX_WAKEUPS, 'wakeups_per_second', 'wake-ups/s'),
                              (MAX_ECHO, 'echo_us', 'us for an echo on one')):
        if n_links in limits:
            yield (f'{where}: {what}', task[key] <= limits[n_links],
                   f'{task[key]:.2f}, wanted {limits[n_links]}')


def judge(figures):
    """Yields the conditions for @figures.

    The figures are grouped by number of connections, and then by program. Missing figures count as
    a condition that does not hold. The last condition compares the CPU times of an echo for the
    first and the last number in COUNTS, if both were measured.
    """
    tasks = {}
    for n_links, by_program in figures.items():
        try:
            task, raw = (by_program[f'{name}, shared'] for name in (TASK, RAW))
        except KeyError as missing:
            yield f'{n_links:,} idle connections: figures of {missing}', False, 'none'
            continue
        tasks[n_links] = task
        yield from judge_count(n_links, task, raw)

    if COUNTS[0] in tasks and COUNTS[-1] in tasks:
        growth = tasks[COUNTS[-1]]['echo_us'] / tasks[COUNTS[0]]['echo_us']
        yield (f'an echo on one of {COUNTS[-1]:,} idle connections, to one of {COUNTS[0]:,}',
               growth <= MAX_ECHO_GROWTH, f'{growth:.2f}, wanted {MAX_ECHO_GROWTH}')
