"""The bits of a segment's header, which stands before its records (see `records`).

Needed where a segment begins or is looked at, some twice an hour: see `seldom`.
"""

import binascii
import struct

from micropython import const

from . import records

MAGIC = b"CRIBTRAC"
FORMAT_MAJOR = const(2)  # a reader that does not know it must refuse the segment
FORMAT_MINOR = const(0)

# magic, major, minor, header bytes, what a reader must understand, device id, boot, segment,
# first sequence, stream, rate in mHz, milli-LSB per g, frames of the recording played (0: a real
# sensor), CRC-32 of the settings, of records.LAYOUTS and of the firmware's files, full scale in g,
# sensor, board, firmware version; then the CRC-32 of all that.
LAYOUT = "<8sBBHI8sIIIBIIIIIIH13s32s16s"
BYTES = const(8 + 4 + 4 + 8 + 13 + 24 + 2 + 61 + 4)
NEEDS = const(0)  # bits; a reader must refuse a segment with one that it does not know


def schema():
    """CRC-32 of the records' layouts in the order of their numbers, a semicolon between them."""
    layouts = records.LAYOUTS
    return binascii.crc32(";".join([layouts[kind] for kind in sorted(layouts)]).encode())


def pack(boot_facts, segment, first_seq, stream):
    """The bytes of a segment header.

    `boot_facts`: device, boot, then what follows `stream` in LAYOUT.
    """
    start = (MAGIC, FORMAT_MAJOR, FORMAT_MINOR, BYTES, NEEDS) + boot_facts[:2]
    raw = struct.pack(LAYOUT, *(start + (segment, first_seq, stream) + boot_facts[2:]))
    return raw + struct.pack("<I", binascii.crc32(raw))


def boot_and_sequence(raw):
    """(boot, first sequence) of the header `raw`; None if broken or of another major version.

    A later minor version may have appended fields.
    """
    if len(raw) < BYTES or raw[: len(MAGIC)] != MAGIC or raw[8] != FORMAT_MAJOR:
        return None
    size = (raw[10] | raw[11] << 8) - 4
    if not BYTES - 4 <= size <= len(raw) - 4:
        return None
    if binascii.crc32(raw[:size]) != struct.unpack("<I", raw[size : size + 4])[0]:
        return None
    return struct.unpack("<I", raw[24:28])[0], struct.unpack("<I", raw[32:36])[0]
