# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints TAP for the tests in Python, and the details of failures to standard error."""

import sys
import traceback

_n_checks = 0
_n_failed = 0


class Skip(Exception):
    """Raised by a case that this system cannot run, with the reason."""


def check(condition, name, details=''):
    global _n_checks, _n_failed

    _n_checks += 1
    if not condition:
        _n_failed += 1
        print(f'{name}:\n{details}', file=sys.stderr)
    print(f'{"ok" if condition else "not ok"} {_n_checks} - {name}', flush=True)

    return bool(condition)


def check_equal(value, wanted, name):
    return check(value == wanted, name, f'  {value!r}\nis not\n  {wanted!r}')


def check_none(faults, name):
    faults = list(faults)
    return check(not faults, name, '\n'.join(faults))


def skip(name, reason):
    global _n_checks

    _n_checks += 1
    print(f'ok {_n_checks} - {name} # SKIP {reason}', flush=True)


def skip_all(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def finish():
    print(f'1..{_n_checks}')
    sys.exit(_n_failed != 0)


def run_cases(cases):
    """Runs the cases, which are pairs of a name and a function, and exits."""
    for name, function in cases:
        try:
            function()
        except Skip as reason:
            skip(name, reason)
        except Exception:  # pylint: disable=broad-except
            check(False, name, traceback.format_exc())
        else:
            check(True, name)
    finish()
