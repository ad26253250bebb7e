"""The integer loops: viper on the board, bytecode and CPython elsewhere, bit for bit the same.

Rules that make them so (docs/DETECTOR.md derives each bound): pointers only as parameters,
indexed, never advanced; every intermediate inside +-2**30; shifts instead of division.

Fixed point: "Q4" is a sixteenth of an LSB, "Q12" a 4096th; "z" an eighth of an axis's noise rms.
"""

import micropython
from micropython import const

# Words of `cfg`, constant while a configuration is in force.
STRIDE = const(0)  # bytes from frame to frame in a FIFO burst
LOW_BYTE = const(1)  # where x's low and high byte lie in a frame; y and z follow every 2 bytes
HIGH_BYTE = const(2)
SHIFT_HP = const(3)  # high-pass: corner = rate / (2 pi 2**SHIFT_HP)
SHIFT_LP1 = const(4)  # low-passes: gain 2**-SHIFT_LP1 + 2**-SHIFT_LP2
SHIFT_LP2 = const(5)
SHIFT_SLOW = const(6)  # the slow part of the band: gain 2**-SHIFT_SLOW + 2**-(SHIFT_SLOW + 1)
WINDOW = const(7)  # frames over which the statistic adds up, at most WINDOW_MOST
SHIFT_SUM = const(8)  # so that a sum over WINDOW frames of noise comes to 18
GAIN_MOST = const(9)  # floor under the floor, as a gain
LOW = const(10)  # thresholds of the statistic
HIGH = const(11)
HOLD = const(12)  # frames below the low threshold that end a segment
SHIFT_TICK = const(13)  # frames of an envelope tick: 2**SHIFT_TICK; of a tick of `sums` 8 times it
CFG_WORDS = const(14)

# Words of `st`. The first FILTERS of them are what a waveform's re-run begins with.
BASE = const(0)  # 3 words: gravity and drift of x, y, z, Q12, offset binary
BAND = const(3)  # 3 words: motion band, Q4
SLOW = const(6)  # 3 words: its slow part, Q4
SHARP = const(9)  # 3 words: the rest of it, low-passed, Q4
GAIN = const(12)  # 3 words: noise rms to 8, 10 more bits of fraction
FILTERS = const(15)
SUM = const(15)  # 6 words: xx yy zz xy xz yz over the window, z * z
WINDOW_AT = const(21)  # where in the window the next frame goes
INDEX = const(22)  # index of the next frame
OFFSET = const(23)  # byte of the burst at which it lies
STOP = const(24)  # `scan` stops where STILL becomes this: 0 while idle, HOLD in a segment
STILL = const(25)  # frames below the low threshold, so far
STEP = const(26)  # the gains move by 2**-STEP of themselves a frame
BEST = const(27)  # largest statistic since Python last cleared it, and the index of its frame
BEST_AT = const(28)
PEAK = const(29)  # largest |band| of any axis since then, Q4
SWAY = const(30)  # largest |slow part| of any axis since then, Q4
CLIPPED = const(31)  # 1: a sample stood at the end of the sensor's range
TICK_PEAK = const(32)  # largest |band| of the running tick, and its axis
TICK_AXIS = const(33)
ALL = const(34)  # running sums of |band| and |slow part| over the axes, a quarter of an LSB
SLOWS = const(35)
FRAMES = const(36)  # 3 words for each frame of the window: z of x, y, z
WINDOW_MOST = const(40)

RING = const(512)  # raw frames kept, offset binary; powers of two, all of these
TICKS = const(1024)  # ticks of the envelope kept
MEASURES = const(6)  # words that `measure` fills
SUMS = const(128)  # ticks of the running sums kept, two words each

