"""What the sensor feels meanwhile: nights in a crib, and an empty one by day."""

from functools import cache

import numpy as np

from cribtrace import scenario
from cribtrace.recording import Recording

HOUR_FRAMES = 3600 * 104
_AFTER_H = 0.5  # behind a planned end: a power cut waits for the next write


@cache
def _hours(seed: int) -> tuple[Recording, list[np.ndarray]]:
    """Ten hours of a night, then one of an empty crib."""
    night = scenario.generate("night", seed)
    empty = scenario.generate("empty", seed).accel
    quiet = np.tile(empty, (-(-HOUR_FRAMES // len(empty)), 1))[:HOUR_FRAMES]
    nights = [night.accel[k * HOUR_FRAMES :][:HOUR_FRAMES] for k in range(10)]
    return night, [*nights, quiet]


def felt(seed: int, since_h: float, hours: float) -> Recording:
    """The recording from one hour of the soak on: nights of ten hours, days of an empty crib."""
    night, pool = _hours(seed)
    rng = np.random.default_rng(seed)
    order = [
        int(rng.integers(10)) if hour % 24 < 10 else 10 for hour in range(int(since_h + hours + 2))
    ]
    wanted = order[int(since_h) :]
    accel = np.concatenate([pool[k] for k in wanted])
    frames = int((hours + _AFTER_H) * HOUR_FRAMES)
    return Recording(accel[:frames], night.rate_hz, night.lsb_per_g, (), "soak")
