"""On the board of a soak, beside the firmware: says each record, commit and erase on stderr."""

import binascii

from hardware import parts, status

_NAMES_FAULTS = b"\x01\x06\x0b"  # BOOT, GAP, TEXT
_HEAD, _MOST = 10, 46  # bytes that are told of a record, and of these; a status has room for 46


def record(body, n, asked):
    """A record was made, whether or not the flash has it, and whether a host was asking then."""
    told = memoryview(body)[:n]
    status.begin(b'{"sim":"told","ms":')
    status.number(parts.clock.now_ms())
    status.add(b',"crc":')
    status.number(binascii.crc32(told))
    status.add(b',"head":"')
    status.add(binascii.hexlify(told[: _MOST if body[0] in _NAMES_FAULTS else _HEAD]))
    status.add(b'","asked":')
    status.number(1 if asked else 0)
    status.send()


def committed(stream):
    """What came before this record is on the flash, by the journal's word."""
    status.begin(b'{"sim":"committed","stream":')
    status.number(stream.which)
    status.add(b',"next_seq":')
    status.number(stream.next_seq)
    status.send()


def _erases(nor):
    """Have each erase of a block told."""
    erase = nor._erase

    def told(block):
        status.begin(b'{"sim":"erase","block":')
        status.number(block)
        status.send()
        erase(block)

    nor._erase = told


_erases(getattr(parts.flash, "_nor", parts.flash))
