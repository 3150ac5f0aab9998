# SPDX-License-Identifier: LGPL-2.1-or-later
"""The measures other than messages per second.

bench_crowd.py has the measures with many idle connections.
"""

import json
import statistics
from dataclasses import dataclass
from typing import Callable

import bench_crowd
from bench_programs import RAW, TASK
from bench_server import run_client

TIMEOUT = 400
BAR = 60
BARS = 20

LIBRARIES = (RAW, TASK)

# The goals. MAX_RECONNECT_US limits how much longer than libsoup the task takes.
MAX_HEARTBEAT_NS = 35
MAX_GAP_MS = 50
MAX_RECONNECT_US = 1000

# Values of reconnect-timeout, reconnect-timeout-max and reconnect-jitter, by label
WAITS = {
    '2 s': (2000, 0, 0),
    '2 s doubling to 60 s': (2000, 60000, 0),
    '2 s, jitter 1': (2000, 0, 1),
    '2 s doubling to 60 s, jitter 1': (2000, 60000, 1),
}


@dataclass
class Measure:
    name: str
    title: str
    get_commands: Callable  # takes `quick` and the server; yields label, command, environment
    judge: Callable         # takes the figures by label; yields goal, whether it is met, figures
    rounds: int = 5         # the maximum number of rounds
    n_links: int = 0        # the number of connections in a crowd, 0 for other measures
    in_quick: bool = True   # whether --quick without --only runs it


def get_heartbeat(quick, _):
    yield TASK, ['measure-heartbeat', str(500000 if quick else 5000000)], {}


def get_allocations(quick, server):
    for library in LIBRARIES:
        yield library, ['measure-allocations', library, server.get_uri('plain', '/flood?size=125'),
                        str(10000 if quick else 100000)], {'G_SLICE': 'always-malloc'}


def get_reconnect(quick, server):
    for library in LIBRARIES:
        yield library, ['measure-reconnect', library, server.get_uri('plain', '/reset'),
                        str(50 if quick else 500)], {}


def get_tick(quick, server):
    count = str(10000 if quick else 40000)
    for library in LIBRARIES:
        yield library, ['measure-tick', library,
                        server.get_uri('plain', f'/flood?size=125&count={count}'), count], {}


def make_crowd(n_links):
    def get_crowd(_, server):
        for label, command in bench_crowd.make_commands(n_links, server):
            yield label, command, {}

    return Measure(f'crowd-{n_links}', f'{n_links:,} idle connections in one main context',
                   get_crowd, judge_nothing, rounds=1, n_links=n_links, in_quick=n_links == 100)


def get_herd(quick, _):
    for label, waits in WAITS.items():
        yield label, ['measure-herd', str(20000 if quick else 100000), '30',
                      str(1000 if quick else 5000), *map(str, waits)], {}


def middle(figures, label, key):
    return statistics.median(figure[key] for figure in figures[label])


def judge_heartbeat(figures):
    time = middle(figures, TASK, 'heartbeat_ns')
    yield (f'heartbeat: below {MAX_HEARTBEAT_NS} ns per message', time < MAX_HEARTBEAT_NS,
           f'{time:.1f}')
    for key in ('allocations', 'armings'):
        count = max(figure[key] for figure in figures[TASK])
        yield f'heartbeat: no {key}', count == 0, str(count)


def judge_allocations(figures):
    ours, theirs = (middle(figures, library, 'allocations_per_message')
                    for library in (TASK, RAW))
    # In a flood, the library pauses after many messages so that other sources run, and allocates a
    # source for each pause (pause_reading () in hb-input.c). The comparison allows for this source.
    yield ('a message received: no allocation beyond those of libsoup', ours <= theirs + 0.05,
           f'{ours:.2f} and {theirs:.2f}')


def judge_reconnect(figures):
    extra = statistics.median(ours['median_us'] - theirs['median_us']
                              for ours, theirs in zip(figures[TASK], figures[RAW]))
    yield 'reconnecting: within 1 ms of libsoup', extra <= MAX_RECONNECT_US, f'{extra:+.0f} us'


