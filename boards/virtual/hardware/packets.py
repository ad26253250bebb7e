"""A FIFO of whole packets: a header byte, x, y, z, perhaps a byte more; the oldest give way.

For the chips whose packets do not carry a slot's number: ICM-42688-P and BMI270.
"""

from array import array

import micropython
from micropython import const

RING_BYTES = const(2048)

_HEAD = const(0)  # all three in packets
_COUNT = const(1)
_DEPTH = const(2)
_SIZE = const(3)  # bytes of a packet
_STOPS = const(4)  # full is full: nothing is overwritten
_HEADER = const(5)  # first byte; -1: none
_FIRST_HEADER = const(6)  # of the next packet alone, if not 0
_SWAP = const(7)  # 1: the higher byte comes first
_LAST = const(8)  # last byte; -1: none
_FULL = const(9)  # the latch
_LOST = const(10)  # packets that were overwritten or found no room
_OVERWRITTEN = const(11)  # those of them that were valid
_UNSAID = const(12)  # those that no skip frame told of yet
_SKIPS = const(13)  # a burst behind a loss begins with a skip frame
_TAIL = const(14)  # bytes of `tail` that an over-read burst gets behind the last packet
_FILL = const(15)  # what it gets then: lower byte, higher byte, in turns
_FIELDS = const(16)


@micropython.viper
def next_slot(fields: ptr32):
    """These packets carry no number."""


@micropython.viper
def push(fields: ptr32, ring: ptr8, out: ptr8, at: int, tag: int) -> int:
    """Append a packet of the six bytes of `out` from `at` on; 0 if it found no room."""
    head = fields[_HEAD]
    size = fields[_SIZE]
    skip = 0 if fields[_HEADER] < 0 else 1
    if fields[_COUNT] >= fields[_DEPTH]:
        fields[_LOST] += 1
        if fields[_STOPS]:
            return 0
        fields[_UNSAID] += 1
        old = head * size + skip
        # 0x8000 on every axis: a sample from before the accelerometer has settled.
        if not (
            ring[old] | ring[old + 1] == 0x80
            and ring[old + 2] | ring[old + 3] == 0x80
            and ring[old + 4] | ring[old + 5] == 0x80
        ):
            fields[_OVERWRITTEN] += 1
        head = head + 1 if head + 1 < fields[_DEPTH] else 0
        fields[_HEAD] = head
        fields[_COUNT] -= 1
    slot = head + fields[_COUNT]
    if slot >= fields[_DEPTH]:
        slot -= fields[_DEPTH]
    fields[_COUNT] += 1
    if fields[_COUNT] == fields[_DEPTH]:
        fields[_FULL] = 1
    end = slot * size
    if skip:
        ring[end] = fields[_FIRST_HEADER] if fields[_FIRST_HEADER] else fields[_HEADER]
        fields[_FIRST_HEADER] = 0
        end += 1
    for i in range(6):
        ring[end + (i ^ fields[_SWAP])] = out[at + i]
    if fields[_LAST] >= 0:
        ring[end + 6] = fields[_LAST]
    return 1


@micropython.viper
def _take(fields: ptr32, ring: ptr8, tail: ptr8, buf: ptr8, n: int):
    i = 0
    if fields[_SKIPS] and fields[_UNSAID] and n >= 2:
        buf[0] = 0x40
        buf[1] = fields[_UNSAID] if fields[_UNSAID] < 255 else 255
        fields[_UNSAID] = 0
        i = 2
    size = fields[_SIZE]
    byte = 0
    while i < n and fields[_COUNT]:
        buf[i] = ring[fields[_HEAD] * size + byte]
        i += 1
        byte += 1
        if byte == size:  # a packet that was read in part stays
            byte = 0
            fields[_COUNT] -= 1
            head = fields[_HEAD] + 1
            fields[_HEAD] = head if head < fields[_DEPTH] else 0
    byte = 0
    while i < n and byte < fields[_TAIL]:
        buf[i] = tail[byte]
        i += 1
        byte += 1
    byte = 0
    while i < n:
        buf[i] = fields[_FILL] >> 8 if byte & 1 else fields[_FILL]
        i += 1
        byte += 1


class Packets:
    """The ring. Samples come in through push(), which takes `fields` and `ring`."""

    def __init__(self):
        self.fields = array("i", bytes(4 * _FIELDS))
        self.ring = bytearray(RING_BYTES)
        self.push = push
        self.next_slot = next_slot
        self.tail = bytearray(4)
        self.rereads = False  # what is left behind a burst is the whole again
        self.shape(6, 1)

    def shape(self, size, depth, header=-1, last=-1, swap=0, stops=False, fill=0):
        """Empty it; from now on it holds `depth` packets of this form."""
        fields = self.fields
        fields[_SIZE] = size
        fields[_DEPTH] = depth
        fields[_HEADER] = header
        fields[_LAST] = last
        fields[_SWAP] = swap
        fields[_STOPS] = stops
        fields[_FILL] = fill
        self.clear()

    def tell_more(self, skips, tail):
        """Skip frames, and how many bytes of `tail` behind the last packet."""
        self.fields[_SKIPS] = skips
        self.fields[_TAIL] = tail

    def mark_next(self, header):
        """The next packet has a header of its own."""
        self.fields[_FIRST_HEADER] = header

    def clear(self):
        """Empty it, as a flush does."""
        for field in (_HEAD, _COUNT, _FULL, _LOST, _UNSAID, _FIRST_HEADER):
            self.fields[field] = 0

    def take(self, buf):
        """Fill buf from the oldest packet on; a packet goes when its last byte does."""
        fields = self.fields
        head, count = fields[_HEAD], fields[_COUNT]
        _take(fields, self.ring, self.tail, buf, len(buf))
        if self.rereads and fields[_COUNT]:
            fields[_HEAD], fields[_COUNT] = head, count

    def level(self):
        """Packets that wait."""
        return self.fields[_COUNT]

    def full(self):
        """Whether it was full since this was last asked."""
        full = self.fields[_FULL]
        self.fields[_FULL] = self.fields[_COUNT] >= self.fields[_DEPTH]
        return full

    def lost(self):
        """Packets that were overwritten, or found no room, since it was emptied."""
        return self.fields[_LOST]

    def overwritten(self):
        """Valid ones that were overwritten before anybody read them."""
        return self.fields[_OVERWRITTEN]
