"""How regular a movement was: its envelope, and its waveform, against themselves a little later.

The score of a lag is the mean of the likeness there and at twice the lag, so that two jerks that
happen to be alike make no rhythm; the first good lag wins, and its multiples sharpen it.
"""

from micropython import const

from . import kernels, measures

_LAG_LEAST = const(5)  # ticks: 5.2 Hz at 26 ticks a second
_LAG_MOST = const(58)  # 0.45 Hz
_AHEAD = const(12)  # a longer lag must be better by a quarter and this, in 256ths
_SHORTEST = const(16)  # ticks that can show a rhythm
_WAVE_LEAST = const(160)  # frames of waveform that can show a tone
_WAVE_MOST = const(480)
_TONE_LEAST = const(90)  # likeness of a tone half a second later


class Rhythm:
    """Finds the periods of one detector's movements."""

    def __init__(self, rate_mhz, owner):
        self._d = owner
        self._flat = owner.scratch
        self._half_second = rate_mhz // 2000

    def find(self, found, at, first, last):
        """Fill in LIKENESS, PERIOD and TONE of the movement in ticks `first` to `last`."""
        n = last - first + 1
        shift = 0
        while found[at + measures.PEAK] >> shift > 127:
            shift += 1
        found[at + measures.LIKENESS] = 0
        found[at + measures.PERIOD] = 0
        found[at + measures.TONE] = 0
        if n >= _SHORTEST:
            env = self._d.env
            kernels.flatten(env, kernels.TICKS - 1, 1, 0, first, n, shift, self._flat)
            lag = self._fundamental(found, at, n)
            if lag:
                found[at + measures.PERIOD] = self._sharpened(lag, n)
        if found[at + measures.SPAN] >= _WAVE_LEAST:
            found[at + measures.TONE] = self._tone(found, at, shift)

    def _fundamental(self, found, at, n):
        flat = self._flat
        most = min(_LAG_MOST, n * 115 >> 8)
        best = 0
        lag = 0
        before = kernels.correlate(flat, n, _LAG_LEAST - 1)
        here = kernels.correlate(flat, n, _LAG_LEAST)
        k = _LAG_LEAST
        while k <= most:
            after = kernels.correlate(flat, n, k + 1)
            if here and here >= before and here >= after:
                twice = here
                if 2 * k + 2 < n * 3 >> 2:
                    twice = kernels.correlate(flat, n, self._likest(2 * k, n))
                score = (here + twice) >> 1
                if score > best + (best >> 1) + _AHEAD:
                    best = score
                    lag = k
            before = here
            here = after
            k += 1
        found[at + measures.LIKENESS] = best
        return lag

    def _likest(self, lag, n):
        best = -1
        where = lag
        for k in range(lag - 2, lag + 3):
            likeness = kernels.correlate(self._flat, n, k)
            if likeness > best:
                best = likeness
                where = k
        return where

    def _sharpened(self, lag, n):
        """The period in 256ths of a tick, from the longest multiple that is still alike."""
        doubled = 0
        while 2 * lag < n * 115 >> 8:
            where = self._likest(2 * lag, n)
            if 2 * kernels.correlate(self._flat, n, where) <= kernels.correlate(
                self._flat, n, lag
            ):
                break
            lag = where
            doubled += 1
        before = kernels.correlate(self._flat, n, lag - 1)
        here = kernels.correlate(self._flat, n, lag)
        after = kernels.correlate(self._flat, n, lag + 1)
        # The top of the parabola through the three.
        bend = 2 * (2 * here - before - after)
        off = 0
        if bend > 0:
            off = kernels.divide(abs(after - before) << 8, bend)
            if after < before:
                off = 0 - off
        return ((lag << 8) + off) >> doubled

    def _tone(self, found, at, shift):
        """Period in frames of the vibration at the movement's end, 0 where there is none."""
        d = self._d
        end = found[at + measures.START] + found[at + measures.SPAN]
        n = min(found[at + measures.SPAN], _WAVE_MOST)
        first = max(end - n, d.index - kernels.RING)
        n = end - first
        if n < _WAVE_LEAST:
            return 0
        axis = found[at + measures.AXIS]
        kernels.flatten(d.ring, kernels.RING - 1, 3, axis, first, n, max(shift - 1, 0), self._flat)
        half = self._half_second
        best = 0
        for k in range(half, half + 20):
            best = max(best, kernels.correlate(self._flat, n, k))
        if best < _TONE_LEAST:
            return 0
        k = 2
        before = 256
        here = kernels.correlate(self._flat, n, k)
        while k < 30:
            after = kernels.correlate(self._flat, n, k + 1)
            if here > _TONE_LEAST and here >= before and here >= after:
                return k
            before = here
            here = after
            k += 1
        return 0
