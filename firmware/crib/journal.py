"""The log: numbered segment files of records, in a folder of its own.

Every start begins a new segment, so that a torn tail is never written on. What `flush` has
returned for is committed; a power cut costs at most what came after.
"""

import os
import struct

from micropython import const

from . import framing, records

BODY_BYTES = const(1504)  # a DATA packet; or a waveform of 256 frames at 5.6 bytes
_FLUSH_BYTES = const(4096)  # littlefs copies a partial last block at the next append
_ENOSPC = const(28)
_KEEP_FREE = const(15)  # per cent of the filesystem: beyond that littlefs wears block 0


def _listing(folder):
    try:
        return sorted([n for n in os.listdir(folder) if n.endswith(".crib") and n[:-5].isdigit()])
    except OSError:
        os.mkdir(folder)
        return []


class Journal:
    """Appends records, packed from body[records.HEAD_BYTES] on. Between two, `body` is free."""

    def __init__(self, folder):
        self.folder = folder
        self.body = bytearray(BODY_BYTES)
        self.piece = bytearray(framing.PIECE_BYTES)
        self.written = self.lost = 0  # records since boot; those the flash did not take
        self.facts = ()
        self._file = None
        self._bytes = self.unflushed = 0
        self._at_risk = 0  # records since the last flush
        self.open_segment = 0
        self.last_boot = 0  # of the newest segment that can be read; 0: there is none
        self.stopped = True  # whether that boot ended with a STOP record
        self.next_segment, self.next_seq = 1, 0
        names = _listing(folder)
        if names:
            self.next_segment = int(names[-1].split(".")[0]) + 1
        for name in reversed(names):
            if self._resume(name):
                break

    def _resume(self, name):
        """Continue the sequence of an earlier segment; False where its header is unreadable."""
        with open(self.path(name), "rb") as f:
            header = records.boot_and_sequence(f.read(records.HEADER_BYTES))
            if header:
                self.last_boot = header[0]
                self._reach(header[1])
            chunk = b""
            more = f.read(512)
            while more:
                pieces = (chunk + more).split(b"\0")
                chunk = pieces.pop()
                for piece in pieces:
                    self._count(framing.decode(piece))
                more = f.read(512)
        return header is not None

    def _count(self, body):
        if body and len(body) >= records.HEAD_BYTES:
            kind, _, seq, _ = struct.unpack(records.HEAD, body[: records.HEAD_BYTES])
            if self._reach(seq):
                self.next_seq = seq + 1 & records.UNKNOWN
                self.stopped = kind == records.STOP

    def _reach(self, seq):
        """Go on from `seq`, unless already beyond it: after 2**32 - 1 comes 0."""
        if not self.next_seq or not (seq - self.next_seq) >> 31 & 1:
            self.next_seq = seq
            return True
        return False

    def begin(self, facts):
        """Begin a new segment; from it on, headers carry `facts` (see records.pack_header)."""
        self.close()
        self.facts = facts

    def path(self, name):
        """Where a segment lies, by its number or its name."""
        if isinstance(name, int):
            name = "%08d.crib" % name
        return self.folder + "/" + name

    def append(self, kind, frame, end):
        """Commit `body[:end]` to the buffer as a record of type `kind` made at `frame`.

        A record that the flash does not take is counted in `lost`, never half there.
        """
        body = self.body
        body[0] = kind
        body[1] = records.VERSIONS[kind]
        for i in range(4):
            body[2 + i] = self.next_seq >> (8 * i) & 0xFF
            body[6 + i] = frame >> (8 * i) & 0xFF
        self.next_seq += 1
        try:
            self._write(end)
            self.written += 1
            self._at_risk += 1
            if self.unflushed >= _FLUSH_BYTES:
                self.flush()
        except OSError:
            self.lost += 1
            self._give_up()

    def _write(self, end):
        if self._file and self._bytes + framing.most_bytes(end) > records.SEGMENT_LIMIT:
            self.close()
        if not self._file:
            self._open()
        n = framing.encode(self.body, end, self.piece, self._file.write)
        self._bytes += n
        self.unflushed += n

    def _open(self):
        self._make_room()
        self.open_segment = self.next_segment
        self.next_segment += 1
        self._file = open(self.path(self.open_segment), "wb")
        first_seq = self.next_seq - 1 & records.UNKNOWN
        header = records.pack_header(self.facts, self.open_segment, first_seq)
        self._file.write(header)
        self._bytes = records.HEADER_BYTES

    def flush(self):
        """Commit. What the flash does not take is counted in `lost`."""
        try:
            if self._file:
                self._file.flush()
            self.unflushed = self._at_risk = 0
        except OSError:
            self._give_up()

    def close(self):
        """Commit and end the open segment; the next record opens another."""
        self.flush()
        self._abandon()

    def _give_up(self):
        # After a failed write littlefs keeps nothing of a file that no flush has covered.
        self.lost += self._at_risk
        self.written -= self._at_risk
        self._abandon()

    def _abandon(self):
        """Go on in a new segment; of this one, what is committed stays."""
        try:
            if self._file:
                self._file.close()
        except OSError:
            pass
        self._file = None
        self.unflushed = self._at_risk = 0
        self.open_segment = 0

    def closed_segments(self):
        """Numbers of the segments that no longer change, oldest first."""
        numbers = [int(name.split(".")[0]) for name in _listing(self.folder)]
        return [n for n in numbers if n != self.open_segment]

    def free_bytes(self):
        """What the filesystem has left."""
        stat = os.statvfs(self.folder)
        return stat[0] * stat[3]

    def _make_room(self):
        """Give up the oldest segments that the host holds until one more fits.

        Raises OSError where only unacknowledged ones are left: those are nobody's to give up.
        """
        stat = os.statvfs(self.folder)
        reserve = stat[2] * _KEEP_FREE // 100 * stat[0] + records.SEGMENT_LIMIT
        while self.free_bytes() < reserve:
            numbers = self.closed_segments()
            if not numbers or numbers[0] > self.acked():
                raise OSError(_ENOSPC)
            os.remove(self.path(numbers[0]))

    def acked(self):
        """The newest segment that the host holds together with all before it; 0 for none."""
        try:
            with open(self.folder + "/acked") as f:
                return int(f.read() or 0)
        except (OSError, ValueError):
            return 0

    def ack(self, number):
        """Remember that the host holds every segment up to `number`."""
        if number > self.acked():
            with open(self.folder + "/acked", "w") as f:
                f.write(str(number))
