/* The maths of firmware/crib/kernels.py `scan`, as cheap as plain C makes it: what viper is measured
   against. It leaves the same bits behind, in `st` and in `out`.

   words.h is made from the kernel's source (every constant by its own name) and says what CFG(word)
   is: a load from `cfg`, or with -DLITERALS a number, as if one configuration had been compiled in.

   What is cheaper here than in a literal translation: the state of the quiet path is in locals, the
   first frame is primed before the loop, clipping is looked at only within an event, and what only
   a second's end or an event needs is out of line. */

#include <stdint.h>

#include "words.h"

typedef int32_t i32;

#define RARE __attribute__((noinline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline i32 sample(const uint8_t *at, i32 low, i32 high) {
    return (at[low] | at[high] << 8) ^ 0x8000;
}

static inline i32 magnitude_of(i32 v) {
    return v < 0 ? -v : v;
}

static inline i32 level(i32 v) {
    i32 n = 0;
    for (; v >= 16; v >>= 1)
        n += 8;
    return n + v;
}

static inline i32 clipped(i32 u) {
    return (uint32_t)(u - _CLIP_LOW - 1) >= (uint32_t)(_CLIP_HIGH - _CLIP_LOW - 1);
}

static RARE void prime(const uint8_t *at, const i32 *restrict cfg, i32 *restrict st) {
    for (i32 k = 0; k < 3; k++) {
        st[BASE + k] = sample(at + 2 * k, CFG(LOW_BYTE), CFG(HIGH_BYTE)) << 12;
        st[BAND + k] = _BAND_ZERO;
    }
    st[PRIMED] = 1;
}

static RARE void end_second(i32 *restrict st, i32 peak) {
    if (peak > st[EPOCH_PEAK])
        st[EPOCH_PEAK] = peak;
    if (st[SECONDS] < TRACK_SECONDS) {
        st[TRACK + st[SECONDS]] = level(peak);
        st[SECONDS]++;
    }
}

static RARE void begin(
    const i32 *restrict cfg, i32 *restrict st, i32 index, i32 env, i32 low, i32 floor) {
    st[ACTIVE] = 1;
    st[ONSET] = index;
    st[LOW] = low;
    st[HIGH] = (floor * CFG(HIGH_GAIN)) >> 3;
    st[FLOOR_AT] = floor;
    st[PEAK] = 0;
    st[ENERGY] = 0;
    st[JERKS] = 1;
    st[RISING] = 1;
    st[EXTREME] = env;
    st[FLAGS] = 0;
    for (i32 k = 0; k < 3; k++) {
        st[PEAK_AXIS + k] = magnitude_of(st[BAND + k] - _BAND_ZERO);
        st[TILT_AT + k] = st[BASE + k];
    }
    for (i32 k = 0; k < LEVELS + LEVELS; k++)
        st[LADDER + k] = 0;
}

static RARE void put(const i32 *restrict st, i32 *restrict event, i32 index, i32 cut) {
    i32 first = 0x20000000, last = 0;
    for (i32 k = level((st[PEAK] * 77) >> 8); k < LEVELS; k++) {
        if (st[LADDER + k]) {
            if (st[LADDER + k] < first)
                first = st[LADDER + k];
            if (st[LADDER + LEVELS + k] > last)
                last = st[LADDER + LEVELS + k];
        }
    }
    event[OUT_ONSET] = st[ONSET] + first - 1;
    event[OUT_DURATION] = last - first + 1;
    event[OUT_SPAN] = st[LAST_LOUD] - st[ONSET] + 1;
    event[OUT_PEAK] = st[PEAK];
    event[OUT_FLOOR] = st[FLOOR_AT];
    event[OUT_LOW] = st[LOW];
    event[OUT_HIGH] = st[HIGH];
    event[OUT_ENERGY] = st[ENERGY];
    event[OUT_JERKS] = st[JERKS];
    event[OUT_FLAGS] = cut | st[FLAGS];
    event[OUT_START] = st[ONSET];
    event[OUT_CLOSED] = index;
    for (i32 k = 0; k < 3; k++) {
        event[OUT_AXIS + k] = st[PEAK_AXIS + k];
        event[OUT_TILT + k] = ((st[BASE + k] - st[TILT_AT + k]) >> 12) + 65536;
    }
}

static inline void loud(i32 *restrict st, i32 index, i32 magnitude) {
    st[STILL] = 0;
    st[LAST_LOUD] = index;
    if (magnitude > st[PEAK])
        st[PEAK] = magnitude;
    i32 *step = st + LADDER + level(magnitude);
    i32 v = index - st[ONSET] + 1;
    if (step[0] == 0)
        step[0] = v;
    step[LEVELS] = v;
}

static inline void count_jerks(i32 *restrict st, i32 env) {
    i32 extreme = st[EXTREME];
    if (st[RISING]) {
        if (env > extreme) {
            st[EXTREME] = env;
        } else if (env + env < extreme) {
            st[RISING] = 0;
            st[EXTREME] = env;
        }
    } else if (env < extreme) {
        st[EXTREME] = env;
    } else if (env > extreme + extreme && env >= st[HIGH]) {
        st[RISING] = 1;
        st[EXTREME] = env;
        st[JERKS]++;
    }
}

