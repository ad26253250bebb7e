"""What a soak orders, all of it from its seed: how long each start lasts, its faults, its end."""

from dataclasses import dataclass, field

import numpy as np

HOUR_MS = 3_600_000
DAY_H = 24.0
_SETTLED_MS = 180_000  # chosen: a start is over
_APART_MS = 300_000  # chosen: between two faults, so that each record is of one of them


@dataclass(frozen=True)
class Life:
    """A board under power from hour `since_h` of the soak on, for `hours`.

    `faults` are orders for the virtual board. A `cut` ends it in the midst of a write, else it is
    stopped by its host. `pulls_ms`: when, of its own time, the host comes.
    """

    since_h: float
    hours: float
    cut: bool
    faults: list[dict] = field(default_factory=list)
    pulls_ms: list[int] = field(default_factory=list)


def _fault(rng: np.random.Generator) -> dict:
    """A fault that a board survives without a new start."""
    kinds = (
        {"kind": "nack", "count": 1, "byte": int(rng.integers(0, 7))},
        {"kind": "stuck", "for_ms": int(rng.integers(200, 8000))},
        {"kind": "value", "for_ms": int(rng.integers(6000, 90_000))},
        {"kind": "reset"},
        {"kind": "jitter", "us": 20_000, "for_ms": int(rng.integers(10_000, 200_000))},
        {"kind": "warmth", "degrees": int(rng.integers(-8, 12)), "for_ms": 300_000},
        {"kind": "pause", "ms": int(rng.integers(100, 4000))},
        {"kind": "pause", "ms": int(rng.integers(5500, 12_000))},
        {"kind": "erase", "count": int(rng.integers(1, 4)), "ms": 400},
        {"kind": "bad_block", "count": 1},
    )
    return kinds[rng.integers(len(kinds))]


def _faults(rng: np.random.Generator, hours: float, every_h: float) -> list[dict]:
    """Faults some `every_h` apart, and perhaps a brown-out as the last one."""
    orders, at_ms = [], _SETTLED_MS
    while True:
        at_ms += int(max(_APART_MS, rng.exponential(every_h * HOUR_MS)))
        if at_ms > hours * HOUR_MS - _APART_MS:
            break
        orders.append({"at_ms": at_ms, **_fault(rng)})
    if orders and rng.random() < 0.25:  # chosen; a board that has started anew meets no more
        orders[-1] = {"at_ms": orders[-1]["at_ms"], "kind": "brown_out"}
    return orders


def lives(seed: int, days: float, *, day_h: float = DAY_H, fault_h: float = 3.0) -> list[Life]:
    """The starts of a soak of so many `days` of `day_h` hours each, a fault each `fault_h`.

    A start lasts a day or two on average, three at most; three in four end with a power cut, but
    for those with a brown-out.
    """
    rng = np.random.default_rng(seed)
    found, at_h, end_h = [], 0.0, days * day_h
    while end_h - at_h > day_h / 50:
        hours = min(day_h * rng.uniform(0.2, 3), end_h - at_h)
        orders = _faults(rng, hours, fault_h)
        anew = any(order["kind"] == "brown_out" for order in orders)
        cut = bool(rng.random() < 0.75) and at_h + hours < end_h and not anew
        if cut:
            count = int(rng.integers(1, 40))
            orders.append({"at_ms": int(hours * HOUR_MS), "kind": "cut", "count": count})
        evenings = np.arange(np.floor(at_h / day_h) + 1, np.ceil((at_h + hours) / day_h))
        pulls_ms = [int((day * day_h - at_h) * HOUR_MS) for day in evenings]
        found.append(Life(at_h, hours, cut, orders, pulls_ms))
        at_h += hours
    return found
