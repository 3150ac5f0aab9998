# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws bars of the messages per second in the results of bench.py, for table.py."""

from xml.sax.saxutils import escape

from bench_programs import OLD

CASES = ('echo-125-w1-plain', 'echo-125-w64-plain', 'echo-125-w256-plain', 'echo-125-w256-tls',
         'echo-65536-w64-plain', 'receive-125-plain', 'receive-65536-plain', 'send-125-plain')

COLUMNS = 2
PANEL = 460
LABEL = 165
VALUE = 90
LINE = 17
HEAD = 40
GAP = 20

COLOURS = {'task': '#1c71d8', 'libsoup': '#77767b', 'engine': '#e5a50a'}
OTHER = '#c0bfbc'
INK = '#241f31'


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


def draw(system):
    """Returns the picture as SVG. @system is a System of table.py."""
    machine = system.machine
    panels = [(system.titles[case],
               {program: entry['messages_per_second']
                for program, entry in system.medians[case].items() if program != OLD})
              for case in CASES if case in system.medians]
    rows = [panels[at:at + COLUMNS] for at in range(0, len(panels), COLUMNS)]
    parts = []
    y = GAP

    for row in rows:
        for column, (title, rates) in enumerate(row):
            parts += draw_panel(GAP + column * (PANEL + GAP), y, title, rates)
        y += HEAD + LINE * max(len(rates) for _, rates in row) + GAP

    footer = ', '.join(f'{name} {machine[name]}' if name != 'cpu' else machine[name]
                       for name in ('cpu', 'cores', 'kernel', 'system', 'GLib', 'libsoup', 'node')
                       if name in machine)
    parts.append(draw_text(GAP, y + LINE // 2, f'Messages per second. {footer}'))
    width, height = COLUMNS * (PANEL + GAP) + GAP, y + 2 * GAP

    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>', *parts, '</svg>', ''])
