"""A recording in the sensor's place: a driver whose FIFO the host fills over the serial line.

    imu.push(first_frame, coded)
    imu.read_into(view_of(imu.level()))

A frame keeps its number in the recording, so what never came is counted exactly. A line of frames
is a code for each x, y and z in turn: by how much it is more than in the frame before, and in the
line's first frame, than 0. One character from "!" on is a difference of -39 to 39; from
"p" on, with a second, one of -658 to 657; "~" and three more are any, modulo 65536.
"""

from array import array

import micropython
from micropython import const

_STRIDE = const(6)
_ONE = const(79)  # codes of one character
_TWO = const(93)  # below it, of two
_LEFT_MS = const(10_000)  # without a word of the host's the sensor comes back
PAD = b"!!!"  # behind a line: a damaged code must not reach out of it


@micropython.viper
def _decode(coded: ptr8, end: int, ring: ptr8, at: int, size: int, last: ptr16) -> int:
    """Write the frames of `coded[:end]` into the ring from frame `at` on; returns how many."""
    for axis in range(3):
        last[axis] = 0
    k = axis = frames = 0
    while k < end:
        more = int(coded[k]) - 33
        k += 1
        if more < _ONE:
            more -= _ONE >> 1
        elif more < _TWO:
            more = (more - _ONE) * 94 + int(coded[k]) - 33 - 658
            k += 1
        else:
            more = (int(coded[k]) - 33) * 94 + int(coded[k + 1]) - 33
            more = more * 94 + int(coded[k + 2]) - 33
            k += 3
        value = (int(last[axis]) + more) & 0xFFFF
        last[axis] = value
        ring[_STRIDE * at + 2 * axis] = value & 0xFF
        ring[_STRIDE * at + 2 * axis + 1] = value >> 8
        axis += 1
        if axis == 3:
            axis = 0
            frames += 1
            at += 1
            if at == size:
                at = 0
    return frames


@micropython.viper
def _copy(ring: ptr8, at: int, size: int, view: ptr8, n: int):
    """Copy `n` bytes from byte `at` of the ring on."""
    for k in range(n):
        view[k] = ring[at]
        at += 1
        if at == size:
            at = 0


class Injected:
    """The driver. `leave()` is called when the host has been silent for too long.

    `depth`: frames that the FIFO holds; the oldest give way where `paced` is 1, else what has no
    room, or does not follow on what is here, is left to be sent again. 2: with ordered gaps.
    """

    STRIDE = _STRIDE
    LOW_BYTE = 0
    HIGH_BYTE = 1
    FULL_SCALE_G = 2

    def __init__(self, board, leave, rate_mhz, mlsb_per_g, depth, paced):
        self._board = board
        self._leave = leave
        self._depth = depth
        self._paced = paced & 1
        self._rate_mhz = rate_mhz
        self.mlsb_per_g = mlsb_per_g
        # What waits before a hole may be few frames for ever.
        self.WATERMARK = 1 if paced else min(64, depth >> 1)
        self._ring = bytearray()
        self._last = array("H", bytes(_STRIDE))
        self.next = 0  # number of the frame behind the newest
        self._at = self._read = 0  # of the oldest one held; of the one behind the last one read
        self._hole_from = self._hole_until = 0  # what never came, of what is still to be read
        self._lost = self.missing = 0  # frames before those last read; in all
        self.busy_us = self.late_us = 0  # with frames, in all; longest between two looks
        self._took = self._looked = board.ticks_us()
        self._took_frames = False
        self._heard = board.host_ms()

    def begin(self):
        """Make room for the frames; the detector has its own by now."""
        self._ring = bytearray(self._depth * _STRIDE)
        self._heard = self._board.host_ms()

    def room(self):
        """Frames for which there is room."""
        return self._depth - (self.next - self._at)

    def push(self, first, coded):
        """Take in the frames from number `first` on."""
        self._heard = self._board.host_ms()
        if first < self.next or len(coded) // 3 > self._depth:
            return  # sent again; or no line of ours
        if not self._paced and (first > self.next or len(coded) // 3 > self.room()):
            return
        if first > self.next:
            if self._at >= self._hole_until:
                self._hole_from = self.next
            self._hole_until = first  # what lies between two holes goes with them
            self.next = first
        at = first % self._depth
        self.next += _decode(coded + PAD, len(coded), self._ring, at, self._depth, self._last)
        if self.next - self._at > self._depth:
            self._at = self.next - self._depth

    def leave_out(self, first, until):
        """There is no frame from number `first`, which is next, to before `until`."""
        self._heard = self._board.host_ms()
        if first == self.next < until and self._at >= self._hole_until:
            self._hole_from = first
            self._hole_until = self.next = until

    def level(self):
        """Frames that wait, up to the next that never came."""
        now = self._board.ticks_us()
        if self._took_frames:
            self._took_frames = False
            self.busy_us += self._board.ticks_diff(now, self._took)
        if self.next:
            self.late_us = max(self.late_us, self._board.ticks_diff(now, self._looked))
        self._looked = now
        if self._board.ticks_diff(self._board.host_ms(), self._heard) > _LEFT_MS:
            self._heard = self._board.host_ms()
            self._leave()
        if self._at < self._hole_until:
            if self._at < self._hole_from:
                return self._hole_from - self._at
            self._at = self._hole_until
        return self.next - self._at

    def read_into(self, view):
        """Fill `view` with the oldest frames, which `level` has seen."""
        size = self._depth * _STRIDE
        _copy(self._ring, self._at % self._depth * _STRIDE, size, view, len(view))
        self._lost = self._at - self._read
        self.missing += self._lost
        self._at += len(view) // _STRIDE
        self._read = self._at
        self._took = self._board.ticks_us()
        self._took_frames = True

    def lost(self):
        """Frames that are missing just before those last read."""
        return self._lost

    def true_rate_mhz(self):
        """The recording's own."""
        return self._rate_mhz

    def stop(self):
        """Nothing: it is the host that stops."""
