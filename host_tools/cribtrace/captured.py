"""What a recording knows of the board it was captured from, and where frames are missing in it.

A row stands where a frame is missing, too: it repeats the one before it, so that times stay right,
and a line of the truth marks it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from cribtrace.device import kernels
from cribtrace.errors import CribtraceError

GAP = "gap"
_ROWS_MOST = 2**31
_WORD_MOST = 2**31


class Gap(NamedTuple):
    """`rows` rows from `row` on hold no frame of a sensor's."""

    row: int
    rows: int
    reason: str = ""


class State(NamedTuple):
    """The board's detector before the frame of `row`, while nothing moved.

    `left` frames of its running second, and the kernel's first words (kernels.FILTERS of them).
    """

    row: int
    left: int
    filters: tuple[int, ...]


@dataclass(frozen=True)
class Captured:
    """Where a replay begins as the board did.

    `boots`: (row, the board's number of its frame) for each boot. `settings` were in force;
    `utc_s` is when the first row was asked for.
    """

    settings: Mapping[str, int]
    boots: tuple[tuple[int, int], ...]
    states: tuple[State, ...] = ()
    utc_s: float = 0.0

    def text(self) -> str:
        """It as a line of JSON."""
        return json.dumps({**asdict(self), "states": [list(state) for state in self.states]})


def parsed(path: object, text: str) -> Captured | None:
    """What `text` made of one; None of nothing. Raises CribtraceError for anything else."""
    if not text:
        return None
    try:
        told = json.loads(text)
        settings = {str(name): _whole(value) for name, value in told["settings"].items()}
        boots = tuple((_row(row), _row(frame)) for row, frame in told["boots"])
        states = tuple(
            State(_row(row), _row(left), tuple(_whole(word) for word in filters))
            for row, left, filters in told["states"]
        )
        made = Captured(settings, boots, states, float(told["utc_s"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path) from error
    if not boots or boots[0][0] or any(len(s.filters) != kernels.FILTERS for s in states):
        raise _damaged(path)
    return made


def _damaged(path: object) -> CribtraceError:
    return CribtraceError(f"{path}: `captured` is damaged: leave that entry out, or copy it again")


def _row(value: Any) -> int:
    if not 0 <= _whole(value) < _ROWS_MOST:
        raise ValueError(value)
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not -_WORD_MOST <= value < _WORD_MOST:
        raise ValueError(value)
    return value


def gap_line(gap: Gap, rate_hz: float) -> dict[str, Any]:
    """The line of the truth that marks it."""
    seconds = {
        "onset_s": round(gap.row / rate_hz, 3),
        "duration_s": round(gap.rows / rate_hz, 3),
    }
    return {"type": GAP, "kind": GAP, **seconds, "row": gap.row, "frames": gap.rows,
            "reason": gap.reason}  # fmt: skip


def gaps_in(truth: Iterable[Mapping[str, Any]], rows: int) -> list[Gap]:
    """Those that a truth marks in a recording so long, in order, none reaching into the next."""
    found: list[Gap] = []
    for line in truth:
        row, count = line.get("row"), line.get("frames")
        if line.get("type") == GAP and type(row) is int and type(count) is int:
            first, end = max(row, 0), min(row + count, rows)
            if first < end:
                found.append(Gap(first, end - first, str(line.get("reason", ""))))
    joined: list[Gap] = []
    for gap in sorted(found):
        before = joined[-1] if joined else Gap(-1, 0)
        end = before.row + before.rows
        if gap.row >= end or not joined:
            joined.append(gap)
        else:
            joined[-1] = before._replace(rows=max(end, gap.row + gap.rows) - before.row)
    return joined
