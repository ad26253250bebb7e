"""Small files of `name=value` lines: after a power cut the old one or the new, never half."""

import binascii
import errno
import os

from micropython import const

_MOST_BYTES = const(2048)


def store(path, values):
    """Write whole numbers by their names; OSError where the flash does not take them."""
    raw = b""
    for name in sorted(values):
        raw += b"%s=%d\n" % (name.encode(), values[name])
    with open(path + ".new", "wb") as f:
        f.write(raw + b"crc=%08x\n" % binascii.crc32(raw))
    os.rename(path + ".new", path)


def load(path):
    """What was stored, as a dict of whole numbers; empty where nothing ever was.

    Raises ValueError for a file that is not as it was written, OSError for a flash that fails.
    """
    try:
        size = os.stat(path)[6]  # what is asked for is taken from the heap, and in one piece
        with open(path, "rb") as f:
            raw = f.read(min(size, _MOST_BYTES))
    except OSError as error:
        if error.args[0] == errno.ENOENT:
            return {}
        raise
    raw, crc, end = raw.rpartition(b"crc=")
    if crc + end != b"crc=%08x\n" % binascii.crc32(raw):
        raise ValueError("damaged")
    values = {}
    for line in raw.decode().split():
        name, value = line.split("=")
        values[name] = int(value)
    return values
