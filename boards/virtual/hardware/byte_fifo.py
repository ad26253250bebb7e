"""The FIFO of the MPU family: bytes, not packets, and when it is full new bytes take old ones.

InvenSense PS-MPU-6000A; what it does when full: i2cdevlib issue 479, kriswiner/MPU9250 issue 384.
"""

from array import array

import micropython
from micropython import const

_HEAD = const(0)
_COUNT = const(1)  # bytes that wait
_SIZE = const(2)  # bytes that fit, a power of two
_STOPS = const(3)  # full is full: a packet that does not fit is not written
_OVERRUN = const(4)
_PARTS = const(5)  # what a packet consists of, as FIFO_EN says it
_PACKET = const(6)  # its bytes
_PHASE = const(7)  # bytes of its packet that went before the oldest one that waits
_LAST = const(8)  # the byte that was read last
_OVERWRITTEN = const(9)
_TEMPERATURE = const(10)
_FIELDS = const(11)

_ACCEL = const(0x08)
_TEMP = const(0x80)
_GYRO_X = const(0x40)  # y and z to the right of it
_WORDS = const(7)  # of the largest packet: three of accelerometer, temperature, three of gyroscope


@micropython.viper
def next_slot(fields: ptr32):
    """Nothing in here is numbered."""


@micropython.viper
def push(fields, ring, out, at: int, tag: int) -> int:
    """Append a packet, upper bytes first; 0 if it would have no parts."""
    room = int(_room(fields))
    if room == 1:
        _write(fields, ring, out, at)
    return room


@micropython.viper
def _room(fields: ptr32) -> int:
    """1 where a packet can be written, 2 where it is a frame lost, 0 where it would be empty."""
    if fields[_PARTS] == 0:
        return 0
    if fields[_COUNT] + fields[_PACKET] > fields[_SIZE]:
        fields[_OVERRUN] = 1
        if fields[_STOPS]:
            fields[_OVERWRITTEN] += 1
            return 2
    return 1


@micropython.viper
def _write(fields: ptr32, ring: ptr8, out: ptr8, at: int):
    parts = fields[_PARTS]
    size = fields[_SIZE]
    for word in range(_WORDS):
        value = 0  # no gyroscope here
        bit = _ACCEL
        if word < 3:
            value = out[at + 2 * word] | out[at + 2 * word + 1] << 8
        elif word == 3:
            bit = _TEMP
            value = fields[_TEMPERATURE]
        else:
            bit = _GYRO_X >> (word - 4)
        if parts & bit:
            for _ in range(2):
                if fields[_COUNT] == size:
                    if fields[_PHASE] == 0:
                        fields[_OVERWRITTEN] += 1
                    fields[_PHASE] += 1
                    if fields[_PHASE] == fields[_PACKET]:
                        fields[_PHASE] = 0
                    fields[_HEAD] += 1
                    fields[_COUNT] -= 1
                ring[(fields[_HEAD] + fields[_COUNT]) & (size - 1)] = value >> 8
                fields[_COUNT] += 1
                value <<= 8
    fields[_HEAD] &= size - 1


@micropython.viper
def _take(fields: ptr32, ring: ptr8, buf: ptr8, first: int, n: int):
    for i in range(first, n):
        if fields[_COUNT]:
            fields[_LAST] = ring[fields[_HEAD] & (fields[_SIZE] - 1)]
            fields[_HEAD] += 1
            fields[_COUNT] -= 1
            fields[_PHASE] += 1
            if fields[_PHASE] == fields[_PACKET]:
                fields[_PHASE] = 0
        buf[i] = fields[_LAST]
    fields[_HEAD] &= fields[_SIZE] - 1


class ByteFifo:
    """The ring. Samples come in through push(), which takes `fields` and `ring`."""

    def __init__(self, size):
        self.fields = array("i", bytes(4 * _FIELDS))
        self.ring = bytearray(size)
        self.push = push
        self.next_slot = next_slot
        self.fields[_SIZE] = size

    def shape(self, parts, temperature, stops):
        """What a packet consists of (0: nothing comes in); and if a full FIFO takes no more."""
        fields = self.fields
        if parts:
            words = 3 if parts & _ACCEL else 0
            for bit in (_TEMP, _GYRO_X, _GYRO_X >> 1, _GYRO_X >> 2):
                words += 1 if parts & bit else 0
            fields[_PACKET] = 2 * words
        fields[_PARTS] = parts
        fields[_TEMPERATURE] = temperature
        fields[_STOPS] = stops

    def clear(self):
        """Empty it: what it held is lost."""
        fields = self.fields
        if fields[_COUNT]:
            fields[_OVERWRITTEN] += fields[_COUNT] // fields[_PACKET]  # the whole ones
        fields[_COUNT] = 0
        fields[_PHASE] = 0
        fields[_OVERRUN] = 0

    def take(self, buf, first, readable):
        """Fill buf from index `first` on; an empty FIFO, or one that is off, repeats a byte."""
        if readable:
            _take(self.fields, self.ring, buf, first, len(buf))
        else:
            for i in range(first, len(buf)):
                buf[i] = self.fields[_LAST]

    def level(self):
        """Bytes that wait."""
        return self.fields[_COUNT]

    def overrun(self):
        """Whether a byte was lost since the flag was cleared."""
        return self.fields[_OVERRUN]

    def clear_overrun(self):
        """Clear the flag."""
        self.fields[_OVERRUN] = 0

    def overwritten(self):
        """Frames that nobody read and nobody can read any more."""
        return self.fields[_OVERWRITTEN]
