"""Flash under littlefs that outlives the power, which fails in the middle of an operation."""

import micropython

BLOCK = 4096
ERASED = b"\xff" * BLOCK


@micropython.viper
def _program(cells: ptr8, at: int, buf: ptr8, n: int):
    for i in range(n):
        cells[at + i] = cells[at + i] & buf[i]


@micropython.viper
def _read(cells: ptr8, at: int, buf: ptr8, n: int):
    for i in range(n):
        buf[i] = cells[at + i]


class PowerCut(Exception):
    pass


class Flash:
    """Blocks in memory that outlive the power; after `cut_after` operations it is gone."""

    def __init__(self, blocks):
        self.blocks = [bytearray(ERASED) for _ in range(blocks)]
        self.operations = 0
        self.cut_after = 0


class Power:
    """A block device while the power lasts; the operation that it fails in is done by half."""

    def __init__(self, flash):
        self._flash = flash
        self._on = True

    def off(self):
        self._on = False

    def _tick(self):
        flash = self._flash
        flash.operations += 1
        return flash.operations == flash.cut_after

    def _cut(self):
        self._on = False
        raise PowerCut

    def readblocks(self, block, buf, offset=0):
        if self._on:
            _read(self._flash.blocks[block], offset, buf, len(buf))

    def writeblocks(self, block, buf, offset=0):
        if not self._on:  # it is the garbage collector that closes a file
            return
        cut = self._tick()
        cells = self._flash.blocks[block]
        _program(cells, offset, buf, len(buf) // 2 if cut else len(buf))
        if cut:
            self._cut()

    def ioctl(self, op, arg):
        if op == 4:
            return len(self._flash.blocks)
        if op == 5:
            return BLOCK
        if op == 6 and self._on:
            cut = self._tick()
            cells = self._flash.blocks[arg]
            _read(ERASED, 0, cells, BLOCK // 2 if cut else BLOCK)
            if cut:
                self._cut()
        return 0
