# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the clients are put to, and what is asked of the task."""

from dataclasses import dataclass

B, KIB, MIB = 1, 1024, 1024 * 1024

SIZES = (16 * B, 125 * B, KIB, 16 * KIB, 64 * KIB, MIB)
WINDOWS = (1, 64, 256)
LINES = ('plain', 'tls')

# A sender has four windows on their way, and no program is to need more memory than this for them.
SEND_WINDOW = 256
SEND_BYTES = 4 * MIB

# Where the peers come in too: for what is common, or is asked for below
PEER_CASES = {
    *(('echo', size, window) for size in SIZES[:3] for window in (64, 256)),
    *(('echo', size, 1) for size in (125, 64 * KIB)),
    ('echo', 64 * KIB, 64),
    *(('receive', size, 1) for size in (125, 16 * KIB, MIB)),
    ('send', 125, SEND_WINDOW),
}


@dataclass(frozen=True)
class Case:
    work: str
    size: int
    window: int
    line: str

    @property
    def name(self):
        window = f'-w{self.window}' if self.work == 'echo' else ''
        return f'{self.work}-{self.size}{window}-{self.line}'

    @property
    def title(self):
        window = f', {self.window} in flight' if self.work == 'echo' else ''
        tls = ', TLS' if self.line == 'tls' else ''
        return f'{self.work} {format_size(self.size)}{window}{tls}'

    @property
    def path(self):
        return {
            'echo': '/echo',
            'receive': f'/flood?size={self.size}',
            'send': f'/sink?ack={self.window}',
        }[self.work]

    @property
    def on_one_cpu(self):
        """Whether the server shares the client's processor: across processors, waking an idle one
        takes longer than all else that happens to one message at a time."""
        return self.work == 'echo' and self.window == 1

    @property
    def has_peers(self):
        return (self.work, self.size, self.window) in PEER_CASES


def format_size(size):
    for unit, name in ((MIB, 'MiB'), (KIB, 'KiB')):
        if size >= unit:
            return f'{size // unit} {name}'
    return f'{size} B'


def make_cases():
    for line in LINES:
        for window in WINDOWS:
            for size in SIZES:
                yield Case('echo', size, window, line)
        for size in SIZES:
            yield Case('receive', size, 1, line)
        for size in SIZES:
            yield Case('send', size, max(1, min(SEND_WINDOW, SEND_BYTES // 4 // size)), line)


@dataclass(frozen=True)
class Goal:
    """How many messages the task is to pass for each one that libsoup alone does."""

    title: str
    work: str
    sizes: tuple
    windows: tuple
    lines: tuple
    ratio: float
    ahead: bool = False

    def covers(self, case):
        return (case.work == self.work and case.size in self.sizes
                and (case.window in self.windows or case.work != 'echo')
                and case.line in self.lines)


SMALL = SIZES[:3]

GOALS = (
    Goal('echo, 256 in flight, up to 1 KiB', 'echo', SMALL, (256,), LINES, 3, ahead=True),
    Goal('echo, 64 in flight, up to 1 KiB', 'echo', SMALL, (64,), LINES, 2.2, ahead=True),
    Goal('echo, 1 in flight, up to 1 KiB', 'echo', SMALL, (1,), ('plain',), 1.15),
    Goal('echo, 64 KiB', 'echo', (64 * KIB,), (1, 64), ('plain',), 2),
    Goal('receiving 16 KiB to 1 MiB', 'receive', SIZES[3:], (), ('plain',), 3.5),
    Goal('receiving 125 B', 'receive', (125,), (), ('plain',), 1),
    Goal('sending 125 B', 'send', (125,), (), ('plain',), 2),
)
