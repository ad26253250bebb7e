"""Which kind of movement the measures show, and what speaks against an infant's.

The order is that of docs/DETECTOR.md: what moved the crib from outside, then what is regular, then
what a single movement is by its size and length. Numbers without a source there were chosen on
simulated recordings (the training half of the benchmark).
"""

from micropython import const

from . import config, measures, records

_SWAY_SHARE = const(768)  # rocking has .83 and more of its motion below 3 Hz, movements .71 at most
_SHAKEN_SHARE = const(374)  # body movements reach the frame through the foam: .37 and more
_SHAKEN_SHARE_WEAK = const(340)  # ... noise blurs the share below this statistic
_WEAK = const(46656)  # 12 times the variance
_FLAT = const(563)  # of a steady vibration: mean .55 of the peak
_TONE_MHZ = const(12000)  # narrow-band above 12 Hz is a machine's (clinical note, section 5)
_TONE_SECONDS = const(2)
_OSCILLATION_SECONDS = const(25)  # longer ones are machines'
_BEATS_MOST = const(20)
_BOUT_JERKS = const(4)
_BOUT_SCORE = const(-400)
_LARGE_SCORE = const(155)
_STEPS_LIKENESS = const(100)
_STARTLE_JERKS = const(4)
_STARTLE_MS = const(250)
_STARTLE_MOST_MS = const(1500)


def _half_lsb(mg, mlsb_per_g):
    return mg * 2 * (mlsb_per_g // 1000) // 1000


class Kinds:
    """The criteria as one board has them, in frames, ticks and LSB."""

    def __init__(self, settings, rate_mhz, mlsb_per_g, tick_shift):
        self._twitch = config.frames(settings["twitch_ms"], rate_mhz)
        self._limb = config.frames(settings["limb_ms"], rate_mhz)
        self._second = config.frames(1000, rate_mhz)
        self._handling = _half_lsb(settings["handling_mg"], mlsb_per_g)
        self._large = _half_lsb(settings["large_mg"], mlsb_per_g)
        self._startle = _half_lsb(settings["startle_mg"], mlsb_per_g)
        self._tilt = settings["tilt_mg"] * (mlsb_per_g // 1000) // 1000
        self._startle_least = config.frames(_STARTLE_MS, rate_mhz)
        self._startle_most = config.frames(_STARTLE_MOST_MS, rate_mhz)
        self._tone_period = rate_mhz // _TONE_MHZ
        # Of the envelope, in 256ths of a tick: 2.2 Hz, and 2 Hz, which is 1 Hz of motion both ways.
        self._large_period = (rate_mhz * 256 // 2200) >> tick_shift
        self._rocking_period = (rate_mhz * 256 // 2000) >> tick_shift
        self._tick_shift = tick_shift

    def name(self, found, at):
        """Fill in KIND, RULE and VETOES of the movement at found[at]."""
        rule = self._from_outside(found, at)
        if rule < 0:
            rule = self._regular(found, at)
        if rule < 0:
            rule = self._single(found, at)
        found[at + measures.RULE] = rule
        found[at + measures.KIND] = records.KIND_OF_RULE[rule]

    def _from_outside(self, found, at):
        vetoes = self._vetoes(found, at)
        found[at + measures.VETOES] |= vetoes
        if vetoes & measures.ROCKING:
            period = found[at + measures.PERIOD]
            slow = period == 0 or period > self._rocking_period
            return records.ROCKED if slow else records.ROCKED_FAST
        if vetoes & measures.TONE_HEARD:
            short = found[at + measures.SPAN] < _OSCILLATION_SECONDS * self._second
            if short and found[at + measures.TONE] > self._tone_period:
                return records.OSCILLATED
            return records.HUMMED
        if vetoes & measures.SHAKEN:
            return records.STEPPED if vetoes & measures.STEPS else records.SHAKEN
        if vetoes & measures.STRENGTH and not self._is_large(found, at):
            return records.HANDLED
        if vetoes & measures.TILT:
            return records.LEANED
        return -1

    def _vetoes(self, found, at):
        share = found[at + measures.SHARE]
        if share >= _SWAY_SHARE or found[at + measures.BEST] == 0:
            return measures.ROCKING
        vetoes = 0
        long = found[at + measures.SPAN] >= _TONE_SECONDS * self._second
        if long and found[at + measures.TONE] and found[at + measures.FLATNESS] >= _FLAT:
            vetoes |= measures.TONE_HEARD
        weak = found[at + measures.BEST] < _WEAK
        if share < (_SHAKEN_SHARE_WEAK if weak else _SHAKEN_SHARE):
            vetoes |= measures.SHAKEN
            beats = found[at + measures.JERKS] >= _BOUT_JERKS
            if beats and found[at + measures.LIKENESS] >= _STEPS_LIKENESS:
                vetoes |= measures.STEPS
        if found[at + measures.PEAK] >= self._handling:
            vetoes |= measures.STRENGTH
        for axis in range(3):
            if abs(found[at + measures.LEAN + axis]) >= self._tilt:
                vetoes |= measures.TILT
        return vetoes

    def _beats(self, found, at):
        """Periods in the movement, at most _BEATS_MOST; 0 where none was found."""
        period = found[at + measures.PERIOD]
        span = (found[at + measures.SPAN] << 8) >> self._tick_shift
        beats = 0
        while beats < _BEATS_MOST and period and span >= period:
            span -= period
            beats += 1
        return beats

    def _is_large(self, found, at):
        if found[at + measures.PEAK] < self._large:
            return False
        if found[at + measures.PERIOD] < self._large_period:
            return False
        beats = self._beats(found, at)
        return beats >= _BOUT_JERKS and found[at + measures.LIKENESS] + 4 * beats >= _LARGE_SCORE

    def _regular(self, found, at):
        if self._is_large(found, at):
            return records.SWUNG
        if found[at + measures.JERKS] < _BOUT_JERKS or not found[at + measures.PERIOD]:
            return -1
        # Even intervals, short jerks, and many of them, each of which can stand in for the others.
        score = found[at + measures.LIKENESS] + 9 * self._beats(found, at)
        score -= found[at + measures.SHARE] * 9 >> 3
        return records.BEAT if score > _BOUT_SCORE else -1

    def _single(self, found, at):
        duration = found[at + measures.DURATION]
        if (
            found[at + measures.PEAK] >= self._startle
            and self._startle_least <= duration <= self._startle_most
            and found[at + measures.JERKS] <= _STARTLE_JERKS
        ):
            return records.STARTLED
        if duration <= self._twitch:
            return records.SHORT
        return records.MIDDLING if duration <= self._limb else records.LONG

    def is_one(self, found, at):
        """Whether the segments of a run are one movement: they are regular, or steady."""
        steady = measures.STEPS | measures.TONE_HEARD | measures.ROCKING
        rule = found[at + measures.RULE]
        return found[at + measures.VETOES] & steady or rule in (records.SWUNG, records.BEAT)

    def inherit(self, found, at, rule):
        """What follows a movement that was cut is the rest of it."""
        if found[at + measures.RULE] >= records.SHORT:
            found[at + measures.RULE] = rule
            found[at + measures.KIND] = records.KIND_OF_RULE[rule]
