"""Runs the kernels over frames that know no mercy, and prints a digest of all they leave behind.

usage: digest.py viper|bytecode FIRMWARE. "bytecode" strips the viper decorator as it loads.
"""

import binascii
import sys
from array import array

mode, firmware = sys.argv[1:3]
if mode == "bytecode":
    with open(firmware + "/crib/kernels.py") as f:
        source = f.read().replace("@micropython.viper", "@micropython.bytecode")
    kernels = {}
    exec(source, kernels)
    scan, keep, code_frames = kernels["scan"], kernels["keep"], kernels["code_frames"]
else:
    from crib import kernels as module

    scan, keep, code_frames = module.scan, module.keep, module.code_frames
    kernels = module.__dict__

STRIDE = 7
CFG = array("I", [STRIDE, 1, 2, 4, 1, 3, 3, 39, 12, 24, 36, 52, 6240, 104, 208])


def frames(seed, n, size):
    """Pseudo-random frames: still, loud and full-scale stretches; a 16-bit shift register."""
    out = bytearray(n * STRIDE)
    for i in range(n):
        for byte in range(1, STRIDE):
            seed = (seed >> 1) ^ (0xB400 if seed & 1 else 0)
            out[i * STRIDE + byte] = seed & 0xFF if size > 7 or byte % 2 else (seed & size)
    return out


def main():
    """Two thousand bursts; the digest covers state, events, ring and coded frames of each."""
    st = array("I", [0] * kernels["ST_WORDS"])
    st[kernels["WARM"]] = 208
    out = array("I", [0] * (kernels["OUT_WORDS"] * kernels["OUT_EVENTS"]))
    ring = array("H", [0] * (3 * 512))
    coded = bytearray(9 * 64)
    digest = index = events = 0
    for burst in range(2000):
        n = 1 + burst * 7 % 64
        loud = 255 if burst % 100 < 5 else (7 if burst % 17 == 0 else 1)
        buf = frames(burst + 1, n, loud)
        keep(buf, n, index, CFG, ring, 511)
        scan(buf, n, index, CFG, st, out)
        index += n
        end = code_frames(ring, 511, index - n, n, coded, 0)
        events += st[kernels["CLOSED"]]
        for piece in (st, out, ring, memoryview(coded)[:end]):
            digest = binascii.crc32(bytes(piece), digest)
    print(index, events, "%08x" % digest)


main()
