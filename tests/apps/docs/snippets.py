# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code in the pages of the book.

A fence names its language, which must be one of LANGUAGES. An invisible comment above a fence gives
the kind of the code:

    <!-- snippet: program -->   A complete program. The `text` fence that follows contains lines
                                of its output, in order. An ellipsis (…) stands for text that
                                varies. A line `^C` stands for an interrupt, after which the
                                program must end. A `failing program` must end with status 1.
    <!-- snippet: server -->    A complete server on port 8080. client.c tests it.
    <!-- snippet: shell -->     A `text` fence with the output of shell commands. A test in
                                tests/apps/tools/ runs the commands.

A `text` fence in any other place is an error. Any other fence is a fragment, which is compiled or
parsed, but not run. The pages also have comments about figures, which tests/bench/table.py
describes.
"""

import re
from dataclasses import dataclass

LANGUAGES = ('c', 'python', 'js', 'vala', 'sh', 'meson', 'json', 'ini', 'text')

FENCE = re.compile(r'^(\s*)(`{3,}|~{3,})(.*)$')
KIND = re.compile(r'^<!-- snippet: (program|failing program|server|shell) -->$')
COMMENT = re.compile(r'^<!--(?! figures\b)')


class Fault(Exception):
    pass


@dataclass
class Snippet:
    page: str
    line: int       # the number of its first line of code
    language: str
    kind: str       # fragment, program or server
    status: int     # for a program, the status with which it must end
    text: str
    output: tuple   # for a program, the expected lines of its output, in order

    def __str__(self):
        return f'{self.page}:{self.line}: {self.kind} in {self.language}'


def read_fences(page, text):
    """Yields the first line's number, the language, the kind or None, and the code of each fence.

    Raises Fault if a fence or a comment has an unknown form.
    """
    lines = text.split('\n')
    kind = None
    start = None

    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if start is not None:
            if line == '```':
                yield start + 1, language, kind, '\n'.join(lines[start:number - 1]) + '\n'
                start = kind = None
        elif fence:
            language = fence[3]
            if fence[1] or fence[2] != '```' or language not in LANGUAGES:
                raise Fault(f'{page}:{number}: a fence without a language that is tested: {line}')
            if kind == 'shell' and language != 'text':
                raise Fault(f'{page}:{number}: the output of a shell is a fence of text: {line}')
            start = number
        elif KIND.match(line):
            kind = KIND.match(line)[1]
        elif COMMENT.match(line) or (line and kind):
            raise Fault(f'{page}:{number}: not a fence of a known form: {line}')

    if start is not None or kind is not None:
        raise Fault(f'{page}: a fence is missing at the end')


def read_snippets(path):
    """Returns the snippets of a page, or raises Fault."""
    snippets = []
    awaits_output = False

    for line, language, kind, text in read_fences(path.name, path.read_text(encoding='utf-8')):
        if language == 'text' and kind == 'shell':
            continue
        if language == 'text':
            if not awaits_output or kind:
                raise Fault(f'{path.name}:{line}: this is not the output of a program')
            snippets[-1].output = tuple(text.splitlines())
            awaits_output = False
            continue

        if awaits_output:
            raise Fault(f'{snippets[-1]}: its output does not follow')
        status = 1 if kind == 'failing program' else 0
        kind = (kind or 'fragment').removeprefix('failing ')
        snippets.append(Snippet(path.name, line, language, kind, status, text, ()))
        awaits_output = kind == 'program'

    if awaits_output:
        raise Fault(f'{snippets[-1]}: its output does not follow')

    return snippets
