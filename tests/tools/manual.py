#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual page says what --help says."""

import re

from common import SOURCE, check, check_equal, finish, get_help, get_options

PAGE = SOURCE / 'tools' / 'hb-cat' / 'hb-cat.1'


def get_page_options(text):
    """As get_options() of the help."""
    found = re.findall(r'^\.It (?:Fl (\w) , )?Fl -([a-z-]+)( Ns = )?', text, re.MULTILINE)
    return {f'--{name}': (letter, bool(value)) for letter, name, value in found}


def get_defaults(text):
    """The numbers that the page names as defaults."""
    items = re.split(r'^\.It Fl (?:\w , Fl )?-', text, flags=re.MULTILINE)[1:]
    return {f'--{re.match("[a-z-]+", item)[0]}': found[1] for item in items
            if (found := re.search(r'^Default: (-?\d+)', item, re.MULTILINE))}


def main():
    text = PAGE.read_text(encoding='utf-8')
    shown = get_options()
    help_defaults = {
        name: number for name, number in re.findall(
            r'^  (?:-\w, )?(--[a-z-]+).*\((-?\d+)(?:\)|, with)', get_help().output.decode(),
            re.MULTILINE)}

    check(len(shown) > 20, 'there are options', shown)
    check_equal(get_page_options(text), shown, 'the page has the options of --help, and no other')
    check_equal(get_defaults(text), help_defaults, 'the page has the defaults of --help')

    finish()


if __name__ == '__main__':
    main()
