"""A million frames through Sampler.poll with the heap locked: whatever allocates fails.

usage: million.py FRAMES. Prints frames, movements, epochs, gaps and the heap's growth in bytes.
"""

import gc
import sys

import micropython
from crib.detector import Detector
from crib.sampler import Sampler
from crib.settings import DEFAULTS

STRIDE = 7
BURST = 64
BURSTS = 32  # prepared ones: still, then movements of several kinds
RATE_MHZ, MLSB_PER_G = 104_000, 16_393_443


def prepared():
    """Bursts of noise around 1 g, the later ones with ever larger jerks on the first axis."""
    seed = 1
    found = []
    for k in range(BURSTS):
        burst = bytearray(BURST * STRIDE)
        for i in range(BURST):
            for axis in range(3):
                for _ in range(3):
                    seed = (seed >> 1) ^ (0xB400 if seed & 1 else 0)
                v = seed % 13 - 6 + (16384 if axis == 2 else 0)
                if k >= BURSTS // 2 and axis == 0 and i % 26 < 9:
                    v += (40 << k % 8) * (1 if i // 4 % 2 else -1)
                burst[i * STRIDE + 1 + 2 * axis] = v & 255
                burst[i * STRIDE + 2 + 2 * axis] = v >> 8 & 255
        found.append(burst)
    return found


@micropython.viper
def copy(to: ptr8, of: ptr8, n: int):
    """Copy `n` bytes; a slice would be an object."""
    while n:
        n -= 1
        to[n] = of[n]


class Fifo:
    """An IMU that always has a burst: now still, now moving, and rarely with frames lost."""

    STRIDE = STRIDE
    LOW_BYTE = 1
    HIGH_BYTE = 2

    def __init__(self):
        self._bursts = prepared()
        self.reads = 0

    def level(self):
        return BURST

    def read_into(self, view):
        k = self.reads
        self.reads += 1
        quiet = BURSTS // 2
        # Of 128 bursts: 1 to 41 in a row move, of one size or of many.
        length = 1 + (k >> 7) % 8 * (k >> 7) % 41
        moving = k & 127 >= 40 and (k & 127) - 40 < length
        which = (k if k >> 7 & 1 else k >> 7) if moving else k
        copy(view, self._bursts[quiet * moving + which % quiet], BURST * STRIDE)

    def lost(self):
        return 300 if self.reads % 2000 == 1999 else 0


class Night:
    """What a night of so many frames came to."""

    def __init__(self, frames):
        self.frames = frames
        self.detector = Detector(DEFAULTS, RATE_MHZ, MLSB_PER_G, STRIDE, 1, 2)
        self.sampler = Sampler(Fifo(), self.detector)
        self.movements = self.epochs = self.gaps = 0

    def poll(self, until):
        """Poll until `until` frames have been seen."""
        detector = self.detector
        sampler = self.sampler
        while detector.seen < until:
            if sampler.poll() < 0:
                self.gaps += 1
                detector.skip(sampler.lost)
            self.movements += sampler.closed
            if detector.seconds.due:
                detector.seconds.due = False
                self.epochs += 1

    def locked(self):
        """The same, in such a way that any allocation fails, and how much the heap has grown."""
        self.poll(BURST)
        gc.collect()
        before = gc.mem_alloc()
        micropython.heap_lock()
        try:
            self.poll(self.frames)
        finally:
            micropython.heap_unlock()
        return gc.mem_alloc() - before


night = Night(int(sys.argv[1]))
grown = night.locked()
print(night.detector.seen, night.movements, night.epochs, night.gaps, grown)
