"""The raw frames around a run, with the filters' state at the first of them.

With that state `replay` gives the same events again out of the waveform alone.
"""

from array import array

from micropython import const

from . import kernels

FRAMES_MOST = const(256)
_CODED_AT_ONCE = const(16)
_SPARE = const(16 * 9 + 4)  # what they take at most, and the record's CRC
_CHECK = const(32)  # frames between two copies of the filters: a waveform begins at one
_CHECK_SHIFT = const(5)
_CHECKS = const(4)  # as far back as `pre_ms` and a window reach


class Waveforms:
    """The waveforms of one detector's runs: the running one, and the one that has just ended."""

    def __init__(self, detector, pre):
        self._d = detector
        self._pre = pre  # frames before the run
        self._checks = array("i", bytes(4 * _CHECKS * kernels.FILTERS))
        self.before = array("i", bytes(4 * kernels.FILTERS))  # filters at frame `first`
        self.first = 0
        self.run = -1  # first frame of the run it belongs to
        self._ended = array("i", bytes(4 * (kernels.FILTERS + 3)))
        self._ended[0] = -1

    def left(self):
        """Frames until the filters are to be copied again."""
        return _CHECK - (self._d.index & (_CHECK - 1))

    def check(self):
        """Copy the filters where it is time."""
        d = self._d
        if d.index & (_CHECK - 1) == 0:
            at = ((d.index >> _CHECK_SHIFT) & (_CHECKS - 1)) * kernels.FILTERS
            for k in range(kernels.FILTERS):
                self._checks[at + k] = d.state[k]

    def open(self, run):
        """A run begins at frame `run`: take the copy that lies before it."""
        d = self._d
        check = max(run - self._pre, 0) >> _CHECK_SHIFT
        if check << _CHECK_SHIFT < d.ring_from:
            check += 1
        self.run = run
        self.first = check << _CHECK_SHIFT
        at = (check & (_CHECKS - 1)) * kernels.FILTERS
        for k in range(kernels.FILTERS):
            self.before[k] = self._checks[at + k]

    def end(self):
        """The run is over: keep what the next one would overwrite until `code` is called."""
        self._ended[0] = self.run
        self._ended[1] = self.first
        self._ended[2] = self._d.index
        for k in range(kernels.FILTERS):
            self._ended[3 + k] = self.before[k]

    def due(self):
        """Whether the running run has filled its waveform, so that the ring must not run on."""
        d = self._d
        told = d.count or (d.active and d.best >= d.cfg[kernels.HIGH])
        return told and d.index - self.first >= FRAMES_MOST

    def code(self, run, payload, at):
        """Code run `run` into `payload` from `at` on: the running one, or the last that ended.

        Returns (first frame, frames, its x, y, z in offset binary, the filters' 15 words, end).
        The words are 0 where the waveform begins too late for them.
        """
        d = self._d
        if run == self._ended[0]:
            first, until = self._ended[1], self._ended[2]
            words = tuple(self._ended[3:])
        else:
            first, until = self.first, d.index
            words = tuple(self.before)
        oldest = max(d.ring_from, d.index - kernels.RING)
        if first < oldest or first > run:
            first, words = max(min(first, run), oldest), (0,) * kernels.FILTERS
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
