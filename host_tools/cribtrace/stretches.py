"""The detector over a recording that is not one piece: gaps, restarts, and a board's own state."""

from collections.abc import Mapping

import numpy as np

from cribtrace import log_records
from cribtrace.captured import Captured, Gap, State
from cribtrace.device import config, kernels, records
from cribtrace.recording import Recording
from cribtrace.resumed import Resumed

_NAMES = log_records.NAMES[records.EVENT]
_NUMBERS = tuple(_NAMES.index(name) for name in ("run", "start", "onset", "closed"))
_WHOLE = Captured({}, ((0, 0),))

Found = list[tuple[int, list[int]]]


def in_rows(found: Found) -> list[list[int]]:
    """The events with rows of the recording in the place of the board's frame numbers."""
    return [
        [value - first if k in _NUMBERS else value for k, value in enumerate(fields)]
        for first, fields in found
    ]


def found(
    recording: Recording,
    settings: Mapping[str, int],
    rate_mhz: int,
    mlsb_per_g: int,
    *,
    ended: bool,
) -> Found:
    """Each event, and the number that the frame of row 0 has in its boot's counting.

    Behind a gap the detector does what a board's does; from a state on it is the board's.
    """
    run = _Run(recording, settings, rate_mhz, mlsb_per_g)
    known = recording.captured or _WHOLE
    marks: list[tuple[int, int, Gap | State | int]] = [
        *((gap.row, 0, gap) for gap in recording.gaps),
        *((row, 1, frame) for row, frame in known.boots),
        *((state.row, 2, state) for state in known.states),
    ]
    for row, _, mark in sorted(marks, key=lambda mark: mark[:2]):
        if not run.up_to(row):
            continue  # inside a gap
        if isinstance(mark, Gap):
            run.over(mark)
        elif isinstance(mark, State):
            run.resume(mark)
        else:
            run.boot(mark)
    run.up_to(len(recording.accel))
    if ended:
        run.finish()
    return run.found


class _Run:
    def __init__(
        self, recording: Recording, settings: Mapping[str, int], rate_mhz: int, mlsb_per_g: int
    ) -> None:
        self._accel = recording.accel
        self._holes = recording.gaps
        self._new = lambda: Resumed(settings, rate_mhz, mlsb_per_g)
        self._second = config.frames(1000, rate_mhz)
        self._det = self._new()
        self._at = self._first = 0
        self.found: Found = []

    def up_to(self, row: int) -> bool:
        """Take the rows before this one; False where they are taken already."""
        if row < self._at:
            return False
        for at in range(self._at, row, config.BURST):
            burst = self._bytes(at, min(at + config.BURST, row))
            self._tell(self._det.step(burst, len(burst) // 6))
        self._at = min(row, len(self._accel))
        return row <= len(self._accel)

    def over(self, gap: Gap) -> None:
        """What is under way ends unseen; the detector begins again behind the gap."""
        self.finish()
        self._det.skip(gap.rows)
        self._at += gap.rows

    def boot(self, frame: int) -> None:
        """The board began anew: this row is its frame `frame`."""
        self.finish()
        self._det = self._new()
        self._det.begin(frame)
        self._first = frame - self._at

    def resume(self, state: State) -> None:
        """Go on as the board's detector, which nothing moved just then."""
        det = self._det
        end = self._at + det.cfg[kernels.WINDOW]
        if end > len(self._accel) or any(self._at <= hole.row < end for hole in self._holes):
            return
        second = det.index + state.left - self._second
        det.resume(det.index, state.filters, bytearray(self._bytes(self._at, end)))
        self._at = end
        while second + self._second <= det.index:
            second += self._second
        det.seconds.begin(second)

    def finish(self) -> None:
        """What is under way ends here."""
        self._tell(self._det.finish())

    def _bytes(self, row: int, end: int) -> bytes:
        return np.asarray(self._accel[row:end], "<i2").tobytes()

    def _tell(self, closed: int) -> None:
        fields = self._det.movements.fields
        self.found.extend((self._first, list(fields(k))) for k in range(closed))
