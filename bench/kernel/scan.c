/* The maths of firmware/crib/kernels.py `scan`, as cheap as plain C makes it: what viper is measured
   against. It leaves the same bits behind, in `st`, `ring`, `env` and `sums`.

   words.h is made from the kernel's source (every constant by its own name) and says what CFG(word)
   is: with -DLITERALS a number, as if one configuration had been compiled in, else a load from `cfg`.

   What is cheaper here than in a literal translation: all state is in locals, the envelope and the
   running sums are written where a tick ends, the frames below the low threshold are not counted one by
   one, and what only an end of the range needs is out of line. Where the two instruction sets differ
   in what is cheapest, each has its own. */

#include <stdint.h>

#include "words.h"

typedef int32_t i32;

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline i32 magnitude_of(i32 v) {
    return v < 0 ? -v : v;
}

/* Whether a sample, in offset binary, is within 2 LSB of an end; the difference of two squares. */
#ifdef __XTENSA__
#define AT_AN_END(v) ((uint16_t)((v) + 0x7fff - _TOP) < _BOTTOM - 1 - _TOP)
#define SQUARES(a, b) (((a) - (b)) * ((a) + (b)))
#else
#define AT_AN_END(v) ((uint32_t)((v) + 0x8000 - _BOTTOM) > _TOP + 0x10000 - _BOTTOM)
#define SQUARES(a, b) ((a) * (a) - (b) * (b))
#endif

static inline i32 square(i32 v) {
    return v * v;
}

/* An axis's filters and floor, between the words of `st` and locals. */
#define LOAD(k) \
    i32 base##k = st[BASE + k], band##k = st[BAND + k], slow##k = st[SLOW + k]; \
    i32 sharp##k = st[SHARP + k], gain##k = st[GAIN + k];
#define STORE(k) \
    st[BASE + k] = base##k, st[BAND + k] = band##k, st[SLOW + k] = slow##k; \
    st[SHARP + k] = sharp##k, st[GAIN + k] = gain##k;

