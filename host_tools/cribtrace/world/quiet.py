"""What goes on while nothing moves: heart, breath and gravity."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import signal

from cribtrace.world.chance import Chance
from cribtrace.world.mattress import RING_S, Mattress
from cribtrace.world.movements import Jerk

Stretches = Sequence[tuple[float, float]]
"""From and to, in seconds."""


def heartbeats(chance: Chance, bed: Mattress, present: Stretches, out: np.ndarray) -> None:
    """Add the heart's recoil, mg, to `out` (3, N) while somebody is there."""
    rate_hz, rate = chance.value("beats_per_min") / 60, bed.rate_hz
    force_n, count = chance.value("beat_force_n"), out.shape[1]
    spread = chance.rng.standard_normal(int(count / rate * rate_hz * 1.2) + 9)
    gaps = np.maximum(1 + chance.fixed("beat_spread") * spread, 0.7) / rate_hz
    hits = np.zeros(count)
    beats = np.cumsum(gaps)
    for start_s, end_s in present:
        frames = (beats[(beats >= start_s) & (beats < end_s)] * rate).astype(np.intp)
        hits[frames[frames < count]] = force_n
    if not hits.any():
        return
    time_s = np.arange(int(RING_S * rate)) / rate
    one = Jerk(0.0, chance.fixed("beat_width_s"), np.ones(3))
    # Mostly from head to foot, some of it up and down.
    for axis, beat in enumerate(bed.shaken(np.outer([0.2, 1.0, 0.5], one.over(time_s)), "body")):
        out[axis] += signal.oaconvolve(hits, beat)[:count]


def breathing(
    chance: Chance, states: Sequence[str], present: Stretches, count: int, rate_hz: float
) -> np.ndarray:
    """Tilt by breathing, milliradians [count]: zero while nobody is there.

    `states` holds the sleeper's state every `breath_spread_every_s`, "active", "quiet", "awake"
    or "absent": breaths are uneven but in quiet sleep.
    """
    known = ("active", "quiet", "awake")
    spread = {state: chance.fixed(f"breath_spread_{state}") for state in known}
    pace_hz = {state: chance.value(f"breaths_{state}_per_min") / 60 for state in known[:2]}
    uneven = np.array([spread.get(state, 0.0) for state in states])
    wander = np.maximum(1 + uneven * chance.rng.standard_normal(len(states)), 0.5)
    pace = np.array([pace_hz["quiet" if s == "quiet" else "active"] for s in states])
    knots = np.arange(len(states)) * chance.fixed("breath_spread_every_s") * rate_hz
    phase = np.interp(np.arange(count), knots, pace * wander)
    np.cumsum(phase, out=phase)
    phase *= math.tau / rate_hz
    tilt = np.sin(phase, out=phase)
    tilt *= chance.value("breath_tilt_ug") * 1e-3
    there = np.zeros(count, bool)
    for start_s, end_s in present:
        there[round(start_s * rate_hz) : round(end_s * rate_hz)] = True
    tilt[~there] = 0
    return tilt


def gravity(tilt: np.ndarray) -> np.ndarray:
    """Gravity, mg[3, N], on a puck tilted by milliradians[2, N] towards x and y.

    Correct to the third order of angles that stay below 0.1 rad.
    """
    return np.array([tilt[0], tilt[1], 1000 - (tilt[0] ** 2 + tilt[1] ** 2) / 2000])
