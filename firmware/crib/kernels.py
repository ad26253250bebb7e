"""The integer loops: viper on the board, bytecode and CPython elsewhere, bit for bit the same.

Rules that make them so (docs/DETECTOR.md derives each bound):
pointers only as parameters, over unsigned arrays; samples as offset binary (raw ^ 0x8000), so
that filter state is never negative; every intermediate inside +-2**30; shifts instead of division.

Fixed point: "Q4" is a sixteenth of an LSB, "Q12" a 4096th.
"""

import micropython
from micropython import const

# Words of `cfg`, constant while a configuration is in force.
STRIDE = const(0)  # bytes from frame to frame in a FIFO burst
LOW_BYTE = const(1)  # where x's low and high byte lie in a frame; y and z follow every 2 bytes
HIGH_BYTE = const(2)
SHIFT_HP = const(3)  # high-pass: corner = rate / (2 pi 2**SHIFT_HP)
SHIFT_LP1 = const(4)  # low-pass: gain 2**-SHIFT_LP1 + 2**-SHIFT_LP2
SHIFT_LP2 = const(5)
SHIFT_ENV = const(6)  # decay of the jerk envelope
FLOOR_MIN = const(7)  # floor under the floor, Q4
FLOOR_STEP = const(8)  # the floor moves by 2**-FLOOR_STEP of itself a frame
LOW_GAIN = const(9)  # thresholds in eighths of the floor
HIGH_GAIN = const(10)
HOLD = const(11)  # frames below the low threshold that end an event
LONGEST = const(12)  # frames after which an event is cut
SECOND = const(13)  # frames in a second of the activity track
WARM_UP = const(14)  # frames without events after a start
CFG_WORDS = const(15)

# Words of `st`.
SEEN = const(0)  # frames that went through the filters since boot
PRIMED = const(1)  # 0 until the first frame has set the filters
WARM = const(2)  # frames of warm-up left
BASE = const(3)  # 3 words: gravity and drift of x, y, z, Q12, offset binary
BAND = const(6)  # 3 words: motion band, Q4, offset by _BAND_ZERO
ENV = const(9)  # jerk envelope, Q4
FLOOR = const(10)  # median of the magnitude, Q4 << FLOOR_SHIFT
ACTIVE = const(11)  # 1 from the onset until an event ends
ONSET = const(12)  # frame index
STILL = const(13)  # frames below the low threshold, so far
LOW = const(14)  # thresholds when the event began, Q4
HIGH = const(15)
FLOOR_AT = const(16)  # floor when the event began, Q4
PEAK = const(17)  # largest magnitude, Q4
PEAK_AXIS = const(18)  # 3 words: largest |band| of x, y, z, Q4
ENERGY = const(21)  # sum of magnitude / 256 over the event
JERKS = const(22)
RISING = const(23)  # jerk envelope: 1 up, 0 down
EXTREME = const(24)  # ... and its last turning point
TILT_AT = const(25)  # 3 words: BASE when the event began
LAST_LOUD = const(28)  # frame index of the last frame above the low threshold
FLAGS = const(29)
CLOSED = const(30)  # events in `out`
SECOND_FRAMES = const(31)  # frames of the running second
SECOND_PEAK = const(32)
SECONDS = const(33)  # seconds in the running epoch
EPOCH_PEAK = const(34)
TRACK = const(35)  # one word a second of the running epoch: level of its largest magnitude
TRACK_SECONDS = const(32)
LADDER = const(67)  # for each level: first and last frame of the event at it, from 1
LEVELS = const(160)
ST_WORDS = const(67 + 160 + 160)

# Words of one closed event in `out`.
OUT_ONSET = const(0)  # frame index at 30 % of the peak
OUT_DURATION = const(1)  # frames from the first to the last at 30 % of the peak
OUT_SPAN = const(2)  # frames from the first to the last at the low threshold
OUT_PEAK = const(3)
OUT_AXIS = const(4)  # 3 words
OUT_FLOOR = const(7)
OUT_LOW = const(8)
OUT_HIGH = const(9)
OUT_ENERGY = const(10)
OUT_JERKS = const(11)
OUT_FLAGS = const(12)
OUT_TILT = const(13)  # 3 words: lasting change of BASE in LSB, offset by 65536
OUT_START = const(16)  # frame index at the low threshold
OUT_CLOSED = const(17)  # frame index at which the event was over
OUT_WORDS = const(18)
OUT_EVENTS = const(8)

FLOOR_SHIFT = const(9)  # so that a step of 2**-15 is not nothing; below 2**30 at full scale
_BAND_ZERO = const(0x200000)
_ENERGY_MOST = const(0x20000000)
_CLIP_LOW = const(2)  # offset binary within 2 LSB of either end of the range
_CLIP_HIGH = const(65533)


