"""What a run of segments was: measured on the envelope, then named (see `kinds`)."""

from array import array

from micropython import const

from . import config, kernels, kinds, measures, rhythm

_FIELDS = bytes((
    measures.KIND, measures.RULE, measures.VETOES, measures.AXIS, measures.TONE, measures.SHARE,
    measures.FLATNESS, measures.JERKS, measures.LIKENESS, measures.PERIOD, measures.RUN,
    measures.START, measures.ONSET, measures.DURATION, measures.SPAN, measures.CLOSED,
    measures.PEAK, measures.GAIN, measures.BEST, measures.ENERGY,
))  # fmt: skip
_WRAP = const(0x3FFFFFFF)
_NOISE_EDGE = const(5 << 23)  # over a gain: 2.5 times its noise rms, half LSB (see kernels.GAIN)
_SWAY_LEAST_MG = const(1)  # chosen: four times the slow part's noise, twelve times breathing
_ROCKING_SECONDS = const(10)  # DESIGN.md: regular motion for >= 10 s


class Movements:
    """Judges the runs of one detector; `found` has `count` of them, measures.WORDS each."""

    def __init__(self, owner, settings, rate_mhz, mlsb_per_g):
        self._d = owner
        self.count = 0
        self.found = array("i", bytes(4 * measures.WORDS * (measures.SEGMENTS + 2)))
        self._measured = array("i", bytes(4 * kernels.MEASURES))
        self._rhythm = rhythm.Rhythm(rate_mhz, owner)
        self.kinds = kinds.Kinds(
            settings, rate_mhz, mlsb_per_g, owner.cfg[kernels.SHIFT_TICK]
        )
        self.rocking_seconds = _ROCKING_SECONDS
        self._ring = config.frames(settings["ring_ms"], rate_mhz)
        self.sway_least = _SWAY_LEAST_MG * 16 * (mlsb_per_g // 1000) // 1000
        self._cut = 0  # frame at which the last run was cut, and what it was
        self._cut_rule = 0

    def judge(self, cut):
        """Tell the run that is over: as one movement where it was regular, else each segment."""
        d = self._d
        last = (d.count - 1) * measures.SEG_WORDS
        at = self._measure(0, last)
        if d.count > 1 and not self.kinds.is_one(self.found, at):
            self.count -= 1
            for k in range(d.count):
                one = k * measures.SEG_WORDS
                at = self._measure(one, one)
        found = self.found
        first = (self.count - 1) * measures.WORDS if d.count == 1 else 0
        if self._cut and found[first + measures.START] - self._cut <= config.BURST:
            found[first + measures.VETOES] |= measures.JOINED
            self.kinds.inherit(found, first, self._cut_rule)
        self._cut = 0
        if cut:
            found[at + measures.VETOES] |= measures.CUT
            self._cut = d.index
            self._cut_rule = found[at + measures.RULE]

    def _measure(self, first, last):
        """Put what segments `first` to `last` of the run show into `found`; returns where."""
        d = self._d
        segments = d.segments
        at = self._put(segments[first + measures.SEG_START], segments[last + measures.SEG_END])
        found = self.found
        best = 0
        k = first
        while k <= last:
            best = max(best, segments[k + measures.SEG_BEST])
            k += measures.SEG_WORDS
        found[at + measures.BEST] = best
        for axis in range(3):
            if first:
                base = segments[first - measures.SEG_WORDS + measures.SEG_LEAN + axis]
            else:
                base = d.waveforms.before[kernels.BASE + axis]
            found[at + measures.LEAN + axis] = (segments[last + measures.SEG_LEAN + axis] - base) >> 12
        if segments[last + measures.SEG_CLIPPED]:
            found[at + measures.VETOES] |= measures.CLIPPING
        self.kinds.name(found, at)
        return at

    def run(self, k):
        """First frame of the run that movement `k` was judged in."""
        return self.found[k * measures.WORDS + measures.RUN]

    def fields(self, k):
        """The fields of movement `k`, in the order of records.LAYOUTS[EVENT]."""
        found = self.found
        at = k * measures.WORDS
        return [found[at + word] for word in _FIELDS] + [
            max(-32768, min(32767, found[at + measures.LEAN + axis])) for axis in range(3)
        ]

    def forget(self):
        """Frames are missing: what follows is not the rest of what was cut."""
        self._cut = 0

    def sway(self, start, end):
        """Slow motion from frame `start` to `end` that stayed below the threshold."""
        at = self._put(start, end)
        self.found[at + measures.BEST] = 0
        for axis in range(3):
            self.found[at + measures.LEAN + axis] = 0
        self.kinds.name(self.found, at)

    def _put(self, start, end):
        """The measures of frames `start` to `end` that need no segment; returns where."""
        d = self._d
        found = self.found
        at = self.count * measures.WORDS
        self.count += 1
        tick = d.cfg[kernels.SHIFT_TICK]
        # The statistic's window makes it late by as much.
        first = max(start - d.cfg[kernels.WINDOW], d.ring_from) >> tick
        last = end >> tick
        st = d.state
        gain = min(st[kernels.GAIN], st[kernels.GAIN + 1], st[kernels.GAIN + 2])
        quiet = kernels.divide(_NOISE_EDGE, gain)
        out = self._measured
        kernels.measure(d.env, first, last, quiet, out)
        axis = out[1]
        found[at + measures.VETOES] = 0
        found[at + measures.AXIS] = axis
        found[at + measures.RUN] = max(min(d.run_start, start), 0)
        found[at + measures.START] = start
        found[at + measures.ONSET] = out[2] << tick
        # The mattress rings on after the movement has ended (clinical note, section 5).
        duration = ((out[3] - out[2] + 1) << tick) - self._ring
        found[at + measures.DURATION] = max(1 << tick, duration)
        found[at + measures.SPAN] = end - start + 1
        found[at + measures.CLOSED] = d.index - 1
        found[at + measures.PEAK] = out[0]
        found[at + measures.GAIN] = d.state[kernels.GAIN + axis]
        found[at + measures.JERKS] = out[4]
        found[at + measures.FLATNESS] = kernels.divide(out[5] << 10, out[0] * (out[3] - out[2] + 1))
        self._shares(found, at, first, last)
        self._rhythm.find(found, at, first, last)
        return at

    def _shares(self, found, at, first, last):
        sums = self._d.sums
        a = 2 * (((first >> 3) - 1) & (kernels.SUMS - 1))
        b = 2 * ((last >> 3) & (kernels.SUMS - 1))
        whole = (sums[b] - sums[a]) & _WRAP
        part = (sums[b + 1] - sums[a + 1]) & _WRAP
        found[at + measures.ENERGY] = whole
        while whole >= 1 << 19:
            whole >>= 1
            part >>= 1
        found[at + measures.SHARE] = kernels.divide(min(part, whole) << 10, whole)
