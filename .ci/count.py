# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tells how many tests passed, failed and were skipped, from a testlog.json of Meson.

A test that speaks TAP counts for each of its lines, and as one failure more where it fails without
a line that says so: it has crashed, run out of time, or exited badly.
"""

import json
import re
import sys

GOOD = {'OK', 'EXPECTEDFAIL'}
LINE = re.compile(r'(not )?ok\b[^#]*(?:#\s*(skip|todo)\b)?', re.IGNORECASE)


def count(test):
    passed = failed = skipped = 0

    for line in (test['stdout'] or '').splitlines():
        match = LINE.match(line)
        if match is None:
            continue

        directive = (match.group(2) or '').lower()
        if directive == 'skip':
            skipped += 1
        elif match.group(1) is None or directive == 'todo':
            passed += 1
        else:
            failed += 1

    good = test['result'] in GOOD

    if test['result'] == 'SKIP':
        skipped = max(skipped, 1)
    elif not good and failed == 0:
        failed = 1
    elif good and passed + failed + skipped == 0:
        passed = 1

    return passed, failed, skipped


def main():
    with open(sys.argv[1], encoding='utf-8') as log:
        counts = [count(json.loads(line)) for line in log]

    print(*(sum(column) for column in zip(*counts)) if counts else (0, 0, 0))


main()
