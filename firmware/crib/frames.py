"""The raw frames that the detector has just seen, for a host that records them.

They lie in its own ring: nothing is kept for the host, and one that comes late finds others there.
"""

import struct

from micropython import const

from . import kernels, protocol

_MOST = const(160)  # frames of a packet: at most 9 bytes each, and 10 before them
_HEAD = "<IHHH"


def answer(app, arguments):
    """Send what is here from frame `at` on in one packet; then where that leaves the host."""
    at, state = [int(word) for word in arguments.split(" ")]
    d = app.sensing.detector
    if not d:
        raise protocol.Refused("no_sensor mend that first")
    first = max(at, d.index - kernels.RING, 0)
    n = max(0, min(d.index - first, _MOST))
    if n:
        r = (first & kernels.RING - 1) * 3
        body = app.server.body
        end = protocol.HEAD
        struct.pack_into(_HEAD, body, end, first, d.ring[r], d.ring[r + 1], d.ring[r + 2])
        end += struct.calcsize(_HEAD)
        end = kernels.code_frames(d.ring, kernels.RING - 1, first, n, body, end)
        app.server.send(protocol.FRAMES, 0, end)
    fields = app.boot, app.sensing.fault, d.index, d.ring_from, d.in_gaps
    told = "boot=%d fault=%s next=%d from=%d in_gaps=%d" % fields
    if state and not (d.warm or d.active or d.count):
        words = [str(d.state[k]) for k in range(kernels.FILTERS)]
        told += " left=%d filters=%s" % (d.seconds.left(), ",".join(words))
    return told
