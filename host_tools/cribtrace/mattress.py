"""What lies between a body and the sensor's registers: mattress, base, gravity and the sensor.

Forces in newtons go in, acceleration in mg comes out, as float64[3, N] by axis: x and y along
the mattress, z up. Everything random comes from a numpy RandomState, whose stream is the same
in every release of numpy; a Generator's is not.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import signal

from cribtrace.csv_frames import STANDARD_GRAVITY
from cribtrace.movements import draw, figure

RATE_HZ = 104.0
LSB_PER_G = 1 / 0.061e-3
"""LSM6DSO at +-2 g: 0.061 mg/LSB (data sheet DS12140, table 2)."""
BAND_HZ = (1.0, 20.0)
"""The band in which movements are measured and SNR is defined."""
RING_S = 4.5
"""After this long what rings slowest in the table (0.5 s to 1/e) is down to one part in 5000."""

_MG = 1000 / STANDARD_GRAVITY
_BAND = signal.butter(2, BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")


def in_band(mg: np.ndarray) -> np.ndarray:
    """`mg` after a causal second-order Butterworth band-pass of BAND_HZ, along the last axis."""
    return np.asarray(signal.sosfilt(_BAND, mg))


def band_rms(mg: np.ndarray) -> float:
    """Root mean square of one axis `in_band`, after the filter has settled."""
    return float(np.sqrt(np.mean(np.square(in_band(mg)[int(RING_S * RATE_HZ) :]))))


@dataclass(frozen=True)
class Mattress:
    """Two masses on each axis: the infant on foam, the mattress and its base on the floor.

    `foam_hz` and `base_hz` are each mode's frequency (x, y, z) with the other mass held still.
    `coupling` is the 3 x 3 share of each axis' motion that the puck shows on each of its own.
    """

    foam_hz: tuple[float, ...]
    base_hz: tuple[float, ...]
    foam_damping: float
    base_damping: float
    coupling: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.RandomState) -> "Mattress":
        """Draw a mattress of the table's kind."""
        # Static sag s under gravity g gives a mode at sqrt(g / s) / 2 pi.
        foam_hz = math.sqrt(STANDARD_GRAVITY / draw(rng, "foam_sag_mm") * 1e3) / math.tau
        base_hz = draw(rng, "base_hz")
        sideways = [math.sqrt(draw(rng, "sideways_stiffness")) for _ in "xy"]
        coupling = np.eye(3)
        for row, column in zip(*np.nonzero(~np.eye(3, dtype=bool)), strict=True):
            coupling[row, column] = draw(rng, "coupling")
        return cls(
            foam_hz=tuple(foam_hz * k for k in (*sideways, 1.0)),
            base_hz=tuple(base_hz * k for k in (*sideways, 1.0)),
            foam_damping=draw(rng, "foam_damping"),
            base_damping=draw(rng, "base_damping"),
            coupling=coupling,
        )

    def response(self, axis: int, point: str) -> tuple[np.ndarray, np.ndarray]:
        """Digital filter (b, a) from newtons at `point`, "body" or "base", to m/s2 at the base."""
        return _response(
            math.tau * self.foam_hz[axis],
            math.tau * self.base_hz[axis],
            self.foam_damping,
            self.base_damping,
            point,
        )

    def shaken(self, force_n: np.ndarray, point: str) -> np.ndarray:
        """Give what the puck shows, mg[3, N], for newtons[3, N] at "body" or "base", from rest."""
        moved = [signal.lfilter(*self.response(axis, point), force_n[axis]) for axis in range(3)]
        return self.coupling @ np.array(moved) * _MG


@functools.lru_cache(maxsize=64)
def _response(
    w1: float, w2: float, damping1: float, damping2: float, point: str
) -> tuple[np.ndarray, np.ndarray]:
    """Solve the two masses, infant (1) on base (2), for the acceleration of the base.

    With m, c, k and the outer force F of each, in Laplace's terms:
        (m1 s2 + c1 s + k1) x1 = (c1 s + k1) x2 + F1
        (m2 s2 + (c1 + c2) s + k1 + k2) x2 = (c1 s + k1) x1 + F2
    solved for s2 x2, then made discrete for forces that run straight between frames.
    """
    m1, m2 = figure("infant_kg"), figure("base_kg")
    c1, k1 = 2 * damping1 * w1 * m1, w1 * w1 * m1
    c2, k2 = 2 * damping2 * w2 * m2, w2 * w2 * m2
    infant, link = np.array([m1, c1, k1]), np.array([c1, k1])
    below = np.polysub(
        np.polymul(infant, [m2, c1 + c2, k1 + k2]),
        np.polymul(link, link),
    )
    above = np.polymul([1, 0, 0], link if point == "body" else infant)
    discrete: Any = signal.cont2discrete((above, below), 1 / RATE_HZ, "foh")
    return np.squeeze(discrete[0]), discrete[1]


