"""What speaks against an infant's movement: it came through the floor, from hands, from a machine.

They annotate: nothing is left out for them. Numbers without a source were chosen on simulated
recordings (the training half of the benchmark); docs/DETECTOR.md has the reasons.
"""

from micropython import const

from . import config, kernels, measures

SWAY_SHARE = const(768)  # rocking has .83 and more of its motion below 3 Hz, movements .71
_SHAKEN_SHARE = const(380)  # body movements reach the frame through the foam: .37 and more
_SHAKEN_SHARE_LASTING = const(345)  # ... of what nobody's steps and no lorry last as long as
_LASTING_SECONDS = const(9)
_KNOCK_SHARE = const(144)  # a knock's share: an infant's blow is the slower the stronger it is ...
_KNOCK_STEP = const(4)  # ... by this for each level of its peak, 8 an octave: .23 at 1 mg
_KNOCK_SHARE_MOST = const(440)
FLAT = const(563)  # of a steady vibration: mean .55 of the peak
_RING_MHZ = const(6700)  # slower vibrations may be the mattress's own: none rings faster on foam
TONE_SECONDS = const(2)
STEPS_LIKENESS = const(70)
TRAIN_LIKENESS = const(100)  # at whatever pace
STEPS_SHARE = const(404)
_STEPS_MOST_MHZ = const(2600)  # walking: 1.6 to 2.4 Hz (clinical note, section 1)
_STEPS_LEAST_MHZ = const(1450)
_TRAIN_JERKS = const(4)


def half_lsb(mg, mlsb_per_g):
    """Milli-g in the envelope's unit."""
    return mg * 2 * (mlsb_per_g // 1000) // 1000


class Vetoes:
    """The limits as one board has them."""

    def __init__(self, settings, rate_mhz, mlsb_per_g, tick_shift):
        self._second = config.frames(1000, rate_mhz)
        self._handling = half_lsb(settings["handling_mg"], mlsb_per_g)
        self._mg = half_lsb(1, mlsb_per_g)
        self._tilt = (settings["tilt_mg"] * (mlsb_per_g // 1000) + 999) // 1000
        self._rate_mhz = rate_mhz
        # FAST_OSC: not within 15 % of the resonance (clinical note, section 5).
        self.ring_mhz = (settings["resonance_mhz"] * 23 // 20) or _RING_MHZ
        self._beat_mhz = (rate_mhz << 8) >> tick_shift  # over a PERIOD: its rate

    def bits(self, found, at):
        """What speaks against an infant's movement at found[at], as bits of measures.VETOES."""
        share = found[at + measures.SHARE]
        if share >= SWAY_SHARE or found[at + measures.BEST] == 0:
            return measures.ROCKING
        vetoes = 0
        long = found[at + measures.SPAN] >= TONE_SECONDS * self._second
        steady = found[at + measures.FLATNESS] >= FLAT
        if long and steady and self.pitch(found, at) > self.ring_mhz:
            vetoes |= measures.TONE_HEARD
        steps = self.walks(found, at)
        if share < self.shaken_share(found, at):
            vetoes |= measures.SHAKEN
            if steps or found[at + measures.LIKENESS] >= TRAIN_LIKENESS:
                vetoes |= measures.STEPS
        if found[at + measures.PEAK] >= self._handling:
            vetoes |= measures.STRENGTH
        for axis in range(3):
            if abs(found[at + measures.LEAN + axis]) >= self._tilt:
                vetoes |= measures.TILT
        return vetoes

    def pace(self, found, at):
        """Beats of the envelope, mHz; 0 where it is not regular."""
        return kernels.divide(self._beat_mhz, found[at + measures.PERIOD])

    def pitch(self, found, at):
        """Rate of the vibration that was heard, mHz; 0 for none."""
        return kernels.divide(self._rate_mhz, found[at + measures.TONE])

    def walks(self, found, at):
        """Whether it is a train of beats at a walking pace."""
        if found[at + measures.JERKS] < _TRAIN_JERKS:
            return False
        walking = _STEPS_LEAST_MHZ <= self.pace(found, at) <= _STEPS_MOST_MHZ
        return walking and found[at + measures.LIKENESS] >= STEPS_LIKENESS

    def shaken_share(self, found, at):
        """Share below which it came through the floor, for a movement of this size and length."""
        if found[at + measures.SPAN] >= _LASTING_SECONDS * self._second:
            return _SHAKEN_SHARE_LASTING
        if self.walks(found, at):
            return STEPS_SHARE
        long = found[at + measures.SPAN] >= self._second
        if long and found[at + measures.JERKS] >= _TRAIN_JERKS:
            return _SHAKEN_SHARE
        level = kernels.level(kernels.divide(found[at + measures.PEAK] << 5, self._mg))
        share = min(_KNOCK_SHARE + _KNOCK_STEP * level, _KNOCK_SHARE_MOST)
        return max(share, _SHAKEN_SHARE) if long else share

    def leans(self, found, at):
        """Whether it leans enough for its strength: their product is half of the limits'.

        Of the strength the lowest bits are left out, so that any product is inside 2^30.
        """
        lean = 0
        for axis in range(3):
            lean = max(lean, abs(found[at + measures.LEAN + axis]))
        if lean < self._tilt:
            return False
        return (found[at + measures.PEAK] >> 5) * lean >= (self._handling >> 6) * self._tilt
