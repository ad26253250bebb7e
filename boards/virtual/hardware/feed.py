"""The sensor's sampling: a recording becomes FIFO words, one for one, as virtual time goes by.

One *slot* is one frame of the recording. Slot k ends exactly k / rate_hz after recording time
began; the timestamp counter of the same oscillator moves on by a whole number of its units
(384 of 25 us at 104 Hz on an LSM6DSO), as on the chip.
"""

from array import array

import micropython
from micropython import const

from .frames import Frames

_POS = const(0)  # next frame of the recording; goes on counting after its end
_BASE = const(1)  # the frame at the start of the chunk that is in memory
_HAVE = const(2)  # frames in that chunk
_DUE = const(3)  # microseconds since the last slot
_PERIOD_US = const(4)
_PERIOD_REST = const(5)  # of _RATE
_RATE = const(6)  # micro-hertz
_REST = const(7)
_STARTED = const(8)  # recording time runs
_HOLD = const(9)  # frame 0 waits for the start-up samples to pass
_SKIP = const(10)  # slots per sample; 0: the accelerometer is off
_SKIPPED = const(11)
_REPEAT = const(12)  # samples per slot
_STARTUP = const(13)  # samples that are still invalid
_SHIFT = const(14)  # full scale: 0 +-2 g, 1 +-4 g, 2 +-8 g, 3 +-16 g
_PUSHED = const(15)  # LSB that the self-test adds, plus 32768
_BATCH = const(16)  # samples per FIFO word; 0: none go there
_BATCHED = const(17)
_TS_EVERY = const(18)  # time slots of the FIFO per timestamp word; 0: none
_TS_WAIT = const(19)
_TS_LOW = const(20)
_TS_HIGH = const(21)
_TS_STEP = const(22)  # 25 us units per slot; 0: the counter stands still
_FRESH = const(23)
_PRODUCED = const(24)
_POST_ROLL = const(25)
_FRAMES = const(26)
_STEP = const(27)
_FRACTION = const(28)  # of the period, in 1/1024 us
_STARTUPS = const(29)  # invalid samples after each start
_INVALID = const(30)  # what those read, as an unsigned word
_FROZEN = const(31)  # a fault: the outputs keep their value
_FIELDS = const(32)

SAMPLE = const(0)  # byte of `out`: x, y, z, little-endian
STAMP = const(6)  # byte of `out`: the time of the slot, then two zeros
_OUT_BYTES = const(12)

NEVER_US = const(0x3FFFFFFF)


@micropython.viper
def _sample(st: ptr32, rec: ptr8, out: ptr8) -> int:
    """Put the next sample into `out`; 0 if it is one of the invalid first ones."""
    st[_FRESH] = 1
    if st[_STARTUP]:
        st[_STARTUP] -= 1
        if not st[_FROZEN]:
            for i in range(3):
                out[2 * i] = st[_INVALID]
                out[2 * i + 1] = st[_INVALID] >> 8
        return 0
    if st[_FROZEN]:
        return 1
    at = (st[_POS] - st[_BASE]) * 6
    if st[_SHIFT] == 0 and st[_PUSHED] == 0x8000:
        for i in range(6):
            out[i] = rec[at + i]
        return 1
    for i in range(3):
        lsb = ((rec[at + 2 * i] | rec[at + 2 * i + 1] << 8) ^ 0x8000) - 0x8000
        lsb = (lsb >> st[_SHIFT]) + st[_PUSHED] - 0x8000
        if lsb > 32767:
            lsb = 32767
        if lsb < -32768:
            lsb = -32768
        out[2 * i] = lsb
        out[2 * i + 1] = lsb >> 8
    return 1


@micropython.viper
def _stamp(st: ptr32, out: ptr8):
    """Put the time of the slot into `out`."""
    out[STAMP] = st[_TS_LOW]
    out[STAMP + 1] = st[_TS_LOW] >> 8
    out[STAMP + 2] = st[_TS_HIGH]
    out[STAMP + 3] = st[_TS_HIGH] >> 8