#define AXIS(k, z) \
    i32 z; \
    { \
        i32 v = low[2 * k] + ((high[2 * k] ^ 0x80) << 8); \
        frame[k] = v; \
        if (UNLIKELY(AT_AN_END(v))) \
            st[CLIPPED] = 1; \
        v = (v << 12) - base##k; \
        base##k += v >> CFG(SHIFT_HP); \
        v = (v >> 8) - band##k; \
        band##k += (v >> CFG(SHIFT_LP1)) + (v >> CFG(SHIFT_LP2)); \
        v = magnitude_of(band##k); \
        all_sum += v >> 2; \
        if (v > tick_peak) \
            tick_peak = v, tick_axis = k; \
        v = band##k - slow##k; \
        slow##k += (v >> CFG(SHIFT_SLOW)) + (v >> (CFG(SHIFT_SLOW) + 1)); \
        v -= sharp##k; \
        sharp##k += (v >> CFG(SHIFT_LP1)) + (v >> CFG(SHIFT_LP2)); \
        v = magnitude_of(slow##k); \
        slow_sum += v >> 2; \
        if (v > sway) \
            sway = v; \
        v = magnitude_of(sharp##k); \
        if (UNLIKELY(v > _SHARP_MOST)) \
            v = _SHARP_MOST; \
        v *= gain##k >> _GAIN_FRACTION; \
        if (v > _MEDIAN) { \
            gain##k -= gain##k >> step; \
            if (UNLIKELY(v > _LOUD_MOST)) \
                v = _LOUD_MOST; \
        } else { \
            gain##k += (gain##k >> step) + 1; \
            if (gain##k > CFG(GAIN_MOST)) \
                gain##k = CFG(GAIN_MOST); \
        } \
        v = (v + _Z_HALF) >> _Z_SHIFT; \
        z = sharp##k < 0 ? -v : v; \
    }

i32 scan(
    i32 unused, const i32 n, const uint8_t *restrict buf, const i32 *restrict cfg,
    i32 *restrict st, uint16_t *restrict ring, uint16_t *restrict env, i32 *restrict sums) {
    (void)unused;
    const i32 step = st[STEP], stop = st[STOP], first = st[INDEX];
    const i32 tick_mask = (1 << CFG(SHIFT_TICK)) - 1;
    const uint8_t *at = buf + st[OFFSET];
    i32 *w = st + st[WINDOW_AT], *const w_end = st + FRAMES + 3 * CFG(WINDOW);
    const i32 last = first + n;
    i32 index = first, quiet = first - st[STILL], end = last;
    i32 xx = st[SUM], yy = st[SUM + 1], zz = st[SUM + 2];
    i32 xy = st[SUM + 3], xz = st[SUM + 4], yz = st[SUM + 5];
    i32 best = st[BEST], best_at = st[BEST_AT], peak = st[PEAK], sway = st[SWAY];
    i32 tick_peak = st[TICK_PEAK], tick_axis = st[TICK_AXIS];
    i32 all_sum = st[ALL], slow_sum = st[SLOWS];
    LOAD(0) LOAD(1) LOAD(2)
    if (first - quiet < stop && quiet + stop < last)
        end = quiet + stop;
    while (index < end) {
        uint16_t *frame = ring + 3 * (index & (RING - 1));
        i32 until = (index | tick_mask) + 1;
        if ((index & tick_mask) == 0)
            tick_peak = 0;
        if (until > end)
            until = end;
        for (; index < until; frame += 3) {
            const uint8_t *const low = at + CFG(LOW_BYTE), *const high = at + CFG(HIGH_BYTE);
            AXIS(0, x) AXIS(1, y) AXIS(2, z)

            const i32 a = w[0], b = w[1], c = w[2];
            w[0] = x, w[1] = y, w[2] = z;
            w += 3;
            if (w == w_end)
                w = st + FRAMES;
            xx += SQUARES(x, a);
            yy += SQUARES(y, b);
            zz += SQUARES(z, c);
            xy += x * y - a * b;
            xz += x * z - a * c;
            yz += y * z - b * c;
            i32 v = square(xy >> CFG(SHIFT_SUM)) + square(xz >> CFG(SHIFT_SUM));
            v = 2 * (v + square(yz >> CFG(SHIFT_SUM)));
            v += square(xx >> CFG(SHIFT_SUM)) + square(yy >> CFG(SHIFT_SUM));
            v += square(zz >> CFG(SHIFT_SUM));
            if (v > best)
                best = v, best_at = index;
            at += CFG(STRIDE);
            index++;
            if (UNLIKELY(v >= CFG(LOW))) {
                quiet = index;
                end = last;
                if (stop >= 0 && quiet + stop < last)
                    end = quiet + stop;
                if (stop == 0)
                    until = index;
            }
        }
        const i32 tick = (index - 1) >> CFG(SHIFT_TICK);
        i32 *const sum = sums + 2 * ((tick >> 3) & (SUMS - 1));
        sum[0] = all_sum &= _WRAP;
        sum[1] = slow_sum &= _WRAP;
        if (tick_peak > peak)
            peak = tick_peak;
        i32 v = tick_peak >> 3;
        if (UNLIKELY(v > _FINE))
            v = (v >> 5) + _FINE + 1;
        env[tick & (TICKS - 1)] = (v << 2) + tick_axis;
    }
    STORE(0) STORE(1) STORE(2)
    st[OFFSET] = at - buf;
    st[STILL] = index - quiet;
    st[INDEX] = index;
    st[WINDOW_AT] = w - st;
    st[SUM] = xx, st[SUM + 1] = yy, st[SUM + 2] = zz;
    st[SUM + 3] = xy, st[SUM + 4] = xz, st[SUM + 5] = yz;
    st[BEST] = best, st[BEST_AT] = best_at, st[PEAK] = peak, st[SWAY] = sway;
    st[TICK_PEAK] = tick_peak, st[TICK_AXIS] = tick_axis;
    st[ALL] = all_sum, st[SLOWS] = slow_sum;
    return index - first;
}
