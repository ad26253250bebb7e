"""Closed segments, read and sent: they no longer change, so what was found once holds."""

import binascii
import struct

from . import protocol, records
from .server import HEAD

_CHUNK = 1024


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


def packets(server, shelf, number, path, segment, start, length):
    """Send `length` bytes of a segment from `start` on, a packet a step, then a reply."""
    shelf.being_read.append(segment)
    try:
        yield from _packets(server, number, path, segment, start, length)
    finally:
        shelf.being_read.remove(segment)


def _packets(server, number, path, segment, start, length):
    room = memoryview(server.body)[HEAD + 8 :]
    # Opened once: in a folder of many segments that takes longer than a packet.
    with open(path, "rb") as f:
        f.seek(start)
        while n := f.readinto(room[: min(length, protocol.DATA_BYTES)]):
            struct.pack_into("<II", server.body, HEAD, segment, start)
            server.send(protocol.DATA, number, HEAD + 8 + n)
            start += n
            length -= n
            yield
    server.packet(protocol.REPLY, number, "")
