# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cases that the clients run, and the goals for the task."""

from dataclasses import dataclass

from bench_programs import ACKNOWLEDGED, ENGINE, LANGUAGES, OLD, RAW, TASK, in_language

B, KIB, MIB = 1, 1024, 1024 * 1024

SIZES = (16 * B, 125 * B, KIB, 16 * KIB, 64 * KIB, MIB)
LINES = ('plain', 'tls')

# The numbers of messages in flight in the `echo` cases, and their sizes. With larger messages, a
# case would mostly measure the speed of memory.
ECHOES = ((1, SIZES), (64, SIZES[:5]), (256, SIZES[:3]))

# In the `send` cases, the client has four windows in flight, which hold at most SEND_BYTES.
SEND_WINDOW = 256
SEND_BYTES = 4 * MIB

# Text messages take the same work as binary ones plus a check of UTF-8, so a few cases are enough.
TEXT = (('receive', 125, 1), ('receive', 64 * KIB, 1), ('echo', 125, 256), ('echo', 64 * KIB, 64))


# The sizes for the `await` cases. The server would send its count only after NEVER messages.
AWAITED = (125, 16 * KIB)
NEVER = 2**32


@dataclass(frozen=True)
class Case:
    work: str
    size: int
    window: int
    line: str
    is_text: bool = False

    @property
    def name(self):
        window = f'-w{self.window}' if self.work == 'echo' else ''
        return f'{self.work}-{self.size}{window}-{self.line}{"-text" if self.is_text else ""}'

    @property
    def title(self):
        window = f', {self.window} in flight' if self.work == 'echo' else ''
        text = ' of text' if self.is_text else ''
        tls = ', TLS' if self.line == 'tls' else ''
        return f'{self.work} {format_size(self.size)}{text}{window}{tls}'

    @property
    def path(self):
        return {
            'echo': '/echo',
            'receive': f'/flood?size={self.size}&text={self.is_text:d}',
            'send': f'/sink?ack={self.window}',
            'await': f'/sink?ack={NEVER}',
        }[self.work]

    @property
    def on_one_cpu(self):
        """Whether the server shares the client's processor.

        With one message in flight, waking an idle processor would take longer than all the work for
        a short message.
        """
        return self.work == 'await' or (self.work == 'echo' and self.window == 1)

    def is_for(self, program, with_all):
        """Returns whether the program runs the case. @with_all is whether --all was given.

        Only client-hb can run the `await` cases. Without --all, a peer runs only the cases that
        have a goal for programs in C, and a program that uses a binding runs only those that have a
        goal for its language.
        """
        if self.work == 'await':
            return program.name in (TASK, OLD, ACKNOWLEDGED)
        if with_all:
            return True
        if program.name == ACKNOWLEDGED:
            return self.work != 'receive'
        if program.is_peer:
            return any(goal.covers(self) for goal in GOALS if not goal.language)
        return program.language == 'C' or any(
            goal.covers(self) for goal in GOALS if goal.language == program.language)


def format_size(size):
    for unit, name in ((MIB, 'MiB'), (KIB, 'KiB')):
        if size >= unit:
            return f'{size // unit} {name}'
    return f'{size} B'


