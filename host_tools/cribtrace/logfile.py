"""Reads pulled segments, whatever has happened to them: keeps what is good, says what is not."""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from cribtrace import log_records, not_a_log, packets
from cribtrace.device import records, segment_header
from cribtrace.errors import CribtraceError, Damaged

COMPLETE, TRUNCATED, DAMAGED, FOREIGN = "complete", "truncated", "damaged", "foreign"
SUFFIX = ".crib"
STREAMS = records.FACTS, records.WAVEFORMS
_MOST = frozenset((records.EVENT, records.EPOCH, records.SNIPPET))  # of what a log holds
PIECE_MOST = 2048  # docs/SPEC-log-format.md: how far before a zero byte a record is looked for


@dataclass
class Segment:
    """One segment: its header (None where unreadable), its good records, and what is wrong."""

    name: str
    verdict: str = COMPLETE
    header: dict | None = None
    records: list[dict] = field(default_factory=list)
    size_bytes: int = 0
    located: list[tuple[int, str]] = field(default_factory=list)  # what is wrong, at which byte

    @property
    def faults(self) -> list[str]:
        """What is wrong with it, in words that name the file and the byte."""
        return [f"{self.name}: {what} at byte {at}" for at, what in self.located]

    def fault(self, verdict: str, at: int, what: str) -> None:
        """Note a fault at a byte; damage outweighs truncation."""
        if self.verdict != DAMAGED:
            self.verdict = verdict
        self.located.append((at, what))


def parse(content: bytes, name: str, heads: Collection[int] = ()) -> Segment:
    """Decode a segment's bytes. Never raises: `verdict` and `faults` say what was found.

    Of records of the types in `heads` no more is kept than `type`, `seq` and `frame`.
    """
    segment = Segment(name, size_bytes=len(content))
    start, header = log_records.find_header(content)
    if header is None:
        _headless(segment, content, heads)
    elif header["major"] != segment_header.FORMAT_MAJOR:
        segment.fault(
            FOREIGN, 8, f"log format {header['major']}, which this cribtrace cannot read"
        )
    elif unknown := header["needs"] & ~segment_header.NEEDS:
        segment.fault(FOREIGN, 12, f"needs what this cribtrace does not know ({unknown:#x})")
    elif header["stream"] not in STREAMS:
        segment.fault(
            FOREIGN, 36, f"of stream {header['stream']}, which this cribtrace cannot read"
        )
    else:
        if start:
            segment.fault(DAMAGED, 0, f"{start} bytes before the header")
        segment.header = header
        _body(segment, content, start + int(header["bytes"]), header["first_seq"], heads)
    return segment


def _headless(segment: Segment, content: bytes, heads: Collection[int]) -> None:
    """What whole records there are: the header may have ended anywhere, and is none of them."""
    found = Segment(segment.name)
    _body(found, content, 0, None, heads)
    magic = content[: len(segment_header.MAGIC)]
    begins = bool(content) and segment_header.MAGIC.startswith(magic)
    if begins and len(content) < segment_header.BYTES and not found.records:
        segment.fault(TRUNCATED, len(content), "ends within the header")
    elif begins:
        segment.fault(DAMAGED, 0, "header fails its CRC")
    elif found.records:
        segment.fault(DAMAGED, 0, "no header")
    else:
        segment.fault(FOREIGN, 0, "not a Cribtrace segment")
        return
    segment.records = found.records
    segment.located += [fault for fault in found.located if fault[0] >= segment_header.BYTES]


def _body(
    segment: Segment, content: bytes, at: int, seq: int | None, heads: Collection[int]
) -> None:
    while at < len(content):
        zero = content.find(b"\0", at)
        if zero < 0:
            segment.fault(TRUNCATED, at, "ends within a record")
            return
        piece = content[at:zero]
        record = _record(piece, heads)
        if record is None:
            segment.fault(DAMAGED, at, "a record fails its CRC")
            record = _record_at_the_end(piece, heads)
        if record is not None:
            if seq is not None and record["seq"] != seq and not segment.located:
                missing = record["seq"] - seq & records.UNKNOWN
                segment.fault(DAMAGED, at, f"{missing} records are missing")
            seq = record["seq"] + 1 & records.UNKNOWN
            segment.records.append(record)
        at = zero + 1


def _record(piece: bytes, heads: Collection[int]) -> dict | None:
    body = packets.body(piece)
    return log_records.unpack(body, heads) if body else None


def _record_at_the_end(piece: bytes, heads: Collection[int]) -> dict | None:
    """The whole record that a damaged piece ends with: its predecessor's zero byte was hit.

    Looks for it only where COBS leads from block to block to the end, at a type and version that
    are known: any bytes take a bounded time.
    """
    end = len(piece)
    leads_to_end = bytearray(end) + b"\1"
    for at in range(end - 1, max(0, end - PIECE_MOST) - 1, -1):
        follows = at + piece[at]
        leads_to_end[at] = follows <= end and leads_to_end[follows]
    for at in range(max(0, end - PIECE_MOST), end - records.HEAD_BYTES):
        known = piece[at + 1] in records.LAYOUTS and piece[at] > 2
        if leads_to_end[at] and known and piece[at + 2] == records.VERSIONS[piece[at + 1]]:
            record = _record(piece[at:], heads)
            if record is not None:
                return record
    return None


def read_segment(path: Path, heads: Collection[int] = ()) -> Segment:
    """Read one segment file, as `parse`. Raises CribtraceError where it cannot be read at all."""
    try:
        return parse(path.read_bytes(), path.name, heads)
    except FileNotFoundError:
        raise CribtraceError(f"{path}: no such file; `cribtrace pull` makes a log") from None
    except OSError as error:
        raise CribtraceError(f"{path}: cannot be read ({error.strerror})") from None


