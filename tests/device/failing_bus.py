"""A bus that fails when it is told to."""

import errno

from hardware import costs


class FailingBus:
    """A bus whose n-th transfer fails behind `byte` of its bytes.

    `held_by` a clock, it and all that follow wait for their time-out.
    """

    def __init__(self, bus):
        self._bus = bus
        if hasattr(bus, "SPI"):
            self.SPI = True
        self.n = self.byte = -1
        self.count = 0
        self.held_by = None

    def _fails(self):
        if self.held_by and 0 <= self.n <= self.count:
            self.count += 1
            self.held_by.charge(costs.I2C_TIMEOUT_US)
            raise OSError(errno.ETIMEDOUT)
        self.count += 1
        return self.count - 1 == self.n

    def readfrom_mem_into(self, address, register, buf):
        if self._fails():
            self._bus.readfrom_mem_into(address, register, memoryview(buf)[: self.byte])
            raise OSError(116)
        self._bus.readfrom_mem_into(address, register, buf)

    def writeto_mem(self, address, register, buf):
        if self._fails():
            raise OSError(116)
        self._bus.writeto_mem(address, register, buf)
