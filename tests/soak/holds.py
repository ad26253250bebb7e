"""What must hold of a soak: its log, against what the simulated parts said. Each breach is a line.

A check yields what it found wrong; without a yield it holds.
"""

import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from cribtrace import logfile
from cribtrace.boots import by_number
from cribtrace.device import framing, records, segment_header
from cribtrace.pull import segment_files
from tests.soak.ledger import Ledger, Start, Told

RATE_HZ = 104.0
NAMED_MS = 5000  # until a fault has its name
AT_RISK_S = 62.0  # of frames that a power cut may take: a minute, and what the FIFO held
_NEAR = 14  # frames, for each gap that was counted by the board's clock (tests/e2e/test_faults.py)
# Of a fault that may go untold: what waits when a record is told, 64 frames and a rest of half a
# second, and a turn.
_DARK_S = 1.5
_FIFO_MS = 4900
_HEAP_BYTES = 1024  # chosen: what two measurements of the heap may differ by
_ASKED_BYTES = 16_384  # chosen: what a session knows of 128 segments takes 14 KB
_PIECES = 12  # chosen, of a start: a leak makes nearly each larger than the one before it
_BUS = ("bus_error",)
NAMES = {
    "nack": _BUS,
    "stuck": _BUS,
    "value": ("sensor_stuck",),
    "reset": ("sensor_silent", "bus_error"),
    "pause": ("fifo_overrun",),
}
# What they may be called besides: a log without it is none the worse. Warmth has a name from 5 °C
# on, since the last `recorder` record.
MAY = {"jitter": ("sensor_jitter",), "warmth": ("temperature",)}
_CUTS = ("power_cut", "restarted", "watchdog")


class Log:
    """The pulled log: its facts by boot, and each record's number and checksum."""

    def __init__(self, folder: Path) -> None:
        self.segments = logfile.read(folder)
        self.facts = {
            boot: logfile.records_of(found, records.FACTS)
            for boot, found in by_number(self.segments).items()
        }
        self.crcs: dict[int, dict[int, int]] = {stream: {} for stream in logfile.STREAMS}
        for path in segment_files(folder):
            self._add(path.read_bytes())

    def _add(self, content: bytes) -> None:
        for piece in content[segment_header.BYTES :].split(b"\0")[:-1]:
            told = Told(0, 0, body := framing.decode(piece) or b"")
            self.crcs[told.stream][told.seq] = zlib.crc32(body)

    def of(self, start: Start, *types: int) -> list[dict]:
        """The facts of one start, of these types."""
        return [r for r in self.facts.get(start.boot or 0, []) if r["type"] in types]


def breaches(ledger: Ledger, log: Log) -> list[str]:
    """Everything that does not hold."""
    found = [*ledger.trouble, *committed(ledger, log), *whole(log)]
    for start, following in pairwise([*ledger.starts, None]):
        where = f"hour {start.hour:.1f}, boot {start.boot}"
        checks = (tiled, counted, named, dark, heap)
        found += [f"{where}: {what}" for check in checks for what in check(start, log)]
        if following and not start.stopped and not named_as(following, _CUTS[:1]):
            found.append(f"{where}: its end is not named")
    return found


def named_as(start: Start, names: tuple[str, ...]) -> bool:
    """Whether a start began with one of these gaps."""
    return any(told.name() in names and told.frame == 0 for told in start.told[:4])


def whole(log: Log) -> Iterator[str]:
    """Every segment can be read, and no number is missing."""
    for segment in log.segments:
        yield from segment.faults
    for stream, found in log.crcs.items():
        missing = set(range(max(found, default=-1) + 1)) - found.keys()
        if missing:
            yield f"stream {stream}: {len(missing)} records are missing, first {min(missing)}"


def committed(ledger: Ledger, log: Log) -> Iterator[str]:
    """What was committed is in the log, bit for bit, and nothing that nobody made."""
    for stream in logfile.STREAMS:
        made: dict[int, int] = {}
        safe = 0
        for start in ledger.starts:
            own = [told for told in start.told if told.stream == stream]
            if own and own[0].seq < safe:
                yield f"hour {start.hour:.1f}: record {own[0].seq} was committed, and is gone"
            made = {seq: crc for seq, crc in made.items() if not own or seq < own[0].seq}
            made |= {told.seq: told.crc for told in own}
            safe = max(safe, start.committed.get(stream, 0))
        for seq in range(safe):
            if log.crcs[stream].get(seq) is None:
                yield f"stream {stream}: record {seq} was committed, and is not in the log"
        wrong = [s for s, crc in log.crcs[stream].items() if s in made and made[s] != crc]
        if wrong:
            yield f"stream {stream}: {len(wrong)} records are not as they were made"
        # The last one before a cut may be on the flash before anybody heard of it.
        if len(strangers := log.crcs[stream].keys() - made.keys()) > len(ledger.starts):
            yield f"stream {stream}: nobody made {len(strangers)} records"


def tiled(start: Start, log: Log) -> Iterator[str]:
    """Epochs and gaps follow on each other from the first frame on: none is untold, none twice."""
    known = log.of(start, records.EPOCH, records.GAP)
    spans = [(r["first"], r["frames"]) for r in known if r["frames"] != records.UNKNOWN]
    at = 0
    for first, frames in sorted(spans):
        if first != at:
            yield f"frames {at} to {first} are told {'twice' if first < at else 'nowhere'}"
        at = first + frames
    lost = [r for r in log.of(start, records.RECORDER) if r["records_lost"]]
    if lost:
        yield f"the flash did not take {lost[-1]['records_lost']} records"


