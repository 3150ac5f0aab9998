#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a test program with a peer: run.py PEER PROGRAM [ARGUMENT]...

The URI of the peer is the program's last argument. The program prints TAP. The test also fails if
the program ends with a status other than 0, or writes anything to standard error, such as a warning
from GLib.
"""

import subprocess
import sys

TIMEOUT = 30  # seconds


def main(peer_path, *command):
    with subprocess.Popen([peer_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as peer:
        uri = peer.stdout.readline().strip()
        try:
            program = subprocess.run([*command, uri], text=True, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     timeout=TIMEOUT, check=False)
        finally:
            peer.communicate()

    # Meson reads the results from standard output, but shows only standard error, so the comments
    # in the TAP go to both.
    sys.stdout.write(program.stdout)
    sys.stderr.writelines(line for line in program.stdout.splitlines(keepends=True)
                          if line.startswith('# '))
    sys.stderr.write(program.stderr)
    if program.stderr:
        print('Bail out! The program has written to standard error')
    elif program.returncode != 0:
        print(f'Bail out! The program ended with status {program.returncode}')

    return bool(program.returncode or program.stderr)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
