#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the measured programs in turn, round by round. Prints the figures, and writes them to files.

run.sh builds the programs, and describes the options.
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path

import bench_measures
from bench_cases import GOALS, judge, make_cases
from bench_programs import LIBRARY, OURS, make_programs
from bench_report import (Results, describe_machine, print_cases, print_goals, print_machine,
                          print_new_to_old)
from bench_server import Server, make_certificate, raise_file_limit, run_client


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tests/bench/run.sh')
    parser.add_argument('--build-dir', type=Path, required=True, metavar='DIR')
    parser.add_argument('--only', metavar='PATTERN', action='append',
                        help='run only the cases and measures that match, such as echo-*')
    parser.add_argument('--programs', metavar='PATTERN', action='append',
                        help='run only programs that match, and always libsoup, the task and the '
                             'engine')
    parser.add_argument('--old', type=Path, metavar='DIR',
                        help='also run the task with the library of this build')
    parser.add_argument('--output', type=Path, metavar='STEM',
                        help='write the figures to STEM.txt and STEM.jsonl')
    parser.add_argument('--goals', action='store_true',
                        help='run only the cases that have a goal, and no measures')
    parser.add_argument('--rounds', type=int, help='the number of runs of each case (5)')
    parser.add_argument('--seconds', type=float, help='the duration of one run (0.5)')
    parser.add_argument('--all', action='store_true',
                        help='run all programs in all cases except await')
    parser.add_argument('--quick', action='store_true', help='make fewer and shorter runs')
    parser.add_argument('--check', action='store_true', help='fail if a goal is missed')
    parser.add_argument('--list', action='store_true', help='list the cases and measures')

    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (2 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (0.2 if arguments.quick else 0.5)
    arguments.output = arguments.output or arguments.build_dir / time.strftime(
        'results-%Y%m%d-%H%M%S')
    if arguments.old is not None:
        arguments.old = arguments.old.resolve()
        if not (arguments.old / 'lib' / LIBRARY).exists():
            parser.error(f'{arguments.old} has no lib/{LIBRARY}')
    return arguments


def matches(name, patterns):
    return not patterns or any(fnmatch(name, pattern) for pattern in patterns)


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def choose_programs(arguments):
    chosen = []
    for program in make_programs(arguments.build_dir, arguments.old):
        if program.name not in OURS and not matches(program.name, arguments.programs):
            continue
        if program.absent:
            say(f'{program.name} is skipped: {program.absent}')
        else:
            chosen.append(program)
    return chosen


def choose_cases(arguments):
    return [case for case in make_cases() if matches(case.name, arguments.only)
            and (not arguments.goals or any(goal.covers(case) for goal in GOALS))]


def run_case(case, program, server, arguments, folder):
    command = [*program.command, server.get_uri(case.line, case.path), case.work, str(case.size),
               str(case.window), str(arguments.seconds)]
    if case.is_text:
        command.append('text')

    text, fault = run_client(command, folder, program.environment)
    if text is None:
        say(f'{program.name} at {case.name}: {fault}')
        return None
    return json.loads(text.strip().split('\n')[-1])


def run_programs(case, round_number, results, server, arguments, folder):
    # In every second round, the programs run in reverse order, so that no program always runs
    # directly after the same one.
    for program in results.programs[::-1 if round_number % 2 else 1]:
        if case.is_for(program, arguments.all) and (case, program.name) not in results.faults:
            run = run_case(case, program, server, arguments, folder)
            if run is not None:
                results.add_run(case, program, round_number, run)
            else:
                results.faults.add((case, program.name))


def run_cases(cases, results, servers, arguments, folder):
    for round_number in range(arguments.rounds):
        say(f'round {round_number + 1} of {arguments.rounds}')
        for case in cases:
            run_programs(case, round_number, results, servers[case.on_one_cpu], arguments, folder)


def main():
    arguments = parse_arguments()
    cases = choose_cases(arguments)
    measures = [measure for measure in bench_measures.MEASURES
                if matches(measure.name, arguments.only) and not arguments.goals]

    if arguments.list:
        print('\n'.join(item.name for item in (*cases, *measures)))
        return 0

    raise_file_limit()
    stem = arguments.output
    results = Results(stem.with_suffix('.jsonl'), choose_programs(arguments), describe_machine())
    results.path.unlink(missing_ok=True)
    results.write('machine', **results.machine, rounds=arguments.rounds, seconds=arguments.seconds)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        make_certificate(folder)
        servers = {shared: stack.enter_context(Server(arguments.build_dir, folder, shared))
                   for shared in (False, True)}
        run_cases(cases, results, servers, arguments, folder)
        found = bench_measures.run(measures, results, servers, arguments, folder, say)

    with stem.with_suffix('.txt').open('w', encoding='utf-8') as file:
        print_machine(results, arguments, file)
        print_cases(results, cases, file)
        if arguments.old is not None:
            print_new_to_old(results, cases, file)
        bench_measures.print_all(found, file)
        verdicts = [*judge(results, cases), *bench_measures.judge(found)]
        missed = print_goals(results, verdicts, file)

    print(stem.with_suffix('.txt').read_text(encoding='utf-8'), end='')
    say(f'The figures are in {stem}.txt and {stem}.jsonl')
    return 1 if arguments.check and missed else 0


if __name__ == '__main__':
    sys.exit(main())
