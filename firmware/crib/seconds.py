"""What every second was like, event or none: the track, the epoch and its closest miss."""

from array import array

from micropython import const

from . import config, kernels

CODE_LOUD = const(208)  # codes from here on are of the largest z, below of the statistic
Z_MOST = const(128)
_ROCKING_SECONDS = const(10)  # DESIGN.md: regular motion for >= 10 s
_SWAY_Z = const(40)  # 5 times the noise of the sharp part, 10 times that of the slow one

# What kept the closest miss from being an event, in the order of records.MISSES.
STAYED_BELOW = const(0)
PASSED_LOW = const(1)


def code(statistic, z):
    """One byte for a second: its largest statistic or, above 16 times the noise, its largest z.

    8 steps an octave either way; the statistic grows with the fourth power of the motion.
    """
    if z < Z_MOST:
        return min(kernels.level(statistic), CODE_LOUD - 1)
    return min(CODE_LOUD - kernels.level(Z_MOST) + kernels.level(z), 255)


class Seconds:
    """Seconds and epochs of one detector."""

    def __init__(self, detector, rate_mhz):
        self._d = detector
        self._second = config.frames(1000, rate_mhz)
        self._epoch_frames = config.EPOCH_SECONDS * self._second
        self._running = bytearray(config.EPOCH_SECONDS + 1)
        self.track = bytearray(config.EPOCH_SECONDS + 1)  # of the sealed epoch, `count` bytes
        # Of the sealed epoch, in the order of records.LAYOUTS[EPOCH]: first frame, frames, frames
        # seen, largest |band| (Q4), closest miss, its frame, what was missing, gains of x, y, z.
        self.epoch = array("i", bytes(4 * 10))
        self.count = 0
        self.due = False  # whether an epoch is sealed and not yet taken

    def begin(self, index):
        """Start a second and an epoch at frame `index`."""
        self._from = index
        self._best = 0
        self._sways = 0  # seconds in a row of slow motion
        self._begin_epoch(index)

    def _begin_epoch(self, index):
        self.epoch_from = index
        self._epoch_seen = self._d.seen
        self._seconds = 0
        self._peak = 0
        self._miss = 0
        self._miss_at = index
        self._miss_why = STAYED_BELOW

    def left(self):
        """Frames left of the running second."""
        return self._from + self._second - self._d.index

    def fold(self):
        """Take what the kernel has gathered since the last time."""
        st = self._d.state
        best = st[kernels.BEST]
        st[kernels.BEST] = 0
        if self._d.warm:
            best = 0
        elif self._d.active:
            self._d.reached(best, st[kernels.BEST_AT])
        elif best > self._miss:
            self.missed(best, st[kernels.BEST_AT], STAYED_BELOW)
        self._best = max(self._best, best)

    def missed(self, best, at, why):
        """The statistic came to `best` at frame `at`, and no event came of it."""
        if best >= self._miss:
            self._miss = best
            self._miss_at = at
            self._miss_why = why

    def end(self):
        """The running second is over, and with it perhaps the epoch."""
        self._end_second()
        if self._d.index - self.epoch_from >= self._epoch_frames:
            self.seal()

    def _end_second(self):
        self.fold()
        d = self._d
        st = d.state
        gain = max(st[kernels.GAIN], st[kernels.GAIN + 1], st[kernels.GAIN + 2])
        z = (st[kernels.PEAK] >> 6) * (gain >> 10) >> 8
        self._running[self._seconds] = code(self._best, z)
        self._seconds += 1
        self._peak = max(self._peak, st[kernels.PEAK])
        self._from = d.index
        self._sway(st[kernels.SWAY], st)
        st[kernels.PEAK] = 0
        st[kernels.SWAY] = 0
        self._best = 0

    def _sway(self, sway, st):
        """Slow motion that never reaches the statistic: told after it has lasted long enough."""
        d = self._d
        gain = min(st[kernels.GAIN], st[kernels.GAIN + 1], st[kernels.GAIN + 2])
        z = (sway >> 6) * (gain >> 10) >> 8
        swaying = sway >= d.movements.sway_least and z >= _SWAY_Z
        if swaying and not (d.warm or d.eventful()):
            self._sways += 1
            if self._sways == config.EPOCH_SECONDS:
                self.rest()
        else:
            self.rest(self._second)

    def rest(self, since=0):
        """Slow motion, if there was any, has ended `since` frames before the running second."""
        if self._sways >= _ROCKING_SECONDS:
            end = self._from - since
            self._d.movements.sway(end - self._sways * self._second, end - 1)
        self._sways = 0

    def seal(self):
        """Close the running epoch, whole or not, into `epoch` and `track`; start the next."""
        d = self._d
        if self._from < d.index:
            self._end_second()
        epoch = self.epoch
        epoch[0] = self.epoch_from
        epoch[1] = d.index - self.epoch_from
        epoch[2] = d.seen - self._epoch_seen
        epoch[3] = self._peak
        epoch[4] = self._miss
        epoch[5] = self._miss_at
        epoch[6] = self._miss_why
        for axis in range(3):
            epoch[7 + axis] = d.state[kernels.GAIN + axis]
        self.track, self._running = self._running, self.track
        self.count = self._seconds
        self.due = True
        self._begin_epoch(d.index)
