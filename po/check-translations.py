#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails if msgfmt finds an error in a translation, or if a translation lacks a string.

msgfmt checks placeholders only in strings with the flag c-format. If the flag is missing, msgmerge
adds it, and marks strings with wrong placeholders as fuzzy. msgcmp rejects fuzzy strings.
"""

import subprocess
import sys
import tempfile
from pathlib import Path


def run(*args, cwd):
    return subprocess.run(args, cwd=cwd).returncode == 0


def main(root):
    po = root / 'po'
    languages = [line for line in (po / 'LINGUAS').read_text().splitlines()
                 if line and not line.startswith('#')]

    with tempfile.TemporaryDirectory() as scratch:
        pot = Path(scratch) / 'strings.pot'
        right = run('xgettext', '--files-from=po/POTFILES', '--from-code=UTF-8',
                    '--keyword=_', '--keyword=N_', '--keyword=hb_ngettext:1,2',
                    f'--output={pot}', cwd=root)
        for language in languages:
            merged = Path(scratch) / f'{language}.po'
            right &= run('msgmerge', '--quiet', '--no-fuzzy-matching', f'--output-file={merged}',
                         f'{language}.po', str(pot), cwd=po)
            right &= run('msgfmt', '--check', '--statistics', '--output-file=/dev/null',
                         str(merged), cwd=po)
            right &= run('msgcmp', str(merged), str(pot), cwd=po)

    return not right


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1])))
