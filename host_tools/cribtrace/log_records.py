"""What the board does not need to know of its log: the names of fields and codes.

The bits are in `firmware/crib/records.py`; text that only a host reads would cost the board heap.
"""

import binascii
import functools
import struct
import zlib
from collections.abc import Collection

from cribtrace.device import records, segment_header

HEADER_KEYS = (
    "magic", "major", "minor", "bytes", "needs", "device", "boot", "segment", "first_seq",
    "stream", "rate_mhz", "mlsb_per_g", "recording_frames", "config_crc", "schema", "build",
    "full_scale_g", "sensor", "board", "firmware",
)  # fmt: skip
"""Fields of a segment header, in the order of segment_header.LAYOUT."""

TURNS = tuple(f"turns_{k}" for k in range(8))
"""Of a recorder record: how many turns of the loop took below 4.1, 8.2 ... 262 ms, and more."""

NAMES: dict[int, tuple[str, ...]] = {
    records.BOOT: ("cause", "boots"),
    records.ANCHOR: ("utc_s", "utc_ms", "uptime_ms", "boot", "within_ms", "source"),
    records.EVENT: (
        "kind", "rule", "vetoes", "axis", "tone", "share", "flatness", "jerks", "likeness",
        "period", "run", "start", "onset", "duration", "span", "closed", "peak", "gain",
        "largest", "energy", "tilt_x", "tilt_y", "tilt_z",
    ),
    records.SNIPPET: (
        "run", "first", "frames", "x", "y", "z", "passed_from", "passed_until", "base_x", "base_y",
        "base_z", "band_x", "band_y",
        "band_z", "slow_x", "slow_y", "slow_z", "sharp_x", "sharp_y", "sharp_z", "gain_x",
        "gain_y", "gain_z",
    ),
    records.EPOCH: (
        "frames", "seen", "peak", "miss", "miss_at", "missing", "gain_x", "gain_y", "gain_z",
    ),
    records.GAP: ("first", "frames", "duration_ms", "reason"),
    records.STATE: ("first", "frames", "state", "reason"),
    records.RECORDER: (
        "seen", "in_gaps", "records", "records_lost", "given_up", "room", "fact_bytes",
        "loop_max_us", "heap_used", "heap_free", "pause_max_us", "fifo_high", "late",
        "collections", "temperature", *TURNS,
    ),
    records.STOP: ("seen", "in_gaps", "records", "reason"),
    records.MARK: (),
    records.TEXT: (),
    records.CONFIG: (),
}  # fmt: skip
"""Of each type: its fields, in the order of records.LAYOUTS."""

TYPE_NAMES = {
    records.BOOT: "boot", records.ANCHOR: "anchor", records.EVENT: "event",
    records.SNIPPET: "snippet", records.EPOCH: "epoch", records.GAP: "gap",
    records.STATE: "state", records.RECORDER: "recorder", records.STOP: "stop",
    records.MARK: "mark", records.TEXT: "text", records.CONFIG: "config",
}  # fmt: skip

VETOES = (
    "cut", "joined", "clipping", "tilt", "strength", "shaken", "steps", "tone", "rocking",
)  # fmt: skip
"""Of an event's `vetoes`, lowest bit first."""
STATE_REASONS = ("warm-up", "after a gap", "settings changed", "value stood")
MISSES = ("stayed below the low threshold", "passed the low threshold, not the high one")
STATES = ("unusable",)
SOURCES = ("host", "clock_chip", "person")
"""Of an anchor; what none of them told is bracketed (see `anchors`)."""

_START = "<8sBBH"  # the first HEADER_KEYS, the same in every major version
_START_BYTES = struct.calcsize(_START)


_HALF = 1 << 31  # of the sequence numbers: from there on a number is behind, not ahead


def numbers_between(last: int, following: int) -> int:
    """How many sequence numbers lie between two; negative where the second is no later one."""
    count = following - last - 1 & records.UNKNOWN
    return count if count < _HALF else count - 2 * _HALF


_HEAD = struct.Struct(records.HEAD)
_WHOLE = {
    kind: struct.Struct(records.HEAD + records.LAYOUTS.get(kind, "").lstrip("<"))
    for kind in records.LAYOUTS
}
_KEYS = {kind: ("type", "version", "seq", "frame", *NAMES.get(kind, ())) for kind in _WHOLE}


