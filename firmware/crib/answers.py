"""Answers under way, and what a session needs; what starts them is `request_line`.

What takes many packets is a generator that sends one a turn, so that sampling goes on. It stands
here because the modules that answer are let go of meanwhile (see `seldom`).
"""

import binascii
import os
import struct

from . import protocol, seldom
from .shelf import stream_of


class Answers:
    """The board's side of the conversation."""

    def __init__(self, app, journal):
        self.app = app
        self.shelf = journal.shelf
        self.facts = {}  # of a closed segment, as `segments` keeps them
        self.tasks = []  # (id, generator that sends one packet a step), oldest first
        self.nonce = binascii.hexlify(os.urandom(4)).decode()

    def segment_lines(self):
        """A line of text for each closed segment."""
        acked = self.shelf.acked()
        for name in self.shelf.closed():
            from . import segments  # which may have been let go of since the last line

            number = int(name[:8])
            try:
                _, size, crc, boot = segments.known(self, name)
            except OSError:
                continue  # it made room meanwhile
            fields = number, size, crc, number <= acked, boot, stream_of(name)
            yield "segment=%d bytes=%d crc=%08x acked=%d boot=%d stream=%d" % fields

    def segment_bytes(self, number, path, segment, start, length):
        """Send `length` bytes of a segment from `start` on, a packet a step, then a reply."""
        self.shelf.being_read.append(segment)
        try:
            yield from self._packets(number, path, segment, start, length)
        finally:
            self.shelf.being_read.remove(segment)

    def _packets(self, number, path, segment, start, length):
        server = self.app.server
        room = memoryview(server.body)[protocol.HEAD + 8 :]
        # Opened once: in a folder of many segments that takes longer than a packet.
        with open(path, "rb") as f:
            f.seek(start)
            while n := f.readinto(room[: min(length, protocol.DATA_BYTES)]):
                struct.pack_into("<II", server.body, protocol.HEAD, segment, start)
                server.send(protocol.DATA, number, protocol.HEAD + 8 + n)
                start += n
                length -= n
                yield
        server.packet(protocol.REPLY, number, "")

    def drop(self):
        """Forget what a session needed, and close what its answers read."""
        self.facts.clear()
        while self.tasks:
            self.tasks.pop()[1].close()

    def begin(self, number, steps):
        """Answer a request by these steps, one a turn."""
        if all(task[0] != number for task in self.tasks):
            self.tasks.append((number, steps))

    def work(self):
        """Take the next step of the oldest answer under way."""
        number, steps = self.tasks[0]
        try:
            next(steps)
        except StopIteration:
            self.tasks.pop(0)
        except MemoryError:  # as in `Server`
            self.tasks.pop(0)
            seldom.forget()
        except OSError:
            self.tasks.pop(0)
            self.app.server.packet(protocol.ERROR, number, "no_segment ask for the list")

    def items(self, number, lines, more=""):
        """Send an ITEM for each line, then how many they were."""
        self.begin(number, self._item_steps(number, lines, more))

    def _item_steps(self, number, lines, more):
        count = 0
        for line in lines:
            self.app.server.packet(protocol.ITEM, number, line)
            count += 1
            yield
        self.app.server.packet(protocol.REPLY, number, "count=%d%s" % (count, more))
