"""The board's own detector, as `cribtrace replay` runs it, with some of its settings changed."""

from itertools import product
from typing import Any

from bench.detector.heard import Heard
from bench.detector.kinds import BOUT_JERKS, Found
from cribtrace import replay

SHIPPED: dict[str, Any] = {}
GRID = [
    {"high_gain_8": high, "low_gain_8": low, "hold_ms": hold_ms}
    for high, low, hold_ms in product((24, 28, 32, 36), (12, 16, 20), (300, 500, 800))
]


def detect(heard: Heard, **settings: int) -> list[Found]:
    """Its events, at the recording's own rate."""
    return [
        Found(line["onset_s"], line["duration_s"], line["kind"], told_s, rate_of(line))
        for told_s, line in replay.told(heard.recording, settings=settings)
    ]


def rate_of(line: dict) -> float | None:
    """The rate in Hz that an event states; where it states none, that of its jerks, if four."""
    if line["rate_hz"] is not None or line["jerks"] < BOUT_JERKS or not line["duration_s"]:
        return line["rate_hz"]
    return (line["jerks"] - 1) / line["duration_s"]
