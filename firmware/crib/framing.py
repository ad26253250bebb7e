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
PIECE_BYTES = const(288)  # chosen: all records but a waveform are one piece; 257 at least
_PIECE_BITS = const(9)


def most_bytes(n):
    """The most bytes that `encode` makes of a body of `n` bytes."""
    n += _CRC_BYTES
    return n + n // _BLOCK + 2


def put_crc(body, n):
    """Write the CRC-32 of `body[:n]` behind it, least significant byte first."""
    crc = binascii.crc32(memoryview(body)[:n])
    for i in range(_CRC_BYTES):
        body[n + i] = crc >> (8 * i) & 0xFF


@micropython.viper
def _stuff(body: ptr8, i: int, n: int, out: ptr8) -> int:
    """Put whole blocks for body[i:n] into `out`. Returns where to go on, and the bytes written.

    Where to go on is n + 1 once the last block is there: it may be an empty one.
    """
    at = 0
    block = i
    while i <= n and at < PIECE_BYTES - 1:
        code = 1
        while i < n and code <= _BLOCK and at + code < PIECE_BYTES - 1 and body[i]:
            out[at + code] = body[i]
            code += 1
            i += 1
        if i < n and code <= _BLOCK:
            if body[i]:
                break  # no room for the rest of this block: it begins the next piece
            i += 1
        elif i == n:
            i += 1
        out[at] = code
        at += code
        block = i
    return block << _PIECE_BITS | at


def encode(body, n, piece, write):
    """Hand the packet for `body[:n]` to `write`, but for its first zero, in pieces.

    `body` needs 4 spare bytes for its CRC, `piece` has PIECE_BYTES. Returns the number of bytes.
    """
    put_crc(body, n)
    n += _CRC_BYTES
    view = memoryview(piece)
    i = total = 0
    while i <= n:
        i = _stuff(body, i, n, piece)
        size = i & (1 << _PIECE_BITS) - 1
        i >>= _PIECE_BITS
        if i > n:
            piece[size] = 0
            size += 1
        write(view[:size])
        total += size
    return total


def unstuff(chunk):
    """The bytes that COBS hid in `chunk`, or None where it is not COBS."""
    out = bytearray()
    i = 0
    n = len(chunk)
    while i < n:
        code = chunk[i]
        if not code or i + code > n:
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