@micropython.viper
def level(v: int) -> int:
    """Logarithmic code of a magnitude `v` >= 0: 8 steps an octave, `v` itself below 16."""
    n = 0
    while v >= 16:
        v >>= 1
        n += 8
    return n + v


@micropython.viper
def scan(buf: ptr8, n: int, index: int, cfg: ptr32, st: ptr32, out: ptr32):
    """Run `n` frames of a FIFO burst through the detector; `index` is the first one's index.

    Closed events are put into `out` (at most OUT_EVENTS a call: a burst of n frames closes at
    most 1 + n / HOLD), their number into st[CLOSED].
    """
    closed = 0
    at = 0
    end = index + n
    while index < end:
        magnitude = 0
        rest = 0
        clipped = 0
        axis = 0
        while axis < 3:
            low = at + axis + axis
            u = (buf[low + cfg[LOW_BYTE]] | (buf[low + cfg[HIGH_BYTE]] << 8)) ^ 0x8000
            if u <= _CLIP_LOW or u >= _CLIP_HIGH:
                clipped = 2
            u <<= 12
            if st[PRIMED] == 0:
                st[BASE + axis] = u
                st[BAND + axis] = _BAND_ZERO
            v = u - st[BASE + axis]
            st[BASE + axis] = st[BASE + axis] + (v >> cfg[SHIFT_HP])
            v = (v >> 8) - (st[BAND + axis] - _BAND_ZERO)
            v = (v >> cfg[SHIFT_LP1]) + (v >> cfg[SHIFT_LP2]) + st[BAND + axis]
            st[BAND + axis] = v
            v -= _BAND_ZERO
            if v < 0:
                v = 0 - v
            if st[ACTIVE] and v > st[PEAK_AXIS + axis]:
                st[PEAK_AXIS + axis] = v
            if v > magnitude:
                rest += magnitude
                magnitude = v
            else:
                rest += v
            axis += 1
        at += cfg[STRIDE]
        st[PRIMED] = 1
        st[SEEN] = st[SEEN] + 1
        # Largest axis plus 3/8 of the others: 0.97 to 1.13 of the length, without a square root.
        magnitude += (rest + rest + rest) >> 3

        env = st[ENV]
        if magnitude > env:
            env = magnitude
        else:
            env -= (env - magnitude) >> cfg[SHIFT_ENV]
        st[ENV] = env

        # The floor follows the median of the magnitude: up or down by a step, whatever the size,
        # so that an event cannot pull it; eight times slower within one, so that it still adapts;
        # sixteen times faster down where it stands far above everything, as after a handling.
        floor = st[FLOOR]
        step = cfg[FLOOR_STEP]
        if st[WARM]:
            step = 6
            if st[WARM] + st[WARM] < cfg[WARM_UP]:
                step = 9
        elif magnitude << 3 < floor >> FLOOR_SHIFT:
            step -= 4
        elif st[ACTIVE]:
            step += 3
        step = floor >> step
        if step == 0:
            step = 1
        if magnitude > (floor >> FLOOR_SHIFT):
            floor += step
        elif floor > 1 << FLOOR_SHIFT:
            floor -= step
        st[FLOOR] = floor

        if magnitude > st[SECOND_PEAK]:
            st[SECOND_PEAK] = magnitude
        st[SECOND_FRAMES] = st[SECOND_FRAMES] + 1
        if st[SECOND_FRAMES] >= cfg[SECOND]:
            v = st[SECOND_PEAK]
            if v > st[EPOCH_PEAK]:
                st[EPOCH_PEAK] = v
            k = 0
            while v >= 16:
                v >>= 1
                k += 8
            if st[SECONDS] < TRACK_SECONDS:
                st[TRACK + st[SECONDS]] = k + v
                st[SECONDS] = st[SECONDS] + 1
            st[SECOND_FRAMES] = 0
            st[SECOND_PEAK] = 0

        if st[WARM]:
            st[WARM] = st[WARM] - 1
        else:
            floor >>= FLOOR_SHIFT
            if floor < cfg[FLOOR_MIN]:
                floor = cfg[FLOOR_MIN]
            low = (floor * cfg[LOW_GAIN]) >> 3
            if st[ACTIVE]:
                low = st[LOW]
            if magnitude >= low:
                if st[ACTIVE] == 0:
                    st[ACTIVE] = 1
                    st[ONSET] = index
                    st[LOW] = low
                    st[HIGH] = (floor * cfg[HIGH_GAIN]) >> 3
                    st[FLOOR_AT] = floor
                    st[PEAK] = 0
                    st[ENERGY] = 0
                    st[JERKS] = 1
                    st[RISING] = 1
                    st[EXTREME] = env
                    st[FLAGS] = 0
                    k = 0
                    while k < 3:
                        v = st[BAND + k] - _BAND_ZERO
                        if v < 0:
                            v = 0 - v
                        st[PEAK_AXIS + k] = v
                        st[TILT_AT + k] = st[BASE + k]
                        k += 1
                    k = 0
                    while k < LEVELS + LEVELS:
                        st[LADDER + k] = 0
                        k += 1
                st[STILL] = 0
                st[LAST_LOUD] = index
                if magnitude > st[PEAK]:
                    st[PEAK] = magnitude
                # The ladder remembers, for each level, the first and the last frame at it: where
                # 30 % of the peak was passed is known only when the peak is.
                v = magnitude
                k = 0
                while v >= 16:
                    v >>= 1
                    k += 8
                k += v + LADDER
                v = index - st[ONSET] + 1
                if st[k] == 0:
                    st[k] = v
                st[k + LEVELS] = v
            elif st[ACTIVE]:
                st[STILL] = st[STILL] + 1
            if st[ACTIVE]:
                st[FLAGS] = st[FLAGS] | clipped
                if st[ENERGY] < _ENERGY_MOST:
                    st[ENERGY] = st[ENERGY] + (magnitude >> 8)
                if st[RISING]:
                    if env > st[EXTREME]:
                        st[EXTREME] = env
                    elif env + env < st[EXTREME]:
                        st[RISING] = 0
                        st[EXTREME] = env
                elif env < st[EXTREME]:
                    st[EXTREME] = env
                elif env > st[EXTREME] + st[EXTREME] and env >= st[HIGH]:
                    st[RISING] = 1
                    st[EXTREME] = env
                    st[JERKS] = st[JERKS] + 1
                cut = 0
                if index - st[ONSET] + 1 >= cfg[LONGEST]:
                    cut = 1
                if cut or st[STILL] >= cfg[HOLD]:
                    st[ACTIVE] = 0
                    if st[PEAK] >= st[HIGH] and closed < OUT_EVENTS:
                        # 77/256 is 0.3008.
                        v = (st[PEAK] * 77) >> 8
                        k = 0
                        while v >= 16:
                            v >>= 1
                            k += 8
                        k += v
                        v = 0x20000000
                        low = 0
                        while k < LEVELS:
                            if st[LADDER + k]:
                                if st[LADDER + k] < v:
                                    v = st[LADDER + k]
                                if st[LADDER + LEVELS + k] > low:
                                    low = st[LADDER + LEVELS + k]
                            k += 1
                        o = closed * OUT_WORDS
                        out[o + OUT_ONSET] = st[ONSET] + v - 1
                        out[o + OUT_DURATION] = low - v + 1
                        out[o + OUT_SPAN] = st[LAST_LOUD] - st[ONSET] + 1
                        out[o + OUT_PEAK] = st[PEAK]
                        out[o + OUT_FLOOR] = st[FLOOR_AT]
                        out[o + OUT_LOW] = st[LOW]
                        out[o + OUT_HIGH] = st[HIGH]
                        out[o + OUT_ENERGY] = st[ENERGY]
                        out[o + OUT_JERKS] = st[JERKS]
                        out[o + OUT_FLAGS] = cut | st[FLAGS]
                        out[o + OUT_START] = st[ONSET]
                        out[o + OUT_CLOSED] = index
                        k = 0
                        while k < 3:
                            out[o + OUT_AXIS + k] = st[PEAK_AXIS + k]
                            v = ((st[BASE + k] - st[TILT_AT + k]) >> 12) + 65536
                            out[o + OUT_TILT + k] = v
                            k += 1
                        closed += 1
        index += 1
    st[CLOSED] = closed


