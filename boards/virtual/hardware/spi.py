"""An SPI bus with one device, named as machine.SPI, and its select pin; bytes take their time."""

from . import costs


class SPI:
    """A device has read_into and write as for bus.I2C, told spi=True, and `spi_dummy`.

    That is how many bytes go by on a read before what was asked for comes.
    """

    def __init__(self, clock, device, freq=1_000_000):
        self._clock = clock
        self._device = device
        self._byte_ns = 8_000_000 // (freq // 1000)
        self._reg = -1  # none has been sent since the device was selected
        self._reads = False
        self._dummies = 0
        self._selected = False

    def select(self, level):
        """The pin: 0 selects the device, 1 ends the transfer."""
        self._selected = not level
        self._reg = -1
        if not level:
            self._clock.charge(costs.SPI_TRANSFER_US)

    def write(self, buf):
        """Send buf: the register, with bit 7 for a read, then what is written, or dummy bytes."""
        self._pass(len(buf))
        if not self._selected or not len(buf):
            return
        at = 0
        if self._reg < 0:
            self._reg = buf[0] & 0x7F
            self._reads = buf[0] & 0x80
            self._dummies = self._device.spi_dummy if self._reads else 0
            at = 1
        if self._reads:
            self._dummies -= len(buf) - at
        elif len(buf) > at:
            self._device.write(self._reg, memoryview(buf)[at:] if at else buf, spi=True)
            self._reg += len(buf) - at

    def readinto(self, buf):
        """Fill buf with what the device sends; it comes late by the dummy bytes not yet sent."""
        self._pass(len(buf))
        if not self._selected or not self._reads:
            return
        late = max(self._dummies, 0)
        if self._device.read_into(self._reg, memoryview(buf)[late:] if late else buf, spi=True):
            self._clock.charge(costs.DRAIN_US)

    def _pass(self, count):
        self._clock.charge(count * self._byte_ns // 1000)
