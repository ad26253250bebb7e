"""Runs the detector over frames that know no mercy, and prints a digest of all it leaves behind.

usage: digest.py viper|bytecode FIRMWARE. "bytecode" strips the viper decorator as it loads.
One line for each way to split the same frames into bursts: its name, the digest, the events.
"""

import binascii
import sys
from array import array

from crib import kernels
from crib.detector import Detector
from crib.settings import DEFAULTS, check

STRIDE = 7
RATE_MHZ, MLSB_PER_G = 104_000, 16_393_443
GAP = 37  # frames, between two parts
# The half of the warm-up ends within a second and between two copies of the filters.
SETTINGS = check({"warm_up_ms": 4210, "hold_ms": 300, "join_ms": 400}, DEFAULTS)
SPLITS = {
    "1": (1,),
    "512": (512,),
    "varied": (64, 1, 37, 2, 13, 63, 8, 511, 5, 200, 33, 31),
}

if sys.argv[1] == "bytecode":
    with open(sys.argv[2] + "/crib/kernels.py") as f:
        stripped = {}
        exec(f.read().replace("@micropython.viper", "@micropython.bytecode"), stripped)
    for name in ("scan", "measure", "flatten", "correlate", "divide", "code_frames", "level"):
        setattr(kernels, name, stripped[name])


class Noise:
    """Pseudo-random numbers of a 16-bit shift register."""

    seed = 1

    def within(self, most):
        """A number from -`most` to `most`."""
        for _ in range(5):
            self.seed = (self.seed >> 1) ^ (0xB400 if self.seed & 1 else 0)
        return self.seed % (2 * most + 1) - most


NOISE = Noise()
WALK = [0]


def jerks(i, axis):
    """Runs of jerks of every size, some regular, some alone, with stillness between."""
    run = i // 400
    within = i % 400
    jerk = within < 180 and within % (21 + run) < 9 and (run % 2 or within < 30)
    size = 30 << run % 7
    return 12000 + NOISE.within(6) + (size * (1 if i // 4 % 2 else -1) >> axis if jerk else 0)


def drifting(i, axis):
    """A walk that the ends of the range hold back."""
    WALK[0] = max(-32768, min(32767, WALK[0] + NOISE.within(600)))
    return WALK[0]


PARTS = (  # (frames, sample of frame i and axis)
    (900, lambda i, axis: 12000 + NOISE.within(6)),
    (4000, jerks),
    (600, lambda i, axis: 0),
    (500, lambda i, axis: -32768),
    (700, lambda i, axis: 9000 if i // 150 % 2 else -7000),
    (700, drifting),
    (600, lambda i, axis: 32767 if i // 37 % 2 else -32768),
    (600, lambda i, axis: 32767 if i // 4 % 2 else -32768),
    (600, lambda i, axis: 32767 if (i + axis) % 2 else -32768),
    (600, lambda i, axis: 20000 if i % 61 == 7 else NOISE.within(9)),
    (600, lambda i, axis: NOISE.within(32767)),
)


def packets(n, sample):
    """`n` words of a FIFO: a tag, then x, y, z, low byte first."""
    out = bytearray(n * STRIDE)
    for i in range(n):
        for axis in range(3):
            v = sample(i, axis) & 0xFFFF
            out[i * STRIDE + 1 + 2 * axis] = v & 255
            out[i * STRIDE + 2 + 2 * axis] = v >> 8
    return out


class Taken:
    """One detector, the digest of what it left behind after each part, and its events."""

    def __init__(self, sizes):
        self.detector = Detector(SETTINGS, RATE_MHZ, MLSB_PER_G, STRIDE, 1, 2)
        self.sizes = sizes
        self.bursts = self.events = 0
        self.digests = [0, 0, 0]  # of movements, epochs, and what is left after each part

    def add(self, which, words):
        self.digests[which] = binascii.crc32(bytes(array("i", list(words))), self.digests[which])

    def step(self, burst, n):
        detector = self.detector
        for k in range(detector.step(burst, n)):
            self.events += 1
            self.add(0, detector.movements.fields(k))
        if detector.seconds.due:
            detector.seconds.due = False
            self.add(1, detector.seconds.epoch)
            self.add(1, detector.seconds.track[: detector.seconds.count])

    def part(self, frames):
        view = memoryview(frames)
        at = 0
        while at < len(frames):
            n = min(self.sizes[self.bursts % len(self.sizes)], (len(frames) - at) // STRIDE)
            self.bursts += 1
            self.step(view[at : at + n * STRIDE], n)
            at += n * STRIDE
        detector = self.detector
        detector.state[kernels.OFFSET] = 0  # where the last burst happened to end
        waveforms = detector.waveforms
        for left in (detector.state, detector.ring, detector.env, detector.sums, waveforms.before):
            self.add(2, left)
        detector.skip(GAP)


def main():
    """Every split takes every part."""
    taken = {name: Taken(sizes) for name, sizes in SPLITS.items()}
    for n, sample in PARTS:
        frames = packets(n, sample)
        for one in taken.values():
            one.part(frames)
    for name in sorted(taken):
        one = taken[name]
        print(name, "%08x%08x%08x" % tuple(one.digests), one.events, one.detector.index)


main()
