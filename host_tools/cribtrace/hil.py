"""Hardware in the loop: a board's own detector over a recording, held against the replay."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from cribtrace import board_facts, deploy, log_records, replay
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.errors import CribtraceError, Damaged, NoDevice
from cribtrace.injection import DEPTH, Injection, Kept
from cribtrace.recording import Recording

UART_BYTES_S = 11_520
"""What a line of 115200 baud carries: ten bits a byte."""


class Lived(NamedTuple):
    """What a board made of a recording: its events and the replay's, as records.EVENT has them."""

    kept: Kept
    frames: int
    rate_hz: float
    events: list[list[int]]
    expected: list[list[int]]
    gaps: list[dict]
    ordered: int = 0

    @property
    def lost(self) -> int:
        """Frames that are missing, and are none of the recording's own gaps."""
        return self.kept.in_gaps - self.ordered

    @property
    def same(self) -> bool:
        """Whether both are the same, bit for bit."""
        return self.events == self.expected

    def shown(self) -> dict:
        """What a user is told, and in which unit."""
        kept = self.kept
        played_s = self.frames / self.rate_hz
        line_s = kept.wire_bytes / UART_BYTES_S
        return {
            "type": "hil", "injected": True, "boot": kept.boot, "frames": self.frames,
            "seen": kept.seen, "lost": self.lost, "events": len(self.events),
            "same": self.same, "us_per_frame": round(kept.busy_us / max(kept.seen, 1), 1),
            "late_ms": round(kept.late_us / 1000, 1), "fifo_high": kept.fifo_high,
            "heap_bytes": kept.heap_bytes, "took_s": round(kept.took_s, 2),
            "times_real": round(played_s / kept.took_s, 1),
            "bytes_per_frame": round(kept.wire_bytes / self.frames, 2),
            "times_real_by_line": round(played_s / line_s, 1),
        }  # fmt: skip


def refuse_other(port: str, hello: dict[str, str]) -> None:
    """Raise NoDevice unless the board runs the very firmware that lies here."""
    name = hello.get("board", "")
    try:
        board_facts.load(name)
    except CribtraceError:
        raise NoDevice(f"{port} is a board {name!r}, of which nothing is known here") from None
    ours = deploy.build(deploy.contents(name))
    if hello.get("build") != ours:
        raise NoDevice(
            f"{port} runs firmware {hello.get('build', 'of unknown build')}, and here lies {ours}:"
            f" `cribtrace deploy --board {name} --port {port}` puts it there"
        )


class _Heard:
    """The records that the board sends while it lives."""

    def __init__(self, client: Client, on_gap: Callable[[dict], None]) -> None:
        self._client = client
        self._on_gap = on_gap
        self._facts: list[dict] = []
        self._begun = False

    def listen(self) -> None:
        """Take in what has come."""
        for heard in self._client.overheard():
            record = log_records.unpack(heard.content) if heard.is_record else None
            if record is None or record["type"] == records.SNIPPET:
                continue
            self._facts.append(record)
            self._begun = self._begun or record["type"] == records.BOOT
            if record["type"] == records.GAP and self._begun:  # before, it is the sensor's
                self._on_gap(record)

    def of(self, boot: int) -> list[dict]:
        """The facts of this boot; CribtraceError where the line has lost some."""
        first = next(
            (k for k, r in enumerate(self._facts)
             if r["type"] == records.BOOT and r["boots"] == boot), None,
        )  # fmt: skip
        found = self._facts[first:] if first is not None else []
        if not found or found[-1]["type"] != records.STOP:
            raise Damaged("the board's records did not come whole: `cribtrace pull` has them")
        missing = found[-1]["seq"] - found[0]["seq"] + 1 - len({r["seq"] for r in found})
        if missing:
            raise Damaged(f"{missing} records were lost on the line: `cribtrace pull` has them")
        return found


def run(
    client: Client, rec: Recording, *, paced: bool = False, depth: int = DEPTH,
    on_gap: Callable[[dict], None] = lambda gap: None,
) -> Lived:  # fmt: skip
    """Let the board of `client`, whose session is open, live through `rec`; then it restarts.

    `on_gap` gets each gap as it happens. Raises Refused where the board cannot do it, Damaged
    where what it said of it came down the line in pieces.
    """
    rec = replace(rec, captured=None)  # here row 0 is where a board begins
    in_force = {setting.name: setting.value for setting in client.config()}
    heard = _Heard(client, on_gap)
    client.tail(True)
    kept = Injection(client, rec, heard.listen).run(paced=paced, depth=depth)
    facts = heard.of(kept.boot)
    names = log_records.NAMES[records.EVENT]
    gaps = [r for r in facts if r["type"] == records.GAP]
    return Lived(
        kept,
        len(rec.accel),
        rec.rate_hz,
        [[r[name] for name in names] for r in facts if r["type"] == records.EVENT],
        replay.as_logged(rec, in_force, ended=True),
        gaps,
        min(_between(rec), sum(gap["frames"] for gap in gaps)),
    )


def _between(rec: Recording) -> int:
    """Frames in the recording's own gaps; of one at its end no board would tell."""
    return sum(gap.rows for gap in rec.gaps if gap.row + gap.rows < len(rec.accel))
