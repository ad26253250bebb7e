"""Movements that belong together: bouts, slow regular trains, clusters, periodic series.

Each reader is told of movements by onset, of what breaks a pattern (`broken`), and of the time
before which nothing more can come (`settled`); each gives a pattern as soon as it cannot change
any more. docs/PATTERNS.md has the arithmetic and where each number is from.
"""

import bisect
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np

from cribtrace.in_order import end_s

RHYTHMIC = ("rhythmic_bout", "rhythmic_large")
SINGLE = ("twitch", "limb_move", "startle_like")
MOVEMENTS = (*SINGLE, "gross", *RHYTHMIC, "fast_oscillation")
HOST_KINDS = ("bout", "slow_regular", "twitch_cluster", "periodic_series")

BOUT_GAP_S = 3.0  # [D] clinical.md section 5, RHYTHMIC_BOUT: ends after a gap of 3 s

CLUSTER_LEAST = 3  # [D] section 5, TWITCH_CLUSTER
CLUSTER_GAP_S = 10.0  # [P1] by way of section 5: gaps of at most 10 s
RHYTHM_LEAST = 4  # [D] section 5, RHYTHMIC_BOUT: what is this regular is no cluster
RHYTHM_APART_S = (0.2, 1.0)
RHYTHM_CV = 0.35

TRAIN_LEAST = 10  # [D] section 5, SLOW_REGULAR
TRAIN_APART_S = (2.0, 10.0)
TRAIN_CV = 0.25

JOIN_GAP_S = 0.5  # [P9, P11] section 1, WASM 2016: joined when less than this apart
MOVE_SHORTEST_S = 0.5  # [P9, P11] the same: shorter ones are dropped after that
MOVE_LONGEST_S = 10.0  # [P9, P11] the same, one limb: a longer one ends the series
SERIES_APART_S = (10.0, 90.0)  # [P9, P10] onset to onset
OPEN_MOST_S = SERIES_APART_S[1]  # no pattern waits longer for what may go on with it
SERIES_LEAST = 4  # [P9, P10]
SERIES_AWAKE_S = 90.0  # [D] section 5, PERIODIC_SERIES: wake of more than 90 s ends it
GROSS_TIMES = 3.0  # [D] section 5, GROSS: up to 10 s only if 3 times the own limb movements
LIMB_PEAK_MG = 4.0  # chosen: the own median before there are LIMBS_LEAST of them
LIMBS_LEAST = 5  # chosen


class Moved(NamedTuple):
    """A movement, what is said about its moment, and how long likely awake by then (or None)."""

    line: dict
    context: dict
    awake_s: float | None

    @property
    def onset_s(self) -> float:
        return self.line["onset_s"]

    @property
    def end_s(self) -> float:
        return end_s(self.line)


def apart_s(onsets: Sequence[float]) -> list[float]:
    """Onset to onset, to the millisecond, which is how exactly onsets are known."""
    return [round(two - one, 3) for one, two in pairwise(onsets)]


