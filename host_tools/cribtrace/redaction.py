"""A segment without what names a board, a person or a machine: written anew, with right CRCs.

What is written is what could be decoded. Bytes that could not be are replaced by as many that
cannot be either, so that the fault stays and nothing in it is handed on. docs/EXPORTS.md, Bundle.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cribtrace import log_records, logfile, sensors, tree
from cribtrace.device import framing, records, segment_header
from cribtrace.errors import CribtraceError

DEVICE = b"redacted"
"""In the place of the board's number, which has as many bytes."""
OTHER = b"other"
GONE = b"what=redacted"
"""The text record in a mark's place, so that the numbers of records still go on without a hole."""
_FILLER = b"\xff"  # is no COBS, and begins no record
_UTC_S = records.HEAD_BYTES  # where an anchor's fixed part begins with its seconds
_SEQ = 2  # where a record's sequence number stands
_SETTINGS = re.compile(rb"schema=\d+(?: \w+=-?\d+)*")
_VERSION = re.compile(rb"[0-9A-Za-z.+-]{1,16}")
_WITH_REST = (records.SNIPPET, records.EPOCH)
# Of a text by the firmware: paths, addresses, long hexadecimal numbers, ports.
_TELLING = re.compile(
    r"[^\s='\"(]*[/\\@][^\s'\")]*|[0-9A-Fa-f]{12,}|(?:[0-9A-Fa-f]{2}[:-]){3,}[0-9A-Fa-f]{2}"
    r"|\b(?:COM\d+|tty\w+|cu\.\S+|usb(?:serial|modem)\S*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Redaction:
    """What goes and what stays: marks stay with `marks`; `shift_s` moves clock times.

    `frames` has, by sequence number, the frame at which a mark's place is put: its own would tell
    when there was one.
    """

    marks: bool = False
    shift_s: int = 0
    frames: Mapping[int, int] = field(default_factory=dict)


def redacted(content: bytes, how: Redaction) -> bytes | None:
    """A segment's bytes, redacted; None for one that no redaction can be vouched for.

    That is a segment of another format, whose fields are not known. Raises CribtraceError where
    what comes out would not decode to the same records.
    """
    before = logfile.parse(content, "")
    if before.verdict == logfile.FOREIGN:
        return None
    if not how.marks:
        how = replace(how, frames=_places(before.records))
    start, header = log_records.find_header(content)
    out = bytearray()
    if header is None:
        known = content.startswith(segment_header.MAGIC)
        out += segment_header.MAGIC if known else b""
        body = content[len(out) :]
    else:
        out += _FILLER * start + log_records.pack_header(_header(header))
        body = content[start + int(header["bytes"]) :]
    pieces = body.split(b"\0")
    torn = pieces.pop()
    for piece in pieces:
        out += _piece(piece, how) + b"\0"
    out += _FILLER * len(torn)
    _compare(before, logfile.parse(bytes(out), ""), how)
    return bytes(out)


def _places(found: list[dict]) -> dict[int, int]:
    """For each mark the frame of the record before it, of a first one of that behind it."""
    others = [record["frame"] for record in found if record["type"] != records.MARK]
    at = others[0] if others else 0
    places = {}
    for record in found:
        if record["type"] == records.MARK:
            places[record["seq"]] = at
        else:
            at = record["frame"]
    return places


def _header(header: dict) -> dict:
    """Names that are known stay; another may be somebody's own."""
    text = {key: header[key].rstrip(b"\0") for key in ("sensor", "board", "firmware")}
    chips = {b"injected", *(chip.name.encode() for chip in sensors.SENSORS.values())}
    boards = {path.name.encode() for path in tree.BOARDS.iterdir()}
    firmware = text["firmware"] if _VERSION.fullmatch(text["firmware"]) else OTHER
    return {
        **header,
        "device": DEVICE,
        "sensor": text["sensor"] if text["sensor"] in chips else OTHER,
        "board": text["board"] if text["board"] in boards else OTHER,
        "firmware": firmware,
    }


def _piece(piece: bytes, how: Redaction) -> bytes:
    """A coded record, redacted; of a damaged piece the whole record it may end with."""
    if not piece:
        return b""
    body = _body(piece)
    if body is not None:
        return _coded(_record(body, how))
    for at in range(max(1, len(piece) - logfile.PIECE_MOST), len(piece) - records.HEAD_BYTES):
        if piece[at] > 2 and _known(piece[at + 1], piece[at + 2]):
            body = _body(piece[at:])
            if body is not None:
                return _FILLER * at + _coded(_record(body, how))
    return _FILLER * len(piece)


def _known(kind: int, version: int) -> bool:
    return kind in records.LAYOUTS and records.VERSIONS[kind] == version


def _body(piece: bytes) -> bytes | None:
    body = framing.decode(piece)
    return bytes(body) if body and log_records.unpack(bytes(body)) else None


def _coded(body: bytes) -> bytes:
    coded = bytearray()
    room = bytearray(framing.PIECE_BYTES)
    framing.encode(bytearray(body) + bytes(4), len(body), room, coded.extend)
    return bytes(coded[:-1])


def _record(body: bytes, how: Redaction) -> bytes:
    kind, version = body[0], body[1]
    head = body[: records.HEAD_BYTES]
    if not _known(kind, version):
        return head  # nobody knows what is in it
    if kind == records.MARK and not how.marks:
        (seq,) = struct.unpack_from("<I", head, _SEQ)
        version = records.VERSIONS[records.TEXT]
        return struct.pack(records.HEAD, records.TEXT, version, seq, how.frames[seq]) + GONE
    end = records.HEAD_BYTES + struct.calcsize(records.LAYOUTS[kind])
    fixed, rest = body[:end], body[end:]
    if kind == records.ANCHOR:
        (utc_s,) = struct.unpack_from("<I", fixed, _UTC_S)
        moved_s = max(0, utc_s + how.shift_s) & records.UNKNOWN
        fixed = head + struct.pack("<I", moved_s) + fixed[_UTC_S + 4 :]
    return fixed + _rest(kind, rest, how)


def _rest(kind: int, rest: bytes, how: Redaction) -> bytes:
    if kind in _WITH_REST:
        return rest
    if kind == records.CONFIG:
        return rest if _SETTINGS.fullmatch(rest) else b""
    if kind == records.MARK:
        return rest
    if kind == records.TEXT:
        return _TELLING.sub("redacted", rest.decode("utf-8", "replace")).encode()
    return b""


def _compare(before: logfile.Segment, after: logfile.Segment, how: Redaction) -> None:
    """Raise unless a reader finds the same records, or what stands for them, and that verdict."""
    expected = [
        (records.TEXT, r["seq"], how.frames[r["seq"]])
        if r["type"] == records.MARK and not how.marks
        else (r["type"], r["seq"], r["frame"])
        for r in before.records
    ]
    found = [(r["type"], r["seq"], r["frame"]) for r in after.records]
    if (before.verdict, expected) != (after.verdict, found):
        raise CribtraceError(
            "the redacted log would not decode as the log does: keep it, and report that"
        )


def leaks(content: bytes, devices: Iterable[bytes]) -> Iterator[str]:
    """Where a board's number still stands: in raw bytes, in a decoded record, as hex digits."""
    decoded = [framing.decode(piece) or b"" for piece in content.split(b"\0")]
    for device in devices:
        forms = (device, device[::-1], device.hex().encode(), device.hex().upper().encode())
        for text in (content, *map(bytes, decoded)):
            yield from (f"{form!r}" for form in forms if form in text)
