#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints how many test cases passed, failed and were skipped, from Meson's testlog.json.

A test program that prints TAP counts for each of its lines, and for one more failure if it fails
without a line that says so, because it has crashed, run out of time, or exited badly. With
--build-dir=DIR, the command that is recommended at the end builds there.

With --expected=FILE, a failure of a test program that FILE names counts as skipped. Each line of
FILE that is not a comment has a suite, a test program, and the reason of the failure. With
--counts, the last line has the three numbers alone, and how many failures were expected.
"""

import argparse
import json
import re
import shlex
from collections import Counter

GOOD = {'OK', 'EXPECTEDFAIL'}
LINE = re.compile(r'(not )?ok\b[^#]*(?:#\s*(skip|todo)\b\s*(.*))?', re.IGNORECASE)
PLAN = re.compile(r'1\.\.0 # skip\S*\s*(.*)', re.IGNORECASE)
OPTIONS = ('-Ddocumentation=true -Dintrospection=enabled -Dvapi=enabled -Dtools=true '
           '-Dinstalled_tests=true')


def parse_name(name):
    """The suites and the name of a test, which depend on the version of Meson."""
    suites, separator, test = name.partition(' - ')  # SUITE+SUITE - PROJECT:NAME
    if separator:
        return suites.split('+'), test.partition(':')[2]

    suites, _, test = name.partition(' / ')  # PROJECT:SUITE+SUITE / NAME
    return suites.partition(':')[2].split('+'), test


class Result:
    """What came of one test program."""

    def __init__(self, test):
        self.suites, self.name = parse_name(test['name'])
        self.passed = self.failed = self.skipped = 0
        self.reasons = Counter()

        for line in (test['stdout'] or '').splitlines():
            self._read(line)
        self._judge(test['result'])

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


def read_expected(path):
    """The suite, the name and the reason of each failure that is expected."""
    with open(path, encoding='utf-8') as file:
        lines = [line.split(maxsplit=2) for line in file if line.strip() and line[0] != '#']

    return [(suite, name, reason.strip()) for suite, name, reason in lines if suite != 'package']


def apply_expected(results, path):
    """Counts the failures that are expected as skipped, and returns how many they are."""
    expected = 0

    for suite, name, reason in read_expected(path):
        for result in results:
            if not result.is_test(suite, name):
                continue

            if result.failed:
                print(f'EXPECTED FAILURE: {suite}/{name}: {reason}')
                expected += result.failed
                result.skipped += result.failed
                result.failed = 0
            else:
                print(f'NO LONGER FAILS: {suite}/{name}: remove it from {path}')

    return expected


def explain_skipped(results, build_dir):
    reasons = sum((result.reasons for result in results), Counter())

    print('The reasons why test cases were skipped:')
    for reason, number in reasons.most_common():
        print(f'{number:5}  {reason or "no reason is given"}')

    options = OPTIONS
    if build_dir != '_build':
        options = f'--build-dir={shlex.quote(build_dir)} {OPTIONS}'
    print('Programs that are missing can be installed, and what was not built can be built:\n'
          f'  tools/install-packages.sh all-tests\n  tests/run.sh {options}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build-dir', default='_build')
    parser.add_argument('--counts', action='store_true')
    parser.add_argument('--expected')
    parser.add_argument('log')
    arguments = parser.parse_args()

    with open(arguments.log, encoding='utf-8') as log:
        results = [Result(json.loads(line)) for line in log]

    expected = apply_expected(results, arguments.expected) if arguments.expected else 0

    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    skipped = sum(result.skipped for result in results)

    if arguments.counts:
        print(passed, failed, skipped, expected)
        return

    print(f'\n{passed} test cases passed, {failed} failed, {skipped} were skipped.')
    if skipped:
        explain_skipped(results, arguments.build_dir)


main()
