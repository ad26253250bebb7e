"""What the recorder saw, as records: packs them and hands them to the journal."""

import struct

from . import kernels, records

_AT = records.HEAD_BYTES


class Recorder:
    """Turns what the detector found into records.

    `listener.record(body, n)` hears of each record, `listener.event(fields)` of each event.
    """

    def __init__(self, journal, listener):
        self._journal = journal
        self._listener = listener
        self._snippet_of = -1
        self.detector = None
        self.events = 0

    def write(self, kind, *fields, rest=b"", frame=None):
        """Append a record with these fields of records.LAYOUTS, then `rest`.

        `frame` is the index it was made at, if that is not the next one to be seen.
        """
        body = self._journal.body
        layout = records.LAYOUTS[kind][0]
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

    def watch(self, detector, reason="warm-up"):
        """From now on record what `detector` finds, its warm-up first."""
        self.detector = detector
        self.unusable(detector.cfg[kernels.WARM_UP], reason)

    def leave(self):
        """What the detector has under way ends here, and its epoch is cut short."""
        self.unfinished()
        if self.detector.index > self.detector.epoch_from:
            self.epoch()

    def unusable(self, frames, reason):
        """The next `frames` frames are not analysed for events."""
        reason = records.STATE_REASONS.index(reason)
        self.write(records.STATE, self.detector.index, frames, 0, reason)

    def burst(self, closed):
        """After each burst: the events it closed, a full snippet, an epoch that is over."""
        detector = self.detector
        for k in range(closed):
            self.events += 1
            start = detector.started(k)
            fields = detector.event_fields(k)
            self.write(records.EVENT, *fields)
            self._listener.event(fields)
            if start != self._snippet_of:
                self._snippet(start)
        if detector.snippet_due() and self._snippet_of != detector.open_start():
            self._snippet(detector.open_start())
        if detector.epoch_due():
            self.epoch()

    def _snippet(self, start):
        self._snippet_of = start
        kind = records.SNIPPET
        layout = records.LAYOUTS[kind][0]
        at = _AT + struct.calcsize(layout)
        body = self._journal.body
        first, n, x, y, z, end = self.detector.snippet(start, body, at)
        struct.pack_into(layout, body, _AT, start, first, n, x, y, z)
        self._commit(kind, end)

    def epoch(self):
        """Close the running epoch, whole or not."""
        kind = records.EPOCH
        layout = records.LAYOUTS[kind][0]
        at = _AT + struct.calcsize(layout)
        body = self._journal.body
        first, frames, seen, floor, peak, seconds = self.detector.take_epoch(memoryview(body)[at:])
        struct.pack_into(layout, body, _AT, first, frames, seen, floor, peak)
        self._commit(kind, at + seconds)

    def unfinished(self):
        """At the end: say so if a movement was under way that nobody will see the end of."""
        state = self.detector.state
        if state[kernels.ACTIVE] and state[kernels.PEAK] >= state[kernels.HIGH]:
            self.text("what=unfinished_event start=%d" % state[kernels.ONSET])

    def gap(self, frames, reason, duration_ms=records.UNKNOWN):
        """`frames` frames from here on are missing; the detector starts again behind them."""
        self.leave()
        first = self.detector.index
        self.write(records.GAP, first, frames, duration_ms, records.GAP_REASONS.index(reason))
        self.detector.skip(frames)
        self.unusable(self.detector.state[kernels.WARM], "after a gap")
