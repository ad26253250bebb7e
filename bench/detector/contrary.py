"""Recordings in which a baseline should win: what each of them was made for, in its plainest form.

Idealised: a tone under a bell of an envelope on one axis, gravity, and the sensor's noise; no
mattress, no heartbeat. They are scored apart from the scenarios.
"""

import math
from collections.abc import Iterator

import numpy as np

from cribtrace.recording import Recording
from cribtrace.scoring.kinds import by_length
from cribtrace.world.sensor import Sensor

_SENSOR = Sensor(104.0, 1000 / 0.061, (70.0,) * 3, (1.0,) * 3)  # the LSM6DSO's class
LENGTH_S = 600.0
REST_S = 45.0
EDGE = 0.3

NAMES = {
    "slow_movement": "ActiGraph counts",
    "five_hertz": "OpenSeizureDetector",
    "plain_series": "PLM dual threshold",
}
"""Each with the baseline that it suits: movements below 0.6 Hz of 10 to 20 s; 25 s at 5 Hz, up and
down; periodic series of 1.5 to 4 s."""


def generate(name: str, seed: int) -> Recording:
    """Ten minutes of one of NAMES; the same name and seed give the same recording."""
    rng = np.random.RandomState([seed, 3])
    count = round(LENGTH_S * _SENSOR.rate_hz)
    shown = np.zeros((3, count))
    noise = [_SENSOR.noise(rng, axis, count) for axis in range(3)]
    truth = []
    for onset_s, length_s, hz, size_mg, axis in _MAKERS[name](rng):
        first, n = round(onset_s * _SENSOR.rate_hz), round(length_s * _SENSOR.rate_hz)
        at_s = np.arange(n) / _SENSOR.rate_hz
        bell = np.minimum(1, 2 * np.sin(math.pi * at_s / length_s))
        alone = np.zeros(count)
        alone[first : first + n] = size_mg * bell * np.sin(math.tau * hz * at_s)
        shown[axis] += alone
        truth.append(_labelled(name, hz, axis, alone, _SENSOR.band_rms(noise[axis])))
    shown[2] += 1000
    accel = np.stack([_SENSOR.registers(shown[k] + noise[k]) for k in range(3)], axis=1)
    source = f"benchmark {name}, seed {seed}: simulated, idealised"
    return Recording(accel, _SENSOR.rate_hz, _SENSOR.lsb_per_g, tuple(truth), source)


def _slow(rng: np.random.RandomState) -> Iterator[tuple[float, float, float, float, int]]:
    at_s = REST_S
    while at_s + 25 < LENGTH_S:
        length_s = rng.uniform(10, 20)
        yield at_s, length_s, rng.uniform(0.35, 0.6), _log(rng, 3, 60), rng.randint(2)
        at_s += length_s + rng.uniform(10, 20)


def _five_hertz(rng: np.random.RandomState) -> Iterator[tuple[float, float, float, float, int]]:
    for at_s in np.arange(REST_S, LENGTH_S - 30, 50):
        yield float(at_s), 25.0, 5.0, _log(rng, 1, 40), 2


def _series(rng: np.random.RandomState) -> Iterator[tuple[float, float, float, float, int]]:
    at_s = REST_S
    for _ in range(2):
        for _ in range(rng.randint(6, 9)):
            yield at_s, rng.uniform(1.5, 4), rng.uniform(2, 4), _log(rng, 3, 300), 2
            at_s += rng.uniform(20, 35)
        at_s += 95.0 - 20.0


_MAKERS = {"slow_movement": _slow, "five_hertz": _five_hertz, "plain_series": _series}


def _log(rng: np.random.RandomState, low: float, high: float) -> float:
    return float(low * (high / low) ** rng.uniform())


def _labelled(name: str, hz: float, axis: int, alone: np.ndarray, quiet_mg: float) -> dict:
    size = np.abs(_SENSOR.in_band(alone))
    peak_mg = float(size.max())
    loud = np.flatnonzero(size >= EDGE * peak_mg)
    duration_s = float(loud[-1] - loud[0] + 1) / _SENSOR.rate_hz
    bout = name == "five_hertz"
    return {
        "kind": "rhythmic_bout" if bout else by_length(duration_s),
        "cause": name,
        "onset_s": round(float(loud[0]) / _SENSOR.rate_hz, 4),
        "duration_s": round(duration_s, 4),
        "jerks": round(duration_s * hz),
        "rate_hz": hz if bout else None,
        "axis": "xyz"[axis],
        "peak_mg": round(peak_mg, 4),
        "snr": round(peak_mg / quiet_mg, 3),
    }
