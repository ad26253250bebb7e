"""BM8563, a clock register for register NXP's PCF8563 (data sheet rev. 10, 8.4)."""

from micropython import const

from .clock_chip import bcd, number

_CONTROL_1 = const(0x00)  # 0: not stopped, no test mode
_SECONDS = const(0x02)  # then minutes, hours, day, day of the week, month, year
_LOW = const(0x80)  # VL, of the seconds: the voltage was too low for the time to mean anything
_MASKS = b"\x7f\x7f\x3f\x3f\x07\x1f\xff"


class BM8563:
    """The driver. Methods raise OSError where the bus fails."""

    # 2 s of reading and setting in whole seconds, and 30 days of a watch crystal's 20 ppm.
    WITHIN_MS = const(54_000)

    def __init__(self, i2c, address=0x51):
        self._i2c = i2c
        self._address = address

    def read(self):
        """(year, month, day, hour, minute, second) UTC; None while nobody has set it."""
        raw = bytearray(7)
        self._i2c.readfrom_mem_into(self._address, _SECONDS, raw)
        if raw[0] & _LOW:
            return None
        second, minute, hour, day, _, month, year = [
            number(byte & mask) for byte, mask in zip(raw, _MASKS)
        ]
        return 2000 + year, month, day, hour, minute, second

    def write(self, year, month, day, hour, minute, second):
        """Set it; in UTC, of this century."""
        values = second, minute, hour, day, 0, month, year - 2000
        self._i2c.writeto_mem(self._address, _CONTROL_1, b"\x00")
        self._i2c.writeto_mem(self._address, _SECONDS, bytes([bcd(v) for v in values]))
