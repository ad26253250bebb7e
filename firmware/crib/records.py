"""The bits of the log: segment header and records. The twin of docs/SPEC-log-format.md.

A segment is a header, then records, each `COBS(head, payload, CRC-32) 00` as `framing` writes
them. The board logs integers (frame index, LSB); host code alone makes seconds and mg of them.
"""

import binascii
import struct

from micropython import const

MAGIC = b"CRIBTRAC"
FORMAT_MAJOR = const(1)  # a reader that does not know it must refuse the segment
FORMAT_MINOR = const(0)
VERSION = const(1)  # of every record so far
SEGMENT_LIMIT = const(32724)  # what eight 4 KiB littlefs blocks hold beside their pointers
UNKNOWN = const(0xFFFFFFFF)

# magic, major, minor, header bytes, device id, boot, segment, first sequence, rate in mHz,
# milli-LSB per g, frames of the recording played (0: a real sensor), configuration CRC-32,
# full scale in g, sensor, board, firmware version; then the CRC-32 of all that.
_HEADER = "<8sBBH8sIIIIIIIH14s32s16s"
HEADER_BYTES = const(8 + 4 + 8 + 28 + 2 + 62 + 4)
HEADER_KEYS = (
    "magic", "major", "minor", "bytes", "device", "boot", "segment", "first_seq", "rate_mhz",
    "mlsb_per_g", "recording_frames", "config_crc", "full_scale_g", "sensor", "board", "firmware",
)  # fmt: skip

# Each record begins with: type, version, sequence (never reset), frame index.
HEAD = "<BBII"
HEAD_BYTES = const(10)

BOOT = const(1)
ANCHOR = const(2)
EVENT = const(3)
SNIPPET = const(4)
EPOCH = const(5)
GAP = const(6)
STATE = const(7)
RECORDER = const(8)
STOP = const(9)
MARK = const(10)
TEXT = const(11)
CONFIG = const(12)

# type: (layout of the fixed part, names of its fields). What follows the fixed part is text
# (MARK, TEXT, CONFIG), one byte a second (EPOCH) or the coded frames (SNIPPET).
LAYOUTS = {
    BOOT: ("<BI", ("cause", "boots")),
    ANCHOR: ("<IHI", ("utc_s", "utc_ms", "uptime_ms")),
    EVENT: (
        "<BBHBBHHHHHIIIIIIIIIIhhh",
        (
            "kind", "rule", "vetoes", "axis", "tone", "share", "flatness", "jerks", "likeness",
            "period", "run", "start", "onset", "duration", "span", "closed", "peak", "gain",
            "best", "energy", "tilt_x", "tilt_y", "tilt_z",
        ),
    ),
    SNIPPET: (
        "<IIHHHHHH15i",
        (
            "run", "first", "frames", "x", "y", "z", "passed_from", "passed_until", "base_x",
            "base_y", "base_z", "band_x", "band_y", "band_z", "slow_x", "slow_y", "slow_z",
            "sharp_x", "sharp_y", "sharp_z", "gain_x", "gain_y", "gain_z",
        ),
    ),
    EPOCH: (
        "<IIIIIIBIII",
        (
            "first", "frames", "seen", "peak", "miss", "miss_at", "missing", "gain_x", "gain_y",
            "gain_z",
        ),
    ),
    GAP: ("<IIIB", ("first", "frames", "duration_ms", "reason")),
    STATE: ("<IIBB", ("first", "frames", "state", "reason")),
    RECORDER: (
        "<IIIIIIII",
        (
            "seen", "in_gaps", "records", "records_lost", "fifo_high", "loop_max_us", "heap_used",
            "heap_free",
        ),
    ),
    STOP: ("<IIIB", ("seen", "in_gaps", "records", "reason")),
    MARK: ("<", ()),
    TEXT: ("<", ()),
    CONFIG: ("<", ()),
}  # fmt: skip

SNIPPET_BYTES = HEAD_BYTES + struct.calcsize(LAYOUTS[SNIPPET][0])  # without its frames

