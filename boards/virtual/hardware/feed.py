"""The sensor's sampling: a recording becomes FIFO words, one for one, as virtual time goes by.

One *slot* is one frame of the recording. Slot k ends exactly k / rate_hz after recording time
began; the timestamp counter of the same oscillator moves on by a whole number of 25 us units
(384 at 104 Hz), as on the chip.
"""

from array import array

import micropython
from micropython import const

from .fifo import next_slot, push

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
_FIELDS = const(29)

_FRAME_BYTES = const(6)
_CHUNK_FRAMES = const(512)
NEVER_US = const(0x3FFFFFFF)


@micropython.viper
def _sample(st: ptr32, rec: ptr8, regs: ptr8) -> int:
    """Put the next sample into the output registers; 0 if it is one of the invalid first ones."""
    st[_FRESH] = 1
    if st[_STARTUP]:
        st[_STARTUP] -= 1
        for i in range(3):
            regs[0x28 + 2 * i] = 0xFF
            regs[0x29 + 2 * i] = 0x7F
        return 0
    at = (st[_POS] - st[_BASE]) * 6
    if st[_SHIFT] == 0 and st[_PUSHED] == 0x8000:
        for i in range(6):
            regs[0x28 + i] = rec[at + i]
        return 1
    for i in range(3):
        lsb = ((rec[at + 2 * i] | rec[at + 2 * i + 1] << 8) ^ 0x8000) - 0x8000
        lsb = (lsb >> st[_SHIFT]) + st[_PUSHED] - 0x8000
        if lsb > 32767:
            lsb = 32767
        if lsb < -32768:
            lsb = -32768
        regs[0x28 + 2 * i] = lsb
        regs[0x29 + 2 * i] = lsb >> 8
    return 1


@micropython.viper
def _stamp(st: ptr32, regs: ptr8):
    """Put the time of the slot into TIMESTAMP0..3."""
    regs[0x40] = st[_TS_LOW]
    regs[0x41] = st[_TS_LOW] >> 8
    regs[0x42] = st[_TS_HIGH]
    regs[0x43] = st[_TS_HIGH] >> 8


@micropython.viper
def _batch(st: ptr32, fields, queue, ring, regs, valid: int):
    """Give the FIFO its time slot: a timestamp word if one is due, then the sample."""
    st[_BATCHED] += 1
    if st[_BATCHED] < st[_BATCH]:
        return
    st[_BATCHED] = 0
    next_slot(queue)
    if st[_TS_EVERY]:
        if st[_TS_WAIT] == 0:
            st[_TS_WAIT] = st[_TS_EVERY]
            _stamp(fields, regs)
            push(queue, ring, regs, 0x40, 4)
        st[_TS_WAIT] -= 1
    if int(push(queue, ring, regs, 0x28, 2)) and valid:
        st[_PRODUCED] += 1
        if st[_POS] >= st[_FRAMES]:
            st[_POST_ROLL] += 1


@micropython.viper
def _live(st: ptr32, fields, queue, ring, rec, regs) -> int:
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
                valid = int(_sample(fields, rec, regs))
                if st[_BATCH]:
                    _batch(fields, fields, queue, ring, regs, valid)
        if not held:
            st[_POS] += 1
        elif not st[_STARTUP]:
            st[_HOLD] = 0


class Feed:
    """Samples a recording into `fifo`.

    `source` is an open file of int16 x, y, z (little-endian), `frames` long, taken at `rate_uhz`
    micro-hertz; `ts_step` 25 us units are one frame. `on_end(frames)` is called when it is over;
    its last second then goes on in a loop.
    """

    def __init__(self, fifo, source, frames, rate_uhz, ts_step, first_frame, on_end):
        self._queue = fifo.fields
        self._ring = fifo.ring
        self._level = fifo.level
        self._source = source
        self._on_end = on_end
        self._st = st = array("i", bytes(4 * _FIELDS))
        self._chunk = bytearray(_CHUNK_FRAMES * _FRAME_BYTES)
        period_us, rest = divmod(1_000_000_000_000, rate_uhz)
        st[_PERIOD_US] = period_us
        st[_PERIOD_REST] = rest
        st[_FRACTION] = rest * 1024 // rate_uhz + 1
        st[_RATE] = rate_uhz
        st[_FRAMES] = frames
        st[_STEP] = ts_step
        st[_POS] = first_frame
        st[_PUSHED] = 0x8000
        self._loop = min(frames, _CHUNK_FRAMES, (rate_uhz + 500_000) // 1_000_000)
        self.ended = False

    def run(self, us, regs):
        """Let us microseconds pass; regs is the register file whose outputs follow the samples."""
        if not self._st[_STARTED]:
            return
        self._st[_DUE] += us
        while _live(self._st, self._st, self._queue, self._ring, self._chunk, regs):
            self._load()
        if not self.ended and self._st[_POS] >= self._st[_FRAMES]:
            self.ended = True
            self._on_end(self._st[_FRAMES])

    def _load(self):
        st = self._st
        frames = st[_FRAMES]
        pos = st[_POS]
        if pos < frames:
            first = pos
        else:
            first = frames - self._loop
            pos -= (pos - frames) % self._loop
        self._source.seek(first * _FRAME_BYTES)
        self._source.readinto(self._chunk)
        st[_BASE] = pos
        st[_HAVE] = min(_CHUNK_FRAMES, frames - first)

    def sample_at(self, skip, repeat):
        """Take one sample in `skip` slots, or `repeat` of them in each; skip 0 switches off."""
        st = self._st
        st[_SKIP] = skip
        st[_REPEAT] = repeat
        st[_SKIPPED] = 0
        if skip:
            st[_STARTUP] = 2
            if not st[_STARTED]:
                st[_HOLD] = 1
                st[_STARTED] = 1

    def resume(self):
        """Recording time runs already: this is not a power-up."""
        self._st[_STARTED] = 1

    def deflect(self, shift, lsb):
        """Scale by 2**-shift, then add lsb to every axis."""
        self._st[_SHIFT] = shift
        self._st[_PUSHED] = 0x8000 + lsb

    def batch(self, samples, ts_every):
        """Queue every `samples`-th sample, 0 for none, and a timestamp each `ts_every` of them."""
        st = self._st
        st[_BATCH] = samples
        if ts_every != st[_TS_EVERY]:
            st[_TS_EVERY] = ts_every
            st[_TS_WAIT] = 0

    def begin_batch(self):
        """The FIFO was emptied: its decimation begins anew."""
        self._st[_BATCHED] = 0
        self._st[_TS_WAIT] = 0

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

    def fresh(self):
        """Whether the output registers hold a sample that was not read."""
        return self._st[_FRESH]

    def clear_fresh(self):
        """It has been read."""
        self._st[_FRESH] = 0

    def until_level_us(self, words):
        """Microseconds until so many words wait; 0 if they do, NEVER_US if nothing is batched."""
        st = self._st
        need = words - self._level()
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
