"""The log: numbered segment files of records, in a folder of its own.

Facts and waveforms are two streams, each with an open segment. Every start begins new segments,
so that a torn tail is never written on. What `flush` has returned for is committed; a power cut
costs at most what came after.
"""

from micropython import const

from . import framing, records
from .shelf import Shelf

BODY_BYTES = const(1504)  # a DATA packet; or a waveform of 256 frames at 5.6 bytes
_FLUSH_BYTES = const(4096)  # littlefs copies a partial last block at the next append
_FLUSH_EPOCHS = const(2)  # a minute of facts
# What a full log takes no more. Starts, marks and the board's counters have a last place.
_ROUTINE = (records.EVENT, records.EPOCH, records.STATE)


class Stream:
    """The open segment of facts or of waveforms."""

    def __init__(self, which):
        self.which = which
        self.limit = records.SEGMENT_LIMIT
        self.next_seq = 0
        self.clear()

    def clear(self):
        """None is open."""
        self.file = None
        self.full = False  # whether the segment is one of those last places
        self.bytes = 0
        self.committed()

    def committed(self):
        """Nothing is at risk."""
        self.unflushed = 0
        self.at_risk = 0  # records since the last flush
        self.epochs = self.events = 0  # among these


class Journal:
    """Appends records, packed from body[records.HEAD_BYTES] on. Between two, `body` is free."""

    def __init__(self, folder):
        from . import resume

        self.shelf = Shelf(folder)
        self.body = bytearray(BODY_BYTES)
        self.piece = bytearray(framing.PIECE_BYTES)
        self.written = self.lost = 0  # records since boot; those the flash did not take
        self.fact_bytes = 0  # since boot
        self.facts, self.waveforms = Stream(records.FACTS), Stream(records.WAVEFORMS)
        self.streams = self.facts, self.waveforms
        self._boot_facts = ()
        self.last_boot = 0  # of the newest segment that can be read; 0: there is none
        self.stopped = True  # whether that boot ended with a STOP record
        self.next_segment = 1
        resume.resume(self)

    def begin(self, boot_facts):
        """Begin new segments; from them on, headers carry these (see segment_header.pack)."""
        self.close()
        self._boot_facts = boot_facts

    def append(self, kind, frame, end):
        """Commit `body[:end]` to the buffer as a record of type `kind` made at `frame`.

        A record that the flash does not take is counted in `lost`, never half there.
        """
        stream = self.waveforms if kind == records.SNIPPET else self.facts
        body = self.body
        seq = stream.next_seq
        body[0] = kind  # whoever listens hears of it even where the flash does not take it
        body[1] = records.VERSIONS[kind]
        for i in range(4):
            body[2 + i] = seq >> (8 * i) & 0xFF
            body[6 + i] = frame >> (8 * i) & 0xFF
        try:
            file = self._open_for(stream, kind, framing.most_bytes(end))
            if not file:
                self.lost += 1
                return
            stream.next_seq = seq + 1 & records.UNKNOWN
            n = framing.encode(body, end, self.piece, file.write)
            stream.bytes += n
            stream.unflushed += n
            if stream is self.facts:
                self.fact_bytes += n
            self.written += 1
            stream.at_risk += 1
            stream.epochs += kind == records.EPOCH
            stream.events += kind == records.EVENT
            if stream.unflushed >= _FLUSH_BYTES or stream.epochs == _FLUSH_EPOCHS:
                self.flush(stream)
        except OSError:
            stream.next_seq = seq + 1 & records.UNKNOWN
            self.lost += 1
            self._give_up(stream)

    def _open_for(self, stream, kind, n):
        """The file for a record of `n` bytes; None for what a full log leaves out."""
        over = stream.bytes + n > stream.limit
        if stream.full and (over or kind in _ROUTINE):
            if not self._room(stream):
                return None
            over = True
        if stream.file and over:
            self._end(stream)
        if not stream.file:
            self.open(stream, stream.next_seq)
        return None if stream.full and kind in _ROUTINE else stream.file

    def _room(self, stream):
        from . import room

        # What the open segments may still grow by is not free for another one.
        growth = records.SEGMENT_LIMIT
        for other in self.streams:
            if other.file and other is not stream:
                growth += other.limit - other.bytes
        if room.make(self.shelf, stream.which, growth):
            return True
        if stream is self.facts and self.waveforms.file:
            self._end(self.waveforms)  # facts first
            return self._room(stream)
        return False

    def open(self, stream, first_seq):
        """Begin a segment; OSError where the flash has no room for it."""
        from . import room, segment_header

        full = not self._room(stream)
        if full:
            room.last(self.shelf, stream.which)
        number = self.next_segment
        self.next_segment += 1
        name = "/%08dw.crib" if stream.which else "/%08d.crib"
        stream.file = open(self.shelf.folder + name % number, "wb")
        self.shelf.open_numbers[stream.which] = number
        stream.full = full
        stream.limit = records.LAST_LIMIT if full else records.SEGMENT_LIMIT
        header = segment_header.pack(self._boot_facts, number, first_seq, stream.which)
        stream.file.write(header)
        stream.bytes = segment_header.BYTES

    def flush(self, stream=None):
        """Commit one stream, or both. What the flash does not take is counted in `lost`."""
        for each in (stream,) if stream else self.streams:
            try:
                if each.file and each.at_risk:
                    each.file.flush()
                each.committed()
            except OSError:
                self._give_up(each)

    def close(self):
        """Commit and end the open segments; the next records open others."""
        for stream in self.streams:
            self._end(stream)

    def _end(self, stream):
        self.flush(stream)
        self._abandon(stream)

    def _give_up(self, stream):
        # After a failed write littlefs keeps nothing of a file that no flush has covered.
        self.lost += stream.at_risk
        self.written -= stream.at_risk
        self._abandon(stream)

    def _abandon(self, stream):
        """Go on in a new segment; of this one, what is committed stays."""
        try:
            if stream.file:
                stream.file.close()
        except OSError:
            pass
        stream.clear()
        self.shelf.open_numbers[stream.which] = 0
