"""Rows of a recording that go to the disk as they come, so that a night takes no memory."""

import contextlib
import os
from pathlib import Path
from types import TracebackType

import numpy as np

from cribtrace import captured, recording
from cribtrace.errors import CribtraceError

_FILL_ROWS = 4096  # chosen: 24 KB at a time
_REST = np.array([[0, 0, 0]], "<i2")


class Rows:
    """Frames beside `path`, in `path.frames.part`, and where some are missing; a context manager.

    `keep` makes the recording of them. Whatever else ends the block, the old `path` stays.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise CribtraceError(f"cannot write {path}: name a file in a folder that is there")
        self.path = path
        self.rate_hz = rate_hz
        self.count = 0
        self.gaps: list[captured.Gap] = []
        self._part = path.with_name(path.name + ".frames.part")
        self._last = _REST
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CribtraceError(f"cannot write {path}: {why}: choose another place") from error

    def __enter__(self) -> "Rows":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink()

    def add(self, frames: np.ndarray) -> None:
        """Frames that came: int16[N, 3]."""
        if len(frames):
            self._write(frames)
            self._last = frames[-1:]

    def miss(self, rows: int, reason: str) -> None:
        """So many did not come."""
        before = self.gaps[-1] if self.gaps else captured.Gap(-1, 0)
        if before.row + before.rows == self.count and before.reason == reason:
            self.gaps[-1] = before._replace(rows=before.rows + rows)
        else:
            self.gaps.append(captured.Gap(self.count, rows, reason))
        for at in range(0, rows, _FILL_ROWS):
            self._write(np.repeat(self._last, min(_FILL_ROWS, rows - at), axis=0))

    def keep(self, lsb_per_g: float, known: captured.Captured, source: str) -> None:
        """Make the recording at `path` of what came up to now."""
        self._file.flush()
        os.fsync(self._file.fileno())
        # Mapped: numpy then writes it piece by piece.
        accel = np.memmap(self._part, "<i2", "r", shape=(self.count, 3))
        truth = tuple(captured.gap_line(gap, self.rate_hz) for gap in self.gaps)
        recording.save(
            self.path, recording.Recording(accel, self.rate_hz, lsb_per_g, truth, source, known)
        )

    def _write(self, frames: np.ndarray) -> None:
        self._file.write(np.asarray(frames, "<i2").tobytes())
        self.count += len(frames)
