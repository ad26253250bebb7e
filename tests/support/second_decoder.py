"""A reader of segments written from docs/SPEC-log-format.md alone, to test the spec and the other.

It shares no code with Cribtrace. `decode(content)` gives one JSON-like dict; see `decode`.
"""

import struct
import zlib

_NUMBERS = {"u8": "B", "u16": "H", "i16": "h", "u32": "I", "i32": "i"}
_EVENT = (
    "u8 kind, u8 rule, u16 vetoes, u8 axis, u8 tone, u16 share, u16 flatness, u16 jerks, "
    "u16 likeness, u16 period, u32 run, u32 start, u32 onset, u32 duration, u32 span, u32 closed, "
    "u16 peak, u32 gain, u32 largest, u32 energy, i16 tilt_x, i16 tilt_y, i16 tilt_z"
)
_SNIPPET = (
    "u32 run, u32 first, u16 frames, u16 x, u16 y, u16 z, "
    "u16 passed_from, u16 passed_until, "
    "i32 base_x, i32 base_y, i32 base_z, i32 band_x, i32 band_y, i32 band_z, "
    "i32 slow_x, i32 slow_y, i32 slow_z, i32 sharp_x, i32 sharp_y, i32 sharp_z, "
    "i32 gain_x, i32 gain_y, i32 gain_z"
)
_EPOCH = (
    "u16 frames, u16 seen, u16 peak, u32 miss, i16 miss_at, u8 missing, "
    "u16 gain_x, u16 gain_y, u16 gain_z"
)
_RECORDER = (
    "u32 seen, u32 in_gaps, u32 records, u32 records_lost, u32 given_up, u32 room, "
    "u32 fact_bytes, u32 loop_max_us, u32 heap_used, u32 heap_free, u32 pause_max_us, "
    "u16 fifo_high, u16 late, u16 collections, i16 temperature, u16 turns_0, u16 turns_1, "
    "u16 turns_2, u16 turns_3, u16 turns_4, u16 turns_5, u16 turns_6, u16 turns_7"
)
_ANCHOR = "u32 utc_s, u16 utc_ms, u32 uptime_ms, u32 boot, u32 within_ms, u8 source"
# Number of the type: its name, the fixed part, what the rest is.
TYPES = {
    1: ("boot", "u8 cause, u32 boots", None),
    2: ("anchor", _ANCHOR, None),
    3: ("event", _EVENT, None),
    4: ("snippet", _SNIPPET, "waveform"),
    5: ("epoch", _EPOCH, "levels"),
    6: ("gap", "u32 first, u32 frames, u32 duration_ms, u8 reason", None),
    7: ("state", "u32 first, u32 frames, u8 state, u8 reason", None),
    8: ("recorder", _RECORDER, None),
    9: ("stop", "u32 seen, u32 in_gaps, u32 records, u8 reason", None),
    10: ("mark", "", "text"),
    11: ("text", "", "text"),
    12: ("config", "", "text"),
}
VERSIONS = {number: {2: 2, 3: 3, 4: 2, 5: 3, 8: 2}.get(number, 1) for number in TYPES}


def fields(layout):
    """[(name, struct code)] of a fixed part."""
    pairs = [piece.split() for piece in layout.split(", ") if piece]
    return [(name, _NUMBERS[kind]) for kind, name in pairs]


def decode(content):
    """Verdict ("complete", "truncated", "damaged" or "foreign"), header, records, unknown.

    `unknown` counts the records of types or versions that the spec does not have.
    """
    found = {"verdict": "complete", "header": None, "records": [], "unknown": 0}
    at = next((at for at in range(len(content)) if _sound_header(content[at:])), None)
    if at is None:
        return _without_header(content, found)
    content = content[at:]
    if content[8] != 2 or _u32(content[12:16]) or content[36] > 1:
        return {**found, "verdict": "foreign"}
    (size,) = struct.unpack_from("<H", content, 10)
    found["header"] = _header(content)
    torn = _records(content[size:], found)
    if at:
        found["verdict"] = "damaged"
    elif torn and found["verdict"] == "complete":
        found["verdict"] = "truncated"
    return found


def _sound_header(content):
    if len(content) < 16 or content[:8] != b"CRIBTRAC":
        return False
    (size,) = struct.unpack_from("<H", content, 10)
    if size > len(content) or size < (128 if content[8] == 2 else 16):
        return False
    return zlib.crc32(content[: size - 4]) == _u32(content[size - 4 : size])


