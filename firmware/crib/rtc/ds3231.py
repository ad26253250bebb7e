"""DS3231, a clock with a battery: Maxim 19-5170, figure 1 (registers) and page 14 (status)."""

from micropython import const

from .clock_chip import bcd, number

_SECONDS = const(0x00)  # then minutes, hours, day of the week, day, month, year
_STATUS = const(0x0F)
_STOPPED = const(0x80)  # OSF: the oscillator has stood still, so the time means nothing
_MASKS = b"\x7f\x7f\x3f\x07\x3f\x1f\xff"


class DS3231:
    """The driver. Methods raise OSError where the bus fails."""

    # 2 s of reading and setting in whole seconds, and 30 days at the data sheet's 2 ppm.
    WITHIN_MS = const(7_200)

    def __init__(self, i2c, address=0x68):
        self._i2c = i2c
        self._address = address

    def read(self):
        """(year, month, day, hour, minute, second) UTC; None while nobody has set it."""
        status, raw = bytearray(1), bytearray(7)
        self._i2c.readfrom_mem_into(self._address, _STATUS, status)
        self._i2c.readfrom_mem_into(self._address, _SECONDS, raw)
        if status[0] & _STOPPED:
            return None
        second, minute, hour, _, day, month, year = [
            number(byte & mask) for byte, mask in zip(raw, _MASKS)
        ]
        return 2000 + year, month, day, hour, minute, second

    def write(self, year, month, day, hour, minute, second):
        """Set it; 24 hours a day, in UTC."""
        values = second, minute, hour, 1, day, month, year - 2000
        self._i2c.writeto_mem(self._address, _SECONDS, bytes([bcd(v) for v in values]))
        self._i2c.writeto_mem(self._address, _STATUS, b"\x00")
