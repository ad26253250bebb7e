"""Reading segments with two requests on the line, whatever order, holes or repeats come.

Two requests of 16 KiB keep the line full while the next one travels, across the end of a segment
too. Each packet carries its segment and offset, so any packet is welcome under any number, and
only holes are asked for again.
"""

import struct
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import NamedTuple

from cribtrace.conversation import Asked, Conversation, Packet
from cribtrace.device import protocol
from cribtrace.errors import CribtraceError

_OUTSTANDING = 2
# Nothing further from the first missing byte is asked for: a cut link costs no more than this.
WINDOW_BYTES = _OUTSTANDING * protocol.READ_LIMIT
NO_SEGMENT = "no_segment"  # the error for a segment that the board does not hold
_HEAD = "<II"
_HEAD_BYTES = struct.calcsize(_HEAD)


class Stretch(NamedTuple):
    """The `length` bytes of a segment from `offset` on."""

    segment: int
    offset: int
    length: int


@dataclass
class _Request:
    """A request under way for the bytes `begin` to `end` of all that is wanted, put in a row."""

    begin: int
    end: int
    asked: Asked


def read(
    talk: Conversation, wanted: Sequence[Stretch], skip_gone: bool = False
) -> Iterator[tuple[int, bytes]]:
    """Yield (segment, its next bytes) as they come, one stretch after another, each in order.

    Raises Refused for a segment the board does not have; with `skip_gone` b"" ends its stretch
    instead. Raises NoDevice when the board falls silent, CribtraceError when a segment is shorter
    than that.
    """
    reading = _Reading(talk, wanted, skip_gone)
    while reading.given < reading.total:
        reading.step()
        while piece := reading.take():
            yield piece


class _Row:
    """Stretches put in a row, so that one number says where a byte belongs."""

    def __init__(self, wanted: Sequence[Stretch]) -> None:
        self._stretches = [stretch for stretch in wanted if stretch.length > 0]
        ends = [*accumulate(stretch.length for stretch in self._stretches)]
        self.total = ends[-1] if ends else 0
        self._starts = [0, *ends[:-1]]
        self._of = {stretch.segment: i for i, stretch in enumerate(self._stretches)}

    def reads(self) -> Iterator[tuple[int, int]]:
        """The whole row as (begin, end), no longer than one request may ask for."""
        step = protocol.READ_LIMIT
        for start, stretch in zip(self._starts, self._stretches, strict=True):
            for at in range(0, stretch.length, step):
                yield start + at, start + min(at + step, stretch.length)

    def place(self, segment: int, offset: int, length: int) -> int | None:
        """Where those bytes begin in the row; None where they are no part of it."""
        i = self._of.get(segment)
        if i is None:
            return None
        at = offset - self._stretches[i].offset
        if at < 0 or at + length > self._stretches[i].length:
            return None
        return self._starts[i] + at

    def behind(self, at: int) -> Stretch:
        """From the byte `at` of the row to the end of its stretch."""
        i = bisect_right(self._starts, at) - 1
        segment, offset, length = self._stretches[i]
        skipped = at - self._starts[i]
        return Stretch(segment, offset + skipped, length - skipped)