TYPE_NAMES = {
    BOOT: "boot", ANCHOR: "anchor", EVENT: "event", SNIPPET: "snippet", EPOCH: "epoch",
    GAP: "gap", STATE: "state", RECORDER: "recorder", STOP: "stop", MARK: "mark", TEXT: "text",
    CONFIG: "config",
}  # fmt: skip

KINDS = (
    "twitch", "limb_move", "gross", "rhythmic_bout", "rhythmic_large", "startle_like",
    "handling", "environment", "fast_oscillation",
)  # fmt: skip
AXES = ("x", "y", "z")

# The criterion that decided an event's kind: the first of these that it met.
ROCKED = const(0)
ROCKED_FAST = const(1)
OSCILLATED = const(2)
HUMMED = const(3)
STEPPED = const(4)
SHAKEN = const(5)
HANDLED = const(6)
LEANED = const(7)
SWUNG = const(8)
BEAT = const(9)
STARTLED = const(10)
SHORT = const(11)
MIDDLING = const(12)
LONG = const(13)
KIND_OF_RULE = bytes((6, 3, 8, 7, 7, 7, 6, 6, 4, 3, 5, 0, 1, 2))
VETOES = (
    "cut", "joined", "clipping", "tilt", "strength", "shaken", "steps", "tone", "rocking",
)  # fmt: skip
MISSES = ("stayed below the low threshold", "passed the low threshold, not the high one")
STATES = ("unusable",)
STATE_REASONS = ("warm-up", "after a gap", "settings changed")
GAP_REASONS = (
    "fifo_overrun", "bus_error", "sensor_silent", "no_sensor", "interrupted", "restarted",
    "power_cut", "watchdog", "crashed",
)  # fmt: skip
STOP_REASONS = ("none", "ctrl_c", "host", "fault")
CAUSES = ("unknown", "power_on", "soft", "watchdog", "hard")


def pack_header(facts):
    """The bytes of a segment header; `facts` maps HEADER_KEYS (magic to bytes excepted)."""
    values = [facts[key] for key in HEADER_KEYS[4:]]
    raw = struct.pack(_HEADER, MAGIC, FORMAT_MAJOR, FORMAT_MINOR, HEADER_BYTES, *values)
    return raw + struct.pack("<I", binascii.crc32(raw))


def unpack_header(raw):
    """The header at the start of `raw` as a dict, or None where magic or CRC is not right.

    Of another major version only `magic`, `major`, `minor` and `bytes` are known; a later minor
    version may have appended fields, which `bytes` tells to pass over.
    """
    if len(raw) < HEADER_BYTES or raw[: len(MAGIC)] != MAGIC:
        return None
    start = dict(zip(HEADER_KEYS, struct.unpack("<8sBBH", raw[:12])))
    if start["major"] != FORMAT_MAJOR:
        return start
    size = start["bytes"] - 4
    if not HEADER_BYTES - 4 <= size <= len(raw) - 4:
        return None
    if binascii.crc32(raw[:size]) != struct.unpack("<I", raw[size : size + 4])[0]:
        return None
    return dict(zip(HEADER_KEYS, struct.unpack(_HEADER, raw[: HEADER_BYTES - 4])))


def unpack(body):
    """A record (its CRC already checked) as a dict; `rest` is what follows the fixed part.

    Returns None for a record too short for its type; an unknown type or version has only the head.
    """
    if len(body) < HEAD_BYTES:
        return None
    kind, version, seq, frame = struct.unpack(HEAD, body[:HEAD_BYTES])
    record = {"type": kind, "version": version, "seq": seq, "frame": frame}
    layout, names = LAYOUTS.get(kind if version == VERSION else 0, ("<", ()))
    end = HEAD_BYTES + struct.calcsize(layout)
    if len(body) < end:
        return None
    record.update(zip(names, struct.unpack(layout, body[HEAD_BYTES:end])))
    record["rest"] = body[end:]
    return record
