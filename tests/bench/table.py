#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts what bench.py has found into pages: table.py RESULTS.jsonl PAGE.md...

A page says where: what is between `<!-- figures: NAME -->` and `<!-- figures end -->` is replaced
by the table of that name. There is `short` (the cases that plot.py draws), `all` (every case),
`goals` and `machine`.
"""

import json
import re
import sys
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
            f'{libsoup["messages_per_second"]:,.0f}',
            f'**{ratio["middle"]:.2f}** ({ratio["low"]:.2f} to {ratio["high"]:.2f})',
            f'{task["cpu_ratio"]:.2f}',
            f'{best["program"]}, {best["messages_per_second"]:,.0f}' if best else '')


def make_cases(entries, wanted=None):
    cases = {}
    for median in entries['median']:
        cases.setdefault(median['case'], []).append(median)

    head = ('work', 'this library, messages/s', 'libsoup alone', 'ratio', 'of CPU time',
            'fastest other')
    return make_rows(head, (make_case_row(medians) for case, medians in cases.items()
                            if wanted is None or case in wanted))


def make_goals(entries):
    return make_rows(('goal', 'met', 'measured'),
                     ((goal['title'], 'yes' if goal['met'] else '**no**', goal['figures'])
                      for goal in entries['goal']))


def make_machine(entries):
    machine = entries['machine'][0]
    facts = ', '.join(f'{name} {machine[name]}' for name in
                      ('kernel', 'system', 'GLib', 'libsoup', 'OpenSSL', 'libwebsockets', 'node',
                       'websockets', 'GCC') if name in machine)
    yield (f'{machine["cpu"]}, {machine["cores"]} cores, {facts}; {machine["rounds"]} rounds of '
           f'{machine["seconds"]} s for each program and case.')


TABLES = {
    'short': lambda entries: make_cases(entries, CASES),
    'all': make_cases,
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
