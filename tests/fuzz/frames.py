"""Packets among text: `framing.decode` and `stream.Decoder`."""

import random

from cribtrace.device import framing
from cribtrace.stream import PACKET, TEXT, Decoder
from tests.fuzz.mutate import mutated
from tests.fuzz.target import AgreeingCrc
from tests.support.peer import encoded

_LINES = (
    b"t_s=60.0 what=heartbeat frames=6240 gaps=0\r\n",
    b"MicroPython v1.25.0\r\n>>> ",
    b"\r\n",
)
_TAIL_MOST = 8192 + 4096


class Frames:
    """A case is the pieces in which a stream arrives."""

    name = "frame"
    check = "CRC-32"
    CASE_MOST_S = 1.0

    def __init__(self):
        self._unguarded = False
        self._sealed: set[bytes] = set()

    def unguard(self):
        self._unguarded = True
        framing.binascii = AgreeingCrc

    def case(self, rng: random.Random) -> list[bytes]:
        self._sealed = set()
        stream = b"".join(self._part(rng) for _ in range(rng.randint(1, 4)))
        if rng.random() < 0.7:
            stream = mutated(rng, stream)
        if rng.random() < 0.3:
            return [stream]
        cuts = sorted(rng.randrange(len(stream) + 1) for _ in range(rng.choice((1, 3, 20))))
        return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    def _part(self, rng: random.Random) -> bytes:
        what = rng.random()
        if what < 0.15:
            return rng.randbytes(rng.choice((1, 9, 80, 700)))
        if what < 0.3:
            return mutated(rng, rng.choice(_LINES))
        payload = rng.choice((b"", b"door", bytes(30), b"\xff" * 260, rng.randbytes(40)))
        body = mutated(rng, bytes((rng.randint(1, 8), rng.randrange(256))) + payload)
        if not body:
            return b"\0"
        self._sealed.add(body)
        return b"\0" + (rng.randbytes(40) if self._unguarded and what < 0.5 else encoded(body))

    def size_bytes(self, case: list[bytes]) -> int:
        return sum(map(len, case))

    def allowed_bytes(self, size_bytes: int) -> int:
        return 200_000 + 32 * size_bytes

    def run(self, case: list[bytes]) -> bool:
        decoder, past = Decoder(), False
        for piece in case:
            framing.decode(piece)
            for kind, body in decoder.feed(piece):
                assert kind in (PACKET, TEXT) and body
                past |= kind == PACKET
                assert kind == TEXT or 1 <= body[0] <= 8
                if kind == PACKET and not self._unguarded:
                    assert body in self._sealed, f"false packet {body!r}"
        assert len(decoder._tail) <= _TAIL_MOST
        return past

    def close(self):
        pass
