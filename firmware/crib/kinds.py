"""Which kind of movement the measures show.

The order is that of docs/DETECTOR.md: what moved the crib from outside, then what is regular, then
what a single movement is by its size and length. Numbers without a source there were chosen on
simulated recordings (the training half of the benchmark).
"""

from micropython import const

from . import config, kernels, measures, records
from .vetoes import Vetoes, half_lsb

_TONE_MHZ = const(12000)  # narrow-band above 12 Hz is a machine's (clinical note, section 5)
_LARGE_SHARE = const(525)  # large motion is slow; a hand that pats is not
_STEADY = const(650)  # a rumble through the floor is less even than this ...
_EVEN = const(740)  # ... and a machine more even than a body
_OSCILLATION_SECONDS = const(25)  # longer ones are machines'
_BEATS_MOST = const(20)
_BOUT_JERKS = const(4)
_BOUT_SCORE = const(-175)
_FEW_SCORE = const(-508)  # where too few beats were found to say how even they are
_SLOWEST_MHZ = const(900)  # 1 Hz, less what jitter takes
_LARGE_SCORE = const(170)
_LARGE_MHZ = const(2200)  # 0.5-2 Hz (clinical note, section 5), and what jitter adds
_ROCKING_MHZ = const(1000)  # DESIGN.md: slower is rocking, from here on a bout
_LEANING_BEATS = const(12)  # hands move the crib as strongly, but not as long
_STARTLE_JERKS = const(4)
_STARTLE_MS = const(250)
_STARTLE_MOST_MS = const(1500)
_COUNTED = bytes((records.SWUNG, records.BEAT))


class Kinds:
    """The criteria as one board has them, in frames, ticks and LSB."""

    def __init__(self, settings, rate_mhz, mlsb_per_g, tick_shift):
        self._vetoes = Vetoes(settings, rate_mhz, mlsb_per_g, tick_shift)
        self._twitch = config.frames(settings["twitch_ms"], rate_mhz)
        self._limb = config.frames(settings["limb_ms"], rate_mhz)
        self._second = config.frames(1000, rate_mhz)
        self._large = half_lsb(settings["large_mg"], mlsb_per_g)
        self._startle = half_lsb(settings["startle_mg"], mlsb_per_g)
        self._startle_least = config.frames(_STARTLE_MS, rate_mhz)
        self._startle_most = config.frames(_STARTLE_MOST_MS, rate_mhz)
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
        if rule in _COUNTED and found[at + measures.PERIOD]:
            # A mattress rings from one jerk into the next: the period counts better.
            span = (found[at + measures.DURATION] << 8) >> self._tick_shift
            found[at + measures.JERKS] = kernels.divide(span, found[at + measures.PERIOD]) + 1

    def _from_outside(self, found, at):
        vetoes = self._vetoes.bits(found, at)
        found[at + measures.VETOES] |= vetoes
        if vetoes & measures.ROCKING:
            # The envelope has two humps for each to and fro.
            slow = self._vetoes.pace(found, at) < 2 * _ROCKING_MHZ
            return records.ROCKED if slow else records.ROCKED_FAST
        if vetoes & measures.TONE_HEARD:
            return self._vibration(found, at, vetoes)
        if vetoes & measures.SHAKEN:
            return records.STEPPED if vetoes & measures.STEPS else records.SHAKEN
        return -1 if self._is_large(found, at) else self._hands(found, at, vetoes)

    def _vibration(self, found, at, vetoes):
        flatness = found[at + measures.FLATNESS]
        if vetoes & measures.SHAKEN and not _STEADY <= flatness < _EVEN:
            return records.SHAKEN if flatness < _STEADY else records.HUMMED
        short = found[at + measures.SPAN] < _OSCILLATION_SECONDS * self._second
        fast = self._vetoes.pitch(found, at) >= _TONE_MHZ
        return records.OSCILLATED if short and not fast else records.HUMMED

    def _hands(self, found, at, vetoes):
        if vetoes & measures.STRENGTH:
            return records.HANDLED
        return records.LEANED if self._vetoes.leans(found, at) else -1

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
        if found[at + measures.PEAK] < self._large or found[at + measures.SHARE] < _LARGE_SHARE:
            return False
        if self._vetoes.pace(found, at) > _LARGE_MHZ:
            return False
        beats = self._beats(found, at)
        least = _LEANING_BEATS if found[at + measures.VETOES] & measures.TILT else _BOUT_JERKS
        return beats >= least and found[at + measures.LIKENESS] + 4 * beats >= _LARGE_SCORE

    def _regular(self, found, at):
        if self._is_large(found, at):
            return records.SWUNG
        if found[at + measures.JERKS] < _BOUT_JERKS or not found[at + measures.PERIOD]:
            return -1
        return records.BEAT if self._beats_evenly(found, at) else -1

    def _beats_evenly(self, found, at):
        """Even intervals, short jerks, many and quick ones: each can stand in for the others."""
        sharpness = 0 - (found[at + measures.SHARE] * 9 >> 3)
        beats = self._beats(found, at)
        if beats < _BOUT_JERKS:
            return sharpness > _FEW_SCORE and 2 * found[at + measures.SPAN] >= 3 * self._second
        likeness = found[at + measures.LIKENESS]
        pace = self._vetoes.pace(found, at)
        if pace < _SLOWEST_MHZ:
            return False
        score = (likeness * 5 >> 2) + 7 * beats + 3 * kernels.level(pace) + sharpness
        return score > _BOUT_SCORE

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

    def is_one(self, found, at, apart, rest_of):
        """Whether the segments of a run are one movement.

        `apart`: most frames between two; `rest_of`: the rule of what the run goes on with, or 255.
        """
        steady = measures.STEPS | measures.TONE_HEARD | measures.ROCKING
        rule = found[at + measures.RULE]
        if rule == records.LONG:
            return apart < self._second
        if found[at + measures.VETOES] & steady or rule in _COUNTED:
            return True
        return rest_of in _COUNTED

    def inherit(self, found, at, rule):
        """What follows a movement that was cut is the rest of it."""
        if found[at + measures.RULE] >= records.SHORT:
            found[at + measures.RULE] = rule
            found[at + measures.KIND] = records.KIND_OF_RULE[rule]