def unpack(body: bytes, heads: Collection[int] = ()) -> dict | None:
    """A record (its CRC already checked) as a dict; `rest` is what follows the fixed part.

    Returns None for a record too short for its type. One of an unknown type has only the head; one
    of an unknown version of its type has `type` 0 and the true one as `number`. Of the types in
    `heads` no more than `type`, `seq` and `frame` is looked at.
    """
    if len(body) < records.HEAD_BYTES:
        return None
    kind, version, seq, frame = _HEAD.unpack_from(body)
    if kind not in _WHOLE or version != records.VERSIONS[kind]:
        record: dict = {"type": kind, "version": version, "seq": seq, "frame": frame}
        if kind in _WHOLE:
            record.update(type=0, number=kind)
        return {**record, "rest": body[records.HEAD_BYTES :]}
    layout = _WHOLE[kind]
    if len(body) < layout.size:
        return None
    if kind in heads:
        return {"type": kind, "seq": seq, "frame": frame}
    record = dict(zip(_KEYS[kind], layout.unpack_from(body), strict=True))
    record["rest"] = body[layout.size :]
    return _epoch(record) if kind == records.EPOCH else record


_GAIN_BITS = 12
_GAIN_MOST = (1 << _GAIN_BITS) - 1


def _epoch(record: dict) -> dict:
    """An epoch in the units of the other records: Q4, frame numbers, whole gains, codes."""
    first = record["frame"] - record["frames"] & records.UNKNOWN
    record["peak"] <<= 3
    record["miss_at"] += first
    x, y, z = record["gain_x"], record["gain_y"], record["gain_z"]
    record["gain_x"] = (x & _GAIN_MOST) << (x >> _GAIN_BITS)
    record["gain_y"] = (y & _GAIN_MOST) << (y >> _GAIN_BITS)
    record["gain_z"] = (z & _GAIN_MOST) << (z >> _GAIN_BITS)
    record["rest"] = levels(record["rest"])
    record["first"] = first
    return record


def levels(coded: bytes) -> bytes:
    """The codes of an epoch's seconds; undoes the firmware's `recorder.half_bytes`."""
    halves = binascii.hexlify(coded)
    if not halves:
        return b""
    above, at, found = _above(coded[0]), 2, bytearray()
    while (whole := halves.find(b"f", at)) >= 0:
        found += halves[at:whole].translate(above)
        found += (
            binascii.unhexlify(halves[whole + 1 : whole + 3]) if whole + 2 < len(halves) else b""
        )
        at = whole + 3
    return bytes(found + halves[at:].translate(above))


@functools.cache
def _above(base: int) -> bytes:
    """A table from half a byte as a hexadecimal digit to the code that much above `base`."""
    table = bytearray(256)
    for digit in range(15):
        table[ord(f"{digit:x}")] = base + digit & 0xFF
    return bytes(table)


def unpack_header(raw: bytes) -> dict | None:
    """The header at the start of `raw`, by HEADER_KEYS, or None where magic or CRC is not right.

    Of another major version only `magic`, `major`, `minor` and `bytes` are known; a later minor
    version may have appended fields, which `bytes` tells to pass over.
    """
    if len(raw) < _START_BYTES or raw[: len(segment_header.MAGIC)] != segment_header.MAGIC:
        return None
    start = dict(zip(HEADER_KEYS, struct.unpack_from(_START, raw), strict=False))
    known = start["major"] == segment_header.FORMAT_MAJOR
    size = int(start["bytes"]) - 4
    if not (segment_header.BYTES - 4 if known else _START_BYTES) <= size <= len(raw) - 4:
        return None
    if zlib.crc32(raw[:size]) != struct.unpack_from("<I", raw, size)[0]:
        return None
    if not known:
        return start
    return dict(zip(HEADER_KEYS, struct.unpack_from(segment_header.LAYOUT, raw), strict=True))


def find_header(raw: bytes) -> tuple[int, dict | None]:
    """Where in `raw` the first header with a good CRC begins, and that as `unpack_header`."""
    at = raw.find(segment_header.MAGIC)
    while at >= 0:
        header = unpack_header(raw[at : at + 0xFFFF])
        if header:
            return at, header
        at = raw.find(segment_header.MAGIC, at + 1)
    return 0, None


def pack_header(facts: dict) -> bytes:
    """The bytes of a segment header as the board writes them; `facts` maps HEADER_KEYS."""
    of_segment = "segment", "first_seq", "stream"
    for_boot = tuple(facts[key] for key in HEADER_KEYS[5:] if key not in of_segment)
    return segment_header.pack(for_boot, *(facts[key] for key in of_segment))
