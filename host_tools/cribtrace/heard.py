"""What `tail.follow` gives: records, lines of text, notes of the host's, what was asked for."""

from typing import NamedTuple

import numpy as np

from cribtrace.conversation import LinkStats
from cribtrace.frame_clock import FrameClock


class Text(NamedTuple):
    """One line of text from the board, control characters escaped."""

    line: str


class Note(NamedTuple):
    """What the host has to say about the line itself.

    `gap` is a JSON line for the time of which records went by unheard; `restarted` says that the
    board's time begins anew, `away_s` that there is no board since that UTC.
    """

    line: str
    gap: dict | None = None
    restarted: bool = False
    away_s: float | None = None


class Decoded(NamedTuple):
    """One record as `facts.json_line` gives it.

    `boot` and `clock` are of an earlier boot's; None of the running one's.
    """

    line: dict
    boot: int | None = None
    clock: FrameClock | None = None


class Began(NamedTuple):
    """A session on `port` began; `header` is what a segment's header would say."""

    port: str
    header: dict


class Frames(NamedTuple):
    """Raw frames int16[N, 3] from number `first` on; `lost` before them never came.

    `state`: (number of a frame, the filters before it), which are told while nothing moves.
    """

    first: int
    raw: np.ndarray
    lost: int = 0
    state: tuple[int, tuple[int, ...]] | None = None


class Health(NamedTuple):
    """The board's answer to `info`, how long that took, and what the line has carried so far."""

    info: dict[str, int | str]
    trip_ms: float
    link: LinkStats
    at_s: float  # by time.monotonic


Item = Text | Note | Decoded | Began | Frames | Health
