# SPDX-License-Identifier: LGPL-2.1-or-later
"""Collects the results, and prints tables of their medians and ratios, and of the goals."""

import json
import os
import platform
import shutil
import statistics
import subprocess
from dataclasses import astuple, dataclass, field

from bench_programs import ENGINE, OLD, RAW, TASK, in_language


def ask(*command):
    """Returns the first line that a program prints, or None."""
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
        'libwebsockets': ask('sh', '-c', 'pkg-config --modversion libwebsockets | cut -d - -f 1'),
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
class Figures:
    """The figures of one run, or the medians of several runs"""

    rate: float       # messages per second
    megabytes: float  # megabytes per second
    cpu: float        # microseconds per message


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
    """The results of all runs. Each result is also appended to the file @path as a line of JSON."""

    path: object
    programs: list
    machine: dict
    runs: dict = field(default_factory=dict)   # (case, name of a program): round: Figures
    faults: set = field(default_factory=set)   # (case, name of a program) of each failed run

    def write(self, kind, **fields):
        with self.path.open('a', encoding='utf-8') as file:
            print(json.dumps({'kind': kind, **fields}), file=file)

    def add_run(self, case, program, round_number, run):
        cpu = (run['user'] + run['system']) / max(run['messages'], 1) * 1e6
        self.runs.setdefault((case, program.name), {})[round_number] = Figures(
            run['messages'] / run['wall'], run['bytes'] / run['wall'] / 1e6, cpu)
        self.write('run', case=case.name, work=case.work, size=case.size, window=case.window,
                   line=case.line, text=case.is_text, program=program.name, round=round_number,
                   **run)

    def get_median(self, case, name):
        runs = self.runs.get((case, name), {}).values()
        return Figures(*map(statistics.median, zip(*map(astuple, runs)))) if runs else None

    def get_ratio(self, case, name, base, figure='rate'):
        """Returns the median and the range of the ratios of the rounds that have both figures.

        Other load on the machine disturbs both programs of a round, so it changes their ratio less
        than their figures.
        """
        ours, theirs = self.runs.get((case, name), {}), self.runs.get((case, base), {})
        ratios = [getattr(ours[number], figure) / getattr(theirs[number], figure)
                  for number in ours.keys() & theirs.keys() if getattr(theirs[number], figure)]
        return spread(ratios) if ratios else None

    def get_peers(self, case):
        medians = {program.name: self.get_median(case, program.name)
                   for program in self.programs if program.is_peer}
        return {name: median.rate for name, median in medians.items() if median}


def print_machine(results, arguments, out):
    for name, fact in results.machine.items():
        print(f'{name}: {fact}', file=out)
    print(f'rounds: {arguments.rounds} of {arguments.seconds} s\n', file=out)


def print_cases(results, cases, out):
    """Prints and stores the medians of each program, and the ratios to libsoup and to the engine.

    On a busy machine, the ratio of the CPU times varies less than that of the messages per second.
    """
    print(f'{"":27} {"messages/s":>12} {"MB/s":>9} {"CPU us/msg":>11}  '
          f'{"messages, to libsoup":20} {"to the engine":20} CPU us/msg, to libsoup', file=out)
    for case in cases:
        if any((case, program.name) in results.runs for program in results.programs):
            print(f'\n{case.title}', file=out)
        for program in results.programs:
            median = results.get_median(case, program.name)
            if median:
                print_program(results, case, program, median, out)


def print_program(results, case, program, median, out):
    raw, engine = (in_language(name, program.language) for name in (RAW, ENGINE))
    ratios = {name: results.get_ratio(case, program.name, base, figure) for name, base, figure in (
        ('ratio', raw, 'rate'), ('share', engine, 'rate'), ('cpu_ratio', raw, 'cpu'))}
    shown = [str(ratio or '') for ratio in ratios.values()]

    line = (f'  {program.name:25} {median.rate:12,.0f} {median.megabytes:9,.1f} '
            f'{median.cpu:11.2f}  {shown[0]:20} {shown[1]:20} {shown[2]}')
    print(line.rstrip(), file=out)
    results.write('median', case=case.name, title=case.title, program=program.name,
                  is_peer=program.is_peer, messages_per_second=median.rate,
                  megabytes_per_second=median.megabytes, cpu_us_per_message=median.cpu,
                  **{name: vars(ratio) if ratio else None for name, ratio in ratios.items()})


def print_new_to_old(results, cases, out):
    """Prints and stores the ratios of the task's figures to those of the old task."""
    print(f'\n{"New to old":40} {"messages/s":20} CPU us/msg', file=out)
    for case in cases:
        rate, cpu = (results.get_ratio(case, TASK, OLD, figure) for figure in ('rate', 'cpu'))
        if rate and cpu:
            print(f'  {case.title:38} {str(rate):20} {cpu}', file=out)
            results.write('new to old', case=case.name, title=case.title, rate=vars(rate),
                          cpu=vars(cpu))


def print_goals(results, verdicts, out):
    """Prints and stores the goals, and returns how many are missed."""
    missed = 0

    print('\nGoals', file=out)
    for title, good, figures in verdicts:
        missed += not good
        print(f'{"met   " if good else "MISSED"}  {title:62} {figures}', file=out)
        results.write('goal', title=title, met=bool(good), figures=figures)

    return missed
