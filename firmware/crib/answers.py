"""Answers under way, and what every answer needs; each verb's own is in `verbs`.

What takes many packets is a generator that sends one a turn, so that sampling goes on.
"""

import binascii
import os

from micropython import const

from . import protocol, segments, seldom
from .protocol import Refused
from .shelf import stream_of

_MOST_FACTS = const(128)  # a partition of 2 MiB holds half as many segments
_PACKAGE = __name__[: -len("answers")]


class Answers:
    """The board's side of the conversation."""

    def __init__(self, app, journal):
        self._app = app
        self.shelf = journal.shelf
        self._facts = {}  # of a closed segment: path, bytes, CRC-32, boot
        self.tasks = []  # (id, generator that sends one packet a step), oldest first
        self.nonce = binascii.hexlify(os.urandom(4)).decode()

    def answer(self, number, verb, arguments):
        """The text of the reply to a request; None where many packets follow.

        Raises protocol.Refused, ValueError for arguments that cannot be read, OSError.
        """
        if verb == "read":  # a hundred times a minute: loading it each time would cost the line
            return self._read(number, arguments)
        if verb == "list":
            return self.items(number, self.segment_lines())
        from . import verbs

        if hasattr(verbs, verb):
            return getattr(verbs, verb)(self._app, self, number, arguments)
        return __import__(_PACKAGE + verb, None, None, (verb,)).answer(self._app, arguments)

    def typed(self, word):
        """What a person asked for, as lines of text."""
        from . import verbs

        return verbs.typed(self._app, self, word)

    # -- closed segments --

    def closed(self, number):
        """(path, bytes, CRC-32, boot) of a closed segment."""
        # Listing takes longer than a packet; what has facts is closed.
        if number in self._facts:
            return self._facts[number]
        for name in self.shelf.closed():
            if int(name[:8]) == number:
                return self._known(number, name)
        raise Refused("no_segment ask for the list")

    def _known(self, number, name):
        if number not in self._facts:
            if len(self._facts) == _MOST_FACTS:
                self._facts.clear()  # of those that made room, too
            path = self.shelf.folder + "/" + name
            self._facts[number] = (path,) + segments.facts(path)
        return self._facts[number]

    def segment_lines(self):
        """A line of text for each closed segment."""
        acked = self.shelf.acked()
        for name in self.shelf.closed():
            number = int(name[:8])
            try:
                _, size, crc, boot = self._known(number, name)
            except OSError:
                continue  # it made room meanwhile
            fields = number, size, crc, number <= acked, boot, stream_of(name)
            yield "segment=%d bytes=%d crc=%08x acked=%d boot=%d stream=%d" % fields

    def _read(self, number, arguments):
        segment, offset, length = [int(a) for a in arguments.split(" ")]
        path, size, *_ = self.closed(segment)
        if not (0 <= offset < size and 0 < length <= protocol.READ_LIMIT):
            raise Refused("bad_range at most %d bytes within %d" % (protocol.READ_LIMIT, size))
        server = self._app.server
        self.begin(
            number, segments.packets(server, self.shelf, number, path, segment, offset, length)
        )

    # -- answers of many packets --

    def drop(self):
        """Forget what a session needed, and close what its answers read."""
        self._facts.clear()
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
            self._app.server.packet(protocol.ERROR, number, "no_segment ask for the list")

    def items(self, number, lines, more=""):
        """Send an ITEM for each line, then how many they were."""
        self.begin(number, self._item_steps(number, lines, more))

    def _item_steps(self, number, lines, more):
        count = 0
        for line in lines:
            self._app.server.packet(protocol.ITEM, number, line)
            count += 1
            yield
        self._app.server.packet(protocol.REPLY, number, "count=%d%s" % (count, more))
