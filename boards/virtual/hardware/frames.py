"""The recording's frames in its file, a chunk of them in memory; its last second for ever."""

from micropython import const

_FRAME_BYTES = const(6)
_CHUNK_FRAMES = const(512)


class Frames:
    """`chunk` holds `have` frames from number `base` on; numbers go on after the end.

    `source` is an open file of int16 x, y, z (little-endian), `count` frames long, taken at
    `rate_uhz` micro-hertz.
    """

    def __init__(self, source, count, rate_uhz):
        self._source = source
        self._count = count
        self._loop = min(count, _CHUNK_FRAMES, (rate_uhz + 500_000) // 1_000_000)
        self.chunk = bytearray(_CHUNK_FRAMES * _FRAME_BYTES)
        self.base = self.have = 0

    def load(self, pos):
        """Bring frame number `pos` into memory."""
        first = pos
        if pos >= self._count:
            first = self._count - self._loop
            pos -= (pos - self._count) % self._loop
        self._source.seek(first * _FRAME_BYTES)
        self._source.readinto(self.chunk)
        self.base = pos
        self.have = min(_CHUNK_FRAMES, self._count - first)