@micropython.viper
def _batch(st: ptr32, fields, fifo, out, valid: int):
    """Give the FIFO its time slot: a timestamp word if one is due, then the sample."""
    st[_BATCHED] += 1
    if st[_BATCHED] < st[_BATCH]:
        return
    st[_BATCHED] = 0
    fifo.next_slot(fifo.fields)
    if st[_TS_EVERY]:
        if st[_TS_WAIT] == 0:
            st[_TS_WAIT] = st[_TS_EVERY]
            _stamp(fields, out)
            fifo.push(fifo.fields, fifo.ring, out, STAMP, 4)
        st[_TS_WAIT] -= 1
    if int(fifo.push(fifo.fields, fifo.ring, out, SAMPLE, 2)) and valid:
        st[_PRODUCED] += 1
        if st[_POS] >= st[_FRAMES]:
            st[_POST_ROLL] += 1


@micropython.viper
def _live(st: ptr32, fields, fifo, rec, out) -> int:
    """Live through the slots that are due; 1 if the chunk in memory does not reach that far."""
    # `fields` is st, for the calls: a pointer in a call would become an integer on the heap.
    while True:
        period_us = st[_PERIOD_US]
        rest = st[_REST] + st[_PERIOD_REST]
        if rest >= st[_RATE]:
            rest -= st[_RATE]
            period_us += 1
        if st[_DUE] < period_us:
            return 0
        at = st[_POS] - st[_BASE]
        if st[_SKIP] and (at < 0 or at >= st[_HAVE]):
            return 1
        st[_DUE] -= period_us
        st[_REST] = rest
        low = st[_TS_LOW] + st[_TS_STEP]
        st[_TS_LOW] = low & 0xFFFF
        st[_TS_HIGH] = (st[_TS_HIGH] + (low >> 16)) & 0xFFFF
        held = st[_HOLD]
        st[_SKIPPED] += 1
        if st[_SKIP] and st[_SKIPPED] >= st[_SKIP]:
            st[_SKIPPED] = 0
            for _ in range(st[_REPEAT]):
                valid = int(_sample(fields, rec, out))
                if st[_BATCH]:
                    _batch(fields, fields, fifo, out, valid)
        if not held:
            st[_POS] += 1
        elif not st[_STARTUP]:
            st[_HOLD] = 0


