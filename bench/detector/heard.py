"""A recording as the methods hear it: in mg, at the rate that each of them asks for.

All are given the same: the recording through one anti-alias filter, `scipy.signal.resample_poly`'s
(a linear-phase FIR, Kaiser window, cut off at the lower of the two Nyquist rates).
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy import signal

from cribtrace.recording import Recording
from cribtrace.scoring.kinds import Found

BAND_HZ = (1.0, 20.0)
MEDIAN_PER_RMS = 0.6745
"""Median of |x| of Gaussian noise of rms 1."""


class Heard:
    """One recording, resampled once for each rate it is asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._at: dict[float, np.ndarray] = {}
        self._loud: np.ndarray | None = None

    def mg(self, rate_hz: float) -> np.ndarray:
        """float64[n, 3], gravity included; not to be written to, so that features are kept."""
        if rate_hz not in self._at:
            mg = _resampled(self._whole(), self.recording.rate_hz, rate_hz)
            mg.flags.writeable = False
            self._at[rate_hz] = mg
        return self._at[rate_hz]

    def _whole(self) -> np.ndarray:
        return self.recording.accel * (1000 / self.recording.lsb_per_g)

    def measured(self, found: Sequence[Found]) -> list[Found]:
        """The same detections with their `snr`: the largest |x| on the strongest axis in BAND_HZ.

        The noise is the whole recording's, from its median, so that movements do not count.
        """
        if self._loud is None:
            self._loud = _loudness(self._whole(), self.recording.rate_hz)
        loud, rate_hz = self._loud, self.recording.rate_hz
        answer = []
        for one in found:
            first = min(max(round(one.onset_s * rate_hz), 0), len(loud) - 1)
            end = max(round(one.end_s * rate_hz), first + 1)
            answer.append(replace(one, snr=float(loud[first:end].max())))
        return answer


def _resampled(mg: np.ndarray, from_hz: float, to_hz: float) -> np.ndarray:
    ratio = Fraction(to_hz / from_hz).limit_denominator(1000)
    if ratio == 1:
        return mg
    rest = mg[0]
    steps = (ratio.numerator, ratio.denominator)
    return signal.resample_poly(mg - rest, *steps, axis=0, padtype="line") + rest


def _loudness(mg: np.ndarray, rate_hz: float) -> np.ndarray:
    """Largest |x| over the axes, each in units of its own noise rms: float64[n]."""
    band = signal.butter(2, BAND_HZ, "bandpass", fs=rate_hz, output="sos")
    size = np.abs(signal.sosfilt(band, mg - mg[0], axis=0))
    rms = np.median(size, axis=0) / MEDIAN_PER_RMS
    return (size / np.maximum(rms, 1e-9)).max(axis=1).astype(np.float32)
