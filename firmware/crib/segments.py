"""Closed segments: they no longer change, so what was found once holds."""

import binascii

from micropython import const

from . import protocol, segment_header

_CHUNK = const(1024)
_MOST_FACTS = const(128)  # a partition of 2 MiB holds half as many segments


def facts(path):
    """(bytes, CRC-32, boot) of a closed segment; boot 0 where the header cannot be read."""
    size = crc = 0
    with open(path, "rb") as f:
        header = segment_header.boot_and_sequence(f.read(segment_header.BYTES))
        f.seek(0)
        while True:
            chunk = f.read(_CHUNK)
            if not chunk:
                return size, crc, header[0] if header else 0
            size += len(chunk)
            crc = binascii.crc32(chunk, crc)


def known(answers, name):
    """(path, bytes, CRC-32, boot) of the closed segment of this file."""
    number = int(name[:8])
    if number not in answers.facts:
        if len(answers.facts) == _MOST_FACTS:
            answers.facts.clear()  # of those that made room, too
        path = answers.shelf.folder + "/" + name
        answers.facts[number] = (path,) + facts(path)
    return answers.facts[number]


def closed(answers, number):
    """(path, bytes, CRC-32, boot) of a closed segment."""
    # Listing takes longer than a packet; what has facts is closed.
    if number in answers.facts:
        return answers.facts[number]
    for name in answers.shelf.closed():
        if int(name[:8]) == number:
            return known(answers, name)
    raise protocol.Refused("no_segment ask for the list")


def read(answers, number, arguments):
    """Begin to send bytes of a closed segment."""
    segment, offset, length = [int(a) for a in arguments.split(" ")]
    path, size, *_ = closed(answers, segment)
    if not (0 <= offset < size and 0 < length <= protocol.READ_LIMIT):
        most = protocol.READ_LIMIT, size
        raise protocol.Refused("bad_range at most %d bytes within %d" % most)
    answers.begin(number, answers.segment_bytes(number, path, segment, offset, length))
