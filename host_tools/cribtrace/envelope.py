"""The board's own statistic, frame by frame, on the frames that it sends: its kernel, run here.

It begins with the filters and floors that the board tells while nothing moves, so what is drawn
is what the board compares with its threshold, not a likeness of that.
"""

from collections.abc import Mapping

import numpy as np

from cribtrace import criteria
from cribtrace.device import kernels
from cribtrace.heard import Frames
from cribtrace.resumed import Resumed
from cribtrace.scale import Scale


class Envelope:
    """Feed it every Frames of a session; a hole needs a new state."""

    def __init__(self, header: dict) -> None:
        """`header` as `tail` makes it, with its `settings`. Raises ValueError without these."""
        if not header.get("settings"):
            raise ValueError("the settings in force are not known")
        self._of = header
        self.threshold = criteria.needed(header["settings"]["high_16"]) ** 0.5
        self._detector: Resumed | None = None
        self._next = -1
        self._waits: tuple[int, tuple[int, ...]] | None = None

    @property
    def floor_mg(self) -> float | None:
        """Noise rms of the noisiest axis, in the band that the detector looks at."""
        if self._detector is None:
            return None
        gains = self._detector.state[kernels.GAIN : kernels.GAIN + 3]
        return max(Scale(self._of).noise_mg(gain) for gain in gains)

    def feed(self, frames: Frames) -> np.ndarray:
        """The motion at each frame as a multiple of the noise rms: float32[N], NaN where unknown.

        It is the root of the strength; `threshold` is in the same unit.
        """
        raw, first = frames.raw, frames.first
        found = np.full(len(raw), np.nan, np.float32)
        if first != self._next:
            self._detector = None
        self._next = first + len(raw)
        self._waits = frames.state or self._waits
        for k in range(len(raw)):
            frame = raw[k].astype("<i2").tobytes()
            if self._detector:
                self._detector.step(frame, 1)
            elif self._waits and first + k == self._waits[0]:
                self._detector = self._begun(*self._waits, frame)
            if self._detector:
                found[k] = self._statistic(self._detector)
        if self._detector or (self._waits and self._waits[0] < self._next):
            self._waits = None
        return found

    def _begun(self, first: int, filters: tuple[int, ...], frame: bytes) -> Resumed:
        """One that has seen `frame`; it does not take the filters for those of a start."""
        header: Mapping = self._of
        made = Resumed(header["settings"], header["rate_mhz"], header["mlsb_per_g"])
        made.resume(first, filters, bytearray(frame))
        return made

    @staticmethod
    def _statistic(detector: Resumed) -> float:
        """What `kernels.scan` has compared last: the squares of the covariance's nine elements."""
        state, shift = detector.state, detector.cfg[kernels.SHIFT_SUM]
        sums = [word >> shift for word in state[kernels.SUM : kernels.SUM + 6]]
        squares = sum(v * v for v in sums[:3]) + 2 * sum(v * v for v in sums[3:])
        return criteria.strength(squares) ** 0.5


def seconds(epoch: dict) -> list[float]:
    """Of an `epoch` line: the same of each second, the least that its code stands for."""
    return [criteria.second_strength(code) ** 0.5 for code in epoch["levels"]]
