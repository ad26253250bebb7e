"""The raw frames around a run, with the filters' state at the first of them.

With that state `replay` gives the same events again out of the waveform alone. Each kind has its
own budget of them, so that what is common never uses up what is rare.
"""

from array import array

from micropython import const

from . import kernels

FRAMES_MOST = const(256)
_CODED_AT_ONCE = const(16)
_SPARE = const(16 * 9 + 4)  # what they take at most, and the record's CRC
_CHECK_SHIFT = const(5)  # 2**5 frames between two copies of the filters, twice as many if need be
_CHECKS = const(4)  # copies kept
LONG = const(15)  # the budget of what fills its waveform before its kind is known
_COST = const(120)  # of a waveform; an epoch earns each kind as much as it may have in an hour


class Waveforms:
    """The waveforms of one detector's runs: the running one, and the one that has just ended."""

    def __init__(self, detector, pre, per_hour):
        self._d = detector
        self._per_hour = per_hour
        self._budget = array("H", [_COST * per_hour] * (LONG + 1))
        self._pre = pre  # frames before the run; the oldest copy must lie as far back
        self._shift = _CHECK_SHIFT + (pre > (_CHECKS - 1) << _CHECK_SHIFT)
        self._checks = array("i", bytes(4 * _CHECKS * kernels.FILTERS))
        self.before = array("i", bytes(4 * kernels.FILTERS))  # filters at frame `first`
        self.first = 0
        self.run = -1  # first frame of the run it belongs to
        self.since = 0  # none begins before this frame
        self._passed = array("i", bytes(8))  # the last stretch that came to nothing: see `passed`
        self.slow = array("i", bytes(8))  # what of that lies in the waveform, from `first` on
        self._ended = array("i", bytes(4 * (kernels.FILTERS + 5)))
        self._ended[0] = -1

    def left(self):
        """Frames until the filters are to be copied again."""
        check = 1 << self._shift
        return check - (self._d.index & (check - 1))

    def check(self):
        """Copy the filters where it is time."""
        d = self._d
        if d.index & ((1 << self._shift) - 1) == 0:
            at = ((d.index >> self._shift) & (_CHECKS - 1)) * kernels.FILTERS
            for k in range(kernels.FILTERS):
                self._checks[at + k] = d.state[k]

    def passed(self, start, end):
        """From frame `start` to before `end` a stretch was open that came to nothing.

        The floors adapt slower in it, so that a re-run has to know of it.
        """
        self._passed[0] = start
        self._passed[1] = end

    def open(self, run):
        """A run begins at frame `run`: take the copy that lies before it."""
        d = self._d
        shift = self._shift
        first = max(run - self._pre, 0) >> shift << shift
        if first < self.since:
            first = (self.since + (1 << shift) - 1) >> shift << shift
        self.run = run
        self.first = first
        for k in range(2):
            self.slow[k] = max(0, min(self._passed[k], run) - first)
        at = ((first >> shift) & (_CHECKS - 1)) * kernels.FILTERS
        for k in range(kernels.FILTERS):
            self.before[k] = d.state[k] if first > run else self._checks[at + k]

    def end(self):
        """The run is over: keep what the next one would overwrite until `code` is called."""
        self._ended[0] = self.run
        self._ended[1] = self.first
        self._ended[2] = self._d.index
        self._ended[3] = self.slow[0]
        self._ended[4] = self.slow[1]
        for k in range(kernels.FILTERS):
            self._ended[5 + k] = self.before[k]

    def due(self):
        """Whether the running run has filled its waveform, so that the ring must not run on."""
        d = self._d
        return d.eventful() and d.index - self.first >= FRAMES_MOST

    def afford(self, kind):
        """Whether the budget of a kind, or LONG, has a waveform left; takes it."""
        if self._budget[kind] < _COST:
            return False
        self._budget[kind] -= _COST
        return True

    def earn(self):
        """An epoch is over: every 120th of an hour."""
        for kind in range(LONG + 1):
            earned = self._budget[kind] + self._per_hour
            self._budget[kind] = min(earned, _COST * self._per_hour)

    def code(self, run, payload, at):
        """Code run `run` into `payload` from `at` on: the running one, or the last that ended.

        Returns ((first frame, frames, its x, y, z in offset binary, from and until how many frames
        later a stretch that came to nothing was open, the filters' 15 words), end). The words are
        0 where the waveform begins too late for them.
        """
        d = self._d
        if run == self._ended[0]:
            first, until = self._ended[1], self._ended[2]
            words = tuple(self._ended[3:])  # and the stretch before them
        else:
            first, until = self.first, d.index
            words = tuple(self.slow) + tuple(self.before)
        oldest = max(d.ring_from, d.index - kernels.RING)
        if first < oldest or first > run:
            first, words = max(min(first, run), oldest), (0,) * (2 + kernels.FILTERS)
        most = max(1, min(until - first, FRAMES_MOST))
        n = 1
        # What jumps by more than 8192 LSB a frame may not fit: then the waveform ends earlier.
        while n < most and len(payload) - at >= _SPARE:
            more = min(most - n, _CODED_AT_ONCE)
            at = kernels.code_frames(
                d.ring, kernels.RING - 1, first + n - 1, more + 1, payload, at
            )
            n += more
        r = (first & (kernels.RING - 1)) * 3
        return (first, n, d.ring[r], d.ring[r + 1], d.ring[r + 2]) + words, at