/* One frame within an event, or the one that begins it. Returns the events closed so far. */
static RARE i32 active(
    const uint8_t *restrict at, const i32 *restrict cfg, i32 *restrict st, i32 *restrict out,
    i32 index, i32 magnitude, i32 env, i32 closed) {
    if (magnitude >= st[LOW])
        loud(st, index, magnitude);
    else
        st[STILL]++;
    i32 clip = 0;
    for (i32 k = 0; k < 3; k++) {
        clip |= clipped(sample(at + 2 * k, CFG(LOW_BYTE), CFG(HIGH_BYTE)));
        i32 v = magnitude_of(st[BAND + k] - _BAND_ZERO);
        if (v > st[PEAK_AXIS + k])
            st[PEAK_AXIS + k] = v;
    }
    st[FLAGS] |= clip << 1;
    if (st[ENERGY] < _ENERGY_MOST)
        st[ENERGY] += magnitude >> 8;
    count_jerks(st, env);
    i32 cut = index - st[ONSET] + 1 >= CFG(LONGEST);
    if (cut || st[STILL] >= CFG(HOLD)) {
        st[ACTIVE] = 0;
        if (st[PEAK] >= st[HIGH] && closed < OUT_EVENTS) {
            put(st, out + closed * OUT_WORDS, index, cut);
            closed++;
        }
    }
    return closed;
}

/* The filters' state, between the words of `st` and locals. */
#define LOAD(k) i32 base##k = st[BASE + k], band##k = st[BAND + k] - _BAND_ZERO;
#define STORE(k) st[BASE + k] = base##k, st[BAND + k] = band##k + _BAND_ZERO;

#define AXIS(k) { \
        i32 v = (((low[2 * k] | high[2 * k] << 8) ^ 0x8000) << 12) - base##k; \
        base##k += v >> CFG(SHIFT_HP); \
        v = (v >> 8) - band##k; \
        band##k += (v >> CFG(SHIFT_LP1)) + (v >> CFG(SHIFT_LP2)); \
        v = magnitude_of(band##k); \
        rest += v; \
        if (v > magnitude) \
            magnitude = v; \
    }

void scan(
    const uint8_t *restrict buf, i32 n, i32 index, const i32 *restrict cfg, i32 *restrict st,
    i32 *restrict out) {
    if (n > 0 && st[PRIMED] == 0)
        prime(buf, cfg, st);
    st[SEEN] += n;
    i32 closed = 0;
    i32 env = st[ENV], floor = st[FLOOR], warm = st[WARM];
    i32 second_peak = st[SECOND_PEAK], second_left = CFG(SECOND) - st[SECOND_FRAMES];
    LOAD(0) LOAD(1) LOAD(2)
    const i32 end = index + n;
    for (; index < end; index++, buf += CFG(STRIDE)) {
        i32 magnitude = 0, rest = 0;
        const uint8_t *low = buf + CFG(LOW_BYTE), *high = buf + CFG(HIGH_BYTE);
        AXIS(0) AXIS(1) AXIS(2)
        rest -= magnitude;
        magnitude += (3 * rest) >> 3;

        if (magnitude > env)
            env = magnitude;
        else
            env -= (env - magnitude) >> CFG(SHIFT_ENV);

        i32 still = floor >> FLOOR_SHIFT, step = CFG(FLOOR_STEP);
        if (UNLIKELY(warm))
            step = warm + warm < CFG(WARM_UP) ? 9 : 6;
        else if (magnitude << 3 < still)
            step -= 4;
        else if (UNLIKELY(st[ACTIVE]))
            step += 3;
        step = floor >> step;
        if (step == 0)
            step = 1;
        if (magnitude > still)
            floor += step;
        else if (floor > 1 << FLOOR_SHIFT)
            floor -= step;

        if (magnitude > second_peak)
            second_peak = magnitude;
        if (UNLIKELY(--second_left <= 0)) {
            end_second(st, second_peak);
            second_left = CFG(SECOND);
            second_peak = 0;
        }

        if (UNLIKELY(warm)) {
            warm--;
            continue;
        }
        if (!st[ACTIVE]) {
            still = floor >> FLOOR_SHIFT;
            if (still < CFG(FLOOR_MIN))
                still = CFG(FLOOR_MIN);
            i32 threshold = (still * CFG(LOW_GAIN)) >> 3;
            if (magnitude < threshold)
                continue;
            STORE(0) STORE(1) STORE(2)
            begin(cfg, st, index, env, threshold, still);
        }
        STORE(0) STORE(1) STORE(2)
        closed = active(buf, cfg, st, out, index, magnitude, env, closed);
    }
    STORE(0) STORE(1) STORE(2)
    st[ENV] = env;
    st[FLOOR] = floor;
    st[WARM] = warm;
    st[SECOND_PEAK] = second_peak;
    st[SECOND_FRAMES] = CFG(SECOND) - second_left;
    st[CLOSED] = closed;
}
