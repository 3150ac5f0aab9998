#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks the messages that a new user sees first.

If packages are missing, install-packages.sh must announce them, or explain why it cannot install
them. A run.sh script that cannot write to the build directory must say so.
"""

import re
import shutil
import tempfile
from pathlib import Path

from common import SOURCE, check, finish, run, skip_all

USED = ('bash', 'cat', 'env', 'grep', 'mktemp', 'rm', 'sed')

# The programs that replace those of the system, so that nothing is installed. Empty files, such as
# "user" (not root), describe the machine to them.
PROGRAMS = {
    'id': 'if [ -e user ]; then echo 1000; else echo 0; fi',
    'dpkg-query': '[ ! -e installed ] || echo installed',
    'apt-cache': '''
        case "$2" in
          pkgconf) if [ -e alternatives ]; then v='(none)'; else v=1; fi ;;
          *) v=1 ;;
        esac
        echo "  Candidate: $v"''',
    'apt-get': '''
        echo "$*" >> calls
        case "$*" in
          update*)
            if [ -e no-network ]; then
              echo "Ign:1 http://mirror.example/debian stable InRelease"
              echo "Err:1 http://mirror.example/debian stable InRelease"
              echo "W: Failed to fetch http://mirror.example/InRelease  Cannot resolve it"
            else
              echo "Hit:1 http://mirror.example/debian stable InRelease"
            fi
            ;;
          *--print-uris*)
            if [ -e unknown ]; then echo "E: Unable to locate package gcc"; exit 100; fi
            echo "0 upgraded, 17 newly installed, 0 to remove and 3 not upgraded."
            echo "Need to get 95.2 MB/97 MB of archives."
            echo "After this operation, 378 MB of additional disk space will be used."
            ;;
        esac''',
}
SUDO = 'if [ -e sudo-refuses ]; then exit 1; fi; case "$1" in -n|-v) ;; *) exec "$@" ;; esac'

ANNOUNCED = r'Installing 17 packages \(download: 95\.2 MB/97 MB, disk space: 378 MB\): .*gcc.*\n'

# For each case: the files that describe the machine ("sudo" adds a program of this name, and not a
# file), the exit status, a pattern of the output, and whether packages are installed
CASES = {
    'nothing is missing': (('installed',), 0, r'', False),
    'nothing is missing, for a user without sudo': (('installed', 'user'), 0, r'', False),
    'root installs what is missing': ((), 0, ANNOUNCED, True),
    'a user installs what is missing with sudo': (('user', 'sudo'), 0, ANNOUNCED, True),
    'a user has no sudo':
        (('user',), 1, r'.*sudo is not installed.*apt-get install .*gcc.*\n', False),
    'sudo wants a password, without a terminal':
        (('user', 'sudo', 'sudo-refuses'), 1, r'.*no terminal.*apt-get install .*gcc.*\n', False),
    'the network is not available':
        (('no-network',), 1, ANNOUNCED + r'.*cannot download.*\(http://mirror\.example/InRelease '
                                         r'Cannot resolve it\); connect .*gcc.*\n', False),
    'a package is unknown':
        (('unknown',), 1, r'.*cannot install .*Unable to locate package gcc.*\n', False),
    'an alternative package is installed': (('alternatives',), 0, r'.*pkg-config.*\n', True),
}


def make_machine(folder, like):
    for name in USED:
        (folder / name).symlink_to(shutil.which(name))
    for name, text in {**PROGRAMS, **({'sudo': SUDO} if 'sudo' in like else {})}.items():
        program = folder / name
        program.write_text(f'#!{shutil.which("bash")}\ncd "$(/usr/bin/dirname "$0")"\n{text}\n',
                           encoding='utf-8')
        program.chmod(0o755)
    for name in set(like) - {'sudo'}:
        (folder / name).touch()


def check_case(name, like, status, printed, installs):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_machine(folder, like)
        env = {'PATH': scratch, 'TMPDIR': scratch}
        result = run(['/usr/bin/setsid', '--wait', folder / 'bash',
                      SOURCE / 'tools/install-packages.sh', 'build'], env=env)
        calls = folder / 'calls'
        installed = calls.exists() and '\ninstall -q -y' in '\n' + calls.read_text('utf-8')

    check(result.returncode == status and re.fullmatch(printed, result.stdout)
          and installed == installs, name, f'{result.returncode}\n{result.stdout}')


def check_read_only():
    # Not even root can create this build directory.
    for script in ('tests/run.sh', 'examples/run.sh'):
        result = run([SOURCE / script, '--build-dir=/dev/null/build'])
        check(result.returncode == 1
              and re.fullmatch(r'.*/dev/null/build cannot be written to.*--build-dir=DIR\n',
                               result.stdout),
              f'{script} names --build-dir if it cannot write to the folder', result.stdout)


def main():
    release = Path('/etc/os-release')
    text = release.read_text('utf-8') if release.exists() else ''
    if not re.search(r'^ID(_LIKE)?=.*(debian|ubuntu)', text, re.MULTILINE):
        skip_all('this system is not Debian')
    if not all(map(shutil.which, (*USED, 'setsid'))):
        skip_all('a program that the script runs is missing')

    for name, case in CASES.items():
        check_case(name, *case)
    check_read_only()
    finish()


main()