def judge_tick(figures):
    gap = middle(figures, TASK, 'longest_gap_ms')
    astray = sum(figure['astray'] for figure in figures[TASK])
    yield f'tick: longest gap below {MAX_GAP_MS} ms', gap < MAX_GAP_MS, f'{gap:.1f} ms'
    yield 'tick: no message lost', astray == 0, str(astray)


def judge_nothing(_):
    return ()


MEASURES = (
    Measure('heartbeat', 'Heartbeat work for a message received', get_heartbeat, judge_heartbeat),
    Measure('allocations', 'Allocations and timers for a message received', get_allocations,
            judge_allocations, rounds=1),
    Measure('reconnect',
            'From the message that makes the server reset the connection to an open connection',
            get_reconnect, judge_reconnect),
    Measure('tick', 'An idle-priority tick every 16 ms in a flood, with a handler that takes 50 us',
            get_tick, judge_tick),
    *map(make_crowd, bench_crowd.COUNTS),
    Measure('herd', 'Attempts at a server that is back after 30 s', get_herd, judge_nothing,
            rounds=1),
)


def run_program(command, folder, environment):
    text, fault = run_client(command, folder, environment, TIMEOUT)
    return (None, fault) if text is None else (json.loads(text), '')


def run_measure(measure, results, servers, arguments, folder, say):
    figures = {}
    for round_number in range(min(arguments.rounds, measure.rounds)):
        for label, command, environment in measure.get_commands(arguments.quick, servers[False]):
            if measure.n_links:
                figure, fault = bench_crowd.run(measure.n_links, command, servers[False], folder)
            else:
                path = arguments.build_dir / 'tests' / 'bench' / command[0]
                figure, fault = run_program([path, *command[1:]], folder, environment)
            if figure is None:
                say(f'{measure.name} of {label}: {fault}')
                continue
            figures.setdefault(label, []).append(figure)
            results.write('measure', measure=measure.name, program=label, round=round_number,
                          **figure)
    return figures


def run(measures, results, servers, arguments, folder, say):
    found = []
    for measure in measures:
        if arguments.quick and not arguments.only and not measure.in_quick:
            say(f'{measure.name} is skipped, because it takes a long time')
        else:
            say(measure.name)
            found.append((measure, run_measure(measure, results, servers, arguments, folder, say)))
    return found


def print_histogram(label, histogram, out):
    step = -(-len(histogram) // BARS)
    groups = [max(histogram[at:at + step]) for at in range(0, len(histogram), step)]
    print(f'\n  {label}: the most in one second', file=out)
    for number, count in enumerate(groups):
        bar = '#' * round(BAR * count / max(groups))
        print(f'  {number * step:4} s {count:8,} {bar}'.rstrip(), file=out)


def format_figures(values):
    text = f'{statistics.median(values):,.5g}'
    return f'{text} ({min(values):,.6g}..{max(values):,.6g})' if len(values) > 1 else text


def print_measure(measure, figures, out):
    print(f'\n{measure.title}\n  {"":26}', *(f'{label:>30}' for label in figures), file=out)
    for key, value in next(iter(figures.values()))[0].items():
        if isinstance(value, list):
            for label, runs in figures.items():
                print_histogram(label, runs[0][key], out)
        else:
            columns = (format_figures([run[key] for run in runs]) for runs in figures.values())
            print(f'  {key.replace("_", " "):26}', *(f'{column:>30}' for column in columns),
                  file=out)


def print_all(found, out):
    for measure, figures in found:
        if figures:
            print_measure(measure, figures, out)


def judge(found):
    for measure, figures in found:
        try:
            yield from measure.judge(figures)
        except KeyError as missing:
            yield f'{measure.name}: figures of {missing}', False, 'none'
    yield from bench_crowd.judge({
        measure.n_links: {label: runs[0] for label, runs in figures.items()}
        for measure, figures in found if measure.n_links})
