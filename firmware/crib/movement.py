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
_PEAK_FIELD = const(16)  # among them
_WRAP = const(0x3FFFFFFF)
_NO_RULE = const(255)
_NOISE_EDGE = const(9 << 23)  # over a gain: 4.5 times its noise rms, half LSB (see kernels.GAIN)
_SWAY_LEAST_MG = const(1)  # chosen: four times the slow part's noise, twelve times breathing
_MORE = const(4)  # of a burst: runs of 20 frames with the shortest settings, and slow motion


def _share(part, whole):
    """1024ths of `whole` that `part` is, inside the small integers of a board."""
    while whole >= 1 << 19:
        whole >>= 1
        part >>= 1
    return kernels.divide(part << 10, whole)


class Movements:
    """Judges the runs of one detector; `found` has `count` of them, measures.WORDS each."""

    def __init__(self, owner, settings, rate_mhz, mlsb_per_g):
        self._d = owner
        self.count = 0
        self.found = array("i", bytes(4 * measures.WORDS * (measures.SEGMENTS + _MORE)))
        self._segments = array("i", bytes(4 * measures.SEGMENTS * measures.SEG_WORDS))
        self._measured = array("i", bytes(4 * kernels.MEASURES))
        self._rhythm = rhythm.Rhythm(rate_mhz, owner)
        self.kinds = kinds.Kinds(settings, rate_mhz, mlsb_per_g, owner.cfg[kernels.SHIFT_TICK])
        self._tells = settings["tell_events"]
        self._ring = config.frames(settings["ring_ms"], rate_mhz)
        self.sway_least = _SWAY_LEAST_MG * 16 * (mlsb_per_g // 1000) // 1000
        self.cut = 0  # frame at which the last run was cut, or 0, and what it was
        self._cut_rule = 0

    def keep(self, start, end, best):
        """The segment from frame `start` to `end` is over: it belongs to the running run."""
        d = self._d
        segments = self._segments
        at = d.count * measures.SEG_WORDS
        segments[at + measures.SEG_START] = start
        segments[at + measures.SEG_END] = end
        segments[at + measures.SEG_BEST] = best
        for axis in range(3):
            segments[at + measures.SEG_LEAN + axis] = d.state[kernels.BASE + axis]
        segments[at + measures.SEG_CLIPPED] = d.state[kernels.CLIPPED]

    def judge(self, how):
        """Tell the run that is over: as one movement where it was regular, else each segment.

        `how` it ended: see `measures`.
        """
        if not self._tells:
            return
        d = self._d
        first = self.count * measures.WORDS
        last = (d.count - 1) * measures.SEG_WORDS
        at = self._measure(0, last)
        found = self.found
        joined = self.cut and found[at + measures.START] - self.cut <= config.BURST
        rest_of = self._cut_rule if joined else _NO_RULE
        one = self.kinds.is_one(found, at, self._apart(), rest_of)
        if d.count > 1 and not one:
            self.count -= 1
            for k in range(d.count):
                segment = k * measures.SEG_WORDS
                at = self._measure(segment, segment)
        if joined:
            found[first + measures.VETOES] |= measures.JOINED
            self.kinds.inherit(found, first, rest_of)
        self.cut = 0
        if how == measures.MOVING or (how == measures.FULL and one):
            found[at + measures.VETOES] |= measures.CUT
            self.cut = d.index
            self._cut_rule = found[at + measures.RULE]

    def _apart(self):
        """Most frames between two segments of the run."""
        segments = self._segments
        most = 0
        for k in range(1, self._d.count):
            one = k * measures.SEG_WORDS
            before = segments[one - measures.SEG_WORDS + measures.SEG_END]
            most = max(most, segments[one + measures.SEG_START] - before)
        return most

    def _measure(self, first, last):
        """Put what segments `first` to `last` of the run show into `found`; returns where."""
        d = self._d
        segments = self._segments
        at = self._put(segments[first + measures.SEG_START], segments[last + measures.SEG_END])
        found = self.found
        best = 0
        k = first
        while k <= last:
            best = max(best, segments[k + measures.SEG_BEST])
            if segments[k + measures.SEG_CLIPPED]:
                found[at + measures.VETOES] |= measures.CLIPPING
            k += measures.SEG_WORDS
        found[at + measures.BEST] = best
        for axis in range(3):
            if first:
                base = segments[first - measures.SEG_WORDS + measures.SEG_LEAN + axis]
            else:
                base = d.waveforms.before[kernels.BASE + axis]
            base = segments[last + measures.SEG_LEAN + axis] - base
            found[at + measures.LEAN + axis] = base >> 12
        self.kinds.name(found, at)
        return at

    def fields(self, k):
        """The fields of movement `k`, in the order of records.LAYOUTS[EVENT]."""
        found = self.found
        at = k * measures.WORDS
        told = [found[at + word] for word in _FIELDS]
        told[_PEAK_FIELD] = min(told[_PEAK_FIELD], 0xFFFF)
        return told + [
            max(-32768, min(32767, found[at + measures.LEAN + axis])) for axis in range(3)
        ]

    def noise(self):
        """Noise rms of the noisiest axis, Q4 LSB."""
        return kernels.divide(8 << 24, min(self._d.state[kernels.GAIN : kernels.FILTERS]))

    def sway(self, start, end):
        """Slow motion from frame `start` to `end` that stayed below the threshold."""
        if not self._tells:
            return
        at = self._put(start, end)
        self.found[at + measures.BEST] = 0
        self.found[at + measures.RUN] = start
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
        # The noise before the run: what came after it must not change what it was.
        st = d.waveforms.before if d.count else d.state
        gain = min(st[kernels.GAIN], st[kernels.GAIN + 1], st[kernels.GAIN + 2])
        quiet = kernels.divide(_NOISE_EDGE, gain)
        out = self._measured
        kernels.measure(d.env, first, last, quiet, out)
        axis = out[1]
        found[at + measures.VETOES] = 0
        found[at + measures.AXIS] = axis
        found[at + measures.RUN] = d.run_start
        found[at + measures.START] = start
        # An edge lies somewhere in its tick: take the middle.
        found[at + measures.ONSET] = (out[2] << tick) + (1 << tick >> 1)
        # The mattress rings on after the movement has ended (clinical note, section 5).
        duration = ((out[3] - out[2]) << tick) + 1 - self._ring
        found[at + measures.DURATION] = max(1 << tick, duration)
        found[at + measures.SPAN] = end - start + 1
        found[at + measures.CLOSED] = d.index - 1
        found[at + measures.PEAK] = out[0]
        found[at + measures.GAIN] = st[kernels.GAIN + axis]
        found[at + measures.JERKS] = out[4]
        found[at + measures.FLATNESS] = _share(out[5], out[0] * (out[3] - out[2] + 1))
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
        found[at + measures.SHARE] = _share(min(part, whole), whole)
