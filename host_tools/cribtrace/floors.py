"""The noise floor that a board tells of, in mg, and what it means."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cribtrace.device import config, kernels, records, settings
from cribtrace.scale import Scale
from cribtrace.world.figures import SENSORS, TABLE

DRIFTED = 1.5
"""Chosen: the floor of a sensor follows its temperature by far less; another floor does not."""


class Floor(NamedTuple):
    """Noise rms of x, y and z in mg, in the band that the detector's statistic is made of."""

    x: float
    y: float
    z: float

    def shown(self) -> dict[str, float]:
        """As a part of a JSON line."""
        return {f"{axis}_mg": round(mg, 4) for axis, mg in self._asdict().items()}


def told(gains: Mapping[str, object], prefix: str, header: dict) -> Floor | None:
    """The floor out of the gains named `prefix` + axis; None where there are no such numbers.

    `header` is `records.unpack_header`'s, or `tail.header_of`'s.
    """
    if any(prefix + axis not in gains for axis in records.AXES):
        return None
    scale = Scale(header)
    try:
        return Floor(*(scale.noise_mg(int(str(gains[prefix + axis]))) for axis in records.AXES))
    except ValueError:
        return None


def least_mg(floor: Floor, high_16: int) -> float:
    """Rms of the weakest movement along the noisiest axis that reaches the high threshold, mg.

    The statistic is a variance over that of the noise, in force at `high_16` sixteenths.
    """
    return max(floor) * math.sqrt(high_16 / 16)


def of_data_sheet(sensor: str, rate_hz: float) -> Floor | None:
    """What a sensor's own noise makes of the floor; None for a sensor without figures.

    `sensor` begins with a name in world.figures.SENSORS, as LSM6DSOX does; 40 to 300 Hz.
    """
    for name, changed in SENSORS.items():
        if sensor.startswith(name):
            figures = {**TABLE, **changed}
            densities = (figures[f"noise_{axis}_ug_rthz"].low for axis in "xyz")
            root_hz = math.sqrt(rate_hz / 2) * _share_passed(rate_hz)
            return Floor(*(density * 1e-3 * root_hz for density in densities))
    return None


def _share_passed(rate_hz: float) -> float:
    """Rms of white noise behind the filters of `kernels.scan` as a share of that before them."""
    words, _ = config.kernel_words(settings.DEFAULTS, round(rate_hz * 1000), 1_000_000, 6, 0, 1)
    late = np.exp(-1j * np.linspace(0, math.pi, 2000))  # one frame later

    def low_pass(gain: float) -> np.ndarray:
        return gain / (1 - (1 - gain) * late)

    both = 2.0 ** -words[kernels.SHIFT_LP1] + 2.0 ** -words[kernels.SHIFT_LP2]
    base = late * low_pass(2.0 ** -words[kernels.SHIFT_HP])
    slow = late * low_pass(1.5 * 2.0 ** -words[kernels.SHIFT_SLOW])
    passed = (1 - base) * low_pass(both) * (1 - slow) * low_pass(both)
    return float(np.sqrt(np.mean(np.abs(passed) ** 2)))


def drifted(present: Floor, empty: Floor) -> list[str]:
    """A sentence for each axis whose floor is no longer near the empty crib's."""
    return [
        f"{axis}: the noise floor is {now:.2f} mg, {now / then:.1f} times the empty crib's"
        f" {then:.2f} mg: if crib or sensor were changed, run `cribtrace calibrate` again"
        for axis, now, then in zip(records.AXES, present, empty, strict=True)
        if not 1 / DRIFTED <= now / then <= DRIFTED
    ]
