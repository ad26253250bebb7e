"""The numbers of docs/DETECTOR.md, computed or measured: python -m tests.support.detector_numbers.

The filters' responses follow from the difference equations and config's shifts; what noise does is
measured by running Gaussian noise through the board's own kernel.
"""

import sys
from array import array

import numpy as np

from cribtrace import criteria
from cribtrace.device import config, kernels, settings

RATES_HZ = (52, 104, 208)
MLSB_PER_G = 16_393_443
DENSITY_UG = 70  # LSM6DSO at +-2 g, high performance: DS12140, table 2
BANDS = ("motion", "slow", "sharp")


def shifts(rate_hz: int) -> tuple[int, ...]:
    """config's row for a rate: high-pass, two low-pass, slow, window, sum, tick, floor step."""
    return config._shifts(rate_hz * 1000)


def gains(hz: np.ndarray, rate_hz: int) -> dict[str, np.ndarray]:
    """Gain of each band at each frequency, by z-transform of the difference equations."""
    high, low1, low2, slow = shifts(rate_hz)[:4]
    unit = np.exp(-2j * np.pi * hz / rate_hz)
    keep = 1 - 2.0**-high
    take = 2.0**-low1 + 2.0**-low2
    part = 2.0**-slow + 2.0 ** -(slow + 1)
    low_pass = take / (1 - (1 - take) * unit)
    motion = (1 - unit) / (1 - keep * unit) * low_pass
    slower = motion * part / (1 - (1 - part) * unit)
    # What `slow` had not followed yet, by the value it had a frame before.
    sharp = (motion - slower * unit) * low_pass
    found = {"motion": motion, "slow": slower, "sharp": sharp}
    return {band: np.abs(found[band]) for band in BANDS}


def corners(band: str, rate_hz: int) -> tuple[float, float, float]:
    """(lower corner, upper corner in Hz; largest gain) of a band."""
    hz = np.linspace(0.01, rate_hz / 2, 100_000)
    g = gains(hz, rate_hz)[band]
    within = np.flatnonzero(g >= g.max() / np.sqrt(2))
    return hz[within[0]], hz[within[-1]], g.max()


def noise_gain(band: str, rate_hz: int) -> float:
    """Rms of a band for white noise of rms 1: the root mean square of the gain."""
    hz = (np.arange(100_000) + 0.5) * rate_hz / 200_000
    return float(np.sqrt(np.mean(gains(hz, rate_hz)[band] ** 2)))


def sensor_rms_mg(rate_hz: int) -> float:
    """Rms of one axis of the sharp band for the sensor's own noise, in mg."""
    return DENSITY_UG / 1000 * np.sqrt(rate_hz / 2) * noise_gain("sharp", rate_hz)


def noise_burst(rng: np.random.Generator, rms_mg: float) -> bytes:
    """A burst of Gaussian noise of this rms on every axis, around 1 g on z."""
    mg = rng.normal((0, 0, 1000), rms_mg, (config.BURST, 3))
    return np.rint(mg * MLSB_PER_G / 1e6).astype("<i2").tobytes()


class Kernel:
    """The kernel by itself, warmed up, one statistic a frame."""

    def __init__(self, rate_hz: int) -> None:
        in_force = settings.DEFAULTS
        self.cfg, self.step = config.kernel_words(in_force, rate_hz * 1000, MLSB_PER_G, 6, 0, 1)
        self.state = array("i", [0] * (kernels.FRAMES + 3 * kernels.WINDOW_MOST))
        self.state[kernels.STOP] = -1
        self.state[kernels.WINDOW_AT] = kernels.FRAMES
        for axis, rest in enumerate((0, 0, 16393)):
            self.state[kernels.BASE + axis] = (32768 + rest) << 12
            self.state[kernels.GAIN + axis] = self.cfg[kernels.GAIN_MOST]
        self.rings = (
            array("H", [0] * 3 * kernels.RING),
            array("H", [0] * kernels.TICKS),
            array("i", [0] * 2 * kernels.SUMS),
        )

    def frame(self, raw: bytes, step: int) -> int:
        """The statistic at this frame."""
        self.state[kernels.STEP] = step
        self.state[kernels.OFFSET] = 0
        self.state[kernels.BEST] = 0
        kernels.scan(0, 1, raw, self.cfg, self.state, *self.rings)
        return self.state[kernels.BEST]


def strengths(rate_hz: int, rms_mg: float, frames: int, seed: int = 1) -> np.ndarray:
    """Strength of each of `frames` frames of noise, after a warm-up."""
    kernel = Kernel(rate_hz)
    rng = np.random.default_rng(seed)
    found: list[float] = []
    warm = 10 * rate_hz
    while len(found) < warm + frames:
        burst = noise_burst(rng, rms_mg)
        for at in range(0, len(burst), 6):
            step = kernel.step if len(found) > warm else 6 if len(found) < warm // 2 else 9
            found.append(criteria.strength(kernel.frame(burst[at : at + 6], step)))
    return np.array(found[warm : warm + frames])


QUANTILES = (0.5, 0.9, 0.99, 0.999)


def noise_facts(rate_hz: int, frames: int) -> list[float]:
    """QUANTILES of the strength of noise."""
    return [float(q) for q in np.quantile(strengths(rate_hz, 0.5, frames), QUANTILES)]


def floor_time_s(rate_hz: int, factor: float, *, within: bool = False) -> float:
    """Seconds in which the floor grows `factor`-fold while every frame lies above it."""
    step = shifts(rate_hz)[7] + (2 if within else 0)
    return float(np.log(factor) / -np.log1p(-(2.0**-step)) / rate_hz)


def main(frames: int) -> None:
    """Print every row of the document's tables."""
    for rate_hz in RATES_HZ:
        row = shifts(rate_hz)
        print(f"| {rate_hz} | {row[0]} | {row[1]}, {row[2]} | {row[3]}, {row[3] + 1} | {row[4]} "
              f"| {row[7]} |")  # fmt: skip
    for band in BANDS:
        for rate_hz in RATES_HZ:
            low, high, most = corners(band, rate_hz)
            noise = noise_gain(band, rate_hz)
            print(f"| {band} | {rate_hz} | {low:.2f} | {high:.1f} | {most:.3f} | {noise:.3f} |")
    high = settings.DEFAULTS["high_16"] / 16
    for rate_hz in RATES_HZ:
        rms = sensor_rms_mg(rate_hz)
        print(f"| {rate_hz} | {rms:.3f} | {rms * high**0.5:.2f} | {floor_time_s(rate_hz, 2):.0f} "
              f"| {floor_time_s(rate_hz, 2, within=True):.0f} |")  # fmt: skip
    for rate_hz in RATES_HZ:
        print(f"| {rate_hz} |", " | ".join(f"{q:.2f}" for q in noise_facts(rate_hz, frames)), "|")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
