"""What taps on a mattress tell of it: resonance, ring time and gain, out of their waveforms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

from cribtrace.errors import CribtraceError

RESONANCE_HZ = (2.5, 20.0)
"""Where a crib mattress with its base rings: 3.5-15 Hz (clinical note, section 3), and room."""
EDGE_SHARE = 0.3
"""A duration ends at this share of the peak (clinical note, section 5)."""
LEAST_PEAK_PER_NOISE = 20.0
"""Chosen: a tenth of the peak, to which the ring is followed, is then twice the noise."""
DISAGREE_SHARE = 0.2
"""Chosen: taps that differ by more were not of one mattress, or not taps."""
_BAND_HZ = (1.0, 20.0)
_FIT_SHARE = 0.1  # the ring is followed down to this share of its peak, or to ...
_FIT_NOISE = 2.0  # ... so many times the noise
_STRIKE_S = 0.05  # after the peak the hand no longer drives the mattress: half of 0.1 s
_LINES = 8192  # points of the spectrum: 0.013 Hz apart at 104 Hz


class BadTap(CribtraceError):
    """A waveform that is no clean tap: the message says why and what to do."""


@dataclass(frozen=True)
class Tap:
    """One tap: `ring_s` is from its peak to EDGE_SHARE of that."""

    peak_mg: float
    resonance_hz: float
    ring_s: float


@dataclass(frozen=True)
class Mattress:
    """What taps agree on: medians; `spread` has the largest deviation from each, as a share."""

    peak_mg: float
    resonance_hz: float
    ring_s: float
    spread: dict[str, float]


def tap(mg: np.ndarray, rate_hz: float) -> Tap:
    """Measure one tap.

    `mg` is float[N, 3], gravity included, from before the tap to after its ring. Raises BadTap
    where it is too weak against the noise before it, or does not die away in time.
    """
    still = mg - np.median(mg, axis=0)
    band = signal.butter(2, _BAND_HZ, "bandpass", fs=rate_hz, output="sos")
    moved = np.asarray(signal.sosfilt(band, still - still[0], axis=0))
    height = np.linalg.norm(np.asarray(signal.hilbert(moved, axis=0)), axis=1)
    top = int(np.argmax(height))
    noise = float(np.sqrt(np.mean(height[: max(1, top // 2)] ** 2)))
    if height[top] < LEAST_PEAK_PER_NOISE * noise:
        raise BadTap(
            f"a tap of {height[top]:.3g} mg is too weak against {noise:.2g} mg of noise: tap"
            " harder, or nearer to the sensor, while nothing else moves"
        )
    after = top + math.ceil(_STRIKE_S * rate_hz)
    return Tap(
        peak_mg=float(np.abs(moved).max()),
        resonance_hz=_strongest_line(still[after:], rate_hz),
        ring_s=_ring_s(height[top:], noise, rate_hz),
    )


def _strongest_line(ringing: np.ndarray, rate_hz: float) -> float:
    power = np.sum(np.abs(np.fft.rfft(ringing, _LINES, axis=0)) ** 2, axis=1)
    hz = np.fft.rfftfreq(_LINES, 1 / rate_hz)
    inside = (hz >= RESONANCE_HZ[0]) & (hz <= RESONANCE_HZ[1])
    return float(hz[inside][np.argmax(power[inside])])


def _ring_s(height: np.ndarray, noise: float, rate_hz: float) -> float:
    """Seconds from the first of `height` to EDGE_SHARE of it, along the line through its logs."""
    low = np.nonzero(height < max(_FIT_SHARE * height[0], _FIT_NOISE * noise))[0]
    if not len(low):
        raise BadTap("a tap did not die away within its waveform: hold still after each")
    at_s = np.arange(max(int(low[0]), 3)) / rate_hz
    slope, level = np.polyfit(at_s, np.log(height[: len(at_s)]), 1)
    return max(0.0, float((math.log(EDGE_SHARE * height[0]) - level) / slope))


def agreed(found: Sequence[Tap]) -> Mattress:
    """Medians of the taps, and how far the farthest lies from each.

    Raises BadTap where resonance or ring time lies farther than DISAGREE_SHARE. The peaks may: a
    hand does not strike twice alike.
    """
    names = ("peak_mg", "resonance_hz", "ring_s")
    each = {name: [getattr(one, name) for one in found] for name in names}
    middle = {name: float(np.median(values)) for name, values in each.items()}
    spread = {
        name: max(abs(value - middle[name]) for value in values) / max(middle[name], 1e-9)
        for name, values in each.items()
    }
    for name, what in (("resonance_hz", "resonance in Hz"), ("ring_s", "ring time in s")):
        if spread[name] > DISAGREE_SHARE:
            values = ", ".join(f"{value:.3g}" for value in each[name])
            raise BadTap(
                f"the taps disagree by more than {DISAGREE_SHARE:.0%}: {what} {values}: tap one"
                " place, with a flat hand that leaves at once, and run it again"
            )
    return Mattress(**middle, spread=spread)
