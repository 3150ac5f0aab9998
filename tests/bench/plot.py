#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what bench.py has found: plot.py RESULTS.jsonl PLOT.svg [CASE]...

A panel for each case, with a bar for each program: how many messages a second.
"""

import json
import sys
from pathlib import Path
from xml.sax.saxutils import escape

CASES = ('echo-125-w1-plain', 'echo-125-w64-plain', 'echo-125-w256-plain', 'echo-125-w256-tls',
         'echo-65536-w64-plain', 'receive-125-plain', 'receive-16384-plain', 'send-125-plain')

COLUMNS = 2
PANEL = 460
LABEL = 165
VALUE = 90
LINE = 17
HEAD = 40
GAP = 20

# The task, what it wraps, and the others
COLOURS = {'task': '#1c71d8', 'libsoup': '#77767b'}
OTHER = '#c0bfbc'
INK = '#241f31'


def read(path):
    """The machine, the titles of the cases, and the median of each program in each case."""
    machine, cases, rates = {}, {}, {}
    for line in path.read_text(encoding='utf-8').splitlines():
        entry = json.loads(line)
        if entry['kind'] == 'machine':
            machine = entry
        elif entry['kind'] == 'median':
            cases[entry['case']] = entry['title']
            rates.setdefault(entry['case'], {})[entry['program']] = entry['messages_per_second']
    return machine, cases, rates


def draw_text(x, y, text, anchor='start', weight='normal'):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">'
            f'{escape(text)}</text>')


def get_colour(program):
    return COLOURS.get(program.split(' in ')[0], OTHER)


def draw_panel(x, y, title, rates):
    longest = PANEL - LABEL - VALUE
    yield draw_text(x, y + LINE, title, weight='bold')

    for number, (program, rate) in enumerate(sorted(rates.items(), key=lambda item: -item[1])):
        top = y + HEAD - LINE // 2 + number * LINE
        width = max(1, longest * rate / max(rates.values()))
        yield draw_text(x + LABEL - 8, top + 11, program, 'end',
                        'bold' if program == 'task' else 'normal')
        yield (f'<rect x="{x + LABEL}" y="{top}" width="{width:.1f}" height="{LINE - 4}" '
               f'fill="{get_colour(program)}"/>')
        yield draw_text(x + LABEL + width + 6, top + 11, f'{rate:,.0f}')


def draw(machine, panels):
    rows = [panels[at:at + COLUMNS] for at in range(0, len(panels), COLUMNS)]
    parts = []
    y = GAP

    for row in rows:
        for column, (title, rates) in enumerate(row):
            parts += draw_panel(GAP + column * (PANEL + GAP), y, title, rates)
        y += HEAD + LINE * max(len(rates) for _, rates in row) + GAP

    footer = ', '.join(f'{name} {machine[name]}' if name != 'cpu' else machine[name]
                       for name in ('cpu', 'cores', 'kernel', 'GLib', 'libsoup', 'node')
                       if name in machine)
    parts.append(draw_text(GAP, y + LINE // 2, f'Messages a second. {footer}'))
    width, height = COLUMNS * (PANEL + GAP) + GAP, y + 2 * GAP

    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>', *parts, '</svg>', ''])


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)

    machine, titles, rates = read(Path(sys.argv[1]))
    panels = [(titles[case], rates[case]) for case in sys.argv[3:] or CASES if case in rates]
    if not panels:
        sys.exit(f'There is nothing to draw in {sys.argv[1]}')
    Path(sys.argv[2]).write_text(draw(machine, panels), encoding='utf-8')


if __name__ == '__main__':
    main()
