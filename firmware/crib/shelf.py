"""The segment files in their folder: which there are, and which the host holds.

Facts are in `NNNNNNNN.crib`, waveforms in `NNNNNNNNw.crib`; one row of numbers for both.
"""

import os

from . import records


def stream_of(name):
    """records.FACTS or records.WAVEFORMS."""
    return records.WAVEFORMS if name[8] == "w" else records.FACTS


class Shelf:
    """A folder of segments; `open_numbers` are those that still change."""

    def __init__(self, folder):
        self.folder = folder
        self.when_full = 1  # of the settings, for `room`
        self.given_up = 0  # records since boot that made room and that the host does not hold
        self.being_read = []  # numbers of segments that a host is reading
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

    def closed(self):
        """The names of the segments that no longer change, oldest first."""
        return [n for n in self.names() if int(n[:8]) not in self.open_numbers]

    def closed_segments(self):
        """Their numbers."""
        return [int(name[:8]) for name in self.closed()]

    def free_bytes(self):
        """What the filesystem has left."""
        stat = os.statvfs(self.folder)
        return stat[0] * stat[3]

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
