"""When frames come, for a chip that numbers nothing and has no clock: by the board's ticks.

Each look at a FIFO's count narrows down how old its newest frame is, and how long a period is.
After an overrun that says how many frames came meanwhile, where it leaves one number only.
Times are in sixteenths of a microsecond where nothing else is said; nothing here is allocated.
"""

from micropython import const

_TICKS = const(0x3FFFFFFF)  # ticks_us counts modulo 2**30
_OFF = const(11)  # a period may be off by 1/11: some 8 % of the rate, the data sheets allow 5 %
_SURE = const(64)  # frames that tell the period better than that
_SPAN = const(1 << 29)  # 33 s: what a period is told from
_DRIFT_SHIFT = const(12)  # chosen: by how much it may change in that time
_LONGEST_US = const(30_000_000)  # beyond, the sums would leave the small integers


class Arrivals:
    """`begin`, then `seen` at each look.

    `shortest` and `longest` are the bounds of the period, `frames` what it is told from.
    """

    def __init__(self, ticks_us, odr):
        self._ticks = ticks_us
        self._nominal = 16_000_000 // odr

    def begin(self, now):
        """The FIFO was emptied at a moment that began `now`: nothing is known of its frames."""
        self._then = now  # when the last look began, in ticks
        self.shortest = self._nominal - self._nominal // _OFF
        self.longest = self._nominal + self._nominal // _OFF
        self._young = -self.since(now) << 4  # bounds of the newest frame's age then
        self._old = self.longest
        self.mark()

    def mark(self):
        """From the last look on, what comes tells the period."""
        self._first_young = self._young
        self._first_old = self._old
        self.frames = self._span = 0

    def since(self, then):
        """Microseconds since a reading of the ticks."""
        return (self._ticks() - then) & _TICKS

    def seen(self, now, arrived):
        """At a look that began `now`, `arrived` frames more had come than at the last one."""
        slack = self.since(now) << 4  # it was somewhen in this time
        gone = (now - self._then) & _TICKS
        if gone > _LONGEST_US:
            self.begin(now)
            return
        self._then = now
        gone <<= 4
        old = self._old
        if arrived and old > self.shortest:
            old = self.shortest  # or one of these frames would have come before the last look
        old = self._old = min(old + gone - arrived * self.shortest, self.longest)
        young = self._young = max(self._young + gone - arrived * self.longest, -slack)
        self.frames += arrived
        self._span += gone
        if self.frames >= _SURE:
            self.shortest = max(
                self.shortest, (self._span + self._first_young - old) // self.frames
            )
            most = (self._span + self._first_old - young) // self.frames + 1
            self.longest = min(self.longest, most)
        if young > old or self.shortest > self.longest:
            self.begin(now)  # the rate has changed, or it stood still
        elif self._span > _SPAN:
            self.mark()
            self.shortest -= self.shortest >> _DRIFT_SHIFT
            self.longest += self.longest >> _DRIFT_SHIFT

    def came(self, now, within_us):
        """Frames that came from the last look until `now`, or so soon after; -1: nobody knows."""
        gone = (now - self._then) & _TICKS
        if gone > _LONGEST_US:
            return -1
        gone <<= 4
        n = (self._young + gone) // self.longest
        return n if (self._old + gone + (within_us << 4)) // self.shortest == n else -1
