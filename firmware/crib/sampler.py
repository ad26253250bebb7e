"""From the IMU's FIFO into the detector, one burst at a time, allocating nothing."""

import errno

from micropython import const

from . import config

_LENGTHS = const(7)  # of a burst: 1 to config.BURST frames
_SAMPLE = const(6)  # bytes of x, y, z
# So many frames in a row in bursts that end as they began. Noise of 5 LSB rms on each axis makes
# one burst in 5000 such a one: three of 64 frames, and a fourth, once in many years.
_STILL = const(192)
_TICKS = const(0x3FFFFFFF)  # ticks_ms counts modulo 2**30
_LOOK_MS = const(4)  # chosen: a look that takes longer is of no one moment
_LONG_MS = const(800)  # between two looks: below what any FIFO holds
_SPAN_MS = const(4000)  # chosen, as is all of `_hold`; then what was summed up is halved
_SOON_MS = const(3000)  # of a span that is shorter the limit is this one's
_OFF = const(51)  # 1024ths: 5 %
_TO_AND_FRO_MS = const(10)
_FRAME = const(1000000)  # in mHz times ms
# What `notes` may hold.
RATE = const(1)
JITTER = const(2)
SPAN = const(4)


class Sampler:
    """`poll` until it returns 0; after -1 the caller must record `lost` frames and `skip` them."""

    def __init__(self, imu, detector, ticks_ms=None):
        self.imu = imu
        self._ticks_ms = ticks_ms
        self.detector = detector
        self.buffer = bytearray(config.BURST * imu.STRIDE)
        view = memoryview(self.buffer)
        # A view of every length would take 2 KB: a burst is a power of two.
        self._views = tuple([view[: imu.STRIDE << k] for k in range(_LENGTHS)])
        # A FIFO that is small is emptied sooner.
        self.usual = getattr(imu, "WATERMARK", config.WATERMARK)
        self.watermark = self.usual
        self.fifo_high = 0  # the most frames ever found waiting
        self.closed = 0  # events the last burst closed
        self.lost = 0  # before the burst; -1: at least one, and the sensor does not know
        self.grown = 0  # frames left behind before the burst, less those that waited with it
        self.left = 0  # frames that the last burst left behind
        self.still = 0  # frames in a row that were analysed, in bursts that end as they began
        self.stuck = 0  # frames passed over since, until a value moves again
        self._sample = min(imu.LOW_BYTE, imu.HIGH_BYTE)
        self._held = 0
        self._reading = False
        self.notes = 0  # RATE: too fast or too slow; JITTER: to and fro; SPAN: one is over
        self._span_ms = -1  # that _slow and _fast are sums of; below 0: begin anew
        self._came = self._then = self._phase = self._slow = self._fast = 0

    def poll(self):
        """Read and analyse one burst if one is due.

        Returns its frames, 0 if too few wait, or -1 if frames were lost before it: the burst is
        then held back until the next call. With `stuck` the burst was passed over.
        """
        if self._reading:
            # A Ctrl-C cut the last read short, and its frames have left the FIFO: not to be
            # passed over, but to fail, so that they become a gap.
            raise OSError(errno.EIO)
        n = self._held
        if n == 0:
            n = self._look()
            if n > self.fifo_high:
                self.fifo_high = n
            if n < self.watermark or n == 0:
                return 0
            waiting = n
            k = _LENGTHS - 1
            while n >> k == 0:
                k -= 1
            n = 1 << k
            self._reading = True
            self.imu.read_into(self._views[k])
            self._reading = False
            self.grown = self.left - waiting
            self.left = waiting - n
            self._held = n  # from here on the burst is only here
            self.lost = self.imu.lost()
            if self._passed_over(n):
                return n
            if self.stuck:
                self.lost = self.stuck + abs(self.lost)
            if self.lost:
                self._span_ms = -1
                return -1
        self.closed = self.detector.step(self.buffer, n)
        self._held = self.stuck = 0
        return n

    def _passed_over(self, n):
        """Whether it ends as it began, and too many before it did: of most one byte tells."""
        last = (n - 1) * self.imu.STRIDE
        for at in range(self._sample, self._sample + _SAMPLE):
            if self.buffer[at] != self.buffer[at + last]:
                self.still = 0
                return False
        if self.still < _STILL:
            self.still += n
            return False
        self.stuck += n + abs(self.lost)
        self._held = 0
        self._span_ms = -1
        return True

    def _look(self):
        """How many frames wait."""
        ticks_ms = self._ticks_ms
        if not ticks_ms:
            return self.imu.level()
        now = ticks_ms()
        n = self.imu.level()
        if ticks_ms() - now & _TICKS <= _LOOK_MS:
            self._hold(now, self.detector.index + n)
        return n

    def _hold(self, now, came):
        """Hold the frames that came so far against the clock: of the rate they are within one.

        What they leave that band by moves it, and is summed up for either side. One side alone is
        the rate; both are frames that come early and late.
        """
        frames = came - self._came
        passed = now - self._then & _TICKS
        if self._span_ms < 0:
            self._span_ms = _SPAN_MS >> 1
            self._slow = self._fast = 0
        elif passed <= _LONG_MS:
            if frames <= 0:
                return
            rate = self.imu.rate_mhz
            phase = self._phase + passed * rate - frames * _FRAME
            self._phase = min(max(phase, 0), _FRAME)
            self._slow += max(phase - _FRAME, 0)
            self._fast += max(-phase, 0)
            self._span_ms += passed
            off = max(self._span_ms, _SOON_MS) * (rate * _OFF >> 10)
            if abs(self._slow - self._fast) > off:
                self.notes |= RATE
            if min(self._slow, self._fast) > rate * _TO_AND_FRO_MS:
                self.notes |= JITTER
            if self._span_ms > _SPAN_MS:
                self._span_ms >>= 1
                self._slow >>= 1
                self._fast >>= 1
                self.notes |= SPAN
        self._came = came
        self._then = now
