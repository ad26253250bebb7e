"""From bursts of raw frames to closed events, epochs and the raw frames around them.

Owns every array the kernel works on; `step` allocates nothing. The same code is the board's
detector and the host's `replay`.
"""

from array import array

from micropython import const

from . import config, kernels

_RING = const(512)  # raw frames kept; a power of two
SNIPPET_FRAMES = const(256)


class Detector:
    """One call of `step` per FIFO burst, one of `skip` per gap."""

    def __init__(self, settings, rate_mhz, mlsb_per_g, stride=6, low_byte=0, high_byte=1):
        self.settings = settings
        self.cfg = config.kernel_words(settings, rate_mhz, mlsb_per_g, stride, low_byte, high_byte)
        self.state = array("I", bytes(4 * kernels.ST_WORDS))
        self.out = array("I", bytes(4 * kernels.OUT_EVENTS * kernels.OUT_WORDS))
        self.ring = array("H", bytes(2 * 3 * _RING))
        self.index = 0  # index of the next frame
        self.in_gaps = 0
        self.ring_from = 0  # frames before this one are not in the ring
        self.epoch_from = 0
        self._epoch_seen = 0
        # A burst must not hold an epoch's end and the whole second after it.
        self.burst = min(config.BURST, self.cfg[kernels.SECOND])
        self._epoch_frames = config.EPOCH_SECONDS * self.cfg[kernels.SECOND]
        self._pre = config.frames(settings["pre_ms"], rate_mhz)
        self._settle = config.frames(settings["settle_ms"], rate_mhz)
        self._twitch = config.frames(settings["twitch_ms"], rate_mhz)
        self._limb = config.frames(settings["limb_ms"], rate_mhz)
        self.state[kernels.WARM] = self.cfg[kernels.WARM_UP]
        self.state[kernels.FLOOR] = self.cfg[kernels.FLOOR_MIN] << kernels.FLOOR_SHIFT

    def step(self, burst, n):
        """Take `n` frames, at most `burst`. Returns the number of events they closed."""
        kernels.keep(burst, n, self.index, self.cfg, self.ring, _RING - 1)
        kernels.scan(burst, n, self.index, self.cfg, self.state, self.out)
        self.index += n
        return self.state[kernels.CLOSED]

    def skip(self, lost):
        """`lost` frames are missing here: an open event ends unseen, the filters start again."""
        self.index += lost
        self.in_gaps += lost
        self.ring_from = self.index
        self._begin_epoch(self.index, self.seen)
        state = self.state
        state[kernels.SECOND_FRAMES] = 0
        state[kernels.SECOND_PEAK] = 0
        state[kernels.PRIMED] = 0
        state[kernels.ACTIVE] = 0
        state[kernels.ENV] = 0
        if state[kernels.WARM] < self._settle:
            state[kernels.WARM] = self._settle

    def follow(self, other):
        """Begin where `other` is: its frames stay counted, what it knew of them is left behind."""
        self.index = self.ring_from = other.index
        self.in_gaps = other.in_gaps
        self.state[kernels.SEEN] = other.seen
        self._begin_epoch(other.index, other.seen)

    @property
    def seen(self):
        """Frames that went through the filters, as the kernel counted them."""
        return self.state[kernels.SEEN]

    @property
    def floor(self):
        """The noise floor in force, Q4 LSB."""
        return self.state[kernels.FLOOR] >> kernels.FLOOR_SHIFT

    def rule(self, o):
        """Which of records.RULES the closed event at out[o] meets."""
        duration = self.out[o + kernels.OUT_DURATION]
        if duration <= self._twitch:
            return 0
        return 1 if duration <= self._limb else 2

    def event_fields(self, k):
        """The fields of closed event `k`, in the order of records.LAYOUTS[EVENT], as a list."""
        o = k * kernels.OUT_WORDS
        out = self.out
        x, y, z = out[o + kernels.OUT_AXIS : o + kernels.OUT_AXIS + 3]
        axis = 0 if x >= y and x >= z else 1 if y >= z else 2
        rule = self.rule(o)
        fields = [rule, out[o + kernels.OUT_FLAGS], axis, rule]
        fields += [out[o + kernels.OUT_START], out[o + kernels.OUT_ONSET]]
        fields.append(out[o + kernels.OUT_DURATION])
        fields += [out[o + kernels.OUT_SPAN], out[o + kernels.OUT_CLOSED]]
        fields += [out[o + kernels.OUT_PEAK], x, y, z]
        fields += [out[o + kernels.OUT_FLOOR], out[o + kernels.OUT_LOW]]
        fields += [out[o + kernels.OUT_HIGH], out[o + kernels.OUT_ENERGY]]
        fields.append(out[o + kernels.OUT_JERKS])
        for tilt in out[o + kernels.OUT_TILT : o + kernels.OUT_TILT + 3]:
            fields.append(max(-32768, min(32767, tilt - 65536)))
        return fields

    def started(self, k):
        """Index of the frame at which closed event `k` passed the low threshold."""
        return self.out[k * kernels.OUT_WORDS + kernels.OUT_START]

    def snippet_due(self):
        """Whether the open event has filled its snippet and the ring must not run on."""
        state = self.state
        full = state[kernels.ONSET] - self._pre + SNIPPET_FRAMES
        return state[kernels.ACTIVE] and self.index >= full

    def open_start(self):
        """Index of the frame at which the open event passed the low threshold."""
        return self.state[kernels.ONSET]

    def snippet(self, start, payload, at):
        """Code the raw frames around an event into `payload` from `at` on.

        `start` is the frame at the low threshold. Returns (first frame, frames, its x, y, z in
        offset binary, end in payload).
        """
        first = max(start - self._pre, self.ring_from, self.index - _RING)
        n = min(self.index - first, SNIPPET_FRAMES)
        end = kernels.code_frames(self.ring, _RING - 1, first, n, payload, at)
        r = (first & (_RING - 1)) * 3
        return first, n, self.ring[r], self.ring[r + 1], self.ring[r + 2], end

    def epoch_due(self):
        """Whether an epoch's frames have passed."""
        return self.index - self.epoch_from >= self._epoch_frames

    def take_epoch(self, track):
        """Close the epoch that is due, or cut short the running one; start the next.

        One level a second goes into `track`. Returns (first frame, frames, frames seen, floor Q4,
        peak Q4, seconds in track).
        """
        state = self.state
        end = self.index
        if self.epoch_due():
            # The burst may reach into the next epoch; its running second is the next one's.
            end = self.epoch_from + self._epoch_frames
        elif state[kernels.SECOND_FRAMES]:
            self._cut_second()
        seconds = state[kernels.SECONDS]
        for i in range(seconds):
            track[i] = state[kernels.TRACK + i]
        first = self.epoch_from
        seen = self.seen - (self.index - end) - self._epoch_seen
        taken = first, end - first, seen, self.floor, state[kernels.EPOCH_PEAK], seconds
        self._begin_epoch(end, self._epoch_seen + seen)
        return taken

    def _cut_second(self):
        state = self.state
        peak = state[kernels.SECOND_PEAK]
        state[kernels.TRACK + state[kernels.SECONDS]] = kernels.level(peak)
        state[kernels.SECONDS] += 1
        state[kernels.EPOCH_PEAK] = max(peak, state[kernels.EPOCH_PEAK])
        state[kernels.SECOND_FRAMES] = 0
        state[kernels.SECOND_PEAK] = 0

    def _begin_epoch(self, first, seen):
        self.epoch_from = first
        self._epoch_seen = seen
        self.state[kernels.SECONDS] = 0
        self.state[kernels.EPOCH_PEAK] = 0