def counted(start: Start, log: Log) -> Iterator[str]:
    """The board's count of frames is the sensor's; after a power cut, less the last minute."""
    if start.position is None or not log.of(start, records.BOOT):
        yield "it has no end, or no beginning"
        return
    gaps = log.of(start, records.GAP)
    by_clock = [g for g in gaps if g["duration_ms"] != records.UNKNOWN]
    last = log.facts[start.boot or 0][-1]
    left = start.position - start.came_at - last["frame"]
    near = _NEAR * len(by_clock) + (2 * RATE_HZ if start.came_at else 0)
    most = near if start.stopped else AT_RISK_S * RATE_HZ + near
    if not -near <= left <= most:
        yield f"{left} frames at its end are told nowhere"
    if start.stopped and last["type"] != records.STOP:
        yield "it was stopped, and does not say so"


def lost_s(start: Start, log: Log) -> float:
    """Seconds that its end took of what was felt."""
    last = log.facts[start.boot or 0][-1]["frame"]
    return max(0.0, ((start.position or 0) - start.came_at - last) / RATE_HZ)


def orders(start: Start) -> Iterator[tuple[dict, int]]:
    """Each fault that came, and when."""
    left = list(start.orders)
    for kind, ms in start.happened:
        order = next((o for o in left if o["kind"] == kind), None)
        if order:
            left.remove(order)
            yield order, ms


def since_ms(order: dict, ms: int) -> int:
    """From when on anybody could tell of it: a board that stands still says nothing."""
    return ms + (order["ms"] if order["kind"] == "pause" else 0)


def names_of(order: dict) -> tuple[str, ...]:
    """What it may be called; nothing where it costs nothing."""
    if order["kind"] == "pause" and order["ms"] < _FIFO_MS:
        return ()
    return NAMES.get(order["kind"], ())


def named_after_ms(start: Start, order: dict, ms: int) -> int | None:
    """How long it took until the fault had its name."""
    since = since_ms(order, ms)
    found = [t.ms - since for t in start.told if t.ms >= since and t.name() in names_of(order)]
    return found[0] if found else None


def named(start: Start, log: Log) -> Iterator[str]:
    """Each fault has its name in time, and there is no name without a fault."""
    known = [(order, ms) for order, ms in orders(start)]
    for order, ms in known:
        if names_of(order):
            after_ms = named_after_ms(start, order, ms)
            if after_ms is None or after_ms > NAMED_MS:
                yield f"{order['kind']} at {ms} ms has its name after {after_ms} ms"
    for told in start.told:
        if not told.name() or (told.frame == 0 and told.name() in _CUTS):
            continue
        if not any(_may_be_of(told, order, ms) for order, ms in known):
            yield f"{told.name()} at {told.ms} ms has no cause"


def _may_be_of(told: Told, order: dict, ms: int) -> bool:
    until = since_ms(order, ms) + order.get("for_ms", 0) + 4 * NAMED_MS
    called = names_of(order) + MAY.get(order["kind"], ())
    return told.name() in called and ms <= told.ms <= until


def dark(start: Start, log: Log) -> Iterator[str]:
    """While a fault lasted, and nothing could be seen, the log says that nothing was."""
    blind = log.of(start, records.GAP, records.STATE)
    told = [(r["first"], r["frames"]) for r in blind if r["frames"] != records.UNKNOWN]
    spans = [(first, first + frames) for first, frames in told]
    for order, ms in orders(start):
        lasts_ms = {"reset": 3500}.get(order["kind"], order.get("for_ms", 0))
        if not names_of(order) or not lasts_ms or (first := _frame_at(start, ms)) is None:
            continue
        frames = range(first, first + int(lasts_ms * RATE_HZ / 1000))
        untold = sum(not any(a <= frame < b for a, b in spans) for frame in frames)
        if untold > _DARK_S * RATE_HZ:
            yield f"{order['kind']} at {ms} ms: {untold} frames of it read as a quiet night"


def _frame_at(start: Start, ms: int) -> int | None:
    """The frame of this moment, by the record before it."""
    before = next((told for told in reversed(start.told) if told.ms <= ms), None)
    return before and before.frame + int((ms - before.ms) * RATE_HZ / 1000)


def heap(start: Start, log: Log) -> Iterator[str]:
    """Nothing stays in it: neither much at once nor a little time and again.

    What a session needs goes with it, so a measurement while a host asks has a bound of its own.
    """
    used, asked = heap_used(start, log)
    if len(used) < _PIECES:
        return
    half = len(used) // 2
    if max(used[half:]) > max(used[:half]) + _HEAP_BYTES:
        yield f"its heap grew from {max(used[:half])} to {max(used[half:])} bytes"
    ends = [k * len(used) // _PIECES for k in range(_PIECES + 1)]
    least = [min(used[since:until]) for since, until in pairwise(ends)]
    rises = sum(after > before for before, after in pairwise(least))
    if rises > _PIECES // 2:
        yield f"its heap rose {rises} times, from {least[0]} to {least[-1]} bytes"
    if max(asked, default=0) > max(used) + _ASKED_BYTES:
        yield f"its heap was {max(asked)} bytes while a host asked, {max(used)} at most else"


def heap_used(start: Start, log: Log) -> tuple[list[int], list[int]]:
    """Bytes in each `recorder` record: while nobody asked, and while a host did."""
    of_session = {told.seq for told in start.told if told.asked}
    told = log.of(start, records.RECORDER)
    used = [r["heap_used"] for r in told if r["seq"] not in of_session]
    return used, [r["heap_used"] for r in told if r["seq"] in of_session]
