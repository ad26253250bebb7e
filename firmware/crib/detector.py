"""From bursts of raw frames to segments, runs of them, and seconds.

Owns every array the kernels work on; `step` allocates nothing. The same code is the board's
detector and the host's `replay`. A *segment* is a stretch above the low threshold that reached the
high one; a *run* is segments less than `join_ms` apart, which `movement` judges together.
"""

from array import array

from micropython import const

from . import config, kernels, measures, seconds
from .movement import Movements
from .waveform import Waveforms

IN_SEGMENT = const(2)  # the floors adapt 2**2 times slower within a movement
_WARM_STEP = const(9)  # floor steps in the second half of the warm-up, of 2**-9 ...
_KEPT_STEP = const(8)  # ... or where the first half is left out: what was off by 2 is by 1.2 then
NEVER = const(-1)
_TICKS_MOST = const(900)  # of a run: the rings must hold it and what comes before


class Detector:
    """One call of `step` per FIFO burst, one of `skip` per gap."""

    def __init__(
        self, settings, rate_mhz, mlsb_per_g,
        stride=6, low_byte=0, high_byte=1, scratch=None, before=None,
    ):  # fmt: skip
        """Go on where the detector `before` is: its frames stay counted, its floors known."""
        self.cfg, self.floor_step = config.kernel_words(
            settings, rate_mhz, mlsb_per_g, stride, low_byte, high_byte
        )
        self.in_gaps = self.seen = 0  # frames missing, frames that went through the filters
        if before:  # a heap in pieces has no room for these twice
            self.state, self.ring = before.state, before.ring
            self.env, self.sums = before.env, before.sums
            self.in_gaps, self.seen = before.in_gaps, before.seen
        else:
            words = kernels.FRAMES + 3 * self.cfg[kernels.WINDOW]
            self.state = array("i", bytes(4 * words))
            self.ring = array("H", bytes(2 * 3 * kernels.RING))
            self.env = array("H", bytes(2 * kernels.TICKS))
            self.sums = array("i", bytes(4 * 2 * kernels.SUMS))
            for axis in range(3):
                self.state[kernels.GAIN + axis] = self.cfg[kernels.GAIN_MOST]
        self.run_start = 0
        self.scratch = scratch or bytearray(kernels.TICKS)  # needed only while a run is judged
        self.movements = Movements(self, settings, rate_mhz, mlsb_per_g)
        self.seconds = seconds.Seconds(self, rate_mhz)
        self._join = config.frames(settings["join_ms"], rate_mhz)
        longest = config.frames(settings["longest_ms"], rate_mhz)
        self._longest = min(longest, _TICKS_MOST << self.cfg[kernels.SHIFT_TICK])
        self._settle = config.frames(settings["settle_ms"], rate_mhz)
        pre = config.frames(settings["pre_ms"], rate_mhz)
        self.waveforms = Waveforms(self, pre, settings["waveforms_per_hour"])
        self.warm = config.frames(settings["warm_up_ms"], rate_mhz)  # frames of it left
        self._late = self.warm >> 1  # when so many are left, the large steps are over
        self._warm_step = _WARM_STEP
        self.begin(before.index if before else 0)

    def begin(self, index):
        """Start at frame `index`, with the filters at rest."""
        self.index = index  # of the next frame
        self.ring_from = index  # frames before this one are not in the ring
        self.active = False
        self.count = 0  # segments of the running run
        self.best = 0
        self._best_at = self._start = self._over = index
        st = self.state
        for k in range(kernels.BAND, len(st)):
            if not kernels.GAIN <= k < kernels.SUM:
                st[k] = 0
        st[kernels.INDEX] = index
        st[kernels.WINDOW_AT] = kernels.FRAMES
        st[kernels.STOP] = NEVER
        st[kernels.STEP] = self.floor_step
        self.movements.cut = 0  # what follows is not the rest of what was
        self.seconds.begin(index)

    def step(self, burst, n):
        """Take `n` frames. Returns the number of movements they closed (see `movements`)."""
        st = self.state
        self.movements.count = 0
        if n and self.index == self.ring_from:
            config.prime(burst, self.cfg, st)
        while n:
            m = min(n, self.seconds.left(), self.waveforms.left())
            if self.warm:
                early = self.warm - self._late
                m = min(m, early if early > 0 else self.warm)
                st[kernels.STEP] = 6 if early > 0 else self._warm_step
            elif self.active:
                m = min(m, self.run_start + self._longest - self.index)
            elif self.count:
                m = min(m, self._over - self.index)
            self.waveforms.check()
            n -= kernels.scan(0, m, burst, self.cfg, st, self.ring, self.env, self.sums)
            self._turn(st[kernels.INDEX] - self.index)
        st[kernels.OFFSET] = 0
        return self.movements.count

    def _turn(self, took):
        """`took` frames went through the kernel: do what is due now."""
        self.index += took
        self.seen += took
        st = self.state
        if self.warm:
            self.warm -= took
            if not self.warm:
                self._late = self._settle
                self.idle()
                self.waveforms.since = self.index
                st[kernels.BEST] = 0
        elif self.active:
            if st[kernels.STILL] == st[kernels.STOP]:
                self.close(self.index - 1 - st[kernels.STILL])
            elif self.index == self.run_start + self._longest:
                moving = self.close(self.index - 1)
                self._finish(measures.MOVING if moving else measures.FULL)
        elif st[kernels.STILL] == 0:
            self._open()
        if self.count and not self.active and self.index >= self._over:
            full = self.index >= self.run_start + self._longest
            self._finish(measures.FULL if full else measures.AT_REST)
        if not self.seconds.left():
            self.seconds.end()

    def idle(self):
        st = self.state
        self.active = False
        st[kernels.STOP] = 0
        st[kernels.STILL] = 1
        st[kernels.STEP] = self.floor_step
        st[kernels.CLIPPED] = 0

    def _open(self):
        """The statistic has reached the low threshold at the last frame."""
        if self.count == measures.SEGMENTS:
            self._finish(measures.FULL)
        st = self.state
        self.active = True
        self._start = self.index - 1
        self.best, self._best_at = 0, self._start
        st[kernels.STOP] = self.cfg[kernels.HOLD]
        st[kernels.STEP] = self.floor_step + IN_SEGMENT
        if self.count == 0:
            self.run_start = self._start
            self.waveforms.open(self._start)

    def close(self, end):
        """A stretch above the low threshold ended at frame `end`. Returns if it is a segment."""
        self.seconds.fold()
        counts = self.best >= self.cfg[kernels.HIGH]
        if counts:
            self.movements.keep(self._start, end, self.best)
            self.count += 1
            self._over = min(self.index + self._join, self.run_start + self._longest)
        else:
            self.seconds.missed(self.best, self._best_at, seconds.PASSED_LOW)
            self.waveforms.passed(self._start + 1, self.index)
        self.idle()
        return counts

    def eventful(self):
        """Whether something is under way that will be an event."""
        return self.count or (self.active and self.best >= self.cfg[kernels.HIGH])

    def reached(self, best, at):
        """The statistic has reached `best` in the open segment, at frame `at`."""
        if best > self.best:
            self.best, self._best_at = best, at

    def _finish(self, how):
        if self.count:
            self.movements.judge(how)
            self.waveforms.end()
        self.count = 0

    def finish(self):
        """No frame follows: end what is under way. Returns as `step`."""
        self.movements.count = 0
        moving = self.active and self.close(self.index - 1)
        self._finish(measures.MOVING if moving else measures.AT_REST)
        self.seconds.rest()
        return self.movements.count

    def seed(self, gains):
        """Begin with a floor that was kept: the steps that find one from nothing are left out."""
        for axis in range(3):
            self.state[kernels.GAIN + axis] = min(gains[axis], self.cfg[kernels.GAIN_MOST])
        self.warm = self._late
        self._warm_step = _KEPT_STEP

    def skip(self, lost):
        """`lost` frames are missing here: an open event ends unseen, the filters start again."""
        self.in_gaps += lost
        self.begin(self.index + lost)
        self.warm = max(self.warm, self._settle)