@micropython.viper
def keep(buf: ptr8, n: int, index: int, cfg: ptr32, ring: ptr16, mask: int):
    """Copy `n` frames into the ring of raw frames (offset binary); `mask` is its length - 1."""
    at = 0
    end = index + n
    while index < end:
        r = (index & mask) * 3
        axis = 0
        while axis < 3:
            low = at + axis + axis
            ring[r + axis] = (buf[low + cfg[LOW_BYTE]] | (buf[low + cfg[HIGH_BYTE]] << 8)) ^ 0x8000
            axis += 1
        at += cfg[STRIDE]
        index += 1


@micropython.viper
def code_frames(ring: ptr16, mask: int, index: int, n: int, out: ptr8, at: int) -> int:
    """Code the `n` - 1 frames after frame `index` losslessly into `out` from `at` on.

    Each axis is the difference to the frame before, zig-zag folded, 7 bits a byte, low bits
    first. Returns the end; at most 9 bytes a frame.
    """
    end = index + n
    index += 1
    while index < end:
        r = (index & mask) * 3
        p = ((index - 1) & mask) * 3
        axis = 0
        while axis < 3:
            v = ring[r + axis] - ring[p + axis]
            if v < 0:
                v = 0 - v - v - 1
            else:
                v += v
            while v > 127:
                out[at] = (v & 127) | 128
                at += 1
                v >>= 7
            out[at] = v
            at += 1
            axis += 1
        index += 1
    return at
