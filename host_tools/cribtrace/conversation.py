"""Requests up, answers down, over an open link.

Every request is repeated with the same number until it is answered, so that a damaged line or
packet costs time, never content. What arrives unasked (text lines, live records) is kept for
`overheard`.
"""

import random
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from cribtrace import greeting, stream
from cribtrace.device import protocol, request_line
from cribtrace.errors import CribtraceError, NoDevice, Usage
from cribtrace.link import Link

WAIT_S = 1.0  # how long an answer may take before the request is repeated
REPEATS = 5
_HEARD_LIMIT = 4096  # unread text lines and records
_ITEMS_LIMIT = 4096  # chosen: a flash of 2 MiB holds 64 segments
_RECENT_BYTES = 2048


UNKNOWN_VERB = "unknown_verb"
BAD_SETTING = "bad_setting"  # whose text says it all by itself


class Refused(CribtraceError):
    """The board answered a request with an error; `name` is the error's name."""

    def __init__(self, verb: str, said: str) -> None:
        self.name, _, why = said.partition(" ")
        told = why if self.name == BAD_SETTING and why else said
        if self.name == UNKNOWN_VERB:
            super().__init__(
                f"the board's firmware does not know `{verb}`, so it is older than this cribtrace:"
                " `cribtrace deploy` renews it"
            )
            return
        super().__init__(f"the board refused `{verb}`: {told}")


class Packet(NamedTuple):
    """One packet: its type (see `protocol`), the number of the request, the payload."""

    type: int
    number: int
    payload: bytes


class Asked(NamedTuple):
    """A request on its way: its number, its verb and the line to repeat."""

    number: int
    verb: str
    line: bytes


class Heard(NamedTuple):
    """What came unasked: one record of the log (`is_record`) or one line of text."""

    is_record: bool
    content: bytes


@dataclass
class LinkStats:
    """What went over the line since the client was made."""

    bytes_in: int = 0
    bytes_out: int = 0
    packets: int = 0
    bad_packets: int = 0
    retries: int = 0


def printable(raw: bytes) -> str:
    """Bytes of a device as text in which no control character is left."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def request(number: int, verb: str, *arguments: object) -> str:
    """The line for a request, without its end of line. `number` is 0 to 255."""
    body = " ".join([str(number), verb, *(str(a) for a in arguments)])
    line = f":{body}*{request_line.crc16(body):04x}"
    if len(line) > protocol.LINE_LIMIT:
        raise ValueError(f"request longer than {protocol.LINE_LIMIT} characters")
    return line


def fields(text: str) -> dict[str, str]:
    """`key=value` text as a dict."""
    return dict(pair.split("=", 1) for pair in text.split(" ") if "=" in pair)


class Conversation:
    """One conversation over an open link. Methods raise NoDevice when answers stay away."""

    def __init__(self, link: Link, *, wait_s: float = WAIT_S, repeats: int = REPEATS) -> None:
        self.link = link
        self.stats = LinkStats()
        self.wait_s = wait_s
        self.repeats = repeats
        self._decoder = stream.Decoder()
        self._heard: deque[Heard] = deque(maxlen=_HEARD_LIMIT)
        self.recent = b""
        self.asked_at_s = 0.0
        # An earlier client's late answers may still be on the line: begin anywhere.
        self._number = random.randrange(254)

    def overheard(self) -> tuple[Heard, ...]:
        """Take what has come unasked since the last call."""
        heard = (*self._heard,)
        self._heard.clear()
        return heard

    def request(self, verb: str, *arguments: object) -> dict[str, str]:
        """Ask, repeat until answered, return the reply's fields. Raises Refused, NoDevice."""
        return fields(self.answer(self.ask(verb, *arguments), set()))

    def ask(self, verb: str, *arguments: object) -> Asked:
        """Send a request without waiting for its answer."""
        self._number = self._number % 254 + 1  # 0 is for what nobody asked, 255 for bad lines
        try:
            line = request(self._number, verb, *arguments)
            asked = Asked(self._number, verb, line.encode("ascii") + b"\n")
        except ValueError as error:
            raise Usage(f"`{verb}` takes short ASCII text only: {error}") from error
        if not line.isprintable():
            raise Usage(f"`{verb}` takes one line of text without control characters")
        self._send(asked)
        return asked

    def repeat(self, asked: Asked) -> None:
        """Send a request once more, under the same number."""
        self.stats.retries += 1
        self._send(asked)

    def listen(self, timeout_s: float) -> tuple[Packet, ...]:
        """Return the answers that come, as soon as anything does; the rest is for `overheard`."""
        received = self.link.read(timeout_s)
        self.stats.bytes_in += len(received)
        self.recent = (self.recent + received)[-_RECENT_BYTES:]
        answers = []
        for kind, piece in self._decoder.feed(received):
            if kind == stream.TEXT or len(piece) < 2:
                self.stats.bad_packets += not _is_text(piece)
                self._heard.append(Heard(False, bytes(piece)))
                continue
            self.stats.packets += 1
            packet = Packet(piece[0], piece[1], piece[2:])
            if packet.type == protocol.RECORD:
                self._heard.append(Heard(True, packet.payload))
            else:
                answers.append(packet)
        return tuple(answers)

    def silent(self, verb: str) -> NoDevice:
        """Return the error for a board that has answered before and does no longer."""
        if greeting.at_prompt(self.recent):
            return NoDevice(greeting.why_no_hello(self.link.port, self.recent))
        waited_s = self.wait_s * (self.repeats + 1)
        return NoDevice(
            f"{self.link.port} stopped answering (`{verb}`): no answer for {waited_s:g} s; check"
            " cable and power, run it again"
        )

    def refused(self, verb: str, payload: bytes) -> Refused:
        """Return the error for an ERROR packet."""
        return Refused(verb, printable(payload))

    def _send(self, asked: Asked) -> None:
        self.link.write(asked.line)
        self.stats.bytes_out += len(asked.line)
        self.asked_at_s = time.monotonic()

    def answer(self, asked: Asked, items: set[str]) -> str:
        for attempt in range(self.repeats + 1):
            if attempt:
                self.repeat(asked)
            reply = self.reply(asked, items, self.wait_s)
            if reply is not None:
                return reply
            if attempt and greeting.at_prompt(self.recent):
                break
        raise self.silent(asked.verb)

    def reply(self, asked: Asked, items: set[str], wait_s: float) -> str | None:
        """Wait for the REPLY to one request, gathering its ITEMs; None when none comes."""
        deadline = time.monotonic() + wait_s
        while (left_s := deadline - time.monotonic()) > 0:
            for packet in self.listen(left_s):
                if packet.number != asked.number:
                    continue
                said = printable(packet.payload)
                if packet.type == protocol.REPLY:
                    return said
                if packet.type == protocol.ERROR:
                    raise self.refused(asked.verb, packet.payload)
                if packet.type == protocol.ITEM:
                    items.add(said)
                    if len(items) > _ITEMS_LIMIT:
                        raise NoDevice(
                            f"{self.link.port} lists more than {_ITEMS_LIMIT} things: this is no"
                            " Cribtrace board; choose another --port"
                        )
                    deadline = time.monotonic() + wait_s
        return None


def _is_text(piece: bytes) -> bool:
    return printable(piece).isascii() and all(byte >= 9 for byte in piece)