UNIT = const(18)  # the statistic's sums are 18 where there is noise alone (see SHIFT_SUM)
_GAIN_FRACTION = const(10)
_Z_SHIFT = const(14)
_Z_HALF = const(8192)
_MEDIAN = const(88408)  # 8 * 0.6745 << 14: the median of |z| of Gaussian noise
_LOUD_MOST = const(127 << 14)  # so that z is 127
_SHARP_MOST = const(65535)
_LAP_WORDS = const(3 * RING)
_THIRD = const(683)  # 683 >> 11 is a third, exact for every frame's place in the ring
_THIRD_SHIFT = const(11)
_WRAP = const(0x3FFFFFFF)  # running sums count modulo 2**30, in `scan` from -2**30 to 0
_LOWEST = const(-_WRAP - 1)
_TOP = const(0x7FFC)  # a word beyond is within 2 LSB of the upper end of the range ...
_BOTTOM = const(0x8003)  # ... or, below this one, of the lower
_NEAR_TOP = const(0x7000)  # below _TOP, and a constant of one instruction
_FINE = const(8191)  # envelope code: half an LSB up to here, 16 LSB beyond


@micropython.viper
def scan(
    v: int, n: int, buf: ptr8, cfg: ptr32, st: ptr32, ring: ptr16, env: ptr16, sums: ptr32
) -> int:
    """Run up to `n` frames of a FIFO burst through filters, floors and statistic.

    Returns how many it took: fewer than `n` where st[STILL] became st[STOP]. At most a second at
    once: then ALL and SLOWS cannot leave +-2**30. `v` is no argument: it and `n` are the two
    locals that live in registers, cheapest on the right of an operator (bench/kernel/ideas.md).
    """
    stride = cfg[STRIDE]
    at = st[OFFSET] + cfg[LOW_BYTE]
    high = cfg[HIGH_BYTE] - cfg[LOW_BYTE]
    s_hp = cfg[SHIFT_HP]
    s1 = cfg[SHIFT_LP1]
    s2 = cfg[SHIFT_LP2]
    s3 = cfg[SHIFT_SLOW]
    s4 = s3 + 1
    s_sum = cfg[SHIFT_SUM]
    s_tick = cfg[SHIFT_TICK]
    tick = 1 << s_tick
    gain_most = cfg[GAIN_MOST]
    low = cfg[LOW] - 1
    step = st[STEP]
    stop = st[STOP]
    still = st[STILL]
    index = st[INDEX]
    w = st[WINDOW_AT]
    w_last = FRAMES + cfg[WINDOW] * 3 - 1
    x_base = st[BASE]
    y_base = st[BASE + 1]
    z_base = st[BASE + 2]
    x_band = st[BAND]
    y_band = st[BAND + 1]
    z_band = st[BAND + 2]
    x_slow = st[SLOW]
    y_slow = st[SLOW + 1]
    z_slow = st[SLOW + 2]
    x_sharp = st[SHARP]
    y_sharp = st[SHARP + 1]
    z_sharp = st[SHARP + 2]
    x_gain = st[GAIN]
    y_gain = st[GAIN + 1]
    z_gain = st[GAIN + 2]
    xx = st[SUM]
    yy = st[SUM + 1]
    zz = st[SUM + 2]
    xy = st[SUM + 3]
    xz = st[SUM + 4]
    yz = st[SUM + 5]
    best = st[BEST]
    sway = st[SWAY]
    tick_peak = st[TICK_PEAK]
    tick_axis = st[TICK_AXIS]
    all_sum = st[ALL] + _LOWEST
    slow_sum = st[SLOWS] + _LOWEST
    # Frames below the low threshold are counted from frame `quiet` on, not one by one.
    quiet = index - still
    last = index + n
    end = last
    if still < stop:
        end = quiet + stop
        if last < end:
            end = last
    n = index & (RING - 1)
    r = 3 * n
    lap = index - n
    n = index
    while end > n:
        # Up to the end of the envelope's tick.
        v = n >> s_tick
        tick_at = v
        v = (1 + v) << s_tick
        if tick + n == v:
            tick_peak = 0
        if end < v:
            v = end
        if _LAP_WORDS == r:
            r = 0
            lap = n
        until = v
        v -= n
        n = at
        at_end = stride * v + n
        while at_end > n:
            v = buf[n]
            n = high + n
            v = 256 * buf[n] + v
            if _NEAR_TOP < v:
                if _BOTTOM > v:
                    if _TOP < v:
                        st[CLIPPED] = 1
            v = 0x8000 ^ v
            n = r
            ring[n] = v
            n = x_base
            v = 4096 * v - n
            x_base = (v >> s_hp) + n
            v = (v >> 8) - x_band
            n = v >> s1
            v = (v >> s2) + n + x_band
            x_band = v
            n = v - x_slow
            if 0 > v:
                v = 0 - v
            all_sum = (v >> 2) + all_sum
            if tick_peak < v:
                tick_peak = v
                tick_axis = 0
            v = n >> s3
            v = (n >> s4) + v + x_slow
            x_slow = v
            n -= x_sharp
            if 0 > v:
                v = 0 - v
            slow_sum = (v >> 2) + slow_sum
            if sway < v:
                sway = v
                st[SWAY] = v
            v = n >> s1
            v = (n >> s2) + v + x_sharp
            x_sharp = v
            if 0 > v:
                v = 0 - v
            if _SHARP_MOST < v:
                v = _SHARP_MOST
            n = x_gain
            v = (n >> _GAIN_FRACTION) * v
            if _MEDIAN < v:
                x_gain = n - (n >> step)
                if _LOUD_MOST < v:
                    v = _LOUD_MOST
            else:
                n = (n >> step) + n + 1
                if gain_most < n:
                    n = gain_most
                x_gain = n
            v = (_Z_HALF + v) >> _Z_SHIFT
            if 0 > x_sharp:
                v = 0 - v
            x = v
            n = w
            a = st[n]
            st[n] = v
            n = a
            n = n * n
            xx = v * v - n + xx

            n = 2 + at
            v = buf[n]
            n = high + n
            v = 256 * buf[n] + v
            if _NEAR_TOP < v:
                if _BOTTOM > v:
                    if _TOP < v:
                        st[CLIPPED] = 1
            v = 0x8000 ^ v
            n = 1 + r
            ring[n] = v
            n = y_base
            v = 4096 * v - n
            y_base = (v >> s_hp) + n
            v = (v >> 8) - y_band
            n = v >> s1
            v = (v >> s2) + n + y_band
            y_band = v
            n = v - y_slow
            if 0 > v:
                v = 0 - v
            all_sum = (v >> 2) + all_sum
            if tick_peak < v:
                tick_peak = v
                tick_axis = 1
            v = n >> s3
            v = (n >> s4) + v + y_slow
            y_slow = v
            n -= y_sharp
            if 0 > v:
                v = 0 - v
            slow_sum = (v >> 2) + slow_sum
            if sway < v:
                sway = v
                st[SWAY] = v
            v = n >> s1
            v = (n >> s2) + v + y_sharp
            y_sharp = v
            if 0 > v:
                v = 0 - v
            if _SHARP_MOST < v:
                v = _SHARP_MOST
            n = y_gain
            v = (n >> _GAIN_FRACTION) * v
            if _MEDIAN < v:
                y_gain = n - (n >> step)
                if _LOUD_MOST < v:
                    v = _LOUD_MOST
            else:
                n = (n >> step) + n + 1
                if gain_most < n:
                    n = gain_most
                y_gain = n
            v = (_Z_HALF + v) >> _Z_SHIFT
            if 0 > y_sharp:
                v = 0 - v
            y = v
            n = 1 + w
            b = st[n]
            st[n] = v
            n = b
            xy = x * v - a * n + xy
            n = n * n
            yy = v * v - n + yy

            n = 4 + at
            v = buf[n]
            n = high + n
            v = 256 * buf[n] + v
            if _NEAR_TOP < v:
                if _BOTTOM > v:
                    if _TOP < v:
                        st[CLIPPED] = 1
            v = 0x8000 ^ v
            n = 2 + r
            ring[n] = v
            n = 1 + n
            r = n
            n = z_base
            v = 4096 * v - n
            z_base = (v >> s_hp) + n
            v = (v >> 8) - z_band
            n = v >> s1
            v = (v >> s2) + n + z_band
            z_band = v
            n = v - z_slow
            if 0 > v:
                v = 0 - v
            all_sum = (v >> 2) + all_sum
            if tick_peak < v:
                tick_peak = v
                tick_axis = 2
            v = n >> s3
            v = (n >> s4) + v + z_slow
            z_slow = v
            n -= z_sharp
            if 0 > v:
                v = 0 - v
            slow_sum = (v >> 2) + slow_sum
            if sway < v:
                sway = v
                st[SWAY] = v
            v = n >> s1
            v = (n >> s2) + v + z_sharp
            z_sharp = v
            if 0 > v:
                v = 0 - v
            if _SHARP_MOST < v:
                v = _SHARP_MOST
            n = z_gain
            v = (n >> _GAIN_FRACTION) * v
            if _MEDIAN < v:
                z_gain = n - (n >> step)
                if _LOUD_MOST < v:
                    v = _LOUD_MOST
            else:
                n = (n >> step) + n + 1
                if gain_most < n:
                    n = gain_most
                z_gain = n
            v = (_Z_HALF + v) >> _Z_SHIFT
            if 0 > z_sharp:
                v = 0 - v

            n = 2 + w
            c = st[n]
            st[n] = v
            n = 1 + n
            if w_last < n:
                n = FRAMES
            w = n
            n = c
            xz = x * v - a * n + xz
            yz = y * v - b * n + yz
            n = n * n
            zz = v * v - n + zz

            # Sum of the squares of all nine: what moves together on several axes counts for more.
            n = xy >> s_sum
            v = n * n
            n = xz >> s_sum
            v = n * n + v
            n = yz >> s_sum
            v = n * n + v
            v += v
            n = xx >> s_sum
            v = n * n + v
            n = yy >> s_sum
            v = n * n + v
            n = zz >> s_sum
            v = n * n + v
            if best < v:
                best = v
                st[BEST] = v
                st[BEST_AT] = ((r * _THIRD) >> _THIRD_SHIFT) + lap - 1
            n = at
            n = stride + n
            at = n
            if low < v:
                quiet = ((r * _THIRD) >> _THIRD_SHIFT) + lap
                end = last
                if stop >= 0:
                    if quiet + stop < end:
                        end = quiet + stop
                    if stop == 0:
                        until = quiet
                        at_end = n

        n = tick_at
        v = (n >> 2) & (2 * SUMS - 2)
        sums[v] = all_sum & _WRAP
        v = 1 + v
        sums[v] = slow_sum & _WRAP
        v = tick_peak
        if st[PEAK] < v:
            st[PEAK] = v
        v >>= 3
        if _FINE < v:
            v = (v >> 5) + _FINE + 1
        env[n & (TICKS - 1)] = 4 * v + tick_axis
        n = until
        index = n
    n = index - st[INDEX]
    st[OFFSET] = at - cfg[LOW_BYTE]
    st[STILL] = index - quiet
    st[INDEX] = index
    st[WINDOW_AT] = w
    st[BASE] = x_base
    st[BASE + 1] = y_base
    st[BASE + 2] = z_base
    st[BAND] = x_band
    st[BAND + 1] = y_band
    st[BAND + 2] = z_band
    st[SLOW] = x_slow
    st[SLOW + 1] = y_slow
    st[SLOW + 2] = z_slow
    st[SHARP] = x_sharp
    st[SHARP + 1] = y_sharp
    st[SHARP + 2] = z_sharp
    st[GAIN] = x_gain
    st[GAIN + 1] = y_gain
    st[GAIN + 2] = z_gain
    st[SUM] = xx
    st[SUM + 1] = yy
    st[SUM + 2] = zz
    st[SUM + 3] = xy
    st[SUM + 4] = xz
    st[SUM + 5] = yz
    st[TICK_PEAK] = tick_peak
    st[TICK_AXIS] = tick_axis
    st[ALL] = all_sum & _WRAP
    st[SLOWS] = slow_sum & _WRAP
    return n


