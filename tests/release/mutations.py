#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inserts faults of one line into lib/, one at a time, and prints the test that catches each fault.

The files that git knows are copied to --folder, and are built and tested there with a low priority.
Fifty faults take about an hour. The same source and --seed give the same faults. If a fault does
not compile or does not change the compiled code, the next fault replaces it.

If no test catches a fault that a program could notice, a test is missing. The tests of this build
do not find leaks, so lines that free memory are not changed.
"""

import argparse
import hashlib
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

# The suites of each stage. A stage runs only if the stages before it pass.
STAGES = [['base', 'core', 'frame', 'loop', 'link'], ['loopback'], ['matrix'], ['netns']]

OPTIONS = ['-Dintrospection=disabled', '-Dvapi=disabled', '-Dexamples=false', '-Dtools=false',
           '-Dmonitor=disabled', '-Ddocumentation=false', '-Ddebug=false', '-Doptimization=1']

# The kinds of faults: a name, a pattern in a line, and its replacement
OPERATORS = {
    'negated condition': (r'\bif \((.*)\)$', r'if (!(\1))'),
    'swapped && and ||': (r' (&&|\|\|) ', {' && ': ' || ', ' || ': ' && '}),
    'moved bound': (r' (<|<=|>|>=) ', {' < ': ' <= ', ' <= ': ' < ', ' > ': ' >= ', ' >= ': ' > '}),
    'swapped == and !=': (r' [=!]= ', {' == ': ' != ', ' != ': ' == '}),
    'off by one': (r' ([+-]) 1\b', r' \1 2'),
    'swapped constants': (r'\b(TRUE|FALSE)\b', {'TRUE': 'FALSE', 'FALSE': 'TRUE'}),
    'swapped MIN and MAX': (r'\b(MIN|MAX) \(', {'MIN (': 'MAX (', 'MAX (': 'MIN ('}),
    'reversed sum': (r' [+-]?[+-][ =]|\+\+|--',
                     {' + ': ' - ', ' - ': ' + ', ' +=': ' -=', ' -=': ' +=', '++': '--',
                      '--': '++'}),
    'dropped statement': (r'^( +)[a-z][\w.>\[\]-]* (\(.*\)|[+|&-]?= .*);$', r'\1;'),
}

# Lines that are not changed: those without code, with a comment or a string, or without an effect
# that a test could notice, and assertions
LEFT_OUT = re.compile(r'^ *(/?\*|#|//)|g_assert|g_return|g_debug|hb_trace|\bg_(free|clear)|unref'
                      r'|_free \(|_clear \(|/\*|G_DEFINE|G_LOG|"')

# The ends of lines after which a statement begins
ENDS = re.compile(r'([;{})]|else|:)$')


def find_sites(folder):
    """Returns {operator: [(path, line number from 0, old line, new line)]}."""
    sites = {name: [] for name in OPERATORS}

    for path in sorted((folder / 'lib').glob('*/*.c')):
        before = '{'
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines()):
            if line.startswith('  ') and not LEFT_OUT.search(line):
                for name, new in change(line, begins=bool(ENDS.search(before))):
                    sites[name].append((path.relative_to(folder), number, line, new))
            if line.strip():
                before = line.rstrip()

    return sites


def change(line, begins):
    """Yields each operator that can change this line, and the new line.

    `begins` is whether a statement begins with this line.
    """
    for name, (pattern, replacement) in OPERATORS.items():
        if name == 'dropped statement' and not begins:
            continue
        new = re.sub(pattern, replacement if isinstance(replacement, str)
                     else lambda found, table=replacement: table.get(found[0], found[0]),
                     line, count=1)
        if new != line:
            yield name, new


def choose(sites, seed):
    """Yields faults in a random order, with the same chance for each operator."""
    dice = random.Random(seed)
    rest = {name: dice.sample(found, len(found)) for name, found in sites.items()}

    while any(rest.values()):
        name = dice.choice([name for name, found in rest.items() if found])
        yield (name, *rest[name].pop())


class Copy:
    """A copy of the source, and its build"""

    def __init__(self, folder):
        self.source = folder / 'source'
        self.build = folder / 'build'
        self.log = folder / 'log.txt'

    def prepare(self):
        shutil.rmtree(self.source, ignore_errors=True)
        names = subprocess.run(['git', 'ls-files', '-z'], cwd=SOURCE, check=True,
                               capture_output=True, text=True).stdout
        for name in filter(None, names.split('\0')):
            (self.source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, self.source / name)
        again = ['--wipe'] if self.build.exists() else []
        if not self.run('meson', 'setup', *again, self.build, self.source, *OPTIONS):
            sys.exit(f'The copy cannot be configured: see {self.log}')

    def run(self, *command):
        def limit():
            os.nice(15)
            # A fault may make a program allocate memory in an endless loop.
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        with self.log.open('a', encoding='utf-8') as log:
            return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, check=False,
                                  preexec_fn=limit).returncode == 0

    def get_programs(self, suites):
        """Returns the Ninja targets that the tests of these suites need."""
        info = self.build / 'meson-info'
        tests = json.loads((info / 'intro-tests.json').read_text(encoding='utf-8'))
        targets = json.loads((info / 'intro-targets.json').read_text(encoding='utf-8'))
        files = {target['id']: target['filename'] for target in targets}
        needed = {name for test in tests for target in test['depends'] for name in files[target]
                  if any(suite.split(':')[-1] in suites for suite in test['suite'])}
        return sorted(str(Path(name).relative_to(self.build)) for name in needed)

    def compile(self, *targets):
        return self.run('ninja', '-C', self.build, '-j2', *targets)

    def get_code(self, path):
        """Returns a digest of the object files of a source."""
        name = f'{path.parent.name}_{path.name}.o'
        digest = hashlib.sha256()
        for found in sorted((self.build / 'lib').rglob('*.o')):
            if found.name in (name, path.name + '.o'):
                digest.update(found.read_bytes())
        return digest.hexdigest()

    def find_failure(self, suites):
        """Runs the tests of these suites. Returns the name of one that fails, or None."""
        log = self.build / 'meson-logs/testlog.json'
        log.unlink(missing_ok=True)
        arguments = [word for suite in suites for word in ('--suite', suite)]
        if self.run('meson', 'test', '-C', self.build, '--no-rebuild', '--maxfail=1',
                    '--num-processes=3', *arguments):
            return None
        for line in log.read_text(encoding='utf-8').splitlines():
            test = json.loads(line)
            if test['result'] in ('FAIL', 'ERROR', 'TIMEOUT'):
                return test['name'].split(':')[-1].replace(' ', '')
        return 'unknown'


def try_fault(copy, path, number, new):
    """Returns the name of the test that catches the fault, or '' if none does.

    Returns None if the fault does not compile, or does not change the compiled code.
    """
    file = copy.source / path
    old_code = copy.get_code(path)
    kept = file.read_text(encoding='utf-8')
    lines = kept.splitlines(keepends=True)
    lines[number] = new + '\n'
    file.write_text(''.join(lines), encoding='utf-8')

    try:
        for number_of_stage, suites in enumerate(STAGES):
            if not copy.compile(*copy.get_programs(suites)):
                return None
            if number_of_stage == 0 and copy.get_code(path) == old_code:
                return None
            caught = copy.find_failure(suites)
            if caught is not None:
                return caught
        return ''
    finally:
        file.write_text(kept, encoding='utf-8')
        copy.compile(*copy.get_programs(STAGES[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=50, help='the number of faults (50)')
    parser.add_argument('--seed', default='1', help='the seed that selects the faults (1)')
    parser.add_argument('--folder', type=Path, default=SOURCE / '_build-mutations')
    parser.add_argument('--list', action='store_true', help='print the faults, and try none')
    arguments = parser.parse_args()

    if arguments.list:
        faults = choose(find_sites(SOURCE), arguments.seed)
        for _, (name, path, number, old, new) in zip(range(arguments.count), faults):
            print(f'{path}:{number + 1}: {name}: {old.strip()} -> {new.strip()}')
        return 0

    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    copy = Copy(folder)
    copy.prepare()
    every = [suite for suites in STAGES for suite in suites]
    if not copy.compile(*copy.get_programs(every)) or copy.find_failure(every):
        sys.exit(f'The tests fail without a fault: see {copy.log}')

    tried = survived = 0
    for name, path, number, old, new in choose(find_sites(copy.source), arguments.seed):
        if tried == arguments.count:
            break
        caught = try_fault(copy, path, number, new)
        if caught is not None:
            tried += 1
            survived += not caught
            print(f'{tried:3} {path}:{number + 1}: {name}: {old.strip()} -> {new.strip()}\n'
                  f'    {"caught by " + caught if caught else "SURVIVED"}', flush=True)

    print(f'{tried} faults, {tried - survived} caught, {survived} survived')
    return 0


if __name__ == '__main__':
    sys.exit(main())
