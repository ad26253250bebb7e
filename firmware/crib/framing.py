"""Packets on a byte stream: `00 COBS(body, CRC-32) 00` among readable text.

No I/O: bytes in, bytes out, the same on the board and on the host. COBS is Cheshire and Baker,
"Consistent Overhead Byte Stuffing" (1999); the CRC is the one of zlib. Whatever lies between two
zero bytes and is not a packet with a good CRC is text, and is given back as text.
"""

import binascii

import micropython
from micropython import const

_CRC_BYTES = const(4)
_BLOCK = const(254)  # COBS: the longest run of non-zero bytes one code byte can announce


def encoded_size(n):
    """The most bytes that `encode` writes for a body of `n` bytes."""
    n += _CRC_BYTES
    return n + n // _BLOCK + 3


def put_crc(body, n):
    """Write the CRC-32 of `body[:n]` behind it, least significant byte first."""
    crc = binascii.crc32(memoryview(body)[:n])
    for i in range(_CRC_BYTES):
        body[n + i] = crc >> (8 * i) & 0xFF


@micropython.viper
def _stuff(body: ptr8, n: int, out: ptr8) -> int:
    code = 1
    at = 2
    out[0] = 0
    i = 0
    while i < n:
        v = body[i]
        i += 1
        if v:
            out[at] = v
            at += 1
            code += 1
        if v == 0 or (code == 255 and i < n):
            out[at - code] = code
            code = 1
            at += 1
    out[at - code] = code
    out[at] = 0
    return at + 1


def encode(body, n, out):
    """Put the packet for `body[:n]` into `out`; `body` needs 4 spare bytes for its CRC.

    Returns the number of bytes written, at most `encoded_size(n)`.
    """
    put_crc(body, n)
    return _stuff(body, n + _CRC_BYTES, out)


def unstuff(chunk):
    """The bytes that COBS hid in `chunk` (which holds no zero), or None where it is not COBS."""
    out = bytearray()
    i = 0
    n = len(chunk)
    while i < n:
        code = chunk[i]
        if i + code > n:
            return None
        out.extend(chunk[i + 1 : i + code])
        i += code
        if code <= _BLOCK and i < n:
            out.append(0)
    return out


def decode(chunk):
    """The body of the packet in `chunk`, CRC checked and removed, or None."""
    raw = unstuff(chunk)
    if raw is None or len(raw) <= _CRC_BYTES:
        return None
    n = len(raw) - _CRC_BYTES
    if binascii.crc32(memoryview(raw)[:n]) != int.from_bytes(raw[n:], "little"):
        return None
    return bytes(raw[:n])
