"""Small files of `name=value` lines: after a power cut the old one or the new, never half."""

import binascii
import errno
import os

from micropython import const

_MOST_BYTES = const(2048)


def store(path, values):
    """Write whole numbers by their names; OSError where the flash does not take them."""
    lines = ["%s=%d\n" % (name, values[name]) for name in sorted(values)]
    raw = "".join(lines).encode()
    with open(path + ".new", "wb") as f:
        f.write(raw + b"crc=%08x\n" % binascii.crc32(raw))
    os.rename(path + ".new", path)


def load(path):
    """What was stored, as a dict of whole numbers; empty where nothing ever was.

    Raises ValueError for a file that is not as it was written, OSError for a flash that fails.
    """
    try:
        with open(path, "rb") as f:
            raw = f.read(_MOST_BYTES)
    except OSError as error:
        if error.args[0] == errno.ENOENT:
            return {}
        raise
    body = raw[: max(0, raw.rfind(b"crc="))]
    if raw[len(body) :] != b"crc=%08x\n" % binascii.crc32(body):
        raise ValueError("damaged")
    pairs = [line.split("=") for line in body.decode().split("\n") if line]
    return {name: int(value) for name, value in pairs}
