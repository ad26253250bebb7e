"""Reading a segment with two requests on the line, whatever order, holes or repeats come.

Two requests of 16 KiB keep the line full while the next one travels. Each packet carries its
segment and offset, so any packet is welcome under any number, and only holes are asked for again.
"""

import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from cribtrace.conversation import Asked, Conversation, Packet
from cribtrace.device import protocol
from cribtrace.errors import CribtraceError

_OUTSTANDING = 2
_HEAD = "<II"
_HEAD_BYTES = struct.calcsize(_HEAD)


@dataclass
class _Span:
    """A request under way for the bytes from `begin` to `end`."""

    begin: int
    end: int
    asked: Asked


def read(talk: Conversation, segment: int, offset: int, length: int) -> Iterator[bytes]:
    """Yield the `length` bytes of `segment` from `offset` on, in order, as they come.

    Raises Refused for a segment the board does not have, NoDevice when the board falls silent,
    CribtraceError when the segment is shorter than that.
    """
    reading = _Reading(talk, segment, offset, length)
    given = offset
    while given < offset + length:
        reading.step()
        if reading.whole_to > given:
            yield reading.bytes_of(given, reading.whole_to)
            given = reading.whole_to


class _Reading:
    def __init__(self, talk: Conversation, segment: int, offset: int, length: int) -> None:
        self._talk = talk
        self._segment = segment
        self._base = offset
        self._end = offset + length
        self._content = bytearray(length)
        self._have = bytearray(length)  # 1 where a byte has come
        step = protocol.READ_LIMIT
        self._todo = deque(
            (at, min(at + step, self._end)) for at in range(offset, self._end, step)
        )
        self._under_way: deque[_Span] = deque()
        self._deadline = 0.0
        self._fruitless = 0
        self.whole_to = offset  # every byte before this has come

    def bytes_of(self, begin: int, end: int) -> bytes:
        return bytes(self._content[begin - self._base : end - self._base])

    def step(self) -> None:
        """Ask for what nobody asked for yet, then take in what comes."""
        while self._todo and len(self._under_way) < _OUTSTANDING:
            begin, end = self._todo.popleft()
            asked = self._talk.ask("read", self._segment, begin, end - begin)
            if not self._under_way:
                self._deadline = time.monotonic() + self._talk.wait_s
            self._under_way.append(_Span(begin, end, asked))
        packets = self._talk.listen(max(0.0, self._deadline - time.monotonic()))
        for packet in packets:
            self._take(packet)
        if not packets and time.monotonic() >= self._deadline:
            self._overdue()

    def _take(self, packet: Packet) -> None:
        if packet.type == protocol.DATA:
            self._place(packet.payload)
        waiting = [span.asked.number for span in self._under_way]
        if packet.number not in waiting:
            return
        if packet.type == protocol.ERROR:
            raise self._talk.refused("read", packet.payload)
        if packet.type == protocol.REPLY:
            # The board answers in order: whatever was asked before this has ended too.
            for _ in range(waiting.index(packet.number) + 1):
                self._ended(self._under_way.popleft())

    def _place(self, payload: bytes) -> None:
        if len(payload) <= _HEAD_BYTES:
            return
        segment, offset = struct.unpack_from(_HEAD, payload)
        begin = offset - self._base
        end = begin + len(payload) - _HEAD_BYTES
        if segment != self._segment or begin < 0 or end > len(self._content):
            return
        self._deadline = time.monotonic() + self._talk.wait_s
        if self._have.find(0, begin, end) >= 0:
            self._fruitless = 0
        self._content[begin:end] = payload[_HEAD_BYTES:]
        self._have[begin:end] = b"\1" * (end - begin)
        hole = self._have.find(0, self.whole_to - self._base)
        self.whole_to = self._end if hole < 0 else self._base + hole

    def _ended(self, span: _Span) -> None:
        """Ask again, soon, for what a finished request did not bring."""
        self._deadline = time.monotonic() + self._talk.wait_s
        holes = self._holes(span)
        self._todo.extendleft(reversed(holes))
        if holes:
            self._talk.stats.retries += 1
            self._fruitless += 1
        if self._fruitless > self._talk.repeats:
            raise CribtraceError(
                f"segment {self._segment} ends early on the board, at byte {self.whole_to}"
            )

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

    def _holes(self, span: _Span) -> list[tuple[int, int]]:
        """Return the (begin, end) of what is still missing of a span."""
        holes = []
        at, end = span.begin - self._base, span.end - self._base
        while (hole := self._have.find(0, at, end)) >= 0:
            at = self._have.find(1, hole, end)
            at = end if at < 0 else at
            holes.append((self._base + hole, self._base + at))
        return holes
