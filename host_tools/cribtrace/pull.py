"""Bring the log of a board into a folder, so that nothing is lost wherever it is interrupted.

A segment is received into `NNNNNNNN.crib.part`, checked, written through to the disk, renamed,
and only then acknowledged. Run it again after any interruption: it goes on where it was.
"""

import contextlib
import errno
import io
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cribtrace import exchange, log_records
from cribtrace.client import Client, Segment
from cribtrace.device import records
from cribtrace.errors import CribtraceError, Usage

SUFFIX = ".crib"
_PART = ".part"
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)

Progress = Callable[[int, int], None]  # bytes in the folder so far, bytes in all


@dataclass
class Pulled:
    """What a pull did: `segments` on the board, `new_segments` and `bytes` fetched just now."""

    segments: int = 0
    new_segments: int = 0
    bytes: int = 0
    wire_bytes: int = 0
    device: str = ""
    damaged: list[int] = field(default_factory=list)  # segments whose CRC is wrong on the board

    def add(self, later: "Pulled") -> None:
        """Count a second pull into the same folder with this one."""
        self.segments = later.segments
        self.new_segments += later.new_segments
        self.bytes += later.bytes
        self.wire_bytes += later.wire_bytes
        self.damaged = sorted({*self.damaged, *later.damaged})


class _Tally:
    """How many of the bytes wanted are here."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self._here = 0
        self._progress = progress

    def add(self, count: int) -> None:
        self._here += count
        if self._progress:
            self._progress(self._here, self.total)


def pull(
    client: Client, folder: Path, *, keep: bool = False, progress: Progress | None = None
) -> Pulled:
    """Fetch every closed segment that `folder` does not hold, then acknowledge it.

    The board's open segment is closed first. With `keep`, nothing is acknowledged, so the board
    frees nothing. Segments that come with a wrong CRC twice are named in the result, not kept and
    not acknowledged. Raises Usage for a folder that holds another log, NoDevice when the line
    fails; what is in the folder stays good.
    """
    hello = client.hello()
    device = hello["device"]
    before = client.stats.bytes_in
    with _disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _check_owner(folder, device)
        exchange.anchor(client, hello)
        client.flush()
        segments = client.list()
        new = [s for s in segments if not _have(folder, s)]
        pulled = Pulled(segments=len(segments), device=device)
        tally = _Tally(sum(s.size_bytes for s in segments), progress)
        tally.add(tally.total - sum(s.size_bytes for s in new))
        for segment in segments:
            if segment in new and _fetch(client, folder, segment, tally):
                pulled.new_segments += 1
                pulled.bytes += segment.size_bytes
            elif segment in new:
                pulled.damaged.append(segment.number)
            # To acknowledge a segment frees those before it too.
            if not (keep or segment.acked or pulled.damaged):
                client.ack(segment.number, segment.crc)
    pulled.wire_bytes = client.stats.bytes_in - before
    return pulled


def segment_files(folder: Path) -> list[Path]:
    """Return the whole segments in a folder, in order of their numbers."""
    return sorted(p for p in folder.iterdir() if re.fullmatch(r"\d{8}" + SUFFIX, p.name))


def _path(folder: Path, segment: Segment) -> Path:
    return folder / f"{segment.number:08d}{SUFFIX}"


def _check_owner(folder: Path, device: str) -> None:
    for path in segment_files(folder):
        header = _header(path)
        theirs = header["device"].hex() if header else device
        if theirs != device:
            raise Usage(
                f"{folder} holds the log of board {theirs}, this is board {device}:"
                " give each board a folder of its own"
            )


def _header(path: Path) -> dict | None:
    with path.open("rb") as f:
        return log_records.unpack_header(f.read(records.HEADER_BYTES))


def _have(folder: Path, segment: Segment) -> bool:
    path = _path(folder, segment)
    if not path.exists():
        return False
    content = path.read_bytes()
    if len(content) == segment.size_bytes and zlib.crc32(content) == segment.crc:
        return True
    header = _header(path)
    if header and header["boot"] != segment.boot:
        raise Usage(
            f"{folder} holds an older log of this board (its segment {segment.number} is of boot"
            f" {header['boot']}, the board's of boot {segment.boot}): choose another folder"
        )
    return False


def _fetch(client: Client, folder: Path, segment: Segment, tally: _Tally) -> bool:
    """Receive one segment under its final name; False if its CRC is wrong even so."""
    path = _path(folder, segment)
    part = path.with_name(path.name + _PART)
    for _ in range(2):  # what an earlier run left may be stale: then once more from the start
        _receive(client, part, segment, tally)
        if zlib.crc32(part.read_bytes()) == segment.crc:
            os.replace(part, path)
            _sync_folder(folder)
            return True
        part.unlink()
        tally.add(-segment.size_bytes)
    return False


def _receive(client: Client, part: Path, segment: Segment, tally: _Tally) -> None:
    with part.open("ab", buffering=0) as f:
        if f.tell() > segment.size_bytes:
            f.truncate(0)
        here = f.seek(0, os.SEEK_END)
        tally.add(here)
        for piece in client.read(segment.number, here, segment.size_bytes - here):
            _write_all(f, piece)
            tally.add(len(piece))
        os.fsync(f.fileno())


def _write_all(f: io.FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[f.write(rest) :]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened, and the rename is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Turn what the disk says into one line that names the cause."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise CribtraceError(
                f"the disk of {folder} is full: free some space and run it again;"
                " the board still holds what is missing"
            ) from error
        if isinstance(error, (NotADirectoryError, FileExistsError)):
            raise Usage(f"{folder} is not a folder: choose another one") from error
        raise CribtraceError(f"cannot write to {folder}: {error.strerror or error}") from error
