# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server, its certificate, and the processors on which the server and the clients run."""

import os
import resource
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPU, CLIENT_CPU = CPUS[0], CPUS[-1]

# Without the first three variables, GLib would query the network, the proxy and the desktop
# settings during a measurement.
QUIET = {
    'GIO_USE_NETWORK_MONITOR': 'base',
    'GIO_USE_PROXY_RESOLVER': 'dummy',
    'GSETTINGS_BACKEND': 'memory',
    'PYTHONDONTWRITEBYTECODE': '1',
}

ADDRESSES = 8
TIMEOUT = 120
FILES = 32768


def make_certificate(folder):
    """Makes a certificate and its key for this run. One in the repository would expire."""
    certificate, key = folder / 'cert.pem', folder / 'key.pem'
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
         '-nodes', '-days', '2', '-subj', '/CN=localhost',
         '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
        check=True, capture_output=True)
    return certificate, key


def place(cpu, batch=False):
    """Returns a function that moves a new process to processor @cpu before its program starts."""
    def prepare():
        os.sched_setaffinity(0, {cpu})
        if batch:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    return prepare


@dataclass
class Server:
    """The server, on a processor of its own or on the client's.

    On the client's processor, SCHED_BATCH keeps the server from interrupting the client.
    """

    build: Path
    folder: Path
    on_one_cpu: bool
    ports: dict = field(default_factory=dict)

    def __enter__(self):
        command = [self.build / 'tests' / 'bench' / 'bench-server', f'--addresses={ADDRESSES}',
                   f'--certificate={self.folder / "cert.pem"}', f'--key={self.folder / "key.pem"}']
        prepare = place(CLIENT_CPU, True) if self.on_one_cpu else place(SERVER_CPU)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=prepare)
        plain, tls = self.process.stdout.readline().split()
        self.ports = {'plain': plain, 'tls': tls}
        return self

    def restart(self):
        """Makes the server end all connections as if it had exited, and continue to listen."""
        self.process.send_signal(signal.SIGHUP)

    def __exit__(self, *_):
        self.process.communicate()

    def get_uri(self, line, path):
        if self.process.poll() is not None:
            raise SystemExit(f'The server has ended with status {self.process.returncode}')
        scheme = 'wss' if line == 'tls' else 'ws'
        return f'{scheme}://127.0.0.1:{self.ports[line]}{path}'


def find_reason(text):
    """Returns the first line of a program's output that names an error, or else the last line."""
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    return next((line for line in lines if 'rror' in line), lines[-1] if lines else 'no output')


def make_client_options(folder, environment=None):
    """Returns the options of Popen() for a client."""
    return {
        'preexec_fn': place(CLIENT_CPU),
        'env': {**os.environ, **QUIET, 'NODE_EXTRA_CA_CERTS': str(folder / 'cert.pem'),
                'BENCH_CERTIFICATE': str(folder / 'cert.pem'), **(environment or {})},
    }


def run_client(command, folder, environment=None, timeout=TIMEOUT):
    """Returns the output of a client and an empty string, or None and the cause of its failure."""
    try:
        outcome = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            check=False, **make_client_options(folder, environment))
    except subprocess.TimeoutExpired:
        return None, f'took longer than {timeout} s'

    if outcome.returncode != 0 or not outcome.stdout.strip():
        return None, f'status {outcome.returncode}: {find_reason(outcome.stderr)}'
    return outcome.stdout, ''


def raise_file_limit():
    """Raises the limit on open files, because thousands of tasks each have a socket.

    Only root may exceed the hard limit.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for wanted in (max(FILES, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return
        except (OSError, ValueError):
            continue
