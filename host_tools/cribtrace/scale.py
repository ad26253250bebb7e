"""The units of a log: a board's integers as seconds and mg, by the header of their segment."""

import functools

import numpy as np

from cribtrace.device import config

_TIE = 1e-3  # of the last digit: so near to the middle of two the binary digits decide
_FAR = 1e12  # of last digits: from there on a float does not hold thousandths of one


class Scale:
    """Turns a board's integers into units, from the header of its segment."""

    def __init__(self, header: dict) -> None:
        """`header` is `log_records.unpack_header`'s."""
        self._rate_hz = header["rate_mhz"] / 1000
        self._lsb_per_g = header["mlsb_per_g"] / 1000

    def seconds(self, frames: int) -> float:
        """Frames as seconds, to the millisecond."""
        return round(frames / self._rate_hz, 3) if self._rate_hz else 0.0

    def mg(self, q4: float) -> float:
        """A sixteenth of an LSB each, as mg."""
        return round(q4 / 16 / self._lsb_per_g * 1000, 3) if self._lsb_per_g else 0.0

    def all_seconds(self, frames: np.ndarray) -> list[float]:
        """`seconds` of each: frames float64[n]."""
        return rounded(frames / self._rate_hz if self._rate_hz else 0 * frames, 3).tolist()

    def all_mg(self, q4: np.ndarray) -> list[float]:
        """`mg` of each: float64[n]."""
        mg = q4 / 16 / self._lsb_per_g * 1000 if self._lsb_per_g else 0 * q4
        return rounded(mg, 3).tolist()

    def noise_mg(self, gain: int) -> float:
        """Noise rms of an axis from the gain that makes 8 of it (see `kernels`), as mg."""
        return self.mg((8 << 24) / gain) if gain else 0.0

    def energy_mg_s(self, energy: int) -> float:
        """A sum over frames of a quarter of an LSB each, as mg times seconds."""
        return round(self.mg(4 * energy) / self._rate_hz, 3) if self._rate_hz else 0.0

    def rate_hz(self, frames: float) -> float:
        """A period of so many frames as a rate."""
        return round(self._rate_hz / frames, 3)

    @property
    def second_s(self) -> float:
        """A second of the track: whole frames, as the board counts them."""
        return _second_s(self._rate_hz)

    @property
    def tick_frames(self) -> int:
        """Frames in a tick of the envelope at this rate; 0 at a rate that no board measures at."""
        try:
            return 1 << config.tick_shift(round(self._rate_hz * 1000))
        except ValueError:
            return 0


@functools.lru_cache(maxsize=16)
def _second_s(rate_hz: float) -> float:
    whole = config.frames(1000, round(rate_hz * 1000))
    return round(whole / rate_hz, 6) if rate_hz else 1.0


def rounded(values: np.ndarray, digits: int) -> np.ndarray:
    """float64[n] to so many digits: each is what Python's `round` makes of it."""
    scaled = values * 10.0**digits
    out = np.rint(scaled) / 10.0**digits
    odd = (np.abs(scaled - np.floor(scaled) - 0.5) < _TIE) | ~(np.abs(scaled) < _FAR)
    for i in np.flatnonzero(odd):
        out[i] = round(float(values[i]), digits)
    return out
