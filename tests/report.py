#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints how many test cases passed, failed and were skipped, from Meson's testlog.json, and what
the failed test programs have printed about the failures.

Each result line of a test program's TAP is a test case. A program that fails although no line
reports a failure, for example because of a crash, counts as one more failed test case. A program
that passes or is skipped without a result line counts as one test case.

With --build-dir=DIR, the command that the report recommends at its end builds in DIR.

With --expected=FILE, a failure of a test program that FILE names counts as skipped. The comments in
.ci/expected-sid describe the lines of FILE.

With --may-skip=FILE, a test program that is skipped as a whole counts as failed unless a line of
FILE has its suite, its name and a reason. If the file of --expected names packages that cannot be
installed, no skipped test program counts as failed.

With --counts, the last line has four numbers: how many test cases passed, failed and were skipped,
and how many test programs failed as expected.
"""

import argparse
import json
import re
import shlex
from collections import Counter

GOOD = {'OK', 'EXPECTEDFAIL'}
LINE = re.compile(r'(not )?ok\b(?:.*?\s#\s*(skip|todo)\b\s*(.*))?', re.IGNORECASE)
PLAN = re.compile(r'1\.\.0 # skip\S*\s*(.*)', re.IGNORECASE)
MAX_LINES = 20  # of the diagnostics of a test case, and of the end of an output
OPTIONS = ('-Ddocumentation=true -Dintrospection=enabled -Dvapi=enabled -Dtools=true '
           '-Dinstalled_tests=true')


def parse_name(name):
    """Returns the suites and the name of a test. Different versions of Meson log them in different
    formats."""
    suites, separator, test = name.partition(' - ')  # SUITE+SUITE - PROJECT:NAME
    if separator:
        return suites.split('+'), test.partition(':')[2]

    suites, _, test = name.partition(' / ')  # PROJECT:SUITE+SUITE / NAME
    return suites.partition(':')[2].split('+'), test


class Result:
    """The result of one test program."""

    def __init__(self, test):
        self.suites, self.name = parse_name(test['name'])
        self.passed = self.failed = self.skipped = 0
        self.skipped_whole = test['result'] == 'SKIP'
        self.reasons = Counter()
        self.failures = []  # the lines about the failures
        self._diagnostics = []  # the lines that begin with # since the last other line

        lines = (test['stdout'] or '').splitlines()
        for line in lines:
            self._read(line)
            if line.startswith('#'):
                self._diagnostics.append(line)
            else:
                self._diagnostics.clear()

        self._judge(test['result'])
        if self.failed:
            self.failures = self.failures or [*lines[-MAX_LINES:], test['result']]
            self.failures += (test.get('stderr') or '').splitlines()[-MAX_LINES:]

    def _read(self, line):
        plan = PLAN.match(line)
        if plan is not None:
            self.reasons[plan.group(1)] += 1
            return

        match = LINE.match(line)
        if match is None:
            return

        directive = (match.group(2) or '').lower()
        if directive == 'skip':
            self.skipped += 1
            self.reasons[match.group(3)] += 1
        elif match.group(1) is None or directive == 'todo':
            self.passed += 1
        else:
            self.failed += 1
            self.failures += [*self._diagnostics[-MAX_LINES:], line]

    def _judge(self, result):
        good = result in GOOD

        if result == 'SKIP':
            self.skipped = max(self.skipped, 1)
        elif not good and self.failed == 0:
            self.failed = 1
        elif good and self.passed + self.failed + self.skipped == 0:
            self.passed = 1

    def is_test(self, suite, name):
        return suite in self.suites and name == self.name


def read_lines(path):
    """Returns the suite (or a word such as "package"), the name and the reason of each line."""
    with open(path, encoding='utf-8') as file:
        lines = [line.split(maxsplit=2) for line in file if line.strip() and line[0] != '#']

    return [(suite, name, reason.strip()) for suite, name, reason in lines]


def apply_expected(results, lines):
    """Counts expected failures as skipped. Returns how many programs ran and failed as expected."""
    expected = 0

    for suite, name, reason in lines:
        for result in results:
            if result.is_test(suite, name) and result.failed:
                print(f'EXPECTED FAILURE: {suite} {name}: {reason}')
                expected += not result.skipped_whole
                result.skipped += result.failed
                result.failed = 0

    return expected


def judge_skipped(results, path, left_out):
    """Counts skipped programs as failed unless the file names them or packages were left out."""
    lines = read_lines(path)
    skipped = [result for result in results if result.skipped_whole]

    for result in skipped:
        if any(result.is_test(suite, name) for suite, name, _ in lines):
            continue

        print(f'SKIPPED AS A WHOLE: {result.suites[0]} {result.name}: {", ".join(result.reasons)}')
        if not left_out:
            result.failed, result.skipped = result.skipped, 0
            result.failures = [f'skipped: {reason}' for reason in result.reasons]

    for suite, name, _ in lines:
        if not any(result.is_test(suite, name) for result in skipped):
            print(f'MATCHES NOTHING: {suite} {name}: remove it from {path}')


def show_failed(results):
    for result in results:
        if result.failed:
            print(f'\n{result.suites[0]} {result.name}:')
            print(*result.failures, sep='\n')


def explain_skipped(results, build_dir):
    reasons = sum((result.reasons for result in results), Counter())

    print('\nThe reasons why test cases were skipped:')
    for reason, number in reasons.most_common():
        print(f'{number:5}  {reason or "no reason is given"}')

    options = OPTIONS
    if build_dir != '_build':
        options = f'--build-dir={shlex.quote(build_dir)} {OPTIONS}'
    print('To install the missing programs and build the omitted parts, run:\n'
          f'  tools/install-packages.sh all-tests\n  tests/run.sh {options}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build-dir', default='_build')
    parser.add_argument('--counts', action='store_true')
    parser.add_argument('--expected')
    parser.add_argument('--may-skip')
    parser.add_argument('log')
    arguments = parser.parse_args()

    with open(arguments.log, encoding='utf-8') as log:
        results = [Result(json.loads(line)) for line in log]

    lines = read_lines(arguments.expected) if arguments.expected else []
    if arguments.may_skip:
        judge_skipped(results, arguments.may_skip, any(kind == 'package' for kind, *_ in lines))
    expected = apply_expected(results, lines)

    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    skipped = sum(result.skipped for result in results)

    if arguments.counts:
        print(passed, failed, skipped, expected)
        return

    print(f'\n{passed} test cases passed, {failed} failed, {skipped} were skipped.')
    show_failed(results)
    if skipped:
        explain_skipped(results, arguments.build_dir)


main()