def jerk(at_s: np.ndarray, width_s: float) -> np.ndarray:
    """Force of one jerk over time, peak near 1, from 0 to `width_s`: push, then pull.

    A limb that starts and stops at rest leaves no net momentum, so the halves cancel.
    """
    phase = at_s / width_s
    return np.where(
        (phase > 0) & (phase < 1), 1.3 * np.sin(math.tau * phase) * np.sin(math.pi * phase), 0.0
    )


def heartbeats(rng: np.random.RandomState, bed: Mattress, start: int, out: np.ndarray) -> None:
    """Add the heart's recoil, mg, to `out` (3, N) from frame `start` on."""
    rate_hz = draw(rng, "beats_per_min") / 60
    force_n = draw(rng, "beat_force_n")
    remaining_s = (out.shape[1] - start) / RATE_HZ
    spread = 1 + figure("beat_spread") * rng.standard_normal(int(remaining_s * rate_hz * 1.2) + 9)
    beats = np.cumsum(np.maximum(spread, 0.7) / rate_hz)
    frames = start + (beats[beats < remaining_s] * RATE_HZ).astype(np.intp)
    hits = np.zeros(out.shape[1])
    hits[frames] = force_n
    time_s = np.arange(int(RING_S * RATE_HZ)) / RATE_HZ
    # Mostly from head to foot, some of it up and down.
    shape = np.outer([0.2, 1.0, 0.5], jerk(time_s, figure("beat_width_s")))
    for axis, one_beat in enumerate(bed.shaken(shape, "body")):
        out[axis] += signal.oaconvolve(hits, one_beat)[: out.shape[1]]


def breathing(
    rng: np.random.RandomState, active: np.ndarray, start: int, count: int
) -> np.ndarray:
    """Tilt by breathing, milliradians [count]: zero before frame `start`.

    `active` says, for each `breath_spread_every_s`, whether sleep is active there: then breaths
    are uneven.
    """
    spread = np.where(active, figure("breath_spread_active"), figure("breath_spread_quiet"))
    wander = 1 + spread * rng.standard_normal(len(active))
    knots = np.arange(len(active)) * figure("breath_spread_every_s") * RATE_HZ
    rate_hz = draw(rng, "breaths_per_min") / 60 * np.maximum(wander, 0.5)
    phase = np.cumsum(np.interp(np.arange(count), knots, rate_hz)) * (math.tau / RATE_HZ)
    tilt = draw(rng, "breath_tilt_ug") * 1e-3 * np.sin(phase)
    tilt[:start] = 0
    return tilt


def bias(rng: np.random.RandomState, count: int) -> np.ndarray:
    """Offset of the three axes, mg[3, count], drifting with the temperature of the room."""
    knots = np.arange(0, count + RATE_HZ, RATE_HZ)
    at_s = knots / RATE_HZ
    cooling_k = -draw(rng, "cooling_k") * -np.expm1(-at_s / figure("cooling_s"))
    heating_k = draw(rng, "heating_k") * np.sin(math.tau * at_s / figure("heating_period_s"))
    frames = np.arange(count)
    return np.array(
        [
            draw(rng, "bias_mg")
            + draw(rng, "bias_mg_per_k") * np.interp(frames, knots, cooling_k + heating_k)
            for _ in range(3)
        ]
    )


def noise(rng: np.random.RandomState, count: int) -> np.ndarray:
    """White noise of one axis, mg[count]: the sensor's density up to half its rate."""
    rms_mg = figure("noise_ug_rthz") * 1e-3 * math.sqrt(RATE_HZ / 2)
    return rms_mg * rng.standard_normal(count)


def gravity(tilt: np.ndarray) -> np.ndarray:
    """Gravity, mg[3, N], on a puck tilted by milliradians[2, N] towards x and y.

    Correct to the third order of angles that stay below 0.1 rad.
    """
    return np.array([tilt[0], tilt[1], 1000 - (tilt[0] ** 2 + tilt[1] ** 2) / 2000])


def registers(mg: np.ndarray) -> np.ndarray:
    """Round `mg` to the sensor's words, clipped where they leave its +-2 g."""
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(mg * (LSB_PER_G / 1000)), limits.min, limits.max).astype(np.int16)
