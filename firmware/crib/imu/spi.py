"""A chip's registers over SPI, in the shape that `machine.I2C` gives them: a bus for drivers.

`spi` is a machine.SPI in mode 0 or 3; `cs` a pin that selects the chip at 0, called as a function;
`dummy` how many bytes the chip sends before what was asked for (BMI270: 1, the others 0).
"""


class Registers:
    """The address that drivers pass is passed over: the pin chooses the chip."""

    SPI = True

    def __init__(self, spi, cs, dummy=0):
        self._spi = spi
        self._cs = cs
        self._ask = bytearray(1 + dummy)
        self._tell = bytearray(1)
        cs(1)

    def readfrom_mem_into(self, _, register, buf):
        """Fill `buf` from `register` on; allocates nothing."""
        self._ask[0] = register | 0x80
        self._cs(0)
        try:
            self._spi.write(self._ask)
            self._spi.readinto(buf)
        finally:
            self._cs(1)

    def writeto_mem(self, _, register, buf):
        """Write `buf` to `register` and on."""
        self._tell[0] = register
        self._cs(0)
        try:
            self._spi.write(self._tell)
            self._spi.write(buf)
        finally:
            self._cs(1)
