"""The detector alone, without a board, over a file of frames: one JSON list of fields an event.

usage: micropython replay.py FIRMWARE FRAMES.i16 RATE_MHZ MLSB_PER_G ENDED [NAME=VALUE ...]

ENDED 1: what is under way behind the last frame ends there; 0: it is left out.
"""

import sys

sys.path.insert(0, sys.argv[1])

from crib import config
from crib.detector import Detector
from crib.settings import DEFAULTS, check

_STRIDE = 6


def main(path, rate_mhz, mlsb_per_g, ended, *settings):
    """Run the whole file through the detector, with its own settings unless others are given."""
    in_force = check(dict([pair.split("=") for pair in settings]), DEFAULTS)
    detector = Detector(in_force, int(rate_mhz), int(mlsb_per_g))
    burst = bytearray(config.BURST * _STRIDE)
    with open(path, "rb") as f:
        while True:
            n = f.readinto(burst) // _STRIDE
            if not n:
                break
            for k in range(detector.step(burst, n)):
                print(detector.movements.fields(k))
    if ended == "1":
        for k in range(detector.finish()):
            print(detector.movements.fields(k))


main(*sys.argv[2:])
