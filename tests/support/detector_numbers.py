"""The numbers of docs/DETECTOR.md, computed or measured: python -m tests.support.detector_numbers.

The filters' responses follow from the difference equations and config._SHIFTS; what noise does is
measured by running Gaussian noise through the board's own kernel.
"""

import sys
from array import array

import numpy as np

from cribtrace.device import config, kernels, settings

RATES_HZ = (52, 104, 208)
MLSB_PER_G = 16_393_443
DENSITY_UG = 70  # LSM6DSO at +-2 g, high performance: DS12140, table 2
Q4_PER_MG = 16 * MLSB_PER_G / 1e6


def shifts(rate_hz: int) -> tuple[int, ...]:
    """High-pass, low-pass 1, low-pass 2, envelope shift and floor step at a rate."""
    return next(s for limit, s in config._SHIFTS if rate_hz * 1000 <= limit)


def gain(hz: np.ndarray, rate_hz: int) -> np.ndarray:
    """The motion band's gain at each frequency, by z-transform of the two difference equations."""
    high, low1, low2, _, _ = shifts(rate_hz)
    unit = np.exp(-2j * np.pi * hz / rate_hz)
    keep = 1 - 2.0**-high
    take = 2.0**-low1 + 2.0**-low2
    return np.abs((1 - unit) / (1 - keep * unit) * take / (1 - (1 - take) * unit))


def corners(rate_hz: int) -> tuple[float, float, float, float]:
    """(lower corner, frequency of the largest gain, upper corner in Hz; that gain)."""
    hz = np.linspace(0.01, rate_hz / 2, 200_000)
    g = gain(hz, rate_hz)
    best = int(g.argmax())
    within = np.flatnonzero(g >= g[best] / np.sqrt(2))
    return hz[within[0]], hz[best], hz[within[-1]], g[best]


def noise_gain(rate_hz: int) -> float:
    """Rms of the motion band for white noise of rms 1: the root mean square of the gain."""
    hz = (np.arange(100_000) + 0.5) * rate_hz / 200_000
    return float(np.sqrt(np.mean(gain(hz, rate_hz) ** 2)))


def sensor_rms_mg(rate_hz: int) -> float:
    """Rms of one axis of the motion band for the sensor's own noise, in mg."""
    return DENSITY_UG / 1000 * np.sqrt(rate_hz / 2) * noise_gain(rate_hz)


def noise_burst(rng: np.random.Generator, rms_mg: float) -> bytes:
    """A burst of Gaussian noise of this rms on every axis, around 1 g on z."""
    mg = rng.normal((0, 0, 1000), rms_mg, (config.BURST, 3))
    return np.rint(mg * MLSB_PER_G / 1e6).astype("<i2").tobytes()


def kernel(rate_hz: int) -> tuple[array, array, array]:
    """(cfg, state, out) as the detector begins with."""
    cfg = config.kernel_words(settings.DEFAULTS, rate_hz * 1000, MLSB_PER_G, 6, 0, 1)
    state = array("I", [0] * kernels.ST_WORDS)
    state[kernels.WARM] = cfg[kernels.WARM_UP]
    state[kernels.FLOOR] = cfg[kernels.FLOOR_MIN] << kernels.FLOOR_SHIFT
    return cfg, state, array("I", [0] * (kernels.OUT_EVENTS * kernels.OUT_WORDS))


def magnitudes(rate_hz: int, rms_mg: float, frames: int, seed: int = 1) -> np.ndarray:
    """What the kernel makes of noise: int[frames, 2], the magnitude and the floor, both Q4."""
    cfg, state, out = kernel(rate_hz)
    warm_up = cfg[kernels.WARM_UP] * 4
    cfg[kernels.SECOND] = 2**29  # no second ends: its peak is read, and zeroed, at every frame
    rng = np.random.default_rng(seed)
    found = []
    index = 0
    while len(found) < warm_up + frames:
        burst = noise_burst(rng, rms_mg)
        for at in range(0, len(burst), 6):
            state[kernels.SECOND_PEAK] = 0
            kernels.scan(burst[at : at + 6], 1, index, cfg, state, out)
            found.append((state[kernels.SECOND_PEAK], state[kernels.FLOOR] >> kernels.FLOOR_SHIFT))
            index += 1
    return np.array(found[warm_up : warm_up + frames])


def noise_facts(rate_hz: int, rms_mg: float, frames: int) -> dict[str, float]:
    """Median and quantiles of the magnitude over one axis's rms; how steady the floor is."""
    mag, floor = magnitudes(rate_hz, rms_mg, frames).T
    rms_q4 = rms_mg * noise_gain(rate_hz) * Q4_PER_MG
    facts = {"median": float(np.median(mag) / rms_q4)}
    for share in (0.9, 0.99, 0.999, 0.9999):
        facts[f"q{share}"] = float(np.quantile(mag, share) / rms_q4)
    facts["floor"] = float(floor.mean() / rms_q4)
    facts["floor_sd"] = float(floor.std() / floor.mean())
    facts["over_low"] = float(np.mean(mag >= 3 * floor))
    facts["largest"] = float((mag / floor).max())
    return facts


def tail(times_rms: float, draws: int = 4_000_000, seed: int = 1) -> float:
    """Share of frames of independent Gaussian axes whose magnitude exceeds `times_rms`.

    By importance sampling: normals of twice the width, each weighted with how likely it is.
    """
    rng = np.random.default_rng(seed)
    width = 2.5
    x = np.abs(rng.normal(0, width, (draws, 3)))
    largest = x.max(axis=1)
    magnitude = largest + 0.375 * (x.sum(axis=1) - largest)
    weight = width**3 * np.exp(-0.5 * (1 - width**-2) * (x**2).sum(axis=1))
    return float(np.mean(weight * (magnitude > times_rms)))


def floor_time_s(rate_hz: int, factor: float, floor_mg: float, *, active: bool = False) -> float:
    """Seconds in which the floor grows `factor`-fold while every frame lies above it."""
    _, _, _, _, step = shifts(rate_hz)
    floor = round(floor_mg * Q4_PER_MG) << kernels.FLOOR_SHIFT
    goal = floor * factor
    frames = 0
    while floor < goal:
        floor += (floor >> (step + 3 if active else step)) or 1
        frames += 1
    return frames / rate_hz


def main(frames: int) -> None:
    """Print every number of the document that is not a setting."""
    for rate_hz in RATES_HZ:
        low, best, high, most = corners(rate_hz)
        print(
            f"{rate_hz} Hz: {low:.2f} .. {high:.1f} Hz, gain {most:.3f} at {best:.1f} Hz, "
            f"noise x {noise_gain(rate_hz):.3f} = {sensor_rms_mg(rate_hz):.3f} mg rms, "
            f"floor {1.663 * sensor_rms_mg(rate_hz):.3f} mg, "
            f"threshold {4.5 * 1.663 * sensor_rms_mg(rate_hz):.2f} mg"
        )
        floor_mg = 1.663 * sensor_rms_mg(rate_hz)
        print(
            f"  floor doubles in {floor_time_s(rate_hz, 2, floor_mg):.0f} s, within an event in "
            f"{floor_time_s(rate_hz, 2, floor_mg, active=True):.0f} s"
        )
    for k in (3.0, 4.5):
        print(f"above {k} floors: {tail(k * 1.663):.3g} of frames")
    for rate_hz in RATES_HZ:
        facts = noise_facts(rate_hz, 0.5, frames)
        print(rate_hz, "Hz:", ", ".join(f"{k} {v:.4g}" for k, v in facts.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