def frames_of(snippet: dict) -> np.ndarray:
    """Frames of a snippet record, int32[n, 3] in offset binary: undoes `kernels.code_frames`.

    Zig-zag differences, 7 bits a byte, low bits first. Ends before one that no two samples have.
    """
    deltas, value, shift = [], 0, 0
    for byte in snippet["rest"]:
        value |= (byte & 127) << shift
        shift += 7
        if value > 2 * 0xFFFF:
            break
        if byte < 128:
            deltas.append(-(value + 1 >> 1) if value & 1 else value >> 1)
            value = shift = 0
    count = len(deltas) // 3
    raw = np.empty((count + 1, 3), dtype=np.int32)
    raw[0] = snippet["x"], snippet["y"], snippet["z"]
    raw[1:] = np.asarray(deltas[: 3 * count], dtype=np.int32).reshape(count, 3)
    return raw.cumsum(axis=0)


def waveform_mg(snippet: dict, header: dict) -> np.ndarray:
    """The frames of a snippet record: float32[n, 3] in mg, gravity included."""
    lsb = frames_of(snippet) - 0x8000
    return (lsb * (1e6 / header["mlsb_per_g"])).astype(np.float32)


def records_of(segments: list[Segment], stream: int) -> list[dict]:
    """The records of one stream, in order of their numbers."""
    of_stream = [s for s in segments if _stream_of(s) == stream]
    return [record for segment in of_stream for record in segment.records]


def _stream_of(segment: Segment) -> int:
    """By its header; where that is lost, by its records."""
    if segment.header:
        return segment.header["stream"]
    coded = [record for record in segment.records if record["type"] == records.SNIPPET]
    return records.WAVEFORMS if coded else records.FACTS


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


def read(
    source: Path, names: Collection[str] | None = None, *, outline: bool = False
) -> list[Segment]:
    """All segments of a log folder or a single file, but the empty ones of a folder.

    Those of `names`, if given. `outline`: of events, epochs and waveforms, the most of a log, only
    the heads are kept.

    One without a readable header has its neighbour's, where that is of the same boot. Raises
    CribtraceError where none is a Cribtrace segment with a readable header (Damaged where one
    was), and where the folder mixes the logs of two boards.
    """
    paths = [p for p in segment_paths(source) if names is None or p.name in names]
    segments = [read_segment(path, _MOST if outline else ()) for path in paths]
    # A power cut before the first commit leaves an empty file: nothing of it is missing.
    segments = [s for s in segments if s.size_bytes] or segments[:1]
    _lend_headers(segments)
    headers = [s.header for s in segments if s.header]
    if not headers:
        worst = next((s for s in segments if s.verdict != FOREIGN), segments[0])
        if worst.verdict == FOREIGN and source.is_file() and (what := not_a_log.told(source)):
            raise CribtraceError(what)
        error = CribtraceError if worst.verdict == FOREIGN else Damaged
        whole = sum(len(s.records) for s in segments)
        without = f"{whole} whole records without units" if whole else "nothing"
        raise error(f"{worst.faults[0]}; {without} in {source}, so it cannot be read as a log")
    if not any(s.header and s.records for s in segments):
        raise Damaged(f"{source}: a header and no record: pull the log again into another folder")
    devices = sorted({header["device"].hex() for header in headers})
    if len(devices) > 1:
        raise CribtraceError(
            f"{source} holds the logs of boards {' and '.join(devices)}: give each its own folder"
        )
    return segments


def _lend_headers(segments: list[Segment]) -> None:
    """Records whose numbers go on where a neighbour's end, surely of its boot, have its units."""
    streams = [[s for s in segments if _stream_of(s) == stream] for stream in STREAMS]
    for row in [either for stream in streams for either in (stream, stream[::-1])]:
        for known, lost in pairwise(row):
            if not known.header or lost.header or not lost.records or not known.records:
                continue
            earlier, later = sorted((known, lost), key=segments.index)
            follows = earlier.records[-1]["seq"] + 1 & records.UNKNOWN == later.records[0]["seq"]
            if follows and _of_one_boot(later, known.header, segments.index(lost), segments):
                lost.header = {**known.header, "first_seq": lost.records[0]["seq"]}
    for lost in segments:
        if lost.records and not lost.header:
            lost.fault(DAMAGED, 0, f"{len(lost.records)} whole records have no units")


def _of_one_boot(later: Segment, header: dict, at: int, segments: list[Segment]) -> bool:
    """Whether segment `at`, which has lost its header, is of that boot: facts alone tell of boots.

    `later` is the second of the two that follow each other.
    """
    if header["stream"] == records.FACTS:
        return later.records[0]["type"] != records.BOOT
    before = [k for k in range(at) if _stream_of(segments[k]) == records.FACTS]
    behind = [s for s in segments[at:] if _stream_of(s) == records.FACTS]
    told = [segments[before[-1]], *behind[:1]] if before else []
    if not told or any(not s.header or s.header["boot"] != header["boot"] for s in told):
        return False
    # Where no facts follow, those of a later boot may have stood in a segment that is not here.
    numbers = [s.name[:8] for s in segments[before[-1] : at + 1]]
    in_a_row = all(map(str.isdecimal, numbers)) and all(
        int(b) == int(a) + 1 for a, b in pairwise(numbers)
    )
    return bool(behind) or in_a_row


def unfinished(source: Path) -> list[str]:
    """A fault for each segment that a pull has begun and not finished."""
    parts = sorted(_folder(source).glob(f"*{SUFFIX}.part")) if source.is_dir() else []
    return [f"{part.name}: not wholly pulled; run the pull again" for part in parts]
