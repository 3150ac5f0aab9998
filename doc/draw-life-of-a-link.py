#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the states of a task, and the usual causes and signals of the changes between them.

draw-life-of-a-link.py > life-of-a-link.svg
draw-life-of-a-link.py --check life-of-a-link.svg HB-ENUMS.H

With --check, the script fails if the file differs from the drawing, or if the states of the drawing
are not those of HbState.
"""

import re
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH = 870
HEIGHT = 452
BOX = (128, 46)

# The picture has a background of its own, because in some viewers its colours do not follow those
# of the page around it.
STYLE = '''
    .ground { fill: #fafafa; stroke: #d8d8d8 }
    .state { fill: #ffffff; stroke: #1c71d8; stroke-width: 2 }
    .rest { stroke: #77767b }
    .name { fill: #1a1a1a; font: 600 15px sans-serif; text-anchor: middle }
    .way { fill: none; stroke: #5e5c64; stroke-width: 1.6 }
    .head { fill: #5e5c64 }
    .cause { fill: #1a1a1a; font: 13px sans-serif }
    .told { fill: #1a5fb4; font: 12px monospace }
    .middle { text-anchor: middle }
    .end { text-anchor: end }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #1e1e1e; stroke: #3d3d3d }
      .state { fill: #2a2a2a; stroke: #78aeed }
      .rest { stroke: #9a9996 }
      .name, .cause { fill: #f6f6f6 }
      .way { stroke: #b7b7b7 }
      .head { fill: #b7b7b7 }
      .told { fill: #99c1f1 }
    }
'''


@dataclass
class State:
    x: int              # the position of the middle
    y: int
    style: str = 'state'


@dataclass
class Way:
    path: str           # the line, which ends with an arrowhead
    cause: str
    told: str           # the signals, in the order in which they are emitted
    x: int              # the position of the text
    y: int
    anchor: str = ''    # the alignment of the text: middle, end, or '' for the start


STATES = {
    'CLOSED': State(110, 150, 'state rest'),
    'CONNECTING': State(400, 150),
    'OPEN': State(760, 150),
    'WAITING': State(400, 330),
    'CLOSING': State(760, 330),
}

WAYS = (
    Way('M174 140 H334', 'open ()', 'connecting', 254, 115, 'middle'),
    Way('M336 160 H176', 'close (), or gives up', 'error', 254, 180, 'middle'),
    Way('M464 150 H694', 'handshake done', 'open', 579, 125, 'middle'),
    Way('M390 173 V305', 'attempt fails', 'error reconnect', 382, 222, 'end'),
    Way('M410 307 V175', 'time, check ()', 'connecting', 418, 262),
    Way('M708 173 L466 318', 'connection lost', 'error close reconnect', 608, 205, 'end'),
    Way('M770 173 V305', 'close ()', '', 778, 246),
    Way('M336 318 L160 175', 'close ()', '', 216, 268, 'end'),
    Way('M760 353 V400 H110 V175', 'the server confirms, or close-timeout', 'close', 435, 420,
        'middle'),
    Way('M760 127 V60 H110 V125', 'gives up, or a message is too long', 'error close', 435, 36,
        'middle'),
)


def draw_state(name, state):
    width, height = BOX
    return [f'<rect class="{state.style}" x="{state.x - width // 2}" y="{state.y - height // 2}" '
            f'width="{width}" height="{height}" rx="8"/>',
            f'<text class="name" x="{state.x}" y="{state.y + 5}">{name}</text>']


def draw_way(way):
    lines = [f'<path class="way" d="{way.path}" marker-end="url(#head)"/>']
    classes = f' {way.anchor}' if way.anchor else ''
    for text, kind, y in ((way.cause, 'cause', way.y), (way.told, 'told', way.y + 17)):
        if text:
            lines.append(f'<text class="{kind}{classes}" x="{way.x}" y="{y}">{escape(text)}</text>')
    return lines


def draw():
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title">',
        # The tag is split, because the tool reuse would read a complete tag as the licence of this
        # script.
        '  <!-- SPDX-License-' 'Identifier: LGPL-2.1-or-later -->',
        '  <!-- Made by draw-life-of-a-link.py -->',
        '  <title id="title">States and signals</title>',
        f'  <style>{STYLE}  </style>',
        '  <defs>',
        '    <marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse">',
        '      <path class="head" d="M0 0 L10 5 L0 10 Z"/>',
        '    </marker>',
        '  </defs>',
        f'  <rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" '
        'rx="10"/>',
    ]
    for way in WAYS:
        lines += (f'  {line}' for line in draw_way(way))
    for name, state in STATES.items():
        lines += (f'  {line}' for line in draw_state(name, state))

    return '\n'.join([*lines, '</svg>', ''])


def check(picture, header):
    if Path(picture).read_text(encoding='utf-8') != draw():
        sys.exit(f'{picture} is not what draw-life-of-a-link.py draws')

    states = set(re.findall(r'^  HB_STATE_(\w+) =', Path(header).read_text(encoding='utf-8'),
                            re.MULTILINE))
    if states != set(STATES):
        sys.exit(f'the picture has the states {sorted(STATES)}, '
                 f'but the library has {sorted(states)}')


if __name__ == '__main__':
    if sys.argv[1:2] == ['--check']:
        check(*sys.argv[2:])
    else:
        sys.stdout.write(draw())