@micropython.viper
def measure(env: ptr16, first: int, last: int, quiet: int, out: ptr32):
    """What the envelope of ticks `first` to `last` shows, into `out`.

    Largest value (half LSB), its axis, first and last tick at 30 % of it or at `quiet`, jerks, and
    the sum of the values between those ticks. A jerk ends where
    the envelope falls to 5/8 of its height; the next begins where it has risen by 8/5 again, and
    to a quarter of the largest.
    """
    peak = 0
    axis = 0
    t = first
    while t <= last:
        v = env[t & (TICKS - 1)]
        a = v & 3
        v >>= 2
        if v > _FINE:
            v = (v - _FINE - 1) << 5
        if v > peak:
            peak = v
            axis = a
        t += 1
    # 77/256 is 0.3008.
    edge = (peak * 77) >> 8
    if edge < quiet:
        edge = quiet
    if edge > peak:
        edge = peak
    onset = last
    end = first
    jerks = 1
    rising = 1
    extreme = 0
    t = first
    while t <= last:
        v = env[t & (TICKS - 1)] >> 2
        if v > _FINE:
            v = (v - _FINE - 1) << 5
        if v >= edge:
            if t < onset:
                onset = t
            end = t
        if rising:
            if v > extreme:
                extreme = v
            elif v * 8 < extreme * 5:
                rising = 0
                extreme = v
        elif v < extreme:
            extreme = v
        elif v * 5 > extreme * 8 and v * 4 >= peak:
            rising = 1
            extreme = v
            jerks += 1
        t += 1
    out[0] = peak
    out[1] = axis
    out[2] = onset
    out[3] = end
    out[4] = jerks
    total = 0
    t = onset
    while t <= end:
        v = env[t & (TICKS - 1)] >> 2
        if v > _FINE:
            v = (v - _FINE - 1) << 5
        total += v
        t += 1
    out[5] = total


