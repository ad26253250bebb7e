"""The detector alone, without a board, over a file of frames: one JSON list of fields an event.

usage: micropython replay.py FIRMWARE FRAMES.i16 COUNT RATE_MHZ MLSB_PER_G
"""

import sys

sys.path.insert(0, sys.argv[1])

from crib import config, kernels
from crib.detector import Detector

_STRIDE = 6


def main(path, count, rate_mhz, mlsb_per_g):
    """Run until the recording has ended and no event is open."""
    detector = Detector(config.SETTINGS, rate_mhz, mlsb_per_g)
    burst = bytearray(config.BURST * _STRIDE)
    with open(path, "rb") as f:
        while detector.index < count or detector.state[kernels.ACTIVE]:
            n = f.readinto(burst) // _STRIDE
            if not n:
                return
            for k in range(detector.step(burst, n)):
                print(list(detector.event_fields(k)))


main(sys.argv[2], *[int(a) for a in sys.argv[3:6]])
