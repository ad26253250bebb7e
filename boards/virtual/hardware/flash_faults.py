"""Faults of the flash that a test orders, of `faults`' form; each takes effect once its time came.

erase      the next erases, `count` of them (1), take `ms` (400)
bad_block  the next blocks to be erased, `count` of them (1), keep none of their bits from then
on: the flash tells nothing, and only reading shows it
cut        the supply fails halfway through a write or an erase, the `count`-th from then on (1)
"""

import micropython

from . import costs, status

FLASH_KINDS = ("erase", "bad_block", "cut")


@micropython.viper
def _clear(buf: ptr8, n: int):
    for i in range(n):
        buf[i] = 0


class FaultyFlash:
    """A Nor with these faults, in the other one's place; power_cut() ends the process."""

    def __init__(self, nor, clock, orders, power_cut=None):
        self._nor = nor
        self._power_cut = power_cut
        self._clock = clock
        self._waiting = list(orders)
        self._bad = []

    @property
    def erases(self):
        """Of the flash, all of them."""
        return self._nor.erases

    def readblocks(self, block, buf, offset=0):
        """As of Nor; nothing but zeros of a bad block."""
        self._nor.readblocks(block, buf, offset)
        if block in self._bad:
            _clear(buf, len(buf))

    def writeblocks(self, block, buf, offset=None):
        """As of Nor."""
        if offset is None:
            self._erased(block)
        elif self._due("cut"):
            self._nor.writeblocks(block, memoryview(buf)[: len(buf) // 2], offset)
            self._power_cut()
        self._nor.writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        """As of Nor."""
        if op == 6:
            self._erased(arg)
        return self._nor.ioctl(op, arg)

    def _erased(self, block):
        """What is due now happens to this block."""
        if self._due("cut"):
            self._nor.erase_half(block)
            self._power_cut()
        if self._due("bad_block"):
            self._bad.append(block)
        elif fault := self._due("erase"):
            self._clock.charge(fault.get("ms", 400) * 1000 - costs.ERASE_US)

    def _due(self, kind):
        """The first fault of this kind whose time has come, or None."""
        for fault in self._waiting:
            if fault["kind"] == kind and fault["at_ms"] <= self._clock.now_ms():
                fault["count"] = fault.get("count", 1) - 1
                if not fault["count"]:
                    self._waiting.remove(fault)
                elif kind == "cut":
                    return None
                status.fault(kind, self._clock.now_ms())
                return fault
        return None
