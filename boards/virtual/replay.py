"""The detector alone, without a board, over a file of frames: one JSON list of fields an event.

usage: micropython replay.py FIRMWARE FRAMES.i16 RATE_MHZ MLSB_PER_G [SETTINGS as JSON]
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from crib import config
from crib.detector import Detector
from crib.settings import DEFAULTS

_STRIDE = 6


def main(path, rate_mhz, mlsb_per_g, settings="null"):
    """Run the whole file through the detector, with its own settings unless others are given."""
    detector = Detector(json.loads(settings) or DEFAULTS, int(rate_mhz), int(mlsb_per_g))
    burst = bytearray(config.BURST * _STRIDE)
    with open(path, "rb") as f:
        while True:
            n = f.readinto(burst) // _STRIDE
            if not n:
                return
            for k in range(detector.step(burst, n)):
                print(detector.movements.fields(k))


main(*sys.argv[2:6])
