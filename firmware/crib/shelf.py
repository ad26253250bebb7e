"""The segment files in their folder: which there are, which the host holds, which may go.

Facts are in `NNNNNNNN.crib`, waveforms in `NNNNNNNNw.crib`; one row of numbers for both.
"""

import os

from micropython import const

from . import records

_ENOSPC = const(28)
_KEEP_FREE = const(15)  # per cent of the filesystem: beyond that littlefs wears block 0
_CHUNK = const(512)

# What `when_full` may be: what is given up although the host does not hold it.
STOP = const(0)  # nothing: the log takes no more
WAVEFORMS = const(1)  # the oldest waveforms
ALL = const(2)  # these, and when there are none left the oldest facts


def stream_of(name):
    """records.FACTS or records.WAVEFORMS."""
    return records.WAVEFORMS if name[8] == "w" else records.FACTS


class Shelf:
    """A folder of segments; `open_numbers` are those that still change."""

    def __init__(self, folder):
        self.folder = folder
        self.when_full = WAVEFORMS
        self.given_up = 0  # records since boot that made room and that the host does not hold
        self.open_numbers = [0, 0]  # of facts, of waveforms; 0: none is open

    def names(self):
        """The names of all segments, oldest first."""
        try:
            found = os.listdir(self.folder)
        except OSError:
            os.mkdir(self.folder)
            return []
        ends = (".crib", "w.crib")
        return sorted([n for n in found if n[8:] in ends and n[:8].isdigit()])

    def _closed(self):
        return [n for n in self.names() if int(n[:8]) not in self.open_numbers]

    def closed_segments(self):
        """Numbers of the segments that no longer change, oldest first."""
        return [int(name[:8]) for name in self._closed()]

    def path(self, number):
        """Where a segment lies; OSError where there is none of this number."""
        for name in self.names():
            if int(name[:8]) == number:
                return self.folder + "/" + name
        raise OSError(2)

    def free_bytes(self):
        """What the filesystem has left."""
        stat = os.statvfs(self.folder)
        return stat[0] * stat[3]

    def _reserve(self):
        stat = os.statvfs(self.folder)
        return stat[2] * _KEEP_FREE // 100 * stat[0]

    def room(self):
        """Bytes of facts that fit until facts that the host does not hold are in the way."""
        room = self.free_bytes() - self._reserve()
        acked = self.acked()
        for name in self._closed():
            if self._is_free(name, acked):
                room += os.stat(self.folder + "/" + name)[6]
        return max(0, room)

    def _is_free(self, name, acked):
        if int(name[:8]) <= acked:
            return True
        return self.when_full != STOP and stream_of(name) == records.WAVEFORMS

    def make_room(self, stream, wanted):
        """Give up segments until `wanted` bytes fit beside what is kept free.

        Raises OSError where only such are left as `when_full` keeps.
        """
        wanted += self._reserve()
        while self.free_bytes() < wanted:
            name = self._goes_first(stream)
            path = self.folder + "/" + name
            count = 0 if int(name[:8]) <= self.acked() else _records_in(path)
            os.remove(path)
            self.given_up += count

    def _goes_first(self, stream):
        names = self._closed()
        # The newest of each stream stays: in it stands where the numbers of its records go on.
        for kept in (records.FACTS, records.WAVEFORMS):
            of_stream = [n for n in names if stream_of(n) == kept]
            if of_stream:
                names.remove(of_stream[-1])
        acked = self.acked()
        if names and int(names[0][:8]) <= acked:
            return names[0]
        for name in names:
            if self._is_free(name, acked):
                return name
        if not names or stream != records.FACTS or self.when_full != ALL:
            raise OSError(_ENOSPC)
        return names[0]

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


def _records_in(path):
    count = 0
    with open(path, "rb") as f:
        f.seek(records.HEADER_BYTES)
        while True:
            chunk = f.read(_CHUNK)
            if not chunk:
                return count
            count += chunk.count(b"\0")
