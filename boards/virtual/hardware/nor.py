"""NOR flash in a file: erasing sets every bit of a block, programming can only clear bits.

Nothing is buffered: what an operation did is in the file when it returns, and a killed process is
a power cut. Extended block protocol (VfsLfs2). Every `worst_every`-th erase takes the worst time.
"""

import micropython
from micropython import const

from . import costs

BLOCK_BYTES = const(4096)
BLOCKS = const(512)
_PIECE = const(256)  # a page


@micropython.viper
def _clear_bits(page: ptr8, buf: ptr8, at: int, n: int):
    for i in range(n):
        page[i] = page[i] & buf[at + i]


class Nor:
    """`image` is the open file (r+b), 2 MiB; `worst_every` 0 means never."""

    def __init__(self, image, clock, worst_every=16):
        self._image = image
        self._clock = clock
        self._worst_every = worst_every
        self._page = bytearray(_PIECE)
        self.erases = 0

    def readblocks(self, block, buf, offset=0):
        """Fill buf from a byte offset of a block."""
        self._image.seek(block * BLOCK_BYTES + offset)
        self._image.readinto(buf)
        self._clock.charge(costs.READ_SETUP_US + len(buf) // costs.READ_BYTES_PER_US)

    def writeblocks(self, block, buf, offset=None):
        """Program buf; without an offset the blocks are erased first, as esp32.Partition does."""
        if offset is None:
            offset = 0
            for i in range(len(buf) // BLOCK_BYTES):
                self._erase(block + i)
        first = block * BLOCK_BYTES + offset
        done = 0
        while done < len(buf):
            n = min(len(buf) - done, _PIECE - (first + done) % _PIECE)
            self._program(first + done, buf, done, n)
            done += n

    def _program(self, address, buf, at, n):
        self._image.seek(address)
        self._image.readinto(self._page, n)
        _clear_bits(self._page, buf, at, n)
        self._image.seek(address)
        self._image.write(self._page, n)
        self._clock.charge(costs.PROGRAM_FIRST_US + n * costs.PROGRAM_BYTE_NS // 1000)

    def erase_half(self, block):
        """What an erase leaves whose power fails: here, half a block as it was."""
        self._blank(block, BLOCK_BYTES // 2)

    def _blank(self, block, n):
        page = self._page
        for i in range(_PIECE):
            page[i] = 0xFF
        self._image.seek(block * BLOCK_BYTES)
        for _ in range(n // _PIECE):
            self._image.write(page, _PIECE)

    def _erase(self, block):
        self._blank(block, BLOCK_BYTES)
        self.erases += 1
        worst = self._worst_every and self.erases % self._worst_every == 0
        self._clock.charge(costs.ERASE_WORST_US if worst else costs.ERASE_US)

    def ioctl(self, op, arg):
        """Block count, block size and erase; starting, stopping and syncing need nothing."""
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK_BYTES
        if op == 6:
            self._erase(arg)
        return 0
