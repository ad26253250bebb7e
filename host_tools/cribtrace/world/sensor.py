"""The sensor: noise, offset, scale and clock of its class, and what its words can hold."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import signal

from cribtrace.world.chance import Chance

BAND_HZ = (1.0, 20.0)
"""The band in which movements are measured and SNR is defined."""
_SETTLED_S = 4.5


@dataclass(frozen=True)
class Sensor:
    """One specimen: frames at `rate_hz`, its true rate; offsets in mg, gains as shares."""

    rate_hz: float
    lsb_per_g: float
    noise_ug_rthz: tuple[float, ...]
    gain: tuple[float, ...]

    @classmethod
    def drawn(cls, chance: Chance) -> "Sensor":
        """Draw a specimen of the figures' class."""
        return cls(
            # To a mHz, which is what a log header holds.
            rate_hz=round(chance.fixed("nominal_hz") * (1 + chance.value("rate_error")), 3),
            lsb_per_g=chance.fixed("lsb_per_g"),
            noise_ug_rthz=tuple(chance.fixed(f"noise_{axis}_ug_rthz") for axis in "xyz"),
            gain=tuple(1 + chance.value("gain_error") for _ in "xyz"),
        )

    def noise(self, rng: np.random.RandomState, axis: int, count: int) -> np.ndarray:
        """White noise of one axis, mg[count]: the sensor's density up to half its rate."""
        rms_mg = self.noise_ug_rthz[axis] * 1e-3 * math.sqrt(self.rate_hz / 2)
        noise = rng.standard_normal(count)
        noise *= rms_mg
        return noise

    def bias(self, chance: Chance, at_s: np.ndarray) -> np.ndarray:
        """Offset, mg[3, K], at those seconds, drifting with the temperature of the room."""
        cooling_k = -chance.value("cooling_k") * -np.expm1(-at_s / chance.fixed("cooling_s"))
        swings = math.tau * at_s / chance.fixed("heating_period_s")
        warmth_k = cooling_k + chance.value("heating_k") * np.sin(swings)
        return np.array(
            [chance.value("bias_mg") + chance.value("bias_mg_per_k") * warmth_k for _ in "xyz"]
        )

    def registers(self, mg: np.ndarray) -> np.ndarray:
        """Round `mg` to the sensor's words, clipped where they leave its +-2 g."""
        limits = np.iinfo(np.int16)
        words = np.rint(mg * (self.lsb_per_g / 1000))
        return np.clip(words, limits.min, limits.max).astype(np.int16)

    def in_band(self, mg: np.ndarray) -> np.ndarray:
        """`mg` after a causal second-order Butterworth of BAND_HZ, along the last axis."""
        band = signal.butter(2, BAND_HZ, "bandpass", fs=self.rate_hz, output="sos")
        return np.asarray(signal.sosfilt(band, mg))

    def band_rms(self, mg: np.ndarray) -> float:
        """Root mean square of one axis `in_band`, after the filter has settled."""
        settled = self.in_band(mg)[int(_SETTLED_S * self.rate_hz) :]
        return float(np.sqrt(np.mean(np.square(settled))))
