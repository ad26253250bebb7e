"""What `live` shows, made of what the board says; knows no widget and no terminal.

Feed it the items of `tail.follow`. A picture is asked for by its width; its columns lie at fixed
frames, so that it moves without changing.
"""

import math
import time
from collections import deque
from typing import NamedTuple

import numpy as np

from cribtrace import dots, tail_line
from cribtrace.envelope import Envelope, seconds
from cribtrace.frame_clock import FrameClock, local
from cribtrace.heard import Began, Decoded, Frames, Health, Item, Note, Text
from cribtrace.tail import Live
from cribtrace.tail_filter import HIDDEN, names_of
from cribtrace.tail_line import Line

_LINES = 200
_KEPT_S = 150.0  # more than the longest span
_MOST = 200.0  # times the noise, at the top: chosen, a startle's
_SMALLEST_MG = 2.0  # of the waveform's scale: white noise fills a part of it
FROM_FRAMES = "from every frame"
FROM_EPOCHS = "from the board's seconds, told every 30 s: no frames come"
WAITING = "waiting for the first frames"


class Waves(NamedTuple):
    """Rows of braille of x, y and z, of which each covers ±`reach_mg` about its median."""

    rows: list[list[str]]
    reach_mg: float


class Strength(NamedTuple):
    """Rows of braille of the envelope; the threshold's row, its value, and what it is made of."""

    rows: list[str]
    threshold_row: int | None
    threshold: float | None
    source: str


