"""A recording, streamed to a board in the place of its sensor. Prints nothing.

A line of frames stands for itself: it says the number of its first frame and begins from zero, so
that it can be lost, or sent again, without any other. The coding is told in the firmware's
`injected`.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cribtrace.client import Client
from cribtrace.conversation import Asked, Packet, fields, request
from cribtrace.device import protocol
from cribtrace.errors import CribtraceError
from cribtrace.recording import Recording

VERB = "inject"
DEPTH = 512
"""Frames that the FIFO holds, as the LSM6DSO's."""
_OUTSTANDING = 2  # what the board's receive ring has room for
_FULL_S = 0.02  # chosen: until a board that had no room is asked again
_STUCK_S = 20.0  # chosen: far beyond the erases of a flash
_END_S = 10.0  # chosen: the last analysis and two erases of the flash
_FIRST, _SECOND = 79, 93  # codes below these take one character, two; see `injected`
_BASE = 94
_WHOLE, _PACED, _WITH_GAPS = range(3)


class Kept(NamedTuple):
    """How the board kept up, as it says at the end; `wire_bytes` went up to it in `took_s`."""

    seen: int
    in_gaps: int
    busy_us: int
    late_us: int
    fifo_high: int
    heap_bytes: int
    boot: int
    wire_bytes: int
    took_s: float


def code(more: int) -> str:
    """One sample, `more` above the one before it on its axis, modulo 65536."""
    more = (more + 0x8000 & 0xFFFF) - 0x8000
    if -(_FIRST // 2) <= more <= _FIRST // 2:
        return chr(33 + more + _FIRST // 2)
    half = (_SECOND - _FIRST) * _BASE // 2
    if -half <= more < half:
        high, low = divmod(more + half, _BASE)
        return chr(33 + _FIRST + high) + chr(33 + low)
    rest, low = divmod(more & 0xFFFF, _BASE)
    return chr(33 + _SECOND) + chr(33 + rest // _BASE) + chr(33 + rest % _BASE) + chr(33 + low)


def coded(frames: np.ndarray, room: int) -> tuple[int, str]:
    """(how many, their code) of the first `frames`, int16[N, 3], that fit in `room` characters."""
    text, before = "", (0, 0, 0)
    # A frame has three characters at least.
    for n, frame in enumerate(frames[: room // 3].tolist()):
        piece = "".join(code(now - then) for now, then in zip(frame, before, strict=True))
        if len(text) + len(piece) > room:
            return n, text
        text, before = text + piece, frame
    return min(len(frames), room // 3), text


@dataclass
class _Line:
    first: int
    count: int
    asked: Asked


class Injection:
    """Streams one recording over `client`; `hear()` is called again and again meanwhile."""

    def __init__(self, client: Client, rec: Recording, hear: Callable[[], None]) -> None:
        self._client = client
        self._rec = rec
        self._hear = hear
        self._gaps = rec.gaps
        self._pending: deque[_Line] = deque()
        self._at = 0  # the next frame to be sent
        self._taken = 0  # frames that the board has, or has passed over
        self._refusals = self._silent = 0  # since frames were last taken
        self._deadline = 0.0
        self._room = protocol.LINE_LIMIT - len(request(254, VERB, len(rec.accel), ""))

    def run(self, *, paced: bool, depth: int = DEPTH) -> Kept:
        """Let the board live through the recording, and ask how it went; its gaps are ordered.

        `paced`: in the recording's own time, and what gets lost is lost; else as fast as the
        board takes it in. Raises Refused where the board has no sensor to replace.
        """
        rec, client = self._rec, self._client
        numbers = round(rec.rate_hz * 1000), round(rec.lsb_per_g * 1000), len(rec.accel)
        mode = _PACED if paced else _WITH_GAPS if self._gaps else _WHOLE
        begun = client.request(VERB, "begin", *numbers, depth, mode)
        began_s, sent = time.monotonic(), client.stats.bytes_out
        (self._in_its_time if paced else self._as_fast_as_it_goes)()
        took_s = max(time.monotonic() - began_s, 1e-3)
        sent = client.stats.bytes_out - sent
        wait_s, client.wait_s = client.wait_s, _END_S
        told = client.request(VERB, "end")
        client.wait_s = wait_s
        self._hear()
        keys = ("seen", "in_gaps", "busy_us", "late_us", "fifo_high", "heap")
        try:
            seen, in_gaps, busy_us, late_us, fifo_high, heap = (int(told[key]) for key in keys)
            boot = int(begun["boot"])
        except (KeyError, ValueError) as error:
            raise CribtraceError(f"the board ended the injection with {told}") from error
        return Kept(seen, in_gaps, busy_us, late_us, fifo_high, heap, boot, sent, took_s)

    # -- with flow control --

    def _as_fast_as_it_goes(self) -> None:
        total = len(self._rec.accel)
        while self._taken < total:
            while len(self._pending) < _OUTSTANDING and self._at < total:
                self._send()
            packets = self._client.listen(max(0.0, self._deadline - time.monotonic()))
            for packet in packets:
                self._answered(packet)
            if not packets and time.monotonic() >= self._deadline:
                self._silent += 1
                if self._silent > self._client.repeats:
                    raise self._client.silent(VERB)
                self._again()
            self._hear()

    def _answered(self, packet: Packet) -> None:
        if packet.number == 255 and packet.type == protocol.ERROR:
            self._again()  # a line was damaged
        line = next((p for p in self._pending if p.asked.number == packet.number), None)
        if line is None:
            return
        if packet.type == protocol.ERROR:
            raise self._client.refused(VERB, packet.payload)
        at = int(fields(packet.payload.decode()).get("at", "0"))
        if at > self._taken:
            self._taken = at
            self._refusals = self._silent = 0
        if at >= line.first + line.count:
            while self._pending and self._pending[0].first <= line.first:
                self._pending.popleft()
            self._deadline = time.monotonic() + self._client.wait_s
        else:  # no room, or it follows on a line that got lost
            time.sleep(_FULL_S)
            self._again()

    def _again(self) -> None:
        """Go back to the first frame that the board has not."""
        self._pending.clear()
        self._at = self._taken
        self._refusals += 1
        self._client.stats.retries += 1
        if self._refusals * _FULL_S > _STUCK_S:
            raise CribtraceError(
                f"the board takes no frames from {self._at} on: restart it, and run this again"
            )

    def _send(self) -> None:
        stop = min(len(self._rec.accel), self._at + self._room // 3)
        gap = next((gap for gap in self._gaps if gap.row + gap.rows > self._at), None)
        if gap and gap.row <= self._at:
            count = gap.row + gap.rows - self._at
            asked = self._client.ask(VERB, "gap", self._at, self._at + count)
        else:
            stop = min(stop, gap.row) if gap else stop
            count, text = coded(self._rec.accel[self._at : stop], self._room)
            asked = self._client.ask(VERB, self._at, text)
        self._pending.append(_Line(self._at, count, asked))
        self._at += count
        self._deadline = time.monotonic() + self._client.wait_s

    # -- without --

    def _in_its_time(self) -> None:
        began_s = time.monotonic()
        while self._at < len(self._rec.accel):
            self._send()  # a gap, too: `gap` of what is next, or the frames behind it show it
            self._pending.clear()
            due_s = began_s + self._at / self._rec.rate_hz
            while (left_s := due_s - time.monotonic()) > 0:
                self._client.listen(left_s)
                self._hear()
