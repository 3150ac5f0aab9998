#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts what bench.py has found into pages: table.py RESULTS.jsonl PAGE.md...

A page says where: what is between `<!-- figures: NAME -->` and `<!-- figures end -->` is replaced
by the table of that name. There is `short` (the cases that plot.py draws), `all` (every case),
`bindings` (Python and GJS), `idle`, `tick`, `herd`, `goals` and `machine`.
"""

import json
import re
import statistics
import sys
import textwrap
from pathlib import Path

from plot import CASES

PLACE = re.compile(r'(<!-- figures: (\w+) -->\n).*?(<!-- figures end -->)', re.DOTALL)

# What the reader of a page knows by another name
OURS = ('task', 'libsoup')


def read(path):
    entries = {}
    for line in path.read_text(encoding='utf-8').splitlines():
        entry = json.loads(line)
        entries.setdefault(entry['kind'], []).append(entry)
    return entries


def make_rows(head, rows):
    yield f'| {" | ".join(head)} |'
    yield f'|{"---|" * len(head)}'
    yield from (f'| {" | ".join(row)} |' for row in rows)


def is_peer(program):
    return program not in OURS and ' in ' not in program


def make_case_row(medians):
    by_name = {median['program']: median for median in medians}
    task, libsoup = (by_name.get(name) for name in OURS)
    peers = [median for median in medians if is_peer(median['program'])]
    best = max(peers, key=lambda median: median['messages_per_second'], default=None)
    ratio = task['ratio']

    return (task['title'],
            f'{task["messages_per_second"]:,.0f}',
            f'{task["megabytes_per_second"]:,.1f}',
            f'{libsoup["messages_per_second"]:,.0f}',
            f'**{ratio["middle"]:.2f}** ({ratio["low"]:.2f} to {ratio["high"]:.2f})',
            f'{task["cpu_ratio"]:.2f}',
            f'{best["program"]}, {best["messages_per_second"]:,.0f}' if best else '')


def make_cases(entries, wanted=None):
    cases = {}
    for median in entries['median']:
        cases.setdefault(median['case'], []).append(median)

    head = ('work', 'this library, messages/s', 'MB/s', 'libsoup alone, messages/s', 'ratio',
            'of CPU time', 'fastest other')
    return make_rows(head, (make_case_row(medians) for case, medians in cases.items()
                            if wanted is None or case in wanted))


def format_ratio(median):
    return f'{median["ratio"]["middle"]:.2f}' if median else ''


def make_bindings(entries):
    """The task to libsoup alone, both in the same language."""
    cases = {}
    for median in entries['median']:
        if median['program'].startswith('task in '):
            cases.setdefault(median['title'], {})[median['program'].split()[-1]] = median

    return make_rows(('work', 'Python', 'GJS'),
                     ((title, format_ratio(found.get('Python')), format_ratio(found.get('GJS')))
                      for title, found in cases.items()))


def collect(entries, name):
    """The medians of a measure, by program and key."""
    runs = {}
    for entry in entries['measure']:
        if entry['measure'] == name:
            runs.setdefault(entry['program'], []).append(entry)

    return {program: {key: statistics.median(entry[key] for entry in found)
                      for key, value in found[0].items() if isinstance(value, (int, float))}
            for program, found in runs.items()}


def make_idle(entries):
    head = ('links', 'program, session', 'connects/s', 'bytes per link', 'CPU ms per second',
            'echo on one, us')
    return make_rows(head, (
        (f'{figure["links"]:,.0f}', program, f'{figure["connects_per_second"]:,.0f}',
         f'{figure["bytes_per_link"]:,.0f}', f'{figure["cpu_ms_per_second"]:,.1f}',
         f'{figure["echo_us"]:,.0f}')
        for name in ('idle-1000', 'idle-10000')
        for program, figure in collect(entries, name).items()))


def make_tick(entries):
    return make_rows(('program', 'ticks', 'longest gap, ms', 'flood, ms'), (
        (program, f'{figure["ticks"]:,.0f}', f'{figure["longest_gap_ms"]:,.1f}',
         f'{figure["flood_ms"]:,.1f}') for program, figure in collect(entries, 'tick').items()))


def make_herd(entries):
    return make_rows(('waits', 'attempts', 'most in one second', 'back', 'after, seconds'), (
        (waits, f'{figure["attempts"]:,.0f}', f'{figure["peak_per_second"]:,.0f}',
         f'{figure["back"]:,.0f}', f'{figure["seconds"]:,.0f}')
        for waits, figure in collect(entries, 'herd').items()))


def make_goals(entries):
    return make_rows(('goal', 'met', 'measured'),
                     ((goal['title'], 'yes' if goal['met'] else '**no**', goal['figures'])
                      for goal in entries['goal']))


def make_machine(entries):
    machine = entries['machine'][0]
    facts = ', '.join(f'{name} {machine[name]}' for name in
                      ('kernel', 'system', 'GLib', 'libsoup', 'OpenSSL', 'libwebsockets', 'node',
                       'websockets', 'GCC') if name in machine)
    yield from textwrap.wrap(
        f'{machine["cpu"]}, {machine["cores"]} cores, {facts}; {machine["rounds"]} rounds of '
        f'{machine["seconds"]} s for each program and case.', width=100)


TABLES = {
    'short': lambda entries: make_cases(entries, CASES),
    'all': make_cases,
    'bindings': make_bindings,
    'idle': make_idle,
    'tick': make_tick,
    'herd': make_herd,
    'goals': make_goals,
    'machine': make_machine,
}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)

    entries = read(Path(sys.argv[1]))
    for page in map(Path, sys.argv[2:]):
        text, count = PLACE.subn(
            lambda match: f'{match[1]}{chr(10).join(TABLES[match[2]](entries))}\n{match[3]}',
            page.read_text(encoding='utf-8'))
        if count == 0:
            sys.exit(f'{page} has no place for figures')
        page.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
