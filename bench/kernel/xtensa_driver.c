/* Replays a recorded trace under qemu-xtensa (windowed ABI), writing what each call leaves behind.

   xtensa.py links in beside it the trace (trace.py: Trace.encoded), the code of the kernel and the
   tables that say what is there. A viper function finds MicroPython's runtime in a table of function
   pointers; here all but two of them end the run with their number. */

#include <stdint.h>

typedef uint32_t word;
typedef word (*code)(word, word, word, word, word, word, word, word);

enum { SYS_WRITE = 13, SYS_EXIT = 118, ARRAYS = 16, ARGUMENTS = 8, END = -1 };

extern const word trace[];
extern const code functions[]; /* 0: not there, pass it over */
extern const word returns[];   /* whether a function returns a value */
extern const word is_viper;

static word memory[1 << 18]; /* what the arrays lie in */
static word *arrays[ARRAYS], lengths[ARRAYS];
static word helper_calls[2];

static void linux(word number, word a, word b, word c) {
    register word a2 __asm__("a2") = number;
    register word a6 __asm__("a6") = a;
    register word a3 __asm__("a3") = b;
    register word a4 __asm__("a4") = c;
    __asm__ volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4) : "memory");
}

static __attribute__((noinline)) void refuse(word entry) {
    static char text[] = "the code calls entry 0x00 of MicroPython's runtime\n";
    text[23] = "0123456789abcdef"[entry >> 4];
    text[24] = "0123456789abcdef"[entry & 15];
    linux(SYS_WRITE, 2, (word)text, sizeof text - 1);
    linux(SYS_EXIT, 1, 0, 0);
}

static word from_object(word object) {
    helper_calls[0]++;
    return object & 1 ? (word)((int32_t)object >> 1) : object;
}

static word to_object(word value) {
    helper_calls[1]++;
    return value << 1 | 1;
}

/* mp_fun_table (py/nativeglue.c): None, False, True, then functions, of which 3 and 4 are these. */
#define TEN(F, t) F(t##0) F(t##1) F(t##2) F(t##3) F(t##4) F(t##5) F(t##6) F(t##7) F(t##8) F(t##9)
#define ALL(F) F(5) F(6) F(7) F(8) F(9) TEN(F, 1) TEN(F, 2) TEN(F, 3) TEN(F, 4) TEN(F, 5) \
    TEN(F, 6) TEN(F, 7) TEN(F, 8) TEN(F, 9)
#define REFUSAL(n) static void refuse_##n(void) { refuse(n); }
#define ENTRY(n) refuse_##n,
ALL(REFUSAL)
static const void *const table[] = {0, 0, 0, from_object, to_object, ALL(ENTRY)};

/* A viper function gets itself as an object, and from there its module's context (py/objfun.h). */
static const void *const objects[] = {table};
static const void *const context[] = {0, 0, objects, objects};

static word call_viper(code entry, word n, const word *values) {
    const void *const function[] = {0, context, 0, entry};
    return entry((word)function, n, 0, (word)values, 0, 0, 0, 0);
}

static const word *poke(const word *at) {
    word *to = arrays[at[0]] + at[1] / 4, length = at[2];
    for (at += 3; length; length -= 4)
        *to++ = *at++;
    return at;
}

/* Call a function with the arguments at `at`, and write what it left behind. */
static const word *call(const word *at) {
    const word function = *at++, n = *at++;
    word values[ARGUMENTS] = {0};
    for (word i = 0; i < n; i++) {
        const word value = at[2 * i + 1];
        values[i] = at[2 * i] ? (word)arrays[value] : is_viper ? value << 1 | 1 : value;
    }
    const code entry = functions[function];
    if (entry) {
        word result = is_viper ? call_viper(entry, n, values)
            : entry(values[0], values[1], values[2], values[3], values[4], values[5], values[6],
                    values[7]);
        __asm__ volatile("mark: or a1, a1, a1" ::: "memory"); /* count.c looks for this address */
        if (is_viper)
            result = (word)((int32_t)result >> 1);
        if (returns[function])
            linux(SYS_WRITE, 1, (word)&result, 4);
        for (word i = 0; i < n; i++)
            if (at[2 * i])
                linux(SYS_WRITE, 1, (word)arrays[at[2 * i + 1]], lengths[at[2 * i + 1]]);
    }
    return at + 2 * n;
}

void run(void) {
    const word *at = trace;
    word *free = memory;
    for (word i = 0, n = *at++; i < n; i++, at += 2) {
        arrays[i] = free;
        lengths[i] = at[0];
        free += at[0] / 4 + 4;
    }
    while (*at != (word)END) {
        word pokes = *at++;
        while (pokes--)
            at = poke(at);
        at = call(at);
    }
    linux(SYS_WRITE, 1, (word)helper_calls, sizeof helper_calls);
    linux(SYS_EXIT, 0, 0, 0);
}
