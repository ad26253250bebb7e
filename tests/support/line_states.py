"""The state tables of docs/PROTOCOL.md, from the server itself.

`python -m tests.support.line_states` writes them into the page.
"""

import importlib
from pathlib import Path
from types import SimpleNamespace

from cribtrace import stream
from cribtrace.conversation import request
from cribtrace.device import framing, protocol
from tests.support import pages

PAGE = Path(__file__).resolve().parents[2] / "docs" / "PROTOCOL.md"
BEGIN, END = "<!-- states -->\n", "<!-- end of states -->\n"

SILENCE = "silence"
TYPES = {1: "REPLY", 2: "ERROR"}


def _damaged(line):
    return line[:-1] + ("0" if line[-1] != "0" else "1")


# What arrives: its name in the tables, and the line, or SILENCE.
ARRIVALS = {
    "`hello`": request(7, "hello"),
    "`tail 1`": request(8, "tail", 1),
    "`tail 0`": request(9, "tail", 0),
    "`keep`, or another good request": request(10, "keep"),
    "a good request of no such verb": request(11, "kelp"),
    "a request with a wrong CRC": _damaged(request(12, "keep")),
    "`bye`": request(13, "bye"),
    "a typed word": "help",
    "Enter alone": "",
    "a line too long": "x" * (protocol.LINE_LIMIT + 1),
    f"nothing for {protocol.SESSION_MS // 1000} s": SILENCE,
}
STATES = {
    "text": (),
    "session": (request(1, "hello"),),
    "session with tail": (request(1, "hello"), request(2, "tail", 1)),
}


class Line:
    """The real server and its real answers, at a line that remembers what was sent."""

    def __init__(self):
        self.now_ms = 0
        self.incoming = b""
        self.sent = b""
        console = SimpleNamespace(read=self._read, write=self._write)
        board = SimpleNamespace(
            NAME="virtual", SENSOR="LSM6DSO", console=console,
            host_ms=lambda: self.now_ms, ticks_diff=lambda a, b: a - b,
        )  # fmt: skip
        body, piece = bytearray(1200), bytearray(framing.PIECE_BYTES)
        journal = SimpleNamespace(body=body, piece=piece, shelf=None)
        app = SimpleNamespace(board=board, device=bytes(8), boot=1)
        self.answers = _firmware("answers").Answers(app, journal)
        self.server = app.server = _firmware("server").Server(board, self.answers, journal)

    def _read(self, buffer):
        piece = self.incoming[: len(buffer)]
        self.incoming = self.incoming[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _write(self, raw):
        self.sent += bytes(raw)

    def arrives(self, line):
        """Let a line arrive, or silence pass; return what the board says to it."""
        self.sent = b""
        if line == SILENCE:
            self.now_ms += protocol.SESSION_MS + 1
        else:
            self.incoming = line.encode() + b"\n"
        while True:
            self.server.poll()
            if not self.incoming:
                break
        found = stream.Decoder().feed(self.sent)
        if not found:
            return "nothing"
        kind, piece = found[0]
        if kind == stream.TEXT:
            return "text"
        name = piece[2:].decode().partition(" ")[0] if piece[0] == protocol.ERROR else ""
        return f"{TYPES[piece[0]]} {f'`{name}`' if name else ''}".strip()

    def state(self):
        """The name of the state it is in."""
        if not self.server.framed:
            assert not self.server.tail
            return "text"
        return "session with tail" if self.server.tail else "session"


def _firmware(name):
    return importlib.import_module("cribtrace.firmware.crib." + name)


def outcome(state, arrival):
    """(what the board answers, the state it is in then)."""
    line = Line()
    for earlier in STATES[state]:
        line.arrives(earlier)
    assert line.state() == state
    return line.arrives(ARRIVALS[arrival]), line.state()


def text() -> str:
    """Two Markdown tables: what is answered, and which state follows."""
    tables = []
    for heading, which in (("What arrives: the answer", 0), ("What arrives: the next state", 1)):
        rows = [[heading, *(f"in {name}" for name in STATES)], ["---"] * (1 + len(STATES))]
        for arrival in ARRIVALS:
            rows.append([arrival, *(outcome(state, arrival)[which] for state in STATES)])
        tables.append("\n".join(" | ".join(row) for row in rows))
    return "\n\n".join(tables) + "\n"


def main() -> None:
    """Put the tables into the page."""
    pages.put(PAGE, BEGIN, text(), END)


if __name__ == "__main__":
    main()
