"""Likely awake, likely asleep or unknown, second by second, out of epochs and movements.

docs/PATTERNS.md has the rules and where each number is from.
"""

import bisect
import math
from collections.abc import Iterator
from itertools import pairwise, takewhile
from typing import NamedTuple

from cribtrace import criteria
from cribtrace.in_order import end_s
from cribtrace.sparse_sum import SparseSum

AWAKE, ASLEEP, UNKNOWN, NO_MOTION = "awake_likely", "asleep_likely", "unknown", "no_motion_seen"

FLOOR_MOST_MG = 10.0  # chosen: four times the noise of the poorest sensor, an MPU-6050

AWAKE_WITHIN_S = 120  # [D] clinical.md section 5, AWAKE_LIKELY: within 2 min
AWAKE_GROSS_S = 30.0  # [D] the same: more than 30 s of gross movement
AWAKE_ACTIVE_S = 60  # [D] the same: or at least half of the seconds active
ASLEEP_AFTER_S = 180  # [D] the same: asleep after 3 quiet minutes
RESTING_ACTIVE_S = 18  # chosen: a tenth of those may be active, as twitching sleep is
VEILED_MOST_S = 90  # chosen: with more than half of them veiled nobody can tell
UNSEEN_MOST_S = 1.0  # chosen: with more than this unseen between them they are not in a row
VETO_S = 2.0  # [D] clinical.md section 5, ENVIRONMENT: veto of 2 s on either side
STILL_S = 1200.0  # chosen: 20 min
HOLE_FORGOTTEN_S = 30.0  # chosen: one epoch of sleep scoring
SEAM_S = 0.003  # chosen: less than a frame at 300 Hz, more than two times to the millisecond err

# Rhythmic movement is a sign neither of waking nor of sleep: its seconds count as not active.
_RHYTHMIC = ("rhythmic_bout", "rhythmic_large")
_OTHERS = ("handling", "environment")


Span = tuple[float, float, str]  # from, until, kind of an event


class Likely(NamedTuple):
    """The sleeper's likely state, and since when it has lasted (0 where it is unknown)."""

    state: str
    since_s: float
    reason: str


def too_loud(epoch: dict) -> bool:
    """Whether the noise floor had risen so far that few movements could be told from it."""
    return epoch["floor_mg"] > FLOOR_MOST_MG


def active_seconds(epoch: dict) -> list[bool]:
    """Which seconds reached the threshold in force, or the default's where that is unknown."""
    least = criteria.least_code(epoch["threshold"] or criteria.DEFAULT_STRENGTH)
    return [code >= least for code in epoch["levels"]]


