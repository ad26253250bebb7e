"""The bits of the log, but for its headers: records. The twin of docs/SPEC-log-format.md.

A segment is a `segment_header`, then records, each `COBS(head, payload, CRC-32) 00` as
`framing` writes them. The board logs integers (frame index, LSB); host code alone makes seconds
and mg of them.
"""

import struct

from micropython import const

SEGMENT_LIMIT = const(32724)  # what eight 4 KiB littlefs blocks hold beside their pointers
LAST_LIMIT = const(8188)  # where the log is full: two such blocks, of what else is kept free
UNKNOWN = const(0xFFFFFFFF)
NO_TEMPERATURE = const(-32768)

# What the two kinds of segment hold: waveforms are SNIPPET records, facts all others.
FACTS = const(0)
WAVEFORMS = const(1)

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

# type: layout of the fixed part. What follows it is text (MARK, TEXT, CONFIG), what each second
# was like (EPOCH) or the coded frames (SNIPPET). Their names are host code's: text costs heap.
LAYOUTS = {
    BOOT: "<BI",
    ANCHOR: "<IHIIIB",
    EVENT: "<BBHBBHHHHHIIIIIIHIIIhhh",
    SNIPPET: "<IIHHHHHH15i",
    EPOCH: "<HHHIhBHHH",
    GAP: "<IIIB",
    STATE: "<IIBB",
    RECORDER: "<IIIIIIIIIIIHHHh8H",
    STOP: "<IIIB",
    MARK: "<",
    TEXT: "<",
    CONFIG: "<",
}

# Version of each type's layout: whoever changes one raises its number (docs/SPEC-log-format.md).
VERSIONS = bytes((0, 1, 2, 3, 2, 3, 1, 1, 2, 1, 1, 1, 1))

SNIPPET_BYTES = HEAD_BYTES + struct.calcsize(LAYOUTS[SNIPPET])  # without its frames

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
# Why nothing is an event for a while.
WARM_UP = const(0)
AFTER_GAP = const(1)
NEW_SETTINGS = const(2)
STUCK = const(3)
GAP_REASONS = (
    "fifo_overrun", "bus_error", "sensor_silent", "no_sensor", "interrupted", "restarted",
    "power_cut", "watchdog", "crashed", "self_test", "sensor_stuck",
)  # fmt: skip
STOP_REASONS = ("none", "ctrl_c", "host", "fault")
CAUSES = ("unknown", "power_on", "soft", "watchdog", "hard")
