"""The board's own detector, as `cribtrace replay` runs it, and bouts as the host joins them."""

from itertools import product
from typing import Any

from bench.detector.heard import Heard
from cribtrace import replay
from cribtrace.scoring.events import joined
from cribtrace.scoring.kinds import Found

SHIPPED: dict[str, Any] = {}
GRID = [
    {"high_16": high, "low_16": low, "hold_ms": hold_ms}
    for high, low, hold_ms in product((96, 103, 110, 118), (52, 60, 68), (400, 500, 600))
]


def detect(heard: Heard, **settings: int) -> list[Found]:
    """Its events, at the recording's own rate."""
    told = replay.told(heard.recording, settings=settings)
    return joined(told)
