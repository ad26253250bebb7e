"""Whether the clock that gave the anchors was set between two of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

NO_SENSOR_PPM = 200_000  # chosen: twice what any data sheet allows, and more


class Anchor(Protocol):
    """Frame `frame` was due at `utc_s`, give or take `within_s`."""

    @property
    def frame(self) -> int: ...
    @property
    def utc_s(self) -> float: ...
    @property
    def within_s(self) -> float: ...


def largest_s(anchors: Sequence[Anchor], rate_hz: float, off_ppm: float) -> float:
    """By how many seconds the clock jumped, at most, between neighbours; below 0: back. 0: never.

    A sensor may be off by `off_ppm`. One that is further off is so between all of them, and is
    taken for that up to NO_SENSOR_PPM.
    """
    jumps_s, steady, beyond = [], False, False
    for first, last in pairwise(sorted(anchors, key=lambda anchor: anchor.frame)):
        frames_s = (last.frame - first.frame) / rate_hz
        jump_s = last.utc_s - first.utc_s - frames_s
        blur_s = first.within_s + last.within_s + 2 / rate_hz
        if abs(jump_s) <= blur_s + frames_s * off_ppm / 1e6:
            steady = True
            continue
        jumps_s.append(jump_s)
        beyond |= abs(jump_s) > blur_s + frames_s * NO_SENSOR_PPM / 1e6
    return max(jumps_s, key=abs) if jumps_s and (steady or beyond) else 0.0
