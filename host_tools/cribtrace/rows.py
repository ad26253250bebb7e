"""Rows of a recording that go to the disk as they come, so that a night takes no memory."""

import contextlib
import json
import os
from pathlib import Path
from types import TracebackType

import numpy as np

from cribtrace import captured, recording
from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError

_FILL_ROWS = 4096  # chosen: 24 KB at a time
_REST = np.array([[0, 0, 0]], "<i2")


class Rows:
    """Frames beside `path`, in `path.frames.part`, and where some are missing; a context manager.

    `keep` makes the recording of them. Whatever else ends the block, the old `path` stays. What
    ends the program, a power cut, leaves what `settle` was called for, which `rescue` finds.
    """

    def __init__(self, path: Path, rate_hz: float, lsb_per_g: float, source: str) -> None:
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise CribtraceError(f"cannot write {path}: name a file in a folder that is there")
        self._part, self._about = _beside(path)
        if self._about.exists():
            raise CribtraceError(
                f"{self._about} is of a recording that was cut short:"
                f" `cribtrace hil record {path} --rescue` makes one of what is there,"
                " or remove that file"
            )
        self.path = path
        self.rate_hz = rate_hz
        self._lsb_per_g, self._source = lsb_per_g, source
        self.count = 0
        self.gaps: list[captured.Gap] = []
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
        _remove(self.path)

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

    def settle(self, known: captured.Captured) -> None:
        """Put what came up to now on the disk for good."""
        self._file.flush()
        os.fsync(self._file.fileno())
        about = {
            "rows": self.count, "rate_hz": self.rate_hz, "lsb_per_g": self._lsb_per_g,
            "gaps": self.gaps, "source": self._source, "captured": known.text(),
        }  # fmt: skip
        with replacing(self._about, "w") as file:
            json.dump(about, file)

    def keep(self, known: captured.Captured) -> None:
        """Make the recording at `path` of what came up to now."""
        self.settle(known)
        _made(self.path)

    def _write(self, frames: np.ndarray) -> None:
        self._file.write(np.asarray(frames, "<i2").tobytes())
        self.count += len(frames)


def rescue(path: Path) -> recording.Recording:
    """Make the recording at `path` of what a cut left of it, which is returned.

    Raises CribtraceError where that is nothing.
    """
    try:
        made = _made(path)
    except FileNotFoundError as error:
        raise CribtraceError(f"there is nothing left of {path}: record it anew") from error
    except (ValueError, KeyError, TypeError) as error:
        _, about = _beside(path)
        raise CribtraceError(f"{about} is damaged: remove it, and record anew") from error
    _remove(path)
    return made


def _beside(path: Path) -> tuple[Path, Path]:
    """What holds the frames, and what is known of them."""
    return path.with_name(path.name + ".frames.part"), path.with_name(path.name + ".about")


def _made(path: Path) -> recording.Recording:
    part, about = _beside(path)
    told = json.loads(about.read_text(encoding="utf-8"))
    # Mapped: numpy then writes it piece by piece.
    accel = np.memmap(part, "<i2", "r", shape=(told["rows"], 3))
    gaps = [captured.Gap(*gap) for gap in told["gaps"]]
    truth = tuple(captured.gap_line(gap, told["rate_hz"]) for gap in gaps)
    known = captured.parsed(path, told["captured"])
    made = recording.Recording(
        accel, told["rate_hz"], told["lsb_per_g"], truth, told["source"], known
    )
    recording.save(path, made)
    return made


def _remove(path: Path) -> None:
    for beside in _beside(path):
        with contextlib.suppress(OSError):
            beside.unlink()
