"""The bodies of whole packets, as `framing.decode` has them: the board's own takes longer."""

import zlib

from cribtrace.device import framing

_CRC_BYTES = 4
_WITH_ITS_OWN = 0x2144DF1C  # the CRC-32 of anything with its CRC-32 behind it
_UNENDED = 255  # COBS: the code of a block that no zero follows


def body(chunk: bytes) -> bytes | None:
    """The body of the packet in `chunk`, CRC checked and removed, or None.

    What COBS hid lies in place: where a code is, there was a zero, but at the first one.
    """
    if 0 in chunk:
        return None
    out, at, end = bytearray(chunk), 0, len(chunk)
    while at < end:
        code = chunk[at]
        if code == _UNENDED:
            return framing.decode(chunk)
        out[at] = 0
        at += code
    if at != end or end <= _CRC_BYTES + 1:
        return None
    view = memoryview(out)
    return bytes(view[1:-_CRC_BYTES]) if zlib.crc32(view[1:]) == _WITH_ITS_OWN else None