class Sleep:
    """Fed events, epochs and holes by onset; keeps one likely state a second."""

    def __init__(self) -> None:
        self._spans: list[Span] = []  # of events that may still matter
        self._holes: list[tuple[float, float]] = []
        self._coming: list[tuple[float, float, bool]] = []  # (start, end, active)
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._likely: list[Likely] = []
        self._active, self._gross, self._stirred = SparseSum(), SparseSum(), SparseSum()
        self._veiled, self._unseen_s = SparseSum(), SparseSum()
        self._now = Likely(UNKNOWN, 0.0, "nothing seen yet")
        self._base = 0  # index of the first second since what was known was forgotten
        self._still = 0  # index of the first second of the running stretch without motion
        self._moved_last = -1  # index of the last second with motion
        self._gone = False  # since then it was too long to know that somebody lies there
        self._motionless: list[bool] = []
        self._over = False
        self._told = self._scanned = 0

    def event(self, line: dict) -> None:
        """Take in an event; all with an onset before `advance`'s limit must have come."""
        self._spans.append((line["onset_s"], end_s(line), line["kind"]))

    def hole(self, onset_s: float, until_s: float) -> None:
        """Nothing is known from `onset_s` to `until_s`; infinity: nobody knows how long."""
        self._holes.append((onset_s, until_s))

    def epoch(self, line: dict) -> None:
        """Take in the seconds of an epoch: whole frames each, the last one as far as it goes."""
        over_s, levels = end_s(line), active_seconds(line)
        starts = [round(line["onset_s"] + i * line["second_s"], 3) for i in range(len(levels))]
        ends = [*starts[1:], over_s][: len(starts)]  # a damaged log may have an epoch of none
        seconds = zip(starts, ends, levels, strict=True)
        if starts and starts[-1] < over_s:
            self._coming.extend(seconds)
            return
        self._coming += [(a, min(b, over_s), active) for a, b, active in seconds if a < over_s]

    def advance(self, limit_s: float) -> None:
        """Judge the seconds about which everything is known once all before `limit_s` has come."""
        known = list(takewhile(lambda second: second[1] + VETO_S <= limit_s, self._coming))
        if known:
            if not self._sleeps_on(known):
                for start_s, until_s, active in known:
                    if not self._in_hole(start_s, until_s):
                        self._step(start_s, until_s, active)
            begun_s = known[-1][0] - VETO_S
            self._spans = [span for span in self._spans if span[1] >= begun_s]
            del self._coming[: len(known)]

    def _sleeps_on(self, known: list[tuple[float, float, bool]]) -> bool:
        """Take in seconds of likely sleep in which nothing at all was seen, if all are such."""
        first_s, last_s = known[0][0], known[-1][1]
        begun_s = self._starts[self._still] if self._still < len(self._starts) else first_s
        if (
            self._now.state != ASLEEP
            or self._holes
            or first_s - self._ends[-1] > SEAM_S
            or last_s - begun_s >= STILL_S
            or any(active for _, _, active in known)
            or any(s[0] < last_s + VETO_S and s[1] > first_s - VETO_S for s in self._spans)
            or any(after[0] != before[1] for before, after in pairwise(known))
        ):
            return False
        self._unseen_s.add(len(self._starts), first_s - self._ends[-1])
        self._starts += [start_s for start_s, _, _ in known]
        self._ends += [until_s for _, until_s, _ in known]
        self._motionless += [False] * len(known)
        self._likely += [self._now] * len(known)
        return True

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

    def _final(self) -> int:
        count = len(self._starts)
        return count if self._over else max(self._base, count - AWAKE_WITHIN_S, 0)

    def at(self, moment_s: float) -> Likely | None:
        """The likely state at a moment; None where it was not seen."""
        i = bisect.bisect_right(self._starts, moment_s) - 1
        return self._likely[i] if i >= 0 and moment_s < self._ends[i] else None

    def _in_hole(self, start_s: float, until_s: float) -> bool:
        if not self._holes:
            return False
        while self._holes and math.isinf(self._holes[0][1]) and self._holes[0][0] <= start_s:
            self._holes.pop(0)
            self._forget("interrupted for an unknown time")
        self._holes = [hole for hole in self._holes if hole[1] > start_s]
        return any(
            onset_s < until_s - SEAM_S and end > start_s + SEAM_S
            for onset_s, end in self._holes
            if not math.isinf(end)
        )

    def _forget(self, reason: str) -> None:
        self._base = self._still = len(self._starts)
        self._now = Likely(UNKNOWN, 0.0, reason)

    def _step(self, start_s: float, until_s: float, active: bool) -> None:
        hole_s = start_s - self._ends[-1] if self._ends else 0.0
        if hole_s > HOLE_FORGOTTEN_S:
            self._forget("not seen before")
        elif hole_s > SEAM_S:
            self._again(start_s)
            self._still = len(self._starts)
        at = len(self._starts)
        self._unseen_s.add(at, hole_s)
        near = [s for s in self._spans if s[0] < until_s + VETO_S and s[1] > start_s - VETO_S]
        if near or active or self._now.state != ASLEEP:
            self._look(at, start_s, until_s, active, near)
        else:  # nothing was added to any sum that could end likely sleep
            self._motion(False, start_s, until_s)
            self._starts.append(start_s)
            self._ends.append(until_s)
        self._likely.append(self._now)

    def _look(
        self, at: int, start_s: float, until_s: float, active: bool, near: list[Span]
    ) -> None:
        here = [s for s in near if s[0] < until_s and s[1] > start_s]
        kinds, kinds_here = {s[2] for s in near}, {s[2] for s in here}
        others = not kinds.isdisjoint(_OTHERS)
        gross = [s for s in here if s[2] == "gross"]
        gross_s = sum(min(s[1], until_s) - max(s[0], start_s) for s in gross)
        hands = "handling" in kinds_here
        moved = active and not others and kinds.isdisjoint(_RHYTHMIC)
        self._motion(moved or bool(kinds_here - {"environment"}), start_s, until_s)
        self._starts.append(start_s)
        self._ends.append(until_s)
        self._active.add(at, moved)
        self._gross.add(at, min(gross_s, until_s - start_s))
        self._stirred.add(at, hands or gross_s > 0)
        self._veiled.add(at, others)
        self._judge(hands)

    def _motion(self, any_motion: bool, start_s: float, until_s: float) -> None:
        """Keep the stretch without motion; one long enough may have been an empty crib."""
        count = len(self._starts)
        if any_motion:
            if self._gone and not self._certain(self._moved_last):
                self._forget("no motion seen before")
            self._again(start_s)
            self._gone = False
            self._moved_last, self._still = count, count + 1
            self._motionless.append(False)
            return
        begun_s = self._starts[self._still] if self._still < count else start_s
        long_enough = until_s - begun_s >= STILL_S
        if long_enough and not self._motionless[-1]:
            self._motionless[self._still :] = [True] * (count - self._still)
        self._motionless.append(long_enough)
        self._gone = self._gone or long_enough

    def _again(self, start_s: float) -> None:
        """A stretch without motion has ended: sleep that goes on behind it counts from here."""
        if self._motionless[-1:] == [True] and self._now.state == ASLEEP:
            self._now = self._now._replace(since_s=start_s)

    def _certain(self, i: int) -> bool:
        """Whether somebody slept here when second `i` moved, and was not lifted out by that."""
        return i >= 0 and self._likely[i].state == ASLEEP and not self._stirred.has(i)

    def _judge(self, hands: bool) -> None:
        """What the last minutes say, with the second just added."""
        until_s = self._ends[-1]
        within = self._last(AWAKE_WITHIN_S)
        gross = self._gross.since(within) > AWAKE_GROSS_S
        busy = self._active.since(within) >= AWAKE_ACTIVE_S
        state = self._now.state
        if gross or busy:
            if state != AWAKE:
                self._wake(gross)
        elif state != ASLEEP and self._resting():
            self._now = Likely(ASLEEP, until_s, "3 min with little movement")
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
        self._likely[first:] = [self._now] * (len(self._likely) - first)

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
        if not (self._over or self._motionless[-1:] == [True]):
            limit = min(limit, self._still)
        for i in range(self._scanned + 1, limit):
            self._scanned = i
            in_a_row = self._starts[i] - self._ends[i - 1] <= SEAM_S
            alike = self._motionless[i] is self._motionless[i - 1]
            alike = alike and self._likely[i] is self._likely[i - 1]
            if not (in_a_row and (alike or self._shown(i) == self._shown(i - 1))):
                yield self._line(self._told, i)
                self._told = i
        if self._over and self._told < limit:
            yield self._line(self._told, limit)
            self._told = limit

    def _shown(self, i: int) -> tuple[str, str]:
        if self._motionless[i]:
            return NO_MOTION, "no event and no active second for 20 min"
        return self._likely[i].state, self._likely[i].reason

    def _line(self, first: int, end: int) -> dict:
        state, reason = self._shown(first)
        onset_s = self._starts[first]
        lasted = {"onset_s": onset_s, "duration_s": round(self._ends[end - 1] - onset_s, 3)}
        return {"type": "state", "by": "host", **lasted, "state": state, "reason": reason}
