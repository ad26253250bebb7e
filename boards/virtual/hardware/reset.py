"""Power, resets and the watchdog: how this process ends, and what the next one is to know."""

import sys

from micropython import const

from . import status
from .clock import ticks_diff

EXIT_HARD = const(64)
EXIT_WATCHDOG = const(65)
EXIT_POWER_CUT = const(66)
EXIT_BROWN_OUT = const(67)
RETAINED_BYTES = const(2048)


def leave(code):
    """End the process now, running nothing of the firmware: neither `finally` nor `except`."""
    try:
        # Where there is no ffi, what follows runs `finally`: a softer end than a power cut.
        __import__("ffi").open(None).func("v", "_exit", "i")(code)
    except (ImportError, OSError):
        pass
    sys.exit(code)


class Retained:
    """RTC memory: kept by the process, and in a file across a reset, but not across a power cut.

    The file holds the recording's position (4 bytes), the length (2) and the memory.
    """

    def __init__(self, store, power_on):
        self._store = store
        self.position = 0
        self._bytes = b""
        if power_on:
            return
        head = store.read(6)
        if len(head) == 6:
            self.position = int.from_bytes(head[:4], "little")
            self._bytes = store.read(int.from_bytes(head[4:], "little"))

    def read(self):
        """The bytes last written, at most 2048; empty after a power cut."""
        return self._bytes

    def write(self, buf):
        """Replace them. ValueError if there are more than fit."""
        if len(buf) > RETAINED_BYTES:
            raise ValueError("retained memory holds 2048 bytes")
        self._bytes = bytes(buf)

    def keep(self, position):
        """Put everything into the file: a reset follows."""
        self._store.seek(0)
        self._store.write(position.to_bytes(4, "little"))
        self._store.write(len(self._bytes).to_bytes(2, "little"))
        self._store.write(self._bytes)


class Reset:
    """Ends the process for a reset that the relay carries out."""

    def __init__(self, retained, clock, imu, feed):
        self._retained = retained
        self._clock = clock
        self._imu = imu
        self._feed = feed

    def reset(self):
        """The hard one of `machine`."""
        self._end(EXIT_HARD)

    def watchdog(self):
        """As the watchdog does it."""
        self._end(EXIT_WATCHDOG)

    def brown_out(self):
        """The supply dips, and comes back at once."""
        self._end(EXIT_BROWN_OUT)

    def power_cut(self):
        """The supply is gone, and stays so."""
        self._end(EXIT_POWER_CUT)

    def _end(self, code):
        self._imu.run(self._clock.take_due())
        self._retained.keep(self._feed.position())
        status.end(code, self._feed.position())
        leave(code)


class Watchdog:
    """Resets the board if it is not fed for limit_ms of its time; looked at while idle."""

    def __init__(self, clock, reset, limit_ms=30_000):
        self._clock = clock
        self._reset = reset
        self._fed_limit_ms = self._limit_ms = limit_ms
        self.park_ms = 600_000
        self._fed_ms = 0
        self._armed = False

    def feed(self):
        """Begin anew; the first call arms it."""
        self._limit_ms = self._fed_limit_ms
        self._begin()

    def park(self):
        """Watch from here on for `park_ms`, until it is fed again."""
        self._limit_ms = self.park_ms
        self._begin()

    def _begin(self):
        self._fed_ms = self._clock.now_ms()
        self._armed = True

    def look(self):
        """Bite if it is time."""
        if self._armed and ticks_diff(self._clock.now_ms(), self._fed_ms) > self._limit_ms:
            self._reset.watchdog()
