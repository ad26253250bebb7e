"""A peer that has frames, too: what `frames` of docs/PROTOCOL.md answers, from an array."""

import struct

import numpy as np

from cribtrace.device import kernels, protocol
from tests.support.peer import Peer

_MOST = 160


def coded(raw):
    """Frames int16[N, 3] as a FRAMES packet holds those behind the first."""
    out = bytearray()
    for value in np.diff(raw.astype(int), axis=0).ravel():
        left = 2 * value if value >= 0 else -2 * value - 1
        while left > 127:
            out.append(128 | left & 127)
            left >>= 7
        out.append(left)
    return bytes(out)


class FramePeer(Peer):
    """`raw` int16[N, 3] are its frames so far; `filters` the words it tells before the next."""

    def __init__(self, raw, **options):
        self.raw, self.filters = raw, None
        self.in_gaps = self.ring_from = self.held = 0
        super().__init__(**options)

    def do_frames(self, number, at, state):
        end = len(self.raw)
        first = max(int(at), end - kernels.RING, self.held, 0)
        here = self.raw[first : first + _MOST]
        if len(here):
            words = struct.pack("<IHHH", first, *(here[0].astype(int) + 0x8000))
            self._send(protocol.FRAMES, 0, words + coded(here))
        told = f"boot={self.boot} fault=none next={end} from={self.ring_from}"
        told += f" in_gaps={self.in_gaps}"
        if int(state) and self.filters is not None:
            told += f" left=5 filters={','.join(map(str, self.filters))}"
        return told
