"""What the recorder saw, as records: packs them and hands them to the journal."""

import struct

from micropython import const

from . import records
from .waveform import LONG

_AT = records.HEAD_BYTES
_GAIN_BITS = const(12)
_RUN = const(10)  # among an event's fields


def rounded(gain):
    """A gain as its highest 12 bits and, above them, by how many bits they are to be shifted."""
    shift = 0
    while gain >> shift >= 1 << _GAIN_BITS:
        shift += 1
    return shift << _GAIN_BITS | gain >> shift


def half_bytes(codes):
    """A byte a second, in half of that: a code around which most lie, then what each is above it.

    15 says that a whole code follows; as the last half it says nothing.
    """
    base = max(0, sorted(codes)[len(codes) // 2] - 7)
    halves = [base >> 4, base & 15]
    for code in codes:
        above = code - base
        halves += [above] if 0 <= above < 15 else [15, code >> 4, code & 15]
    halves += [15] * (len(halves) & 1)
    return bytes([halves[k] << 4 | halves[k + 1] for k in range(0, len(halves), 2)])


class Recorder:
    """Turns what the detector found into records.

    `listener.record(body, n)` hears of each record, `listener.event(fields)` of each event.
    """

    def __init__(self, journal, listener):
        self._journal = journal
        self._listener = listener
        self._snippet_of = -1
        self.scratch = journal.body  # free while no record is being packed
        self.detector = None
        self.events = 0

    def write(self, kind, *fields, rest=b"", frame=None):
        """Append a record with these fields of records.LAYOUTS, then `rest`.

        `frame` is the index it was made at, if that is not the next one to be seen.
        """
        body = self._journal.body
        layout = records.LAYOUTS[kind]
        struct.pack_into(layout, body, _AT, *fields)
        end = _AT + struct.calcsize(layout)
        body[end : end + len(rest)] = rest
        self._commit(kind, end + len(rest), frame)

    def _commit(self, kind, end, frame=None):
        if frame is None:
            frame = self.detector.index if self.detector else 0
        self._journal.append(kind, frame, end)
        self._listener.record(self._journal.body, end)

    def text(self, line):
        """A line of `key=value` text, for what has no record of its own."""
        self.write(records.TEXT, rest=line.encode())

    def watch(self, detector, reason=records.WARM_UP):
        """From now on record what `detector` finds, its warm-up first."""
        self.detector = detector
        self.unusable(detector.warm, reason)

    def leave(self):
        """What the detector has under way ends here, and its epoch is cut short."""
        self._events(self.detector.finish())
        if self.detector.index > self.detector.seconds.epoch_from:
            self.epoch()

    def unusable(self, frames, reason, since=0):
        """`frames` frames from now on, or from `since` ago, are not analysed for events."""
        self.write(records.STATE, self.detector.index - since, frames, 0, reason)

    def burst(self, closed):
        """After each burst: the events it closed, a full waveform, an epoch that is over."""
        self._events(closed)
        waveforms = self.detector.waveforms
        if waveforms.due():
            self._snippet(waveforms.run, LONG)
        if self.detector.seconds.due:
            self._epoch()

    def _events(self, closed):
        found = self.detector.movements
        for k in range(closed):
            self.events += 1
            fields = found.fields(k)
            self.write(records.EVENT, *fields)
            self._listener.event(fields)
            self._snippet(fields[_RUN], fields[0])

    def _snippet(self, run, budget):
        """The waveform of a run, once, where the budget has one for it."""
        if run <= self._snippet_of:
            return
        self._snippet_of = run
        if not self.detector.waveforms.afford(budget):
            return
        kind = records.SNIPPET
        layout = records.LAYOUTS[kind]
        body = self._journal.body
        head, end = self.detector.waveforms.code(run, body, _AT + struct.calcsize(layout))
        struct.pack_into(layout, body, _AT, run, *head)
        self._commit(kind, end)

    def epoch(self):
        """Close the running epoch, cut short."""
        self.detector.seconds.seal()
        self._epoch()

    def _epoch(self):
        seconds = self.detector.seconds
        seconds.due = False
        self.detector.waveforms.earn()
        first, frames, seen, peak, miss, at, missing = seconds.epoch[:7]
        gains = [rounded(gain) for gain in seconds.epoch[7:]]
        fields = frames, seen, min(peak >> 3, 0xFFFF), miss, at - first, missing
        rest = half_bytes(seconds.track[: seconds.count])
        self.write(records.EPOCH, *(fields + tuple(gains)), rest=rest, frame=first + frames)

    def gap(self, frames, reason, duration_ms=records.UNKNOWN):
        """`frames` frames from here on are missing; the detector starts again behind them."""
        self.leave()
        first = self.detector.index
        self.write(records.GAP, first, frames, duration_ms, records.GAP_REASONS.index(reason))
        self.detector.skip(frames)
        self.unusable(self.detector.warm, records.AFTER_GAP)