class View:
    """The picture of one board."""

    def __init__(self, clock: FrameClock, span_s: float = 20.0) -> None:
        self.span_s = span_s
        self.lines: deque[Line] = deque(maxlen=_LINES)
        self.told = 0  # lines so far
        self.header: dict = {}
        self.port = ""
        self.away_s: float | None = None  # UTC since when the board is not there
        self._clock, self._live = clock, Live()
        self._health: deque[Health] = deque(maxlen=2)
        self._loop_ms: float | None = None
        self._lost = 0
        self._clear()

    def _clear(self) -> None:
        """A boot begins: its frames are numbered anew."""
        rate_hz = self.header.get("rate_mhz", 0) / 1000
        size = max(1, round(_KEPT_S * rate_hz))
        self._mg = np.full((size, 3), np.nan, np.float32)
        self._times_noise = np.full(size, np.nan, np.float32)
        self._next = 0  # number of the frame behind the newest
        self._source = WAITING
        self._envelope: Envelope | None = None
        if self.header.get("settings") and rate_hz:
            self._envelope = Envelope(self.header)

    def take(self, item: Item) -> None:
        """Take in one item."""
        if isinstance(item, Began):
            self._begun(item)
        elif isinstance(item, Frames):
            self._framed(item)
        elif isinstance(item, Health):
            self._health.append(item)
        elif isinstance(item, Note):
            self._add(tail_line.noted(item.line))
            self.away_s = self.away_s if item.away_s is None else item.away_s
        elif isinstance(item, Text):
            self._add(tail_line.noted(item.line, name="text"))
        else:
            self._decoded(item)
        for inferred in self._live.heard(item):
            self._tell(inferred.line)

    def _begun(self, item: Began) -> None:
        known = self.header.get("boot")
        self.header, self.port, self.away_s = item.header, item.port, None
        self._health.clear()
        if item.header["boot"] != known:
            self._clear()

    def _decoded(self, item: Decoded) -> None:
        line = item.line
        if line["type"] == "epoch":
            self._epoch(line)
        if line.get("what") == "recorder":
            self._loop_ms = line["loop_max_us"] / 1000
        if line.get("what") == "config":  # a new threshold
            self._envelope = Envelope(self.header) if self.header.get("settings") else None
        self._tell(line)

    def _tell(self, line: dict) -> None:
        if not names_of(line) & set(HIDDEN):
            self._add(tail_line.made(line, self._clock, self.header.get("boot", 0)))

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self.told += 1

    def _framed(self, item: Frames) -> None:
        self._source = FROM_FRAMES
        self._lost += item.lost
        mg = item.raw * (1e6 / (self.header.get("mlsb_per_g") or 1e6))
        self._put(item.first, self._mg, mg)
        if self._envelope:
            self._put(item.first, self._times_noise, self._envelope.feed(item))
        self._next = max(self._next, item.first + len(item.raw))

    def _put(self, first: int, ring: np.ndarray, values: np.ndarray) -> None:
        hole = min(max(0, first - self._next), len(ring))
        ring[np.arange(first - hole, first) % len(ring)] = np.nan
        values = values[-len(ring) :]
        ring[np.arange(first, first + len(values)) % len(ring)] = values

    def _epoch(self, line: dict) -> None:
        if self._source == FROM_FRAMES:
            return
        self._source = FROM_EPOCHS
        rate_hz = self.header.get("rate_mhz", 0) / 1000
        first = round(line["onset_s"] * rate_hz)
        told = np.repeat(seconds(line), max(1, round(line["second_s"] * rate_hz)))
        self._put(first, self._times_noise, told)
        self._next = max(self._next, first + len(told))

    def _columns(self, count: int) -> list[np.ndarray]:
        """The frames of each column of dots, as numbers; the newest column may not be full."""
        rate_hz = self.header.get("rate_mhz", 0) / 1000
        each = max(1, round(self.span_s * rate_hz / count))
        last = self._next // each
        return [np.arange(k * each, (k + 1) * each) for k in range(last - count + 1, last + 1)]

    def _spans(self, columns: list[np.ndarray], values: np.ndarray) -> list[dots.Span]:
        found: list[dots.Span] = []
        for numbers in columns:
            old = self._next - len(values)
            here = numbers[(numbers >= max(0, old)) & (numbers < self._next)]
            held = values[here % len(values)]
            held = held[~np.isnan(held)]
            found.append((float(held.min()), float(held.max())) if len(held) else None)
        return found

    def waves(self, width: int, rows: int) -> Waves:
        """Three curves, `rows` of `width` characters each."""
        columns = self._columns(dots.ACROSS * width)
        axes = [self._spans(columns, self._mg[:, axis]) for axis in range(3)]
        middles = [_middle(spans) for spans in axes]
        most = max(
            (abs(v - m) for s, m in zip(axes, middles, strict=True) for span in s if span
             for v in span), default=0.0,
        )  # fmt: skip
        reach = max(dots.reach(most), _SMALLEST_MG)
        drawn = [
            dots.curve(spans, rows, middle - reach, middle + reach)
            for spans, middle in zip(axes, middles, strict=True)
        ]
        return Waves(drawn, reach)

    def strength(self, width: int, rows: int) -> Strength:
        """The envelope: below the threshold in proportion, above it in logarithms up to _MOST."""
        columns = self._columns(dots.ACROSS * width)
        spans = self._spans(columns, self._times_noise)
        limit = self._envelope.threshold if self._envelope else None
        if limit is None:
            bars = [None if s is None else (0.0, s[1]) for s in spans]
            return Strength(dots.curve(bars, rows, 0.0, _MOST), None, None, self._from())
        low = max(1, (rows - 1) // 3)
        below = [None if s is None else (0.0, min(s[1], limit)) for s in spans]
        above = [None if s is None or s[1] < limit else
                 (math.log10(limit), math.log10(s[1])) for s in spans]  # fmt: skip
        line = dots.curve([None if s is None else (0.0, 1.0) for s in above], 1, 0.0, 1.0)
        top = dots.curve(above, max(1, rows - 1 - low), math.log10(limit), math.log10(_MOST))
        drawn = [*top, *line, *dots.curve(below, low, 0.0, limit)]
        return Strength(drawn, len(top), limit, self._from())

    def _from(self) -> str:
        return self._source if self.away_s is None else f"until {_clock_time(self.away_s)}"

    def floor_told(self) -> str:
        """The noise floor of this moment, where frames tell it."""
        floor_mg = self._envelope.floor_mg if self._envelope else None
        return f"noise {floor_mg:.2f}mg rms" if floor_mg else ""

    def who(self) -> str:
        """Which board, on which port, for how long."""
        if not self.header:
            return "connecting"
        name, sensor = (self.header[k].decode("ascii", "replace") for k in ("board", "sensor"))
        rate_hz = self.header["rate_mhz"] / 1000
        told = f"{self.port}  {name}, {sensor} at {rate_hz:.1f} Hz, boot {self.header['boot']},"
        told += f" {self.span_s:g} s across"
        return tail_line.cleaned(told)

    def link_told(self, now_s: float | None = None) -> str:
        """How the line does: what it carries, how long an answer takes, what was lost."""
        if self.away_s is not None:
            return f"no board since {_clock_time(self.away_s)}, looking for it"
        if not self._health:
            return "line: no answer yet"
        newest = self._health[-1]
        age_s = (time.monotonic() if now_s is None else now_s) - newest.at_s
        rate = ""
        if len(self._health) == 2:
            before = self._health[0]
            passed_s = max(0.1, newest.at_s - before.at_s)
            rate = f"{(newest.link.bytes_in - before.link.bytes_in) / passed_s / 1000:.1f} kB/s, "
        late = f", last heard {age_s:.0f} s ago" if age_s > 15 else ""
        return (
            f"line: {rate}answer in {newest.trip_ms:.0f} ms, {newest.link.retries} repeated,"
            f" {newest.link.bad_packets} damaged, {self._lost} frames missed here{late}"
        )

    def loop_told(self) -> str:
        """How the board's loop does: what it has seen and lost, what waits, what is left."""
        if not self._health:
            return ""
        info = self._health[-1].info
        fault = "" if info.get("fault") == "none" else f", fault {info.get('fault')}"
        loop = "" if self._loop_ms is None else f", longest turn {self._loop_ms:.0f}ms"
        gaps, fifo, lost, nights = (
            info.get(key, "?") for key in ("in_gaps", "fifo_high", "records_lost", "nights_left")
        )
        whose = "board" if self.away_s is None else "before that"
        told = f"{whose}: {info.get('state')}{fault}, {gaps} frames in gaps, FIFO {fifo}{loop},"
        told += f" {lost} records lost, room {nights} nights"
        return tail_line.cleaned(told)


def _clock_time(utc_s: float) -> str:
    return f"{local(utc_s):%H:%M:%S}"


def _middle(spans: list[dots.Span]) -> float:
    """Where a curve lies most of the time: gravity's share of its axis."""
    known = [(span[0] + span[1]) / 2 for span in spans if span]
    return float(np.median(known)) if known else 0.0
