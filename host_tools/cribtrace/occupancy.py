"""When the crib was empty, as far as tilt says so: docs/PATTERNS.md, Empty by tilt."""

from typing import NamedTuple

import numpy as np

from cribtrace.analysis import Night
from cribtrace.device import settings
from cribtrace.tally import Span, between, hidden_in, interval, kind_of, merged
from cribtrace.wording import DISTURBANCES

SHORTEST_S = 300.0  # [D] clinical.md section 5, ABSENT: no motion for 5 min
APART_MG = float(settings.DEFAULTS["tilt_mg"])  # what the board calls a lasting lean
ALIKE_MG = 2.0  # chosen: half of that, several times what a sensor's offset drifts in a night


NEAR_S = 10.0  # chosen: a movement this near to handling may be the hands' own


def takes_waveforms(night: Night, span_s: float) -> bool:
    """Whether `empty_spans` could find any, were the waveforms of the night there."""
    hands = _hands(night)
    return len(_motionless(night, hands, _busy(night, _moved(night, hands)), span_s)) > 1


class _Hands(NamedTuple):
    span: Span
    first: int  # index of its first event, and of its last
    last: int


class _Stretch(NamedTuple):
    span: Span
    level: np.ndarray | None  # gravity's three parts in mg; None where nothing tells them


def empty_spans(night: Night, span_s: float) -> tuple[Span, ...]:
    """Stretches of `0..span_s` in which tilt says that nobody lay in the crib; seconds.

    Two stretches at least, without any movement for 5 min or more, in which the mattress lay the
    same way, and otherwise than before any movement of the night. Waveforms tell how it lay.
    """
    hands = _hands(night)
    moved = _moved(night, hands)
    lain = [level for i in moved if (level := _before(night, i)) is not None]
    if not lain:
        return ()
    stretches = _motionless(night, hands, _busy(night, moved), span_s)
    still = [one for one in stretches if one.level is not None]
    away = [one for one in still if min(_apart(one.level, other) for other in lain) >= APART_MG]
    return tuple(
        one.span
        for one in away
        if any(one is not two and _apart(one.level, two.level) <= ALIKE_MG for two in away)
    )


def _hands(night: Night) -> list[_Hands]:
    """Each handling with all events that are near to it."""
    spans = [(span, i) for i, event in enumerate(night.events) if (span := interval(event))]
    near = merged(
        [(a - NEAR_S, b + NEAR_S) for (a, b), i in spans
         if kind_of(night.events[i]) == "handling"]
    )  # fmt: skip
    found = []
    for from_s, until_s in near:
        touched = sorted((span, i) for span, i in spans if span[0] < until_s and span[1] > from_s)
        over_s = max(span[1] for span, _ in touched)
        found.append(_Hands((touched[0][0][0], over_s), touched[0][1], touched[-1][1]))
    return found


def _others(night: Night, hands: list[_Hands]) -> list[int]:
    """Indices of the events in none of these."""
    inside = tuple(one.span for one in hands)
    spans = [(i, interval(event)) for i, event in enumerate(night.events)]
    return [i for i, span in spans if span and not any(a <= span[0] <= b for a, b in inside)]


def _moved(night: Night, hands: list[_Hands]) -> list[int]:
    """Those of them that are movements."""
    return [i for i in _others(night, hands) if kind_of(night.events[i]) not in DISTURBANCES]


def _busy(night: Night, moved: list[int]) -> list[Span]:
    return [span for i in moved if (span := interval(night.events[i]))]


def _apart(one: np.ndarray | None, two: np.ndarray | None) -> float:
    assert one is not None and two is not None
    return float(np.linalg.norm(one - two))


def _before(night: Night, index: int) -> np.ndarray | None:
    """Gravity as the waveform has it before its event begins."""
    snippet, span = night.snippets.get(index), interval(night.events[index])
    if snippet is None or span is None or not snippet.rate_hz > 0:
        return None
    count = int((span[0] - snippet.onset_s) * snippet.rate_hz)
    first = np.asarray(snippet.mg, dtype=np.float64)[: max(0, count)]
    known = first.ndim == 2 and first.shape[1:] == (3,) and len(first) and np.isfinite(first).all()
    return np.median(first, axis=0) if known else None


def _after(night: Night, index: int) -> np.ndarray | None:
    """The same behind an event that told how far it leaned."""
    before, lean = _before(night, index), night.leans.get(index)
    return None if before is None or lean is None else before + np.asarray(lean)


def _motionless(
    night: Night, hands: list[_Hands], busy: list[Span], span_s: float
) -> list[_Stretch]:
    """Time between hands and holes in which no movement was reported."""
    begun = {one.span[1]: one.last for one in hands}
    ended = {one.span[0]: one.first for one in hands}
    found = []
    for span in between(merged([*(one.span for one in hands), *hidden_in(night)]), span_s):
        if span[1] - span[0] < SHORTEST_S or any(a < span[1] and b > span[0] for a, b in busy):
            continue
        level = _before(night, ended[span[1]]) if span[1] in ended else None
        if level is None and span[0] in begun:
            level = _after(night, begun[span[0]])
        found.append(_Stretch(span, level))
    return found
