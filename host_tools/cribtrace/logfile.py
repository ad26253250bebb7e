"""Reads pulled segments, whatever has happened to them: keeps what is good, says what is not."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cribtrace import log_records
from cribtrace.device import framing, records
from cribtrace.errors import CribtraceError, Damaged

COMPLETE, TRUNCATED, DAMAGED, FOREIGN = "complete", "truncated", "damaged", "foreign"
SUFFIX = ".crib"


@dataclass
class Segment:
    """One segment: its header (None where unreadable), its good records, and what is wrong."""

    name: str
    verdict: str = COMPLETE
    header: dict | None = None
    records: list[dict] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def fault(self, verdict: str, at: int, what: str) -> None:
        """Note a fault at a byte; damage outweighs truncation."""
        if self.verdict != DAMAGED:
            self.verdict = verdict
        self.faults.append(f"{self.name}: {what} at byte {at}")


def parse(content: bytes, name: str) -> Segment:
    """Decode a segment's bytes. Never raises: `verdict` and `faults` say what was found."""
    segment = Segment(name)
    header = log_records.unpack_header(content)
    if header is None:
        return _headless(segment, content)
    if header["major"] != records.FORMAT_MAJOR:
        segment.fault(
            FOREIGN, 8, f"log format {header['major']}, which this cribtrace cannot read"
        )
        return segment
    segment.header = header
    _body(segment, content, int(header["bytes"]))
    return segment


def _headless(segment: Segment, content: bytes) -> Segment:
    start = content[: len(records.MAGIC)]
    if not records.MAGIC.startswith(start):
        segment.fault(FOREIGN, 0, "not a Cribtrace segment")
    elif len(content) < records.HEADER_BYTES:
        segment.fault(TRUNCATED, len(content), "ends within the header")
    else:
        segment.fault(DAMAGED, 0, "header fails its CRC, so the records have no units")
        _body(segment, content, records.HEADER_BYTES)
    return segment


def _body(segment: Segment, content: bytes, at: int) -> None:
    seq = segment.header["first_seq"] if segment.header else None
    while at < len(content):
        zero = content.find(b"\0", at)
        if zero < 0:
            segment.fault(TRUNCATED, at, "ends within a record")
            return
        body = framing.decode(content[at:zero])
        record = log_records.unpack(body) if body else None
        if record is None:
            segment.fault(DAMAGED, at, "a record fails its CRC")
        else:
            if seq is not None and record["seq"] != seq and not segment.faults:
                segment.fault(DAMAGED, at, f"{record['seq'] - seq} records are missing")
            seq = record["seq"] + 1
            segment.records.append(record)
        at = zero + 1


def read_segment(path: Path) -> Segment:
    """Read one segment file. Raises CribtraceError where the file cannot be read at all."""
    try:
        return parse(path.read_bytes(), path.name)
    except FileNotFoundError:
        raise CribtraceError(f"{path}: no such file; `cribtrace pull` makes a log") from None
    except OSError as error:
        raise CribtraceError(f"{path}: cannot be read ({error.strerror})") from None


def frames_of(snippet: dict) -> np.ndarray:
    """Frames of a snippet record, int32[n, 3] in offset binary: undoes `kernels.code_frames`.

    Zig-zag differences, 7 bits a byte, low bits first.
    """
    deltas, value, shift = [], 0, 0
    for byte in snippet["rest"]:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            deltas.append(-(value + 1 >> 1) if value & 1 else value >> 1)
            value = shift = 0
    count = len(deltas) // 3
    raw = np.empty((count + 1, 3), dtype=np.int32)
    raw[0] = snippet["x"], snippet["y"], snippet["z"]
    raw[1:] = np.asarray(deltas[: 3 * count], dtype=np.int32).reshape(count, 3)
    return raw.cumsum(axis=0)


def segment_paths(source: Path) -> list[Path]:
    """The segment files of a log folder in their order, or the one file named.

    A folder that has none but in its `log`, as the demo's, stands for that. Raises
    CribtraceError for a folder without any.
    """
    if not source.is_dir():
        return [source]
    paths = sorted(_folder(source).glob("*" + SUFFIX))
    if not paths:
        raise CribtraceError(f"{source}: no segments (*{SUFFIX}) in it; pull a log into it first")
    return paths


def _folder(source: Path) -> Path:
    inner = source / "log"
    return inner if not any(source.glob("*" + SUFFIX)) and inner.is_dir() else source


def read(source: Path) -> list[Segment]:
    """All segments of a log folder or a single file.

    Raises CribtraceError where none is a Cribtrace segment with a readable header, and where the
    folder mixes the logs of two boards.
    """
    segments = [read_segment(path) for path in segment_paths(source)]
    headers = [s.header for s in segments if s.header]
    if not headers:
        fault = segments[0].faults[0]
        error = Damaged if segments[0].verdict == DAMAGED else CribtraceError
        raise error(f"{fault}; nothing in {source} can be read as a log")
    devices = sorted({header["device"].hex() for header in headers})
    if len(devices) > 1:
        raise CribtraceError(
            f"{source} holds the logs of boards {' and '.join(devices)}: give each its own folder"
        )
    return segments


def unfinished(source: Path) -> list[str]:
    """A fault for each segment that a pull has begun and not finished."""
    parts = sorted(_folder(source).glob(f"*{SUFFIX}.part")) if source.is_dir() else []
    return [f"{part.name}: not wholly pulled; run the pull again" for part in parts]
