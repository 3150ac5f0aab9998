#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks encoding, white space, line lengths and the subjects of sentences, and finds paths on a
developer's machine."""

import os
import re
from fnmatch import fnmatch

from common import SOURCE, check, check_none, finish, relative

BUILD_FOLDERS = ('_build*', 'subprojects', '__pycache__', '.git', 'corpus')

SOURCES = ('*.c', '*.h', '*.h.in', '*.cc', '*.py', '*.js', '*.vala', '*.sh', '*.bash', '*.supp',
           '*.spec', 'meson.build', 'NEWS')
WITHOUT_TABS = (*SOURCES, 'meson_options.txt', '*.md', '*.toml', '*.toml.in')

MAX_COLUMNS = 100

MACHINE_PATH = re.compile(r'(?<![\w.])/(?:home|root|Users|work|builds?)/\w')

# The beginning of a sentence that does not name its subject. In a manual page, “.It” is a macro.
UNNAMED = re.compile(r'(?<!\.)\b(?:I[t]|The[y]|There (?:is|are|was|were))\b')

# gettext formats the translations, and a licence must not be changed.
NOT_OURS = ('*.po', '*.pot', 'LICENSE', 'CC0-*.txt', 'LGPL-*.txt')

PICTURES = ('*.png',)

# Lines that cannot be broken: tables, pictures, lines of a log, addresses
UNBREAKABLE = re.compile(r'\||!\[|\d\d:\d\d:\d\d\.\d|.*https?://')


def get_files():
    for folder, folders, names in os.walk(SOURCE):
        folders[:] = sorted(name for name in folders
                            if not any(fnmatch(name, pattern) for pattern in BUILD_FOLDERS)
                            and not (SOURCE / folder / name / 'meson-info').exists())
        # In a working tree that `git worktree` has created, .git is a file.
        for name in sorted(set(names) - {'.git'}):
            yield SOURCE / folder / name


def matches(path, patterns):
    return any(fnmatch(path.name, pattern) for pattern in patterns)


def main():
    texts = {}
    broken = []

    for path in get_files():
        if matches(path, PICTURES):
            continue
        try:
            texts[path] = path.read_text(encoding='utf-8')
        except UnicodeDecodeError:
            broken.append(relative(path))

    ours = {path: text for path, text in texts.items() if not matches(path, NOT_OURS)}
    sources = {path: text for path, text in ours.items()
               if matches(path, SOURCES) or text.startswith('#!')}
    lines = [(path, number, line) for path, text in ours.items()
             for number, line in enumerate(text.split('\n'), 1)]

    check(sources, 'sources are found')
    check_none(broken, 'each file is UTF-8')
    check_none((f'{relative(path)}:{number}' for path, number, line in lines
                if '\t' in line and matches(path, WITHOUT_TABS)), 'no file has tabs')
    check_none((f'{relative(path)}:{number}' for path, number, line in lines
                if line != line.rstrip()), 'no line ends with white space')
    check_none((f'{relative(path)}:{number}: {len(line)}' for path, number, line in lines
                if len(line) > MAX_COLUMNS and path in sources),
               f'no line of a source has more than {MAX_COLUMNS} columns')
    check_none((f'{relative(path)}:{number}: {len(line)}' for path, number, line in lines
                if len(line) > MAX_COLUMNS and matches(path, ('*.md',))
                and not UNBREAKABLE.match(line)),
               'no line of a page that can be broken is longer')
    check_none((relative(path) for path, text in ours.items()
                if text and (not text.endswith('\n') or text.endswith('\n\n'))),
               'each file ends with one newline')
    check_none((f'{relative(path)}:{number}: {line.strip()}' for path, number, line in lines
                if UNNAMED.search(line)), 'each sentence names its subject')
    check_none((f'{relative(path)}:{number}: {line.strip()}' for path, number, line in lines
                if MACHINE_PATH.search(line)), 'no file has a path of a machine')

    finish()


if __name__ == '__main__':
    main()
