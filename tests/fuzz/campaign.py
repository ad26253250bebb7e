"""Runs cases: in blocks, on two cores, each case within its time and memory."""

import os
import random
import resource
import signal
import sys
import time
import traceback
import tracemalloc
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.fuzz.frames import Frames
from tests.fuzz.recordings import Tables, Zips
from tests.fuzz.requests import Requests
from tests.fuzz.segments import Segments
from tests.fuzz.target import Target

TARGETS = (Frames, Requests, Segments, Zips, Tables)
BLOCK = 2000
_TRACED_EVERY = 101  # tracemalloc is slow
_HANG_S = 20
_HEADROOM = 1 << 30  # address space beyond what the worker begins with
_SHOWN = 5


class Hang(BaseException):
    """A case took so long that it was stopped; no `except Exception` gets in between."""


@dataclass
class Tally:
    """What came of some cases of one campaign."""

    cases: int = 0
    past: int = 0  # cases of which anything got past the check
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: int = 0  # its number
    most_bytes: int = 0  # memory, of the cases that were traced
    traced: int = 0
    cpu_s: float = 0.0

    def add(self, other: "Tally") -> None:
        """Take in another block of the same campaign."""
        self.cases += other.cases
        self.past += other.past
        self.failed += other.failed
        self.failures = (self.failures + other.failures)[:_SHOWN]
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
        self.most_bytes = max(self.most_bytes, other.most_bytes)
        self.traced += other.traced
        self.cpu_s += other.cpu_s


def block(kind: type[Target], unguarded: bool, seed: int, first: int, count: int) -> Tally:
    """Run the cases `first` to `first + count`; what it changes in this process it leaves so."""
    tally, started_s = Tally(), time.process_time()
    target = kind()
    if unguarded:
        target.unguard()
    signal.signal(signal.SIGALRM, _hang)
    try:
        for number in range(first, first + count):
            rng = random.Random(f"{seed} {target.name} {unguarded} {number}")
            _one(target, rng, number, tally)
    finally:
        target.close()
    tally.cpu_s = time.process_time() - started_s
    return tally


def _one(target: Target, rng: random.Random, number: int, tally: Tally) -> None:
    case = target.case(rng)
    traced = number % _TRACED_EVERY == 0
    if traced:
        tracemalloc.start()
    signal.alarm(_HANG_S)
    began_s = time.process_time()  # a busy machine makes no case slow
    try:
        tally.past += target.run(case)
    except (Exception, Hang):
        tally.failed += 1
        if len(tally.failures) < _SHOWN:
            tally.failures.append(f"case {number}: {traceback.format_exc(limit=-4)}")
    took_s = time.process_time() - began_s
    signal.alarm(0)
    tally.cases += 1
    if traced:
        tally.traced += 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        tally.most_bytes = max(tally.most_bytes, peak)
        allowed = target.allowed_bytes(target.size_bytes(case))
        if peak > allowed:
            _fail(tally, f"case {number}: took {peak} bytes, allowed are {allowed}")
    elif took_s > tally.slowest_s:
        tally.slowest_s, tally.slowest = took_s, number
        if took_s > target.CASE_MOST_S:
            _fail(tally, f"case {number}: took {took_s:.1f} s")


def _fail(tally: Tally, what: str) -> None:
    tally.failed += 1
    tally.failures = [*tally.failures, what][:_SHOWN]


def _hang(*_: object) -> None:
    raise Hang


def _begin_worker() -> None:
    warnings.simplefilter("ignore")
    with open("/proc/self/statm") as f:
        pages = int(f.read().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + _HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def campaigns(
    plan: list[tuple[type[Target], bool, int]], seed: int, workers: int = 2
) -> Iterator[tuple[str, bool, Tally]]:
    """Run (target, whether its check is out of the way, cases) one after the other.

    Each has processes of its own: what one takes out of the way stays so in them.
    """
    for kind, unguarded, cases in plan:
        whole = Tally()
        with ProcessPoolExecutor(workers, initializer=_begin_worker) as pool:
            starts = range(0, cases, BLOCK)
            jobs = [
                pool.submit(block, kind, unguarded, seed, first, min(BLOCK, cases - first))
                for first in starts
            ]
            for done in as_completed(jobs):
                whole.add(done.result())
                if sys.stderr.isatty():
                    print(f"\r{kind.name} {whole.cases}/{cases}", end="\r", file=sys.stderr)
        yield kind.name, unguarded, whole