class Feed:
    """Samples a recording into `fifo`.

    `source`, `frames` and `rate_uhz` are as for `Frames`. `on_end(frames)` is called when it is
    over; its last second then goes on in a loop. A FIFO has `fields`, `ring`, level(),
    next_slot(fields) and push(fields, ring, out, at, tag) -> 0 if there was no room: six bytes of
    `out` from `at` on, a sample (tag 2) or a time (4).
    """

    def __init__(self, fifo, source, frames, rate_uhz, first_frame, on_end):
        self._fifo = fifo
        self.out = bytearray(_OUT_BYTES)  # the last sample, as SAMPLE and STAMP say
        self._frames = Frames(source, frames, rate_uhz)
        self._on_end = on_end
        self._st = st = array("i", bytes(4 * _FIELDS))
        self._chunk = self._frames.chunk
        self.run_at(rate_uhz)
        st[_FRAMES] = frames
        st[_POS] = first_frame
        st[_PUSHED] = 0x8000
        self._jitter_us = self._late_us = self._noise = 0
        self.ended = self.frozen = False

    def starts(self, samples, invalid, ts_step):
        """Each start gives so many samples of this value; ts_step units of time are one frame."""
        st = self._st
        st[_STARTUPS], st[_INVALID], st[_STEP] = samples, invalid, ts_step

    def run_at(self, rate_uhz):
        """Let the sensor's oscillator run so that a frame takes 1 / rate_uhz, in micro-hertz."""
        st = self._st
        period_us, rest = divmod(1_000_000_000_000, rate_uhz)
        st[_PERIOD_US] = period_us
        st[_PERIOD_REST] = rest
        st[_FRACTION] = rest * 1024 // rate_uhz + 1
        st[_RATE] = rate_uhz
        st[_REST] = 0

    def disturb(self, frozen, jitter_us):
        """Faults: the value is stuck; frames come up to jitter_us, 0 .. 65535, late."""
        self._st[_FROZEN] = self.frozen = frozen
        self._jitter_us = jitter_us

    def run(self, us):
        """Let us microseconds pass."""
        if not self._st[_STARTED]:
            return
        if self._jitter_us or self._late_us:
            # What is late does not add up. Chosen: the ZX81's generator.
            self._noise = (self._noise * 75 + 74) % 65537
            us += self._late_us
            self._late_us = self._noise % (self._jitter_us + 1)
            us -= self._late_us
        self._st[_DUE] += us
        while _live(self._st, self._st, self._fifo, self._chunk, self.out):
            self._frames.load(self._st[_POS])
            self._st[_BASE] = self._frames.base
            self._st[_HAVE] = self._frames.have
        if not self.ended and self._st[_POS] >= self._st[_FRAMES]:
            self.ended = True
            self._on_end(self._st[_FRAMES])

    def sample_at(self, skip, repeat):
        """Take one sample in `skip` slots, or `repeat` of them in each; skip 0 switches off."""
        st = self._st
        st[_SKIP] = skip
        st[_REPEAT] = repeat
        st[_SKIPPED] = 0
        if skip:
            st[_STARTUP] = st[_STARTUPS]
            if not st[_STARTED]:
                st[_HOLD] = st[_STARTUPS]
                st[_STARTED] = 1

    def resume(self):
        """Recording time runs already: this is not a power-up."""
        self._st[_STARTED] = 1

    def deflect(self, shift, lsb):
        """Scale by 2**-shift, then add lsb to every axis."""
        self._st[_SHIFT] = shift
        self._st[_PUSHED] = 0x8000 + lsb

    def batch(self, samples, ts_every=0, anew=False):
        """Queue every `samples`-th sample, 0 for none, and a timestamp each `ts_every` of them.

        anew: the FIFO was emptied, and its decimation begins with the next sample.
        """
        st = self._st
        st[_BATCH] = samples
        if anew:
            st[_BATCHED] = 0
        if anew or ts_every != st[_TS_EVERY]:
            st[_TS_EVERY] = ts_every
            st[_TS_WAIT] = 0

    def count_time(self, on):
        """Let the timestamp counter run or stand."""
        self._st[_TS_STEP] = self._st[_STEP] if on else 0

    def reset_time(self):
        """Zero the timestamp counter."""
        st = self._st
        since = self._units_since_slot()
        st[_TS_LOW] = -since & 0xFFFF
        st[_TS_HIGH] = 0xFFFF if since else 0

    def _units_since_slot(self):
        st = self._st
        return st[_DUE] * st[_TS_STEP] // st[_PERIOD_US]

    def time_low(self):
        """The lower half of the timestamp counter, not yet carried: 0 .. 2**17 - 1."""
        return self._st[_TS_LOW] + self._units_since_slot()

    def time_high(self):
        """The upper half of the timestamp counter, before the carry from the lower."""
        return self._st[_TS_HIGH]

    def fresh(self, read=False):
        """Whether `out` holds a sample that was not read; `read`: now it is."""
        fresh = self._st[_FRESH]
        if read:
            self._st[_FRESH] = 0
        return fresh

    def until_level_us(self, words):
        """Microseconds until so many words wait; 0 if they do, NEVER_US if nothing is batched."""
        st = self._st
        need = words - self._fifo.level()
        if need <= 0:
            return 0
        if not (st[_STARTED] and st[_SKIP] and st[_BATCH]):
            return NEVER_US
        if st[_TS_EVERY]:
            # A word more in every so many; one slot early, at worst, rather than late.
            need = max(need * st[_TS_EVERY] // (st[_TS_EVERY] + 1), 1)
        slots = (need * st[_SKIP] * st[_BATCH] + st[_REPEAT] - 1) // st[_REPEAT]
        return slots * st[_PERIOD_US] + (slots * st[_FRACTION] >> 10) + 1 - st[_DUE]

    def produced(self):
        """Valid frames that were put into the FIFO."""
        return self._st[_PRODUCED]

    def post_roll(self):
        """Those of them that came after the recording's end."""
        return self._st[_POST_ROLL]

    def position(self):
        """The next frame of the recording."""
        return self._st[_POS]
