"""Bring the log of a board into a folder, so that nothing is lost wherever it is interrupted.

A segment is received into `NNNNNNNN.crib.part`, written through to the disk, checked, renamed.
What the disk holds is acknowledged last: the line need not wait for the board's flash meanwhile.
Run it again after any interruption: it goes on where it was.
"""

import contextlib
import errno
import io
import os
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cribtrace import exchange, given_up, log_records, logfile
from cribtrace.client import Client, Segment
from cribtrace.conversation import Refused
from cribtrace.device import segment_header
from cribtrace.errors import CribtraceError, Usage
from cribtrace.window import NO_SEGMENT, Stretch

SUFFIX = ".crib"
_PART = ".part"
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)

Progress = Callable[[int, int], None]  # bytes in the folder so far, bytes in all


@dataclass
class Pulled:
    """What a pull did: `segments` on the board, `new_segments` and `bytes` fetched just now.

    `seconds` are those from its first request to its last fsync.
    """

    segments: int = 0
    new_segments: int = 0
    bytes: int = 0
    wire_bytes: int = 0
    seconds: float = 0.0
    device: str = ""
    damaged: list[int] = field(default_factory=list)  # segments that are so on the board
    # Segments that the board gave up for room before they were here, by stream.
    given_up: dict[str, int] = field(default_factory=dict)

    def add(self, later: "Pulled") -> None:
        """Count a second pull into the same folder with this one."""
        self.segments = later.segments
        self.new_segments += later.new_segments
        self.bytes += later.bytes
        self.wire_bytes += later.wire_bytes
        self.damaged = sorted({*self.damaged, *later.damaged})
        self.given_up = dict(Counter(self.given_up) + Counter(later.given_up))


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

    def forget(self, size_bytes: int, missing: int) -> None:
        """A segment of which so many bytes were still missing is not wanted any more."""
        self.total -= size_bytes
        self.add(missing - size_bytes)


def pull(
    client: Client, folder: Path, *, keep: bool = False, progress: Progress | None = None
) -> Pulled:
    """Fetch every closed segment that `folder` does not hold, then acknowledge it.

    The board's open segment is closed first. With `keep`, nothing is acknowledged, so the board
    frees nothing. Segments that come with a wrong CRC twice, or damaged where a whole copy is
    here, are named in the result, not kept and not acknowledged. Raises Usage for a folder that
    holds another log, NoDevice when the line fails; what is in the folder stays good.
    """
    started_s = time.monotonic()
    hello = client.hello()
    device = hello["device"]
    with _disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _check_owner(folder, device)
        anchored = _anchor(client, hello)
        before = client.stats.bytes_in  # to tell the time is no part of bringing the log
        client.flush()
        segments = client.list()
        new = [s for s in segments if not _have(folder, s)]
        pulled = Pulled(segments=len(segments), device=device)
        tally = _Tally(sum(s.size_bytes for s in segments), progress)
        tally.add(tally.total - sum(s.size_bytes for s in new))
        gone: list[Segment] = []
        pulled.damaged = _fetch(client, folder, new, tally, gone)
        pulled.seconds = time.monotonic() - started_s
        if not keep:
            _acknowledge(client, [s for s in segments if s not in gone], pulled.damaged)
        pulled.given_up = given_up.by_stream(gone)
        if not (anchored or keep):
            _anchor(client, hello)  # a log that was full has room now
    fetched = [s for s in new if s.number not in pulled.damaged and s not in gone]
    pulled.new_segments = len(fetched)
    pulled.bytes = sum(s.size_bytes for s in fetched)
    pulled.wire_bytes = client.stats.bytes_in - before
    return pulled


def _anchor(client: Client, hello: Mapping[str, str]) -> bool:
    """Whether the log has taken an anchor: not after its end, nor where it is full."""
    try:
        exchange.anchor(client, hello)
    except Refused:
        return False
    return True


