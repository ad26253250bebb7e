"""Virtual time. It moves when it is charged, when the board idles and, at 1x or Nx, with the wall.

At the greatest speed idling jumps as long as the sensor plays its recording, and sleeps at 1x
otherwise, so that a board nobody feeds does not burn the machine it runs on.
"""

import time
from array import array

import micropython
from micropython import const

from . import costs

_NOW = const(0)  # microseconds, modulo 2**30
_MS = const(1)  # milliseconds, modulo 2**30
_US_OF_MS = const(2)
_DUE = const(3)  # microseconds the sensor has not lived yet
_AHEAD = const(4)  # microseconds charged that the wall clock has not covered yet
_REST = const(5)  # thousandths of a microsecond left over by following
_LINE = const(6)  # microseconds until the console's transmit FIFO has run empty
_FIELDS = const(7)

_DUE_MOST = const(0x10000000)
_LEASH_MS = const(20)
_IDLE_MOST_MS = const(60_000)


@micropython.viper
def _pass(t: ptr32, us: int):
    t[_NOW] = (t[_NOW] + us) & 0x3FFFFFFF
    t[_DUE] = t[_DUE] + us
    line = t[_LINE] - us
    t[_LINE] = line if line > 0 else 0
    ms = t[_US_OF_MS] + us
    t[_US_OF_MS] = ms % 1000
    t[_MS] = (t[_MS] + ms // 1000) & 0x3FFFFFFF


def ticks_diff(end, start):
    """Ticks from start to end, -2**29 .. 2**29 - 1, across the wrap at 2**30."""
    ticks = (end - start) & 0x3FFFFFFF
    return ticks - 0x20000000 - 0x20000000 if ticks & 0x20000000 else ticks


def host_ms():
    """Milliseconds of the wall's time, modulo 2**30, whatever the virtual clock does."""
    return time.ticks_ms() & 0x3FFFFFFF  # pyright: ignore[reportOperatorIssue]


class Clock:
    """A clock at `permille` thousandths of the wall's speed; 0 means as fast as the machine goes.

    `console` is polled while the board idles, `sensor` is told of the time that went by.
    """

    def __init__(self, permille, console, sensor):
        self._t = array("i", bytes(4 * _FIELDS))
        self._wall = time.ticks_us()  # as far as it has been followed
        self._paced = permille != 0
        self._permille = permille or 1000
        self._step_us = 0x20000000 // self._permille
        self._console = console
        self._sensor = sensor
        self._watchdog = None
        self.attended = False  # somebody sits at the REPL: no jumping
        self.hurries = False  # though the sensor is off, until it plays again

    def attach(self, watchdog):
        """Have a watchdog look at the time whenever the board idles."""
        self._watchdog = watchdog

    def ticks_us(self):
        """Microseconds, modulo 2**30."""
        self._read()
        return self._t[_NOW]

    def ticks_ms(self):
        """Milliseconds, modulo 2**30."""
        self._read()
        return self._t[_MS]

    def now_ms(self):
        """ticks_ms for the hardware's own use: looking costs nothing."""
        return self._t[_MS]

    def charge(self, us):
        """Let 0 <= us < 2**28 microseconds of the board's life be spent."""
        t = self._t
        _pass(t, us)
        if t[_DUE] > _DUE_MOST:
            self._sensor.run(self.take_due())
        if self._paced:
            t[_AHEAD] += us
            ahead_ms = t[_AHEAD] // self._permille
            if ahead_ms > _LEASH_MS:
                # Not _catch_up: that polls the console, and a KeyboardInterrupt must not pass
                # through littlefs, which calls this from its block device.
                # Not all of it: whatever the machine oversleeps is not the board's to lose.
                time.sleep_ms(ahead_ms - _LEASH_MS // 2)
                self._follow()

    def occupy_line(self, us, fifo_us):
        """Keep the console's line busy for us more, waiting for what exceeds its FIFO."""
        t = self._t
        busy_us = t[_LINE] + us
        if busy_us > fifo_us:
            self.charge(busy_us - fifo_us)
            busy_us = fifo_us
        t[_LINE] = busy_us

    def take_due(self):
        """Microseconds since this was last asked."""
        if self._paced:
            self._follow()
        due = self._t[_DUE]
        self._t[_DUE] = 0
        return due

    def idle(self, ms):
        """Let at most ms pass: less if the FIFO reaches its watermark or input comes."""
        if self._console.poll():
            return
        self._sensor.run(self.take_due())
        us = self._sensor.until_watermark_us()
        if ms < _IDLE_MOST_MS:
            us = min(us, ms * 1000)
        us = max(min(us, _IDLE_MOST_MS * 1000), costs.IDLE_US)
        plays = self._sensor.plays()
        self.hurries = self.hurries and not plays
        if self._paced or self.attended or not (plays or self.hurries):
            self._start_pacing()
            if self._sensor.over():
                self._permille = min(self._permille, 1000)
                self._step_us = 0x20000000 // self._permille
            self._catch_up(us)
        else:
            self.charge(us)
        if self._watchdog:
            self._watchdog.look()

    def _read(self):
        if self._watchdog:
            self._watchdog.look()
        if self._paced:
            self._follow()
        else:
            self.charge(costs.TICKS_US)

    def _start_pacing(self):
        if not self._paced:
            self._wall = time.ticks_us()
            self._t[_AHEAD] = 0

    def _catch_up(self, us):
        """Sleep until the wall has covered what was charged and us more; less on input."""
        while True:
            us -= self._follow()
            left = us + self._t[_AHEAD]
            if left <= 0:
                return
            if self._console.wait(left // self._permille + 1):
                self._follow()
                return

    def _follow(self):
        """Move time on as the wall did, less what was charged ahead; return microseconds."""
        t = self._t
        gained = 0
        wall_us = time.ticks_diff(time.ticks_us(), self._wall)
        while wall_us > 0:
            step = min(wall_us, self._step_us)
            wall_us -= step
            self._wall = time.ticks_add(self._wall, step)
            scaled = step * self._permille + t[_REST]
            t[_REST] = scaled % 1000
            us = scaled // 1000
            covered = min(us, t[_AHEAD])
            t[_AHEAD] -= covered
            _pass(t, us - covered)
            gained += us - covered
        return gained
