"""The words in which a segment and a movement are kept between the modules of the detector."""

from micropython import const

# Words of a segment: a stretch above the low threshold that reached the high one.
SEG_START = const(0)  # its first and last frame at the low threshold
SEG_END = const(1)
SEG_BEST = const(2)  # largest statistic
SEG_LEAN = const(3)  # 3 words: base of x, y, z when it was over
SEG_CLIPPED = const(6)
SEG_WORDS = const(7)
SEGMENTS = const(8)  # of one run, at most

# How a run ended.
AT_REST = const(0)
FULL = const(1)  # it was as long as one may be
MOVING = const(2)  # its last segment was still open

# Words of a movement in `found`.
KIND = const(0)  # index into records.KINDS
RULE = const(1)  # one of records' rules: the criterion that decided the kind
VETOES = const(2)  # bits: records.VETOES
AXIS = const(3)
START = const(4)  # first frame at the low threshold
ONSET = const(5)  # first frame at 30 % of the peak, and frames from there to the last one
DURATION = const(6)
SPAN = const(7)  # frames from the first to the last at the low threshold
CLOSED = const(8)  # frame at which it could be told
PEAK = const(9)  # largest |band| of its axis, half an LSB
GAIN = const(10)  # of that axis: the noise in force
BEST = const(11)  # largest statistic
ENERGY = const(12)  # sum of |band| over the axes, a quarter of an LSB
SHARE = const(13)  # of that, 1024ths in the slow part
FLATNESS = const(14)  # mean of the envelope, 1024ths of its peak
JERKS = const(15)
LIKENESS = const(16)  # of the envelope to itself a period later, 256ths
PERIOD = const(17)  # 256ths of an envelope tick, 0: none
LEAN = const(18)  # 3 words: lasting change of BASE, LSB
TONE = const(21)  # period of a vibration, frames; 0: none
RUN = const(22)  # first frame of the run it was judged in
WORDS = const(23)

CUT = const(1)  # what VETOES also says: it had reached its longest ...
JOINED = const(2)  # ... or began where another had
CLIPPING = const(4)  # a sample stood at the end of the range
TILT = const(8)  # the crib leans otherwise than before
STRENGTH = const(16)  # stronger than an infant moves
SHAKEN = const(32)  # its energy lies above the mattress's resonance: it came through the floor
STEPS = const(64)  # ... as a regular train
TONE_HEARD = const(128)  # a steady vibration
ROCKING = const(256)  # slow and steady motion of the crib as a whole
