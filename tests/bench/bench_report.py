# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures into medians, medians into a table, and a table into pass or fail."""

import json
import os
import platform
import shutil
import statistics
import subprocess
from dataclasses import dataclass, field

from bench_cases import GOALS
from bench_programs import RAW, TASK


def ask(*command):
    """The first line that a program prints, or None."""
    if not shutil.which(command[0]):
        return None
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    return outcome.stdout.strip().split('\n')[0] or None


def get_cpu_model():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for line in file:
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.machine()


def describe_machine():
    facts = {
        'cpu': get_cpu_model(),
        'cores': os.cpu_count(),
        'kernel': platform.release().split('-')[0],
        'system': platform.freedesktop_os_release().get('PRETTY_NAME'),
        'load': os.getloadavg()[0],
        'GLib': ask('pkg-config', '--modversion', 'glib-2.0'),
        'libsoup': ask('pkg-config', '--modversion', 'libsoup-3.0'),
        'libwebsockets': ask('sh', '-c', 'pkg-config --modversion libwebsockets | tr -d -'),
        'OpenSSL': ask('sh', '-c', 'openssl version | cut -d " " -f 2'),
        'GCC': ask('gcc', '-dumpfullversion'),
        'node': ask('node', '--version'),
        'Python': platform.python_version(),
        'websockets': ask('/usr/bin/python3', '-c',
                          'import websockets.version as v; print(v.version)'),
        'GJS': ask('gjs', '--version'),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


@dataclass
class Spread:
    middle: float
    low: float
    high: float

    def __str__(self):
        return f'{self.middle:.2f} ({self.low:.2f}..{self.high:.2f})'


def spread(values):
    return Spread(statistics.median(values), min(values), max(values))


@dataclass
class Results:
    """All that was found, in the order in which it was."""

    path: object
    programs: list
    rates: dict = field(default_factory=dict)    # (case, program): round: messages a second
    figures: dict = field(default_factory=dict)  # (case, program): [(MB/s, CPU us)]
    faults: set = field(default_factory=set)     # (case, program) that has failed once

    def write(self, kind, **fields):
        with self.path.open('a', encoding='utf-8') as file:
            print(json.dumps({'kind': kind, **fields}), file=file)

    def add_run(self, case, program, round_number, run):
        rate = run['messages'] / run['wall']
        cpu = (run['user'] + run['system']) / max(run['messages'], 1) * 1e6
        key = case, program.name
        self.rates.setdefault(key, {})[round_number] = rate
        self.figures.setdefault(key, []).append((run['bytes'] / run['wall'] / 1e6, cpu))
        self.write('run', case=case.name, work=case.work, size=case.size, window=case.window,
                   line=case.line, program=program.name, round=round_number, **run)

    def get_rate(self, case, name):
        rates = self.rates.get((case, name))
        return statistics.median(rates.values()) if rates else None

    def get_ratio(self, case, name, base):
        """The median of what the rounds say, one by one: what disturbs one disturbs both."""
        ours, theirs = self.rates.get((case, name), {}), self.rates.get((case, base), {})
        ratios = [ours[number] / theirs[number] for number in ours.keys() & theirs.keys()]
        return spread(ratios) if ratios else None


def get_rows(results, case):
    for program in results.programs:
        key = case, program.name
        if key in results.rates:
            megabytes, cpu = (statistics.median(column)
                              for column in zip(*results.figures[key]))
            yield (program, results.get_rate(case, program.name), megabytes, cpu,
                   results.get_ratio(case, program.name, program.base))


def print_cases(results, cases, out):
    """The second ratio is the steadier one where something else disturbs the machine."""
    print(f'{"":27} {"messages/s":>12} {"MB/s":>9} {"CPU us/msg":>11}  '
          f'{"messages, to libsoup":20} messages a CPU second, to libsoup', file=out)
    for case in cases:
        rows = list(get_rows(results, case))
        costs = {program.name: cpu for program, _, _, cpu, _ in rows}
        if rows:
            print(f'\n{case.title}', file=out)
        for program, rate, megabytes, cpu, ratio in rows:
            per_cpu = costs[program.base] / cpu if program.base in costs and cpu else None
            shown = (f'{str(ratio):20} {per_cpu:.2f}'
                     if program.name != program.base and ratio and per_cpu else '')
            line = f'  {program.name:25} {rate:12,.0f} {megabytes:9,.1f} {cpu:11.2f}  {shown}'
            print(line.rstrip(), file=out)
            results.write('median', case=case.name, title=case.title, program=program.name,
                          messages_per_second=rate, megabytes_per_second=megabytes,
                          cpu_us_per_message=cpu, ratio=vars(ratio) if ratio else None,
                          cpu_ratio=per_cpu)


def judge_case(results, case, goal):
    """Yields what has to hold: its name, whether it does, and the figures."""
    ratio = results.get_ratio(case, TASK, RAW)
    if ratio is None:
        yield f'{case.title}: at least {goal.ratio}', False, 'no figures'
        return

    yield f'{case.title}: at least {goal.ratio}', ratio.middle >= goal.ratio, str(ratio)
    if not goal.ahead:
        return

    ours = results.get_rate(case, TASK)
    peers = {program.name: results.get_rate(case, program.name)
             for program in results.programs if program.is_peer}
    ahead = [f'{name} {rate:,.0f}/s' for name, rate in peers.items() if rate and rate >= ours]
    if any(peers.values()):
        yield f'{case.title}: ahead of every peer', not ahead, ', '.join(ahead)


def judge(results, cases):
    for goal in GOALS:
        for case in cases:
            if goal.covers(case):
                yield from judge_case(results, case, goal)


def print_goals(results, verdicts, out):
    """Returns how many are missed."""
    missed = 0

    for title, good, figures in verdicts:
        missed += not good
        print(f'{"met   " if good else "MISSED"}  {title:58} {figures}', file=out)
        results.write('goal', title=title, met=bool(good), figures=figures)

    return missed
