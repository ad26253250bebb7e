"""A simulated DS3231: the time in its registers, going on over power cuts by a battery.

Registers: Maxim DS3231, figure 1. While the board runs its time is the board's; while it is off,
the wall's. The battery is an open file: how far the chip is ahead of the wall in seconds, as
decimal text; an empty one is a chip that was never set.
"""

import time

_OSF = 0x80
_AGES = 0x13


def _bcd(value):
    return value // 10 << 4 | value % 10


class DS3231:
    """On the bus like the sensor; `clock` is the board's."""

    address = 0x68

    def __init__(self, clock, battery):
        self._clock = clock
        self._battery = battery
        ahead = battery.read().strip()
        self._registers = bytearray(_AGES)
        self._registers[0x0F] = 0 if ahead else _OSF | 0x08
        self._shown_s = time.time() + float(ahead or 0)
        self._last_ms = clock.now_ms()
        self._rest_ms = 0

    def _run(self):
        now_ms = self._clock.now_ms()
        self._rest_ms += (now_ms - self._last_ms) & 0x3FFFFFFF
        self._last_ms = now_ms
        self._shown_s += self._rest_ms // 1000
        self._rest_ms %= 1000

    def _keep(self):
        self._battery.seek(0)
        self._battery.write("%-20.3f" % (self._shown_s - time.time()))
        self._battery.flush()

    def read_into(self, reg, buf):
        """Fill buf from register `reg` on; never from a FIFO."""
        self._run()
        year, month, day, hour, minute, second, weekday = time.gmtime(int(self._shown_s))[:7]
        shown = second, minute, hour, weekday + 1, day, month, year % 100
        self._registers[:7] = bytes([_bcd(value) for value in shown])
        for k in range(len(buf)):
            buf[k] = self._registers[(reg + k) % _AGES]
        if not self._registers[0x0F] & _OSF:
            self._keep()
        return False

    def write(self, reg, buf):
        """Set registers; writing the seconds starts a new one."""
        self._run()
        for k, byte in enumerate(buf):
            self._registers[(reg + k) % _AGES] = byte
        if reg == 0:
            second, minute, hour, _, day, month, year = [
                (byte >> 4) * 10 + (byte & 15) for byte in self._registers[:7]
            ]
            local_s = time.mktime((2000 + year, month, day, hour, minute, second, 0, 0))
            # There is no timegm: take off what this machine's zone has made of it.
            self._shown_s = 2 * local_s - time.mktime(time.gmtime(int(local_s)))
            self._rest_ms = 0
        if not self._registers[0x0F] & _OSF:
            self._keep()
