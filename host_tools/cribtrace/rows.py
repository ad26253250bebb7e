"""Rows of a recording that go to the disk as they come, so that a night takes no memory."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from cribtrace import captured, recording
from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError

_FILL_ROWS = 4096  # chosen: 24 KB at a time
_REST = np.array([[0, 0, 0]], "<i2")


class Rows:
    """Frames beside `path`, in `path.frames.part`, and where some are missing; a context manager.

    `keep` makes the recording of them. Whatever else ends the block, a full disk or a power cut,
    the old `path` stays, and what `settle` was called for, which `rescue` finds. Meanwhile nobody
    else may record or rescue it.
    """

    def __init__(
        self, path: Path, rate_hz: float, lsb_per_g: float, source: str,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:  # fmt: skip
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise CribtraceError(f"cannot write {path}: name a file in a folder that is there")
        self._part, self._about = _beside(path)
        self.path = path
        self.rate_hz = rate_hz
        self._lsb_per_g, self._source, self._say = lsb_per_g, source, say
        self.count = self._settled = 0
        self.gaps: list[captured.Gap] = []
        self._last = _REST
        try:
            self._file = _held(path, self._part.open("ab"))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CribtraceError(f"cannot write {path}: {why}: choose another place") from error
        if self._about.exists():
            self._file.close()
            raise CribtraceError(
                f"{self._about} is of a recording that was cut short:"
                f" {_rescued(path)}, or remove that file"
            )
        self._file.truncate(0)

    def __enter__(self) -> "Rows":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # of a full disk, again
            self._file.close()
        if self._settled:
            self._say(f"what came of {self.path} is kept beside it: {_rescued(self.path)}")
        else:
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
        self._settled = self.count

    def keep(self, known: captured.Captured) -> None:
        """Make the recording at `path` of what came up to now."""
        self.settle(known)
        _made(self.path)
        self._settled = 0

    def _write(self, frames: np.ndarray) -> None:
        self._file.write(np.asarray(frames, "<i2").tobytes())
        self.count += len(frames)


def rescue(path: Path) -> recording.Recording:
    """Make the recording at `path` of what a cut left of it, which is returned.

    Raises CribtraceError where that is nothing, and while it is being recorded.
    """
    part, about = _beside(path)
    try:
        with _held(path, part.open("rb")):
            made = _made(path)
    except FileNotFoundError as error:
        raise CribtraceError(f"there is nothing left of {path}: record it anew") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CribtraceError(f"{about} is damaged: remove it, and record anew") from error
    _remove(path)
    return made


def _held(path: Path, part: BinaryIO) -> BinaryIO:
    """The file of frames, nobody else's until it is closed; raises CribtraceError where it is.

    Windows has no such lock, nor have some file systems.
    """
    if os.name == "posix":
        import fcntl  # noqa: PLC0415 - not on Windows

        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            part.close()
            raise CribtraceError(
                f"{path} is being recorded by another program: end that, or name another file"
            ) from None
        except OSError:
            pass
    return part


def _rescued(path: Path) -> str:
    return f"`cribtrace hil record {path} --rescue` makes a recording of it"


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
