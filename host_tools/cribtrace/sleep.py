"""Likely awake, likely asleep or unknown, second by second, out of epochs and movements.

docs/PATTERNS.md has the rules and where each number is from.
"""

import bisect
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cribtrace import told_seconds
from cribtrace.in_order import end_s
from cribtrace.sparse_sum import SparseSum, Steps
from cribtrace.told_seconds import NOTHING, SEAM_S, VETO_S, Content, Span, Told

AWAKE, ASLEEP, UNKNOWN, NO_MOTION = "awake_likely", "asleep_likely", "unknown", "no_motion_seen"

AWAKE_WITHIN_S = 120  # [D] clinical.md section 5, AWAKE_LIKELY: within 2 min
AWAKE_GROSS_S = 30.0  # [D] the same: more than 30 s of gross movement
AWAKE_ACTIVE_S = 60  # [D] the same: or at least half of the seconds active
ASLEEP_AFTER_S = 180  # [D] the same: asleep after 3 quiet minutes
RESTING_ACTIVE_S = 18  # chosen: a tenth of those may be active, as twitching sleep is
VEILED_MOST_S = 90  # chosen: with more than half of them veiled nobody can tell
UNSEEN_MOST_S = 1.0  # chosen: with more than this unseen between them they are not in a row
STILL_S = 1200.0  # chosen: 20 min
HOLE_FORGOTTEN_S = 30.0  # chosen: one epoch of sleep scoring


class Likely(NamedTuple):
    """The sleeper's likely state, and since when it has lasted (0 where it is unknown)."""

    state: str
    since_s: float
    reason: str


