"""The LSM6DSO's FIFO: 512 words of 7 bytes, a tag and six bytes of content (DS12140, 6.5)."""

from array import array

import micropython
from micropython import const

_HEAD = const(0)
_COUNT = const(1)
_DEPTH = const(2)  # words
_STOPS = const(3)  # full is full: nothing is overwritten
_OVERRUN = const(4)  # the latch
_TAG_CNT = const(5)  # the 2-bit number of the time slot
_OVERWRITTEN = const(6)
_FIELDS = const(7)

WORDS = const(512)


@micropython.viper
def next_slot(fields: ptr32):
    """A time slot begins: the words pushed from now on carry its number."""
    fields[_TAG_CNT] = (fields[_TAG_CNT] + 1) & 3


@micropython.viper
def push(fields: ptr32, ring: ptr8, out: ptr8, at: int, tag: int) -> int:
    """Append six bytes of `out` from `at` on; 0 if they found no room."""
    if fields[_COUNT] >= fields[_DEPTH]:
        fields[_OVERRUN] = 1
        if fields[_STOPS]:
            return 0
        old = fields[_HEAD] * 7
        # 0x7F in every upper byte: a start-up word, not a frame.
        if ring[old] >> 3 == 2 and not (
            ring[old + 2] == 0x7F and ring[old + 4] == 0x7F and ring[old + 6] == 0x7F
        ):
            fields[_OVERWRITTEN] += 1
        fields[_HEAD] = (fields[_HEAD] + 1) & 511
        fields[_COUNT] -= 1
    end = ((fields[_HEAD] + fields[_COUNT]) & 511) * 7
    fields[_COUNT] += 1
    head = tag << 3 | fields[_TAG_CNT] << 1
    parity = head ^ head >> 4
    parity ^= parity >> 2
    ring[end] = head | (parity ^ parity >> 1) & 1
    for i in range(6):
        ring[end + 1 + i] = out[at + i]
    return 1


@micropython.viper
def _take(fields: ptr32, ring: ptr8, buf: ptr8, n: int, byte: int):
    at = fields[_HEAD] * 7
    for i in range(n):
        buf[i] = ring[at + byte] if fields[_COUNT] else 0
        byte += 1
        if byte == 7:
            byte = 0
            if fields[_COUNT]:
                fields[_COUNT] -= 1
                fields[_HEAD] = (fields[_HEAD] + 1) & 511
                at = fields[_HEAD] * 7


class Fifo:
    """The ring. Samples come in through push(), which takes `fields` and `ring`."""

    def __init__(self):
        self.fields = array("i", bytes(4 * _FIELDS))
        self.ring = bytearray(7 * WORDS)
        self.push = push
        self.next_slot = next_slot
        self.fields[_DEPTH] = WORDS

    def shape(self, depth, stops):
        """Hold `depth` words; then stop (true) or overwrite the oldest."""
        self.fields[_DEPTH] = depth
        self.fields[_STOPS] = stops

    def clear(self):
        """Empty it, as bypass mode does."""
        self.fields[_COUNT] = 0
        self.fields[_OVERRUN] = 0

    def take(self, buf, byte):
        """Fill buf from a byte (0..6) of the oldest word; a word goes when its last byte does."""
        _take(self.fields, self.ring, buf, len(buf), byte)

    def level(self):
        """Words that wait."""
        return self.fields[_COUNT]

    def depth(self):
        """Words that fit."""
        return self.fields[_DEPTH]

    def overrun(self):
        """Whether a word was lost since the latch was cleared."""
        return self.fields[_OVERRUN]

    def clear_overrun(self):
        """Clear the latch."""
        self.fields[_OVERRUN] = 0

    def overwritten(self):
        """Valid frames that were overwritten before anybody read them."""
        return self.fields[_OVERWRITTEN]