def _acknowledge(client: Client, held: Sequence[Segment], damaged: Sequence[int]) -> None:
    """Tell the board what is here, up to the first segment that is damaged there."""
    for segment in held:
        if segment.number in damaged:
            return  # to acknowledge a segment frees those before it too
        if segment.acked:
            continue
        try:
            client.ack(segment.number, segment.crc)
        except Refused as refused:
            if refused.name != NO_SEGMENT:  # given up since it was read: it is here
                raise


def segment_files(folder: Path) -> list[Path]:
    """Return the whole segments in a folder, in order of their numbers."""
    return sorted(p for p in folder.iterdir() if re.fullmatch(r"\d{8}" + SUFFIX, p.name))


def _path(folder: Path, segment: Segment) -> Path:
    return folder / f"{segment.number:08d}{SUFFIX}"


def _part(folder: Path, segment: Segment) -> Path:
    return folder / f"{segment.number:08d}{SUFFIX}{_PART}"


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
        return log_records.unpack_header(f.read(segment_header.BYTES))


def _have(folder: Path, segment: Segment) -> bool:
    path = _path(folder, segment)
    if not path.exists():
        return False
    content = path.read_bytes()
    if len(content) == segment.size_bytes and zlib.crc32(content) == segment.crc:
        return True
    header = _header(path)
    if header and segment.boot and header["boot"] != segment.boot:  # 0: it cannot tell
        raise Usage(
            f"{folder} holds an older log of this board (its segment {segment.number} is of boot"
            f" {header['boot']}, the board's of boot {segment.boot}): choose another folder"
        )
    return False


def _fetch(
    client: Client,
    folder: Path,
    new: Sequence[Segment],
    tally: _Tally,
    gone: list[Segment],
) -> list[int]:
    """Receive segments under their final names; returns those that are damaged even so.

    Those that the board has given up go into `gone`.
    """
    for _ in range(2):  # what an earlier run left may be stale: then once more from the start
        received = _receive(client, folder, new, tally, gone)
        new = [s for s in received if not _complete(folder, s, tally)]
    return [segment.number for segment in new]


def _receive(
    client: Client,
    folder: Path,
    new: Sequence[Segment],
    tally: _Tally,
    gone: list[Segment],
) -> Iterator[Segment]:
    """Yield each segment once its part is on the disk; the next ones are under way by then."""
    stretches = [Stretch(s.number, _here(folder, s), s.size_bytes) for s in new]
    stretches = [s._replace(length=s.length - s.offset) for s in stretches]
    tally.add(sum(stretch.offset for stretch in stretches))
    pieces = client.read_all(stretches, skip_gone=True)
    for segment, stretch in zip(new, stretches, strict=True):
        part = _part(folder, segment)
        missing = stretch.length
        with part.open("ab", buffering=0) as f:
            while missing and (piece := next(pieces)[1]):
                _write_all(f, piece)
                missing -= len(piece)
                tally.add(len(piece))
            os.fsync(f.fileno())
        if missing:
            gone.append(segment)
            part.unlink()
            tally.forget(segment.size_bytes, missing)
        else:
            yield segment


def _here(folder: Path, segment: Segment) -> int:
    """How many bytes of a segment an earlier run has left; what is too long is emptied."""
    part = _part(folder, segment)
    size = part.stat().st_size if part.exists() else 0
    if size > segment.size_bytes:
        os.truncate(part, 0)
        return 0
    return size


def _complete(folder: Path, segment: Segment, tally: _Tally) -> bool:
    """Give a part its final name; False, and it is gone, where it is damaged."""
    part = _part(folder, segment)
    content = part.read_bytes()
    if zlib.crc32(content) != segment.crc or _rotten(content, _path(folder, segment)):
        part.unlink()
        tally.add(-segment.size_bytes)
        return False
    os.replace(part, _path(folder, segment))
    _sync_folder(folder)
    return True


def _rotten(content: bytes, path: Path) -> bool:
    """Whether it is damaged and the copy here is whole: the board's CRC is of the damage then."""
    if not path.exists() or logfile.read_segment(path).verdict != logfile.COMPLETE:
        return False
    return logfile.parse(content, path.name).verdict != logfile.COMPLETE


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
