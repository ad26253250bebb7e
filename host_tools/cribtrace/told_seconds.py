"""The seconds that epochs tell of, and what of the events lies in each: what sleep is told by."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from cribtrace import criteria
from cribtrace.in_order import end_s
from cribtrace.scale import rounded

FLOOR_MOST_MG = 10.0  # chosen: four times the noise of the poorest sensor, an MPU-6050
VETO_S = 2.0  # [D] clinical.md section 5, ENVIRONMENT: veto of 2 s on either side
SEAM_S = 0.003  # chosen: less than a frame at 300 Hz, more than two times to the millisecond err

# Rhythmic movement is a sign neither of waking nor of sleep: its seconds count as not active.
_RHYTHMIC = ("rhythmic_bout", "rhythmic_large")
_OTHERS = ("handling", "environment")

Span = tuple[float, float, str]  # from, until, kind of an event


def too_loud(epoch: dict) -> bool:
    """Whether the noise floor had risen so far that few movements could be told from it."""
    return epoch["floor_mg"] > FLOOR_MOST_MG


def active_seconds(epoch: dict) -> list[bool]:
    """Which seconds reached the threshold in force, or the default's where that is unknown."""
    least = _least_code(epoch)
    return [code >= least for code in epoch["levels"]]


def _least_code(epoch: dict) -> int:
    return criteria.least_code(epoch["threshold"] or criteria.DEFAULT_STRENGTH)


class Content(NamedTuple):
    """What lies in one second."""

    moved: bool = False  # active, with neither rhythm nor surroundings nor hands near
    motion: bool = False  # of whatever kind, but the surroundings'
    gross_s: float = 0.0
    hands: bool = False
    veiled: bool = False  # hands or surroundings are near


NOTHING = Content()


class Seconds(NamedTuple):
    """Seconds by their index: float64[n] from and until, bool[n] whether active."""

    starts: np.ndarray
    ends: np.ndarray
    active: np.ndarray

    @property
    def in_order(self) -> bool:
        """Whether none begins or ends before the one in front of it does."""
        return bool((np.diff(self.starts) >= 0).all() and (np.diff(self.ends) >= 0).all())


class Told(NamedTuple):
    """Seconds, as lists; `stops` are those that have any content, or a hole before them."""

    starts: list[float]
    ends: list[float]
    stops: list[tuple[int, Content]]
    apart: list[tuple[int, float]]  # seconds from the end of the one before, where any


class Coming:
    """Seconds until all is known that matters to them."""

    def __init__(self) -> None:
        self._epochs: list[dict] = []
        self._left = Seconds(np.empty(0), np.empty(0), np.empty(0, bool))

    def add(self, epoch: dict) -> None:
        """Take in the seconds of an epoch: whole frames each, the last one as far as it goes."""
        self._epochs.append(epoch)

    def until(self, limit_s: float) -> Seconds | None:
        """The first ones, up to one that is not yet known; None where there are none."""
        if self._epochs:
            new = _of_epochs(self._epochs)
            self._left = Seconds(*map(np.concatenate, zip(self._left, new, strict=True)))
            self._epochs = []
        ends = self._left.ends
        if not len(ends) or ends[0] + VETO_S > limit_s:
            return None
        later = np.flatnonzero(ends + VETO_S > limit_s)
        count = int(later[0]) if len(later) else len(ends)
        known, self._left = (
            Seconds(*(part[cut] for part in self._left))
            for cut in (slice(count), slice(count, None))
        )
        return known


def _of_epochs(epochs: Sequence[dict]) -> Seconds:
    counts = np.array([len(line["levels"]) for line in epochs], int)
    codes = np.fromiter(chain.from_iterable(line["levels"] for line in epochs), int)
    least = [_least_code(line) for line in epochs]
    onsets, seconds, overs = (
        np.repeat(np.array(each, float), counts)
        for each in (
            [line["onset_s"] for line in epochs],
            [line["second_s"] for line in epochs],
            [end_s(line) for line in epochs],
        )
    )
    past = np.cumsum(counts)
    firsts = past - counts
    starts = rounded(onsets + (np.arange(len(codes)) - np.repeat(firsts, counts)) * seconds, 3)
    ends = np.append(starts[1:], 0.0)[: len(starts)]
    last = past[counts > 0] - 1
    ends[last] = overs[last]
    kept = starts < overs  # a damaged log may have an epoch of none
    active = codes >= np.repeat(least, counts)
    return Seconds(starts[kept], np.minimum(ends, overs)[kept], active[kept])


def told(seconds: Seconds, spans: Sequence[Span]) -> Told:
    """These seconds with what lies in them of these events."""
    size = len(seconds.starts)
    others, rhythmic, motion, hands = (np.zeros(size, bool) for _ in range(4))
    gross_s = np.zeros(size)
    near, here = _places(seconds, spans, VETO_S), _places(seconds, spans, 0.0)
    for (onset_s, over_s, kind), wide, narrow in zip(spans, near, here, strict=True):
        if kind in _OTHERS:
            others[wide] = True
        if kind in _RHYTHMIC:
            rhythmic[wide] = True
        if kind != "environment":
            motion[narrow] = True
        if kind == "handling":
            hands[narrow] = True
        if kind == "gross":
            until_s, from_s = seconds.ends[narrow], seconds.starts[narrow]
            gross_s[narrow] += np.minimum(over_s, until_s) - np.maximum(onset_s, from_s)
    gross_s = np.minimum(gross_s, seconds.ends - seconds.starts)
    moved = seconds.active & ~others & ~rhythmic
    motion |= moved
    apart_s = np.append(0.0, seconds.starts[1:] - seconds.ends[:-1])[:size]
    stops = np.flatnonzero(motion | others | (apart_s > SEAM_S))
    parts = (part[stops].tolist() for part in (moved, motion, gross_s, hands, others))
    apart = np.flatnonzero(apart_s)
    return Told(
        seconds.starts.tolist(),
        seconds.ends.tolist(),
        list(zip(stops.tolist(), map(Content, *parts), strict=True)),
        list(zip(apart.tolist(), apart_s[apart].tolist(), strict=True)),
    )


def _places(
    seconds: Seconds, spans: Sequence[Span], margin_s: float
) -> list[slice] | list[np.ndarray]:
    """Of each span the seconds that it touches, or comes so near to."""
    from_s, until_s = seconds.starts - margin_s, seconds.ends + margin_s
    if not seconds.in_order:
        return [np.flatnonzero((s[0] < until_s) & (s[1] > from_s)) for s in spans]
    firsts = np.searchsorted(until_s, [s[0] for s in spans], "right").tolist()
    ends = np.searchsorted(from_s, [s[1] for s in spans], "left").tolist()
    return [slice(first, max(first, end)) for first, end in zip(firsts, ends, strict=True)]
