"""The detector and the recorder's words around frame 2**30, on the board's word size.

usage: wraps.py. Prints the events of the same frames, numbered from 0 and from just below 2**30.
"""

from array import array

from crib.clock import Clock
from crib.detector import Detector
from crib.settings import DEFAULTS

LAST = 1 << 30
FRAMES = 5000
JERK_AT = 4090  # across the end, from 4096 frames before it
NUMBERED = (10, 11, 12, 15)  # of an event's fields: run, start, onset, closed


def frame(k):
    seed = (k * 1103515245 + 12345) & 0x3FFFFFFF
    noise = (seed >> 12 & 15) - 8
    moved = 900 if JERK_AT <= k < JERK_AT + 40 and k // 6 % 2 else 0
    return noise + moved, -noise, 16384 + noise


def events(start):
    detector = Detector(DEFAULTS, 104_000, 16_393_443)
    detector.begin(start)
    burst = array("h", bytes(2 * 3 * 50))
    found = []
    for k in range(0, FRAMES, 50):
        for i in range(50):
            for axis, value in enumerate(frame(k + i)):
                burst[3 * i + axis] = value
        for one in range(detector.step(memoryview(burst), 50)):
            fields = list(detector.movements.fields(one))
            for at in NUMBERED:
                fields[at] -= start
            found.append(fields)
    assert detector.index == start + FRAMES
    return found


class Ticks:
    now = LAST - 3

    def ticks_ms(self):
        return self.now

    def ticks_diff(self, end, start):
        return ((end - start + LAST // 2) & (LAST - 1)) - LAST // 2


def days():
    board = Ticks()
    clock = Clock(board)
    for _ in range(100):
        board.now = (board.now + 123_456_789) & (LAST - 1)
        clock.poll()
    return clock.uptime_ms(), clock.seconds


# The filters take turns in 32 frames: only then are the frames the same.
print(len(events(0)), events(0) == events(LAST - 4096), *days())