class Sleep:
    """Fed events, epochs and holes by onset; knows a likely state of each second."""

    def __init__(self) -> None:
        self._spans: list[Span] = []  # of events that may still matter
        self._holes: list[tuple[float, float]] = []
        self._coming = told_seconds.Coming()
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._likely: Steps[Likely] = Steps()
        self._active, self._gross, self._stirred = SparseSum(), SparseSum(), SparseSum()
        self._veiled, self._unseen_s = SparseSum(), SparseSum()
        self._now = Likely(UNKNOWN, 0.0, "nothing seen yet")
        self._base = 0  # index of the first second since what was known was forgotten
        self._bases: list[tuple[float, int]] = [(-math.inf, 0)]  # each, since which second's end
        self._still = 0  # index of the first second of the running stretch without motion
        self._moved_last = -1  # index of the last second with motion
        self._gone = False  # since then it was too long to know that somebody lies there
        self._motionless: Steps[bool] = Steps()
        self._seams: list[int] = []  # seconds before which some time was not seen
        self._over = False
        self._told = self._scanned = 0

    def event(self, line: dict) -> None:
        """Take in an event; all with an onset before `advance`'s limit must have come."""
        self._spans.append((line["onset_s"], end_s(line), line["kind"]))

    def hole(self, onset_s: float, until_s: float) -> None:
        """Nothing is known from `onset_s` to `until_s`; infinity: nobody knows how long."""
        self._holes.append((onset_s, until_s))

    def epoch(self, line: dict) -> None:
        """Take in the seconds of an epoch."""
        self._coming.add(line)

    def advance(self, limit_s: float) -> None:
        """Judge the seconds about which everything is known once all before `limit_s` has come."""
        known = self._coming.until(limit_s)
        if known is None:
            return
        told, first = told_seconds.told(known, self._spans), 0
        for at, content in told.stops:
            self._pass(told, first, at)
            self._judge(told.starts[at], told.ends[at], content)
            first = at + 1
        self._pass(told, first, len(told.starts))
        begun_s = told.starts[-1] - VETO_S
        self._spans = [span for span in self._spans if span[1] >= begun_s]

    def _pass(self, told: Told, first: int, end: int) -> None:
        """Take in seconds in which nothing was seen, at once where that changes no state."""
        while first < end:
            until = self._alike(told, first, end)
            if until > first:
                self._take(told, first, until)
            else:
                self._judge(told.starts[first], told.ends[first], NOTHING)
                until += 1
            first = until

    def _alike(self, told: Told, first: int, end: int) -> int:
        """Until where such seconds only go on with what was before them."""
        if not self._ends or told.starts[first] - self._ends[-1] > SEAM_S:
            return first
        if self._holes:
            end = bisect.bisect_right(told.ends, self._holes[0][0], first, end)
        if self._now.state == ASLEEP:  # nothing is added to any sum that could end it
            return end
        count = len(self._starts)
        veiled = self._veiled.since(self._last(ASLEEP_AFTER_S - 1)) > VEILED_MOST_S
        if self._now.state == AWAKE and veiled:
            return first
        return max(first, min(end, first + self._resting_first() - count))

    def _resting_first(self) -> int:
        """No second before this can be the first of sleep, unless there is any content."""
        active = self._active.last(RESTING_ACTIVE_S + 1)
        veiled = self._veiled.last(VEILED_MOST_S + 1)
        return ASLEEP_AFTER_S + max(self._base - 1, self._stirred.last(1), active, veiled)

    def _take(self, told: Told, first: int, end: int) -> None:
        at, start_s = len(self._starts), told.starts[first]
        self._unseen_s.add(at, start_s - self._ends[-1])
        low, high = (bisect.bisect_left(told.apart, (i,)) for i in (first + 1, end))
        for i, apart_s in told.apart[low:high]:
            self._unseen_s.add(at + i - first, apart_s)
        self._lies_still(at, start_s, told.ends[end - 1])
        self._starts += told.starts[first:end]
        self._ends += told.ends[first:end]
        self._likely.set(at, self._now)

    def finish(self) -> None:
        """Judge the rest; nothing will follow."""
        self.advance(math.inf)
        self._over = True

    @property
    def final_s(self) -> float:
        """The likely states before this moment cannot change any more."""
        count = self._final()
        if self._over:
            return math.inf
        return self._starts[count] if count < len(self._starts) else -math.inf

    def finals_s(self, limits_s: Sequence[float]) -> list[float] | None:
        """What `final_s` was behind `advance` to each of these; None where nobody can tell now."""
        ends, starts = np.array(self._ends), np.array([*self._starts, -math.inf])
        if not (np.diff(ends) >= 0).all():
            return None
        since_s, bases = (np.array(column) for column in zip(*self._bases, strict=True))
        counts = np.searchsorted(ends + VETO_S, limits_s, "right")
        base = bases[np.searchsorted(since_s + VETO_S, limits_s, "right") - 1]
        first = np.maximum(base, counts - AWAKE_WITHIN_S)
        return starts[np.where(first < counts, first, len(ends))].tolist()

    def _final(self) -> int:
        count = len(self._starts)
        return count if self._over else max(self._base, count - AWAKE_WITHIN_S, 0)

    def at(self, moment_s: float) -> Likely | None:
        """The likely state at a moment; None where it was not seen."""
        i = bisect.bisect_right(self._starts, moment_s) - 1
        return self._likely.at(i) if i >= 0 and moment_s < self._ends[i] else None

    def _in_hole(self, start_s: float, until_s: float) -> bool:
        while self._holes and math.isinf(self._holes[0][1]) and self._holes[0][0] <= start_s:
            self._holes.pop(0)
            self._forget("interrupted for an unknown time", until_s)
        self._holes = [hole for hole in self._holes if hole[1] > start_s]
        return any(
            onset_s < until_s - SEAM_S and end > start_s + SEAM_S
            for onset_s, end in self._holes
            if not math.isinf(end)
        )

    def _forget(self, reason: str, until_s: float) -> None:
        self._base = self._still = len(self._starts)
        self._bases.append((until_s, self._base))
        self._now = Likely(UNKNOWN, 0.0, reason)

    def _judge(self, start_s: float, until_s: float, content: Content) -> None:
        """Take in a second, unless it lies in a hole, and see what the last minutes say."""
        if self._holes and self._in_hole(start_s, until_s):
            return
        hole_s = start_s - self._ends[-1] if self._ends else 0.0
        if hole_s > HOLE_FORGOTTEN_S:
            self._forget("not seen before", until_s)
        elif hole_s > SEAM_S:
            self._again(start_s)
            self._still = len(self._starts)
        at = len(self._starts)
        if hole_s > SEAM_S:
            self._seams.append(at)
        self._unseen_s.add(at, hole_s)
        if content.motion:
            self._moves(at, start_s, until_s)
        else:
            self._lies_still(at, start_s, until_s)
        self._starts.append(start_s)
        self._ends.append(until_s)
        self._active.add(at, content.moved)
        self._gross.add(at, content.gross_s)
        self._stirred.add(at, content.hands or content.gross_s > 0)
        self._veiled.add(at, content.veiled)
        self._decide(content.hands)
        self._likely.set(at, self._now)

    def _moves(self, at: int, start_s: float, until_s: float) -> None:
        """A stretch without motion ends."""
        if self._gone and not self._certain(self._moved_last):
            self._forget("no motion seen before", until_s)
        self._again(start_s)
        self._gone = False
        self._moved_last, self._still = at, at + 1
        self._motionless.set(at, False)

    def _lies_still(self, at: int, start_s: float, until_s: float) -> None:
        """It goes on, from second `at` on to `until_s`; long enough, it may be an empty crib."""
        begun_s = self._starts[self._still] if self._still < at else start_s
        if until_s - begun_s >= STILL_S:
            self._motionless.set(self._still, True)
            self._gone = True
        else:
            self._motionless.set(at, False)

    def _again(self, start_s: float) -> None:
        """A stretch without motion has ended: sleep that goes on behind it counts from here."""
        if self._motionless.last and self._now.state == ASLEEP:
            self._now = self._now._replace(since_s=start_s)

    def _certain(self, i: int) -> bool:
        """Whether somebody slept here when second `i` moved, and was not lifted out by that."""
        return i >= 0 and self._likely.at(i).state == ASLEEP and not self._stirred.has(i)

    def _decide(self, hands: bool) -> None:
        """What the last minutes say, with the second just added."""
        within = self._last(AWAKE_WITHIN_S)
        gross = self._gross.since(within) > AWAKE_GROSS_S
        busy = self._active.since(within) >= AWAKE_ACTIVE_S
        state = self._now.state
        if gross or busy:
            if state != AWAKE:
                self._wake(gross)
        elif state != ASLEEP and self._resting():
            self._now = Likely(ASLEEP, self._ends[-1], "3 min with little movement")
        elif state == ASLEEP and hands:
            self._now = Likely(UNKNOWN, 0.0, "handled")
        elif state != UNKNOWN and self._veiled.since(self._last(ASLEEP_AFTER_S)) > VEILED_MOST_S:
            self._now = Likely(UNKNOWN, 0.0, "veiled by handling or surroundings")

    def _last(self, seconds: int) -> int:
        """Index of the first of the last `seconds`, none from before what was forgotten."""
        return max(self._base, len(self._starts) - seconds)

    def _wake(self, gross: bool) -> None:
        """Likely awake since the first of the movements that say so."""
        first = (self._gross if gross else self._active).first(self._last(AWAKE_WITHIN_S))
        reason = "over 30 s of gross movement in 2 min" if gross else "half of 2 min active"
        self._now = Likely(AWAKE, self._starts[first], reason)
        self._likely.set(first, self._now)

    def _resting(self) -> bool:
        if len(self._starts) - self._base < ASLEEP_AFTER_S:
            return False
        first = self._last(ASLEEP_AFTER_S)
        return (
            self._unseen_s.since(self._last(ASLEEP_AFTER_S - 1)) <= UNSEEN_MOST_S
            and not self._stirred.since(first)
            and self._active.since(first) <= RESTING_ACTIVE_S
            and self._veiled.since(first) <= VEILED_MOST_S
        )

    def lines(self) -> Iterator[dict]:
        """State lines that are new and cannot change any more."""
        limit = self._final()
        if not (self._over or self._motionless.last):
            limit = min(limit, self._still)
        new = set()
        for firsts in (self._seams, self._likely.firsts, self._motionless.firsts):
            new.update(firsts[bisect.bisect_right(firsts, self._scanned) :])
        for i in sorted(i for i in new if i < limit):
            in_a_row = self._starts[i] - self._ends[i - 1] <= SEAM_S
            if not (in_a_row and self._shown(i) == self._shown(i - 1)):
                yield self._line(self._told, i)
                self._told = i
        self._scanned = max(self._scanned, limit - 1)
        if self._over and self._told < limit:
            yield self._line(self._told, limit)
            self._told = limit

    def _shown(self, i: int) -> tuple[str, str]:
        if self._motionless.at(i):
            return NO_MOTION, "no event and no active second for 20 min"
        likely = self._likely.at(i)
        return likely.state, likely.reason

    def _line(self, first: int, end: int) -> dict:
        state, reason = self._shown(first)
        onset_s = self._starts[first]
        lasted = {"onset_s": onset_s, "duration_s": round(self._ends[end - 1] - onset_s, 3)}
        return {"type": "state", "by": "host", **lasted, "state": state, "reason": reason}