class _Reading:
    def __init__(self, talk: Conversation, wanted: Sequence[Stretch], skip_gone: bool) -> None:
        self._talk = talk
        self._skip_gone = skip_gone
        self._gone: set[int] = set()  # segments that the board no longer has
        self._row = _Row(wanted)
        self.total = self._row.total
        self.given = 0  # bytes of the row that were taken
        self._content = bytearray()  # what came behind those, with holes; a window at most
        self._have = bytearray()  # 1 where a byte has come
        self._reads = self._row.reads()  # a board may claim any length: one at a time
        self._todo: deque[tuple[int, int]] = deque()
        self._under_way: deque[_Request] = deque()
        self._deadline = 0.0
        self._fruitless = 0

    def take(self) -> tuple[int, bytes] | None:
        """Return (segment, bytes) of what has come without a hole, None where nothing has.

        Without bytes: the segment is gone, and its stretch is over.
        """
        if self.given < self.total and self._is_gone(self.given):
            stretch = self._row.behind(self.given)
            self._drop(stretch.length)
            return stretch.segment, b""
        hole = self._have.find(0)
        n = len(self._have) if hole < 0 else hole
        if not n:
            return None
        stretch = self._row.behind(self.given)
        n = min(n, stretch.length)
        piece = bytes(self._content[:n])
        self._drop(n)
        return stretch.segment, piece

    def _drop(self, n: int) -> None:
        """Move the window on."""
        del self._content[:n], self._have[:n]
        self.given += n

    def _is_gone(self, at: int) -> bool:
        return self._row.behind(at).segment in self._gone

    def step(self) -> None:
        """Ask for what nobody asked for yet, then take in what comes."""
        while len(self._under_way) < _OUTSTANDING and self._more():
            self._ask(*self._todo.popleft())
        packets = self._talk.listen(max(0.0, self._deadline - time.monotonic()))
        for packet in packets:
            self._take_in(packet)
        if not packets and time.monotonic() >= self._deadline:
            self._overdue()

    def _more(self) -> bool:
        """Whether there is something to ask for that lies in the window."""
        while self._todo and self._is_gone(self._todo[0][0]):
            self._todo.popleft()
        if not self._todo:
            held = (read for read in self._reads if not self._is_gone(read[0]))
            self._todo.extend(islice(held, 1))
        return bool(self._todo) and self._todo[0][1] <= self.given + WINDOW_BYTES

    def _ask(self, begin: int, end: int) -> None:
        stretch = self._row.behind(begin)
        asked = self._talk.ask("read", stretch.segment, stretch.offset, end - begin)
        if not self._under_way:
            self._deadline = time.monotonic() + self._talk.wait_s
        self._under_way.append(_Request(begin, end, asked))

    def _take_in(self, packet: Packet) -> None:
        if packet.type == protocol.DATA:
            self._place(packet.payload)
        waiting = [request.asked.number for request in self._under_way]
        if packet.number not in waiting:
            return
        if packet.type == protocol.ERROR:
            self._refused(waiting.index(packet.number), packet.payload)
        if packet.type == protocol.REPLY:
            # The board answers in order: whatever was asked before this has ended too.
            for _ in range(waiting.index(packet.number) + 1):
                self._ended(self._under_way.popleft())

    def _refused(self, k: int, payload: bytes) -> None:
        """Request k is over; what was asked before it may still be under way."""
        refused = self._talk.refused("read", payload)
        if not self._skip_gone or refused.name != NO_SEGMENT:
            raise refused
        self._gone.add(self._row.behind(self._under_way[k].begin).segment)
        del self._under_way[k]
        self._deadline = time.monotonic() + self._talk.wait_s

    def _place(self, payload: bytes) -> None:
        if len(payload) <= _HEAD_BYTES:
            return
        segment, offset = struct.unpack_from(_HEAD, payload)
        at = self._row.place(segment, offset, len(payload) - _HEAD_BYTES)
        if at is None:
            return
        self._deadline = time.monotonic() + self._talk.wait_s
        begin = max(at - self.given, 0)
        end = min(at + len(payload) - _HEAD_BYTES - self.given, WINDOW_BYTES)
        if begin >= end:
            return
        grown = bytes(max(end - len(self._have), 0))
        self._content += grown
        self._have += grown
        if self._have.find(0, begin, end) >= 0:
            self._fruitless = 0
        skipped = _HEAD_BYTES + begin + self.given - at
        self._content[begin:end] = payload[skipped : skipped + end - begin]
        self._have[begin:end] = b"\1" * (end - begin)

    def _ended(self, request: _Request) -> None:
        """Ask again, soon, for what a finished request did not bring."""
        self._deadline = time.monotonic() + self._talk.wait_s
        holes = self._holes(request)
        self._todo.extendleft(reversed(holes))
        if holes:
            self._talk.stats.retries += 1
            self._fruitless += 1
        if self._fruitless > self._talk.repeats:
            segment, offset, _ = self._row.behind(holes[0][0])
            raise CribtraceError(f"segment {segment} ends early on the board, at byte {offset}")

    def _overdue(self) -> None:
        """Repeat the oldest request if nothing of it came, else ask for its holes."""
        oldest = self._under_way[0]
        self._deadline = time.monotonic() + self._talk.wait_s
        if self._holes(oldest) != [(oldest.begin, oldest.end)]:
            self._ended(self._under_way.popleft())
            return
        self._fruitless += 1
        if self._fruitless > self._talk.repeats:
            raise self._talk.silent("read")
        self._talk.repeat(oldest.asked)

    def _holes(self, request: _Request) -> list[tuple[int, int]]:
        """Return the (begin, end) of what is still missing of a request."""
        at, end = (max(byte - self.given, 0) for byte in (request.begin, request.end))
        have = self._have.ljust(end, b"\0")
        holes = []
        while (hole := have.find(0, at, end)) >= 0:
            at = have.find(1, hole, end)
            at = end if at < 0 else at
            holes.append((self.given + hole, self.given + at))
        return holes