@micropython.viper
def flatten(
    src: ptr16, mask: int, stride: int, axis: int, first: int, n: int, shift: int, out: ptr8
):
    """`n` values from `first` on without their mean over 32, 2**`shift` to 1, offset by 128.

    With stride 1 `src` is the envelope, with stride 3 the raw frames, of which one axis is taken.
    """
    total = 0
    i = 0 - 16
    last = n - 1
    while i < n + 16:
        k = i
        if k < 0:
            k = 0
        if k > last:
            k = last
        v = src[((first + k) & mask) * stride + axis]
        if stride == 1:
            v >>= 2
            if v > _FINE:
                v = (v - _FINE - 1) << 5
        total += v
        k = i - 32
        if k >= 0 - 16:
            if k < 0:
                k = 0
            v = src[((first + k) & mask) * stride + axis]
            if stride == 1:
                v >>= 2
                if v > _FINE:
                    v = (v - _FINE - 1) << 5
            total -= v
        k = i - 16
        if k >= 0:
            v = src[((first + k) & mask) * stride + axis]
            if stride == 1:
                v >>= 2
                if v > _FINE:
                    v = (v - _FINE - 1) << 5
            v = ((v - (total >> 5)) >> shift) + 128
            if v < 1:
                v = 1
            if v > 255:
                v = 255
            out[k] = v
        i += 1