def cv(values: Sequence[float]) -> float:
    """Standard deviation (of all, not of a sample) over the mean."""
    mean = sum(values) / len(values)
    return (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5 / mean if mean else 0.0


def pattern_line(kind: str, onsets: Sequence[float], found: Sequence[Moved], **more) -> dict:
    """The JSON line of a pattern that began at `onsets[0]` and is made of the movements `found`.

    Its context is the first movement's, but how it stopped is the last one's.
    """
    apart = apart_s(onsets)
    stopped = found[-1].context["stopped_with_arousal"]
    return {
        "type": "event",
        "by": "host",
        "kind": kind,
        "onset_s": onsets[0],
        "duration_s": round(max(one.end_s for one in found) - onsets[0], 3),
        "peak_mg": max(one.line["peak_mg"] for one in found),
        "count": len(onsets),
        "interval_s": round(median(apart), 3) if apart else None,
        "interval_cv": round(cv(apart), 3) if apart else None,
        **more,
        "members": list(onsets),
        "context": {**found[0].context, "stopped_with_arousal": stopped},
    }


class Bouts:
    """Rhythmic pieces of one kind, joined across short gaps."""

    def __init__(self) -> None:
        self._pieces: list[Moved] = []

    def moved(self, one: Moved) -> Iterator[dict]:
        """Take in a movement; gives the bout that it ends."""
        kind = one.line["kind"]
        if kind not in RHYTHMIC and kind != "gross":
            return
        if self._pieces:
            same = kind == self._pieces[0].line["kind"]
            if not same or round(one.onset_s - self._end_s(), 3) > BOUT_GAP_S:
                yield from self.broken()
        if kind in RHYTHMIC:
            self._pieces.append(one)

    def broken(self) -> Iterator[dict]:
        """What ends every pattern: hands, or a time that was not seen."""
        if self._pieces:
            yield self._line()
        self._pieces = []

    def settled(self, before_s: float) -> Iterator[dict]:
        """Every movement with an onset before this has come."""
        if self._pieces and before_s > self._end_s() + BOUT_GAP_S:
            yield from self.broken()

    def _end_s(self) -> float:
        return max(piece.end_s for piece in self._pieces)

    def _line(self) -> dict:
        lines = [piece.line for piece in self._pieces]
        return pattern_line(
            "bout",
            [line["onset_s"] for line in lines],
            self._pieces,
            of=lines[0]["kind"],
            jerks=sum(line["jerks"] for line in lines),
            rate_hz=_by_length(lines, "rate_hz"),
            regularity=_by_length(lines, "regularity"),
        )


def _by_length(lines: Iterable[dict], key: str) -> float | None:
    """Mean of what the pieces say, each by its length; None where none says."""
    known = [(line[key], line["duration_s"]) for line in lines if line.get(key) is not None]
    total_s = sum(length for _, length in known)
    return round(sum(v * length for v, length in known) / total_s, 3) if total_s else None


class Runs:
    """Single movements within seconds of each other: slow regular trains, then twitch clusters."""

    def __init__(self) -> None:
        self._run: list[Moved] = []
        self._end_s = 0.0

    def moved(self, one: Moved) -> Iterator[dict]:
        """Take in a movement; gives what it ends."""
        if one.line["kind"] not in SINGLE:
            if one.line["kind"] == "gross" or one.line["kind"] in RHYTHMIC:
                yield from self.broken()
            return
        if self._run and round(one.onset_s - self._end_s, 3) > CLUSTER_GAP_S:
            yield from self.broken()
        self._end_s = max(self._end_s, one.end_s)
        self._run.append(one)

    def broken(self) -> Iterator[dict]:
        """What ends every pattern."""
        at = 0
        for first, end in _trains([one.onset_s for one in self._run]):
            yield from _clusters(self._run[at:first])
            train = self._run[first:end]
            yield pattern_line("slow_regular", [one.onset_s for one in train], train)
            at = end
        yield from _clusters(self._run[at:])
        self._run = []

    def settled(self, before_s: float) -> Iterator[dict]:
        """Every movement with an onset before this has come."""
        if self._run and before_s > self._end_s + CLUSTER_GAP_S:
            yield from self.broken()


def _trains(onsets: list[float]) -> Iterator[tuple[int, int]]:
    """(first, end) of slow regular trains: from the earliest start the longest, then on."""
    if len(onsets) < TRAIN_LEAST:
        return
    apart = np.array(apart_s(onsets))
    sums = np.concatenate([[0.0], np.cumsum(apart)])
    squares = np.concatenate([[0.0], np.cumsum(apart**2)])
    outside = np.flatnonzero((apart < TRAIN_APART_S[0]) | (apart > TRAIN_APART_S[1]))
    first = 0
    while first + TRAIN_LEAST <= len(onsets):
        stop = np.append(outside[outside >= first], len(apart))[0]
        ends = np.arange(first + TRAIN_LEAST - 1, stop + 1)
        mean = (sums[ends] - sums[first]) / (ends - first)
        square = (squares[ends] - squares[first]) / (ends - first)
        even = ends[square <= mean**2 * (1 + TRAIN_CV**2) + 1e-9]
        if len(even):
            yield first, int(even[-1]) + 1
        first = int(even[-1]) + 1 if len(even) else first + 1


def _clusters(run: Sequence[Moved]) -> Iterator[dict]:
    """Twitch clusters among movements of which none belongs to a train."""
    found: list[Moved] = []
    for one in [one for one in run if one.line["kind"] == "twitch"]:
        if found and round(one.onset_s - max(o.end_s for o in found), 3) > CLUSTER_GAP_S:
            yield from _cluster(found)
            found = []
        found.append(one)
    yield from _cluster(found)


def _cluster(found: list[Moved]) -> Iterator[dict]:
    onsets = [one.onset_s for one in found]
    apart = apart_s(onsets)
    low, high = RHYTHM_APART_S
    rhythmic = (
        len(found) >= RHYTHM_LEAST
        and all(low <= interval <= high for interval in apart)
        and cv(apart) <= RHYTHM_CV
    )
    if len(found) >= CLUSTER_LEAST and not rhythmic:
        yield pattern_line("twitch_cluster", onsets, found)


class Series:
    """Periodic series, by the arithmetic of WASM 2016 for one limb."""

    def __init__(self) -> None:
        self._move: list[Moved] = []  # what is being joined into one movement
        self._series: list[list[Moved]] = []
        self._limb_peaks: list[float] = []  # sorted

    def moved(self, one: Moved) -> Iterator[dict]:
        """Take in a movement; gives the series that it ends."""
        kind = one.line["kind"]
        if kind in RHYTHMIC:
            yield from self.broken()
        elif kind in SINGLE or kind == "gross":
            if self._move and round(one.onset_s - self._end_s(), 3) >= JOIN_GAP_S:
                yield from self._joined()
            self._move.append(one)

    def broken(self) -> Iterator[dict]:
        """What ends every pattern."""
        yield from self._joined()
        yield from self._ended()

    def settled(self, before_s: float) -> Iterator[dict]:
        """Every movement with an onset before this has come."""
        if self._move and before_s > self._end_s() + JOIN_GAP_S:
            yield from self._joined()
        if self._series and not self._move:
            last_s = self._series[-1][0].onset_s
            if before_s > last_s + SERIES_APART_S[1]:
                yield from self._ended()

    def _end_s(self) -> float:
        return max(one.end_s for one in self._move)

    def _joined(self) -> Iterator[dict]:
        """The movement is whole: it goes on with the series, ends it, or is none."""
        if not self._move:
            return
        move, long_s = self._move, round(self._end_s() - self._move[0].onset_s, 3)
        gross = any(self._is_gross(one.line) for one in move)
        for one in move:
            if one.line["kind"] == "limb_move":
                bisect.insort(self._limb_peaks, one.line["peak_mg"])
        self._move = []
        if long_s < MOVE_SHORTEST_S:
            return
        if long_s > MOVE_LONGEST_S or gross:
            yield from self._ended()
            return
        if self._series and not self._goes_on(move[0]):
            yield from self._ended()
        self._series.append(move)

    def _goes_on(self, one: Moved) -> bool:
        first, last = self._series[0][0], self._series[-1][0]
        low, high = SERIES_APART_S
        woken = first.awake_s is None and (one.awake_s or 0.0) > SERIES_AWAKE_S
        return low <= round(one.onset_s - last.onset_s, 3) <= high and not woken

    def _ended(self) -> Iterator[dict]:
        if len(self._series) >= SERIES_LEAST:
            onsets = [move[0].onset_s for move in self._series]
            found = [one for move in self._series for one in move]
            yield pattern_line("periodic_series", onsets, found)
        self._series = []

    def _is_gross(self, line: dict) -> bool:
        known = len(self._limb_peaks) >= LIMBS_LEAST
        own_mg = median(self._limb_peaks) if known else LIMB_PEAK_MG
        return line["kind"] == "gross" and line["peak_mg"] >= GROSS_TIMES * own_mg
