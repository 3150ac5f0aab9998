#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Usage: tests/bench/instructions.py BUILD

Prints how many instructions the task and the engine execute for a short message, in total and in
some parts of their code. BUILD is a build directory that run.sh has created. Other load on the
machine hardly changes the numbers. Under Valgrind, GLib before 2.76 allocates slices with malloc(),
which may take more instructions.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = '2'

# The name of each case, its path on the server, and the arguments of the client after the URI
CASES = (
    ('receive 16 B', '/flood?size=16&text=0', ('receive', '16', '1', SECONDS)),
    ('receive 125 B', '/flood?size=125&text=0', ('receive', '125', '1', SECONDS)),
    ('receive 125 B of text', '/flood?size=125&text=1', ('receive', '125', '1', SECONDS, 'text')),
    ('send 125 B', '/sink?ack=256', ('send', '125', '256', SECONDS)),
)

# The client of each program, and two functions for each kind of work: the function whose
# instructions are counted, and the function that is called once for each message
PROGRAMS = {
    'task': ('client-hb', {'receive': ('hb_input_run', 'message_cb'),
                           'send': ('hb_websocket_task_send_message',) * 2}),
    'engine': ('client-engine', {'receive': ('readable_cb', 'message_cb'),
                                 'send': ('bench_engine_send_message',) * 2}),
}

# The functions of each part of the code, which do not call each other. When the work is `send`,
# count() must ignore g_signal_emit(), because the client sends in a handler of a signal.
PARTS = {
    'signal': ('g_signal_emit',),
    'GBytes': ('g_bytes_new_take', 'g_bytes_ref', 'g_bytes_unref'),
    'UTF-8': ('hb_utf8_is_valid',),
}

LINE = re.compile(r'^ *([\d,]+) \([ \d.]+%\)  ([<*]|) *(?:[^ ]*:)?([\w@.]+)(?: \(([\d,]+)x\))?')


def read(profile):
    """Returns {function: instructions, including those of its callees} and {function: calls}."""
    text = subprocess.run(['callgrind_annotate', '--inclusive=yes', '--tree=caller', '--auto=no',
                           '--threshold=100', profile], capture_output=True, text=True,
                          check=True).stdout
    costs, calls, pending = {}, {}, 0

    for found in filter(None, map(LINE.match, text.split('\n'))):
        if found[2] == '<':
            pending += int((found[4] or '0').replace(',', ''))
        elif found[2] == '*':
            costs[found[3]] = max(costs.get(found[3], 0), int(found[1].replace(',', '')))
            calls[found[3]] = calls.get(found[3], 0) + pending
            pending = 0

    return costs, calls


def count(client, uri, arguments, toggle, counted, folder):
    profile = Path(folder) / 'profile'
    subprocess.run(['valgrind', '--quiet', '--tool=callgrind', f'--callgrind-out-file={profile}',
                    f'--toggle-collect={toggle}', client, uri, *arguments],
                   stdout=subprocess.DEVNULL, check=True)
    costs, calls = read(profile)
    n_messages = calls[counted]
    total = costs[toggle]
    parts = {name: sum(costs.get(function, 0) for function in functions)
             for name, functions in PARTS.items()}
    if arguments[0] == 'send':
        parts['signal'] = 0

    return [round(amount / n_messages)
            for amount in (total, *parts.values(), total - sum(parts.values()))]


def main():
    build = Path(sys.argv[1]).resolve() / 'tests' / 'bench'
    print('| work | program | all |', ' | '.join(PARTS), '| rest |')
    print('|---|---|' + '---|' * (len(PARTS) + 2))

    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
            [build / 'bench-server', '--addresses=1'], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().split()[0]
        for title, path, arguments in CASES:
            for program, (client, functions) in PROGRAMS.items():
                numbers = count(build / client, f'ws://127.0.0.1:{port}{path}', arguments,
                                *functions[arguments[0]], folder)
                print(f'| {title} | {program} |', ' | '.join(map(str, numbers)), '|', flush=True)
        server.stdin.close()


if __name__ == '__main__':
    main()