@micropython.viper
def correlate(values: ptr8, n: int, lag: int) -> int:
    """Likeness of `values` (offset by 128) to themselves `lag` later: 256 the same, 0 nothing."""
    both = 0
    energy = 0
    i = 0
    while i < n - lag:
        a = values[i] - 128
        b = values[i + lag] - 128
        both += a * b
        energy += a * a + b * b
        i += 1
    if both <= 0:
        return 0
    # 2 * both / energy, which is at most 1, by long division.
    both += both
    if both >= energy:
        return 256
    share = 0
    i = 0
    while i < 8:
        both += both
        share += share
        if both >= energy:
            both -= energy
            share += 1
        i += 1
    return share


@micropython.viper
def divide(a: int, b: int) -> int:
    """`a` // `b` by long division, 0 where `b` is 0; both from 0 to 2**30 - 1."""
    quotient = 0
    if b > 0:
        i = 0
        while b <= a >> 1:
            b <<= 1
            i += 1
        while i >= 0:
            quotient += quotient
            if a >= b:
                a -= b
                quotient += 1
            b >>= 1
            i -= 1
    return quotient


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


@micropython.viper
def level(v: int) -> int:
    """Logarithmic code of `v` >= 0: 8 steps an octave, `v` itself below 16."""
    n = 0
    while v >= 16:
        v >>= 1
        n += 8
    return n + v