def make_cases():
    for line in LINES:
        for window, sizes in ECHOES:
            for size in sizes:
                yield Case('echo', size, window, line)
        for size in SIZES:
            yield Case('receive', size, 1, line)
        for size in AWAITED:
            yield Case('await', size, 1, line)
        for size in SIZES:
            yield Case('send', size, max(1, min(SEND_WINDOW, SEND_BYTES // 4 // size)), line)
    for work, size, window in TEXT:
        yield Case(work, size, window, 'plain', is_text=True)


def get_system(libsoup):
    """Returns 0 if Debian 12 has this version of libsoup, 1 for Debian 13, and 2 for unstable."""
    minor = int(libsoup.split('.')[1])
    return 0 if minor < 4 else 1 if minor < 8 else 2


@dataclass(frozen=True)
class Goal:
    """The minimum ratio of the task's messages per second to those of another program"""

    work: str
    size: int
    least: tuple            # on Debian 12, Debian 13 and unstable
    window: int = 1
    line: str = 'plain'
    base: str = RAW
    language: str = ''      # the language of both programs, C if it is empty
    is_ahead: bool = False  # whether the task must also be faster than every peer
    cpu: float = 0          # the maximum ratio of a message's CPU time to the old task's, or 0

    def covers(self, case):
        return (case.work, case.size, case.line) == (self.work, self.size, self.line) and (
            case.window == self.window or case.work != 'echo')


# The minimum ratio to the engine in the same language, on each system
SHARE = (0.85,) * 3

GOALS = (
    Goal('receive', 16, (2.8,) * 3),
    Goal('receive', 125, (3.2, 2.8, 2.9), is_ahead=True),
    Goal('receive', KIB, (5,) * 3),
    Goal('receive', 64 * KIB, (3.2,) * 3, cpu=0.75),
    Goal('receive', MIB, (6.5,) * 3, cpu=0.8),
    Goal('send', 125, (40,) * 3),
    Goal('send', 64 * KIB, (2, 1.8, 1.8)),
    Goal('echo', 125, (1.25,) * 3, window=1),
    Goal('echo', 125, (4.5,) * 3, window=64),
    Goal('echo', 125, (9,) * 3, window=256),
    Goal('echo', 16 * KIB, (4,) * 3, window=64),
    Goal('echo', 64 * KIB, (3,) * 3, window=1),
    Goal('echo', 64 * KIB, (3,) * 3, window=64),
    Goal('echo', 125, (5,) * 3, window=64, line='tls', is_ahead=True),
    Goal('echo', 125, (10,) * 3, window=256, line='tls', is_ahead=True),
    Goal('receive', 125, (2.6,) * 3, line='tls'),
    *(Goal('receive', 125, SHARE, base=ENGINE, language=language) for language in LANGUAGES),
    *(Goal('echo', 125, SHARE, window=256, base=ENGINE, language=language)
      for language in LANGUAGES),
)


def judge_goal(goal, case, results):
    """Yields the title of each condition, whether it holds, and the figures."""
    least = goal.least[get_system(results.machine['libsoup'])]
    task, base = (in_language(name, goal.language or 'C') for name in (TASK, goal.base))
    ratio = results.get_ratio(case, task, base)
    where = f' in {goal.language}' if goal.language else ''
    yield (f'{case.title}{where}: messages/s, to {goal.base}',
           ratio is not None and ratio.middle >= least,
           f'{ratio or "no figures"}, wanted {least:g}')

    if goal.is_ahead and any(program.is_peer for program in results.programs):
        median, peers = results.get_median(case, TASK), results.get_peers(case)
        ahead = [f'{name} {rate:,.0f}/s' for name, rate in peers.items()
                 if median and rate >= median.rate]
        if not median or not peers:
            ahead = ['no figures']
        yield f'{case.title}: ahead of every other library', not ahead, ', '.join(ahead)

    if goal.cpu and any(program.name == OLD for program in results.programs):
        cpu = results.get_ratio(case, TASK, OLD, 'cpu')
        yield (f'{case.title}: CPU time per message, to the old task',
               cpu is not None and cpu.middle <= goal.cpu,
               f'{cpu or "no figures"}, wanted {goal.cpu:g}')


# The minimum ratio of the messages per second with delivery ACKNOWLEDGED to those without it. The
# `await` cases have no goal, because with ACKNOWLEDGED each message waits for a round trip.
ACKNOWLEDGED_WORK = ('echo', 'send')
ACKNOWLEDGED_LEAST = 0.9


def judge_acknowledged(case, results):
    if case.work in ACKNOWLEDGED_WORK:
        ratio = results.get_ratio(case, ACKNOWLEDGED, TASK)
        yield (f'{case.title}: acknowledged messages/s, to written ones',
               ratio is not None and ratio.middle >= ACKNOWLEDGED_LEAST,
               f'{ratio or "no figures"}, wanted {ACKNOWLEDGED_LEAST:g}')


def judge(results, cases):
    for case in cases:
        yield from judge_acknowledged(case, results)

    languages = {'', *(program.language for program in results.programs)}
    for goal in GOALS:
        for case in cases:
            if goal.language in languages and goal.covers(case):
                yield from judge_goal(goal, case, results)
