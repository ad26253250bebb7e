"""The board's own detector, as `cribtrace replay` runs it, and bouts as the host joins them."""

from itertools import product
from typing import Any

from bench.detector.heard import Heard
from bench.detector.kinds import Found
from cribtrace import patterns, replay

SHIPPED: dict[str, Any] = {}
GRID = [
    {"high_16": high, "low_16": low, "hold_ms": hold_ms}
    for high, low, hold_ms in product((96, 103, 110, 118), (52, 60, 68), (400, 500, 600))
]


def detect(heard: Heard, **settings: int) -> list[Found]:
    """Its events, at the recording's own rate."""
    told = replay.told(heard.recording, settings=settings)
    return joined(told)


def joined(told: list[tuple[float, dict]]) -> list[Found]:
    """Events as a reader sees them: what was cut put together again, and bouts across gaps."""
    found: list[Found] = []
    for told_s, line in told:
        one = Found(line["onset_s"], line["duration_s"], line["kind"], told_s, line["rate_hz"])
        if found and _continues(found[-1], one, line):
            found[-1] = _both(found[-1], one)
        else:
            found.append(one)
    return found


def _continues(last: Found, one: Found, line: dict) -> bool:
    regular = one.kind in ("rhythmic_bout", "rhythmic_large") and one.kind == last.kind
    apart_s = one.onset_s - last.end_s
    return apart_s <= patterns.BOUT_GAP_S and (regular or line["why"]["joined"])


def _both(last: Found, one: Found) -> Found:
    longer = max((last, one), key=lambda piece: piece.duration_s if piece.rate_hz else 0)
    until_s = max(last.end_s, one.end_s)
    kind, told_s = last.kind, one.told_s
    return Found(last.onset_s, until_s - last.onset_s, kind, told_s, longer.rate_hz)
