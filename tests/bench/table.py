#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes results of bench.py into pages and plots: table.py RESULTS.jsonl... PAGE.md... PLOT.svg...

Several files with results of one system count as one file. The text of a page between
`<!-- figures: NAME -->` and `<!-- figures end -->` is replaced with the table of that name:

    systems    the cases with a goal, in a table for each system
    all        all cases
    behind     the cases in which another library, or libsoup alone, is faster
    bindings   the cases in Python and GJS
    crowd      the measures with many idle connections
    tick       the longest gap between two ticks while a server floods the client
    herd       the attempts of many clients after they have lost their connections to one server
    goals      how many goals are met, and the goals that a system misses
    machine    the machine and the rounds, as text

A table of measures is changed only if the results contain one of these measures. The other tables
and the plots are changed only if the system with the oldest libsoup has results of cases. A plot
shows some cases of that system.
"""

import json
import re
import statistics
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from bench_cases import GOALS, get_system, make_cases
from bench_crowd import BACK_MAX
from bench_crowd import COUNTS as CROWDS
from bench_plot import draw
from bench_programs import ENGINE, LANGUAGES, RAW, TASK, in_language

PLACE = re.compile(r'(<!-- figures: (\w+) -->\n).*?(<!-- figures end -->)', re.DOTALL)

WITH_GOAL = [case.name for case in make_cases() if any(goal.covers(case) for goal in GOALS)]


@dataclass
class System:
    """The results of one system"""

    machine: dict
    medians: dict = field(default_factory=dict)   # case: program: entry
    titles: dict = field(default_factory=dict)    # case: title
    measures: dict = field(default_factory=dict)  # measure: program: entries
    goals: dict = field(default_factory=dict)     # title: entry

    @property
    def name(self):
        return self.machine['system'].replace(' GNU/Linux', '')

    def get(self, case, program):
        return self.medians.get(case, {}).get(program)

    def get_others(self, case):
        """Returns the entries of the other libraries and of libsoup alone, the fastest first."""
        others = [entry for program, entry in self.medians.get(case, {}).items()
                  if entry['is_peer'] or program == RAW]
        return sorted(others, key=lambda entry: -entry['messages_per_second'])

    def collect(self, name):
        """Returns the medians of the numbers in a measure, by program and key."""
        return {program: {key: statistics.median(run[key] for run in runs)
                          for key, value in runs[0].items() if isinstance(value, (int, float))}
                for program, runs in self.measures.get(name, {}).items()}


def read(path, systems):
    entries = [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]
    machine = next(entry for entry in entries if entry['kind'] == 'machine')
    system = systems.setdefault(machine['system'], System(machine))

    for entry in entries:
        if entry['kind'] == 'median':
            system.medians.setdefault(entry['case'], {})[entry['program']] = entry
            system.titles[entry['case']] = entry['title']
        elif entry['kind'] == 'measure':
            runs = system.measures.setdefault(entry['measure'], {})
            runs.setdefault(entry['program'], []).append(entry)
        elif entry['kind'] == 'goal':
            system.goals[entry['title']] = entry


def make_rows(head, rows):
    yield f'| {" | ".join(head)} |'
    yield f'|{"---|" * len(head)}'
    yield from (f'| {" | ".join(row)} |' for row in rows)


def format_ratio(ratio):
    return f'{ratio["middle"]:.2f}' if ratio else ''


def format_spread(ratio):
    return f'**{ratio["middle"]:.2f}** ({ratio["low"]:.2f} to {ratio["high"]:.2f})' if ratio else ''


def format_other(task, other):
    bold = '**' if other['messages_per_second'] > task['messages_per_second'] else ''
    return f'{bold}{other["program"]}{bold}, {other["messages_per_second"]:,.0f}'


def make_system_row(system, case):
    task, raw = system.get(case, TASK), system.get(case, RAW)
    peers = [other for other in system.get_others(case) if other['is_peer']]

    return (task['title'], f'{task["messages_per_second"]:,.0f}', format_spread(task['ratio']),
            format_ratio(task['share']), f'{task["cpu_us_per_message"]:.2f}',
            f'{raw["cpu_us_per_message"]:.2f}', format_other(task, peers[0]) if peers else '')


def make_systems(systems):
    head = ('work', 'messages/s', 'times libsoup', 'of the engine', 'CPU us per message',
            'with libsoup', 'fastest other, messages/s')
    for number, system in enumerate(systems):
        facts = ', '.join(f'{name} {system.machine[name]}' for name in
                          ('GLib', 'libsoup', 'OpenSSL', 'libwebsockets', 'node', 'websockets',
                           'GCC') if name in system.machine)
        if number > 0:
            yield ''
        yield from textwrap.wrap(f'{system.name}: {facts}', width=100)
        yield ''
        yield from make_rows(head, (make_system_row(system, case) for case in WITH_GOAL
                                    if system.get(case, TASK) and system.get(case, RAW)))


def make_columns(systems, programs, make_cell):
    """Yields a row for each case and program, with a cell for each system. Skips empty rows."""
    titles = {case: title for system in systems for case, title in system.titles.items()}
    for case, title in titles.items():
        for label, program in programs:
            cells = [make_cell(system, case, program) for system in systems]
            if any(cells):
                yield (f'{title}{label}', *cells)


def make_share(system, case, program):
    """Returns a cell with the ratio of @program to libsoup, and to the engine in parentheses."""
    median = system.get(case, program)
    if not median:
        return ''
    share = median['share']
    return format_ratio(median['ratio']) + (f' ({share["middle"]:.2f})' if share else '')


def make_all(systems):
    return make_rows(('work', *(system.name for system in systems)),
                     make_columns(systems, [('', TASK)], make_share))


def make_bindings(systems):
    programs = [(f', {language}', in_language(TASK, language)) for language in LANGUAGES]
    return make_rows(('work', *(system.name for system in systems)),
                     make_columns(systems, programs, make_share))


def make_lead(system, case, program):
    """Returns a cell with the fastest of the others and its ratio to @program, if it is faster."""
    task, others = system.get(case, program), system.get_others(case)
    if not task or not others:
        return ''
    lead = others[0]['messages_per_second'] / task['messages_per_second']
    return f'{others[0]["program"]}, {lead:.2f}' if lead > 1 else ''


def make_behind(systems):
    return make_rows(('work', *(system.name for system in systems)),
                     make_columns(systems, [('', TASK)], make_lead))


def make_measure(systems, head, names, make_row):
    return make_rows(('system', *head), (
        (system.name, *make_row(program, figure)) for system in systems for name in names
        for program, figure in system.collect(name).items()))


def make_crowd(systems):
    head = ('connections', 'program, session', 'connects/s', 'KiB each', 'descriptors each',
            'wake-ups/s', 'CPU, %', 'echo on one, us', 'all back, s')
    names = [f'crowd-{count}' for count in CROWDS]

    return make_measure(systems, head, names, lambda program, figure: (
        f'{figure["links"]:,.0f}', program, f'{figure["connects_per_second"]:,.0f}',
        f'{figure["kib_per_link"]:.1f}', f'{figure["descriptors_per_link"]:.2f}',
        f'{figure["wakeups_per_second"]:,.1f}', f'{figure["cpu_percent"]:.2f}',
        f'{figure["echo_us"]:,.0f}',
        f'{figure["back_seconds"]:.1f}' if figure['back_seconds'] < BACK_MAX else 'longer'))


def make_tick(systems):
    head = ('program', 'ticks', 'longest gap, ms', 'flood, ms')
    return make_measure(systems, head, ('tick',), lambda program, figure: (
        program, f'{figure["ticks"]:,.0f}', f'{figure["longest_gap_ms"]:,.1f}',
        f'{figure["flood_ms"]:,.1f}'))


def make_herd(systems):
    """Shows only the first system. The clients run in virtual time, so the figures do not depend on
    the system."""
    return make_rows(('delays', 'attempts', 'most in one second', 'reconnected clients',
                      'last one after, seconds'), (
        (delays, f'{figure["attempts"]:,.0f}', f'{figure["peak_per_second"]:,.0f}',
         f'{figure["back"]:,.0f}', f'{figure["seconds"]:,.0f}')
        for delays, figure in systems[0].collect('herd').items()))


def make_goals(systems):
    def make_cell(goal):
        if not goal:
            return ''
        return 'yes' * goal['met'] + '**no**' * (not goal['met']) + f' {goal["figures"]}'.rstrip()

    titles = dict.fromkeys(title for system in systems for title in system.goals)
    missed = [title for title in titles
              if any(not system.goals[title]['met'] for system in systems if title in system.goals)]

    met = f'{len(titles) - len(missed)} of the {len(titles)} goals'
    yield (f'{met} are met on every system on which they were checked.'
           + ' The table lists the others:' * bool(missed))
    if missed:
        yield ''
        yield from make_rows(('goal', *(system.name for system in systems)),
                             ((title, *(make_cell(system.goals.get(title)) for system in systems))
                              for title in missed))


def make_machine(systems):
    machine = systems[0].machine
    yield from textwrap.wrap(
        f'{machine["cpu"]}, {machine["cores"]} cores, kernel {machine["kernel"]}; '
        f'usually {machine["rounds"]} rounds of {machine["seconds"]} s for each program and case.',
        width=100)


TABLES = {
    'systems': make_systems,
    'all': make_all,
    'behind': make_behind,
    'bindings': make_bindings,
    'crowd': make_crowd,
    'tick': make_tick,
    'herd': make_herd,
    'goals': make_goals,
    'machine': make_machine,
}


OF_MEASURES = ('crowd', 'tick', 'herd')


def write_page(page, systems):
    def replace(match):
        rows = list(TABLES[match[2]](systems))
        has_figures = len(rows) > 2 if match[2] in OF_MEASURES else systems[0].medians
        return f'{match[1]}{chr(10).join(rows)}\n{match[3]}' if has_figures else match[0]

    text, count = PLACE.subn(replace, page.read_text(encoding='utf-8'))
    if count == 0:
        sys.exit(f'{page} has no place for figures')
    page.write_text(text, encoding='utf-8')


def main():
    paths = {suffix: [path for path in map(Path, sys.argv[1:]) if path.suffix == suffix]
             for suffix in ('.jsonl', '.md', '.svg')}
    if not paths['.jsonl'] or sum(map(len, paths.values())) != len(sys.argv) - 1:
        sys.exit(__doc__)

    systems = {}
    for path in paths['.jsonl']:
        read(path, systems)
    systems = sorted(systems.values(), key=lambda system: get_system(system.machine['libsoup']))
    for page in paths['.md']:
        write_page(page, systems)
    for plot in paths['.svg'] if systems[0].medians else ():
        plot.write_text(draw(systems[0]), encoding='utf-8')


if __name__ == '__main__':
    main()