def _without_header(content, found):
    _records(content, found)
    any_found = found["records"] or found["unknown"]
    if content and content[:8] == b"CRIBTRAC"[: len(content)]:
        short = len(content) < 128 and not any_found
        found["verdict"] = "truncated" if short else "damaged"
    else:
        found["verdict"] = "damaged" if any_found else "foreign"
    return found


def _records(content, found):
    """Add what the pieces hold; return what stands behind the last zero byte."""
    pieces = content.split(b"\0")
    torn = pieces.pop()
    for piece in pieces:
        if not _record(piece, found):
            found["verdict"] = "damaged"
            # The last of several records that ran together, or one behind foreign bytes.
            starts = range(max(0, len(piece) - 2048), len(piece))
            any(_record(piece[at:], found) for at in starts if _begins(piece[at:]))
    return torn


def _begins(piece):
    return len(piece) > 10 and piece[0] > 2 and VERSIONS.get(piece[1]) == piece[2]


def _header(content):
    device = content[16:24].hex()
    names = (
        "boot", "segment", "first_seq", "stream", "rate_mhz", "mlsb_per_g", "recording_frames",
        "config_crc", "schema", "build", "full_scale_g",
    )  # fmt: skip
    numbers = struct.unpack_from("<3IB6IH", content, 24)
    texts = {"sensor": content[63:76], "board": content[76:108], "firmware": content[108:124]}
    return {
        "major": content[8],
        "minor": content[9],
        "needs": 0,
        "device": device,
        **dict(zip(names, numbers, strict=True)),
        **{name: text.rstrip(b"\0").decode("ascii") for name, text in texts.items()},
    }


def _record(piece, found):
    """Whether the piece is a record; it is added to what was found."""
    body = _unstuffed(piece)
    if body is None or len(body) < 14 or zlib.crc32(body[:-4]) != _u32(body[-4:]):
        return False
    body = body[:-4]
    kind, version, seq, frame = struct.unpack_from("<BBII", body)
    if version != VERSIONS.get(kind):
        found["unknown"] += 1
        return True
    name, layout, rest_is = TYPES[kind]
    record = {"type": name, "seq": seq, "frame": frame}
    at = 10
    for field, code in fields(layout):
        size = struct.calcsize("<" + code)
        if at + size > len(body):
            return False
        (record[field],) = struct.unpack_from("<" + code, body, at)
        at += size
    if rest_is == "text":
        record["text"] = body[at:].decode("utf-8")
    elif rest_is == "levels":
        _epoch(record, body[at:])
    elif rest_is == "waveform":
        record["waveform"] = _waveform(record, body[at:])
    found["records"].append(record)
    return True


def _u32(four):
    return int.from_bytes(four, "little")


def _unstuffed(piece):
    """COBS undone: each code byte n says that n - 1 bytes follow, then a zero unless n is 255."""
    body = b""
    while piece:
        code = piece[0]
        if code > len(piece):
            return None
        body += piece[1:code]
        piece = piece[code:]
        if piece and code < 255:
            body += b"\0"
    return body


def _epoch(record, coded):
    """In units of the other records, and each second's byte."""
    record["peak"] *= 8
    record["first"] = record["frame"] - record["frames"] & 0xFFFFFFFF
    record["miss_at"] += record["first"]
    for axis in "xyz":
        shift, high = divmod(record["gain_" + axis], 4096)
        record["gain_" + axis] = high * 2**shift
    text = coded.hex()
    base, text, levels = int(text[:2], 16), text[2:], []
    while text and text != "f":
        if text[0] == "f":
            levels.append(int(text[1:3], 16))
            text = text[3:]
        else:
            levels.append(base + int(text[0], 16))
            text = text[1:]
    record["levels"] = levels


def _waveform(record, coded):
    """Frames as [x, y, z] in LSB."""
    differences, value, shift = [], 0, 0
    for byte in coded:
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            differences.append(-(value + 1) // 2 if value % 2 else value // 2)
            value, shift = 0, 0
    frame = [record["x"] - 32768, record["y"] - 32768, record["z"] - 32768]
    frames = [frame]
    for k in range(0, len(differences), 3):
        frame = [v + d for v, d in zip(frame, differences[k : k + 3], strict=True)]
        frames.append(frame)
    return frames
