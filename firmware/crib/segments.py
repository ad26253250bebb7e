"""Reading closed segments: they no longer change, so what was found once holds."""

import binascii

from . import records

_CHUNK = 512


def facts(path):
    """(bytes, CRC-32, boot) of a closed segment; boot 0 where the header cannot be read."""
    size = crc = 0
    with open(path, "rb") as f:
        header = records.boot_and_sequence(f.read(records.HEADER_BYTES))
        f.seek(0)
        while True:
            chunk = f.read(_CHUNK)
            if not chunk:
                return size, crc, header[0] if header else 0
            size += len(chunk)
            crc = binascii.crc32(chunk, crc)
