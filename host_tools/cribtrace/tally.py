"""The numbers of a night: what was recorded, what was covered, what was counted."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo

from cribtrace.analysis import Night, Snippet
from cribtrace.wording import DEVELOPERS, DISTURBANCES, KINDS, number

HOUR_S = 3600.0
UTC = timezone.utc

Span = tuple[float, float]


@dataclass(frozen=True)
class Hour:
    """One hour of the recording, the last one perhaps shorter."""

    index: int
    covered_s: float
    counts: dict[str, int]


@dataclass(frozen=True)
class Tally:
    """Counts and coverage of one night; times in seconds since its start."""

    span_s: float
    covered_s: float
    counts: dict[str, int]
    hours: tuple[Hour, ...]
    hidden: tuple[Span, ...]
    longest: Span | None
    start: datetime | None
    about: bool  # that is about right only, and what is told by it

    @property
    def coverage(self) -> float | None:
        """Covered share of the recording, 0 to 1; None when nothing was recorded."""
        return self.covered_s / self.span_s if self.span_s > 0 else None

    @property
    def movements(self) -> int:
        """Events that are not disturbances."""
        return sum(moved(self.counts).values())

    def per_covered_hour(self, count: int) -> float | None:
        """Rate of `count` events; None when nothing was covered."""
        return count * HOUR_S / self.covered_s if self.covered_s > 0 else None


def interval(entry: dict) -> Span | None:
    """(start, end) in seconds of an event, gap, state or epoch; None without an onset."""
    onset = number(entry.get("onset_s"))
    if onset is None:
        return None
    return onset, onset + max(0.0, number(entry.get("duration_s")) or 0.0)


def intervals(entries: list[dict]) -> list[Span]:
    """The intervals of those entries that have one."""
    return [span for span in map(interval, entries) if span is not None]


def merged(spans: list[Span]) -> tuple[Span, ...]:
    """The union of the spans, in order, without overlaps."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)


def between(spans: tuple[Span, ...], end: float) -> list[Span]:
    """What of 0..end the merged spans leave free."""
    edges = [0.0, *(edge for span in spans for edge in span), end]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(max(0.0, a), min(b, end)) for a, b in pairs if min(b, end) > max(0.0, a)]


def overlap_s(spans: tuple[Span, ...], start: float, end: float) -> float:
    """Seconds of start..end inside the spans."""
    return sum(max(0.0, min(b, end) - max(a, start)) for a, b in spans)


def _iso(text: str) -> str:
    """Python 3.10 does not read the Z."""
    return text[:-1] + "+00:00" if text.endswith("Z") else text


def utc_of(entry: dict) -> datetime | None:
    """The clock time an entry carries, about right or better: ISO 8601, or seconds since 1970."""
    value = entry.get("utc", entry.get("utc_about"))
    seconds = number(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        found = datetime.fromisoformat(_iso(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def start_of(night: Night) -> datetime | None:
    """Clock time at 0 s in the night's zone, from the first entry that carries one."""
    for entry in (*night.events, *night.epochs, *night.marks):
        utc = utc_of(entry)
        onset = number(entry.get("onset_s", entry.get("t_s")))
        if utc is not None and onset is not None:
            try:
                return (utc - timedelta(seconds=onset)).astimezone(night.zone)
            except OverflowError:
                return None
    return None


def _about(night: Night) -> bool:
    lines = (*night.clocks, *night.events, *night.epochs, *night.marks)
    return any("utc_about" in line for line in lines)


def later(start: datetime, seconds: float, zone: tzinfo | None) -> datetime:
    """What a clock in the zone shows so many seconds later, whatever it was set to meanwhile."""
    return (start.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(zone)


def kind_of(event: dict) -> str:
    """The event's kind as text, whatever the log holds."""
    return str(event.get("kind") or "unknown")


def kinds_in(events: list[dict]) -> list[str]:
    """The kinds every page shows, then any other that occurs; disturbances come last."""
    shown = [kind for kind in KINDS if kind not in DEVELOPERS + DISTURBANCES]
    others = sorted({kind_of(event) for event in events} - set(KINDS))
    return [*shown, *others, *DISTURBANCES]


def moved(counts: dict[str, int]) -> dict[str, int]:
    """Counts without those of disturbances."""
    return {kind: count for kind, count in counts.items() if kind not in DISTURBANCES}


def for_everyone(night: Night) -> Night:
    """The night without the kinds that are the developer's alone."""
    kept = [i for i, event in enumerate(night.events) if kind_of(event) not in DEVELOPERS]
    return replace(
        night,
        events=[night.events[i] for i in kept],
        snippets={k: night.snippets[i] for k, i in enumerate(kept) if i in night.snippets},
        contexts={k: night.contexts[i] for k, i in enumerate(kept) if i in night.contexts},
        leans={k: night.leans[i] for k, i in enumerate(kept) if i in night.leans},
    )


def counted(events: list[dict], kinds: list[str]) -> dict[str, int]:
    """How many events of each kind, 0 included."""
    found = [kind_of(event) for event in events]
    return {kind: found.count(kind) for kind in kinds}


def _span_s(night: Night) -> float:
    """The recording's length: what the summary says, else as far as anything reaches."""
    hours = number(night.summary.get("hours"))
    if hours:
        return hours * HOUR_S
    lines = (*night.events, *night.epochs, *night.gaps, *night.states)
    return max((end for _, end in intervals(list(lines))), default=0.0)


def _hours(night: Night, span_s: float, hidden: tuple[Span, ...]) -> tuple[Hour, ...]:
    kinds = kinds_in(night.events)
    by_hour: dict[int, list[dict]] = {}
    for event in night.events:
        onset = number(event.get("onset_s"))
        if onset is not None:
            by_hour.setdefault(int(onset // HOUR_S), []).append(event)
    out = []
    for index in range(math.ceil(span_s / HOUR_S)):
        start, end = index * HOUR_S, min((index + 1) * HOUR_S, span_s)
        covered_s = end - start - overlap_s(hidden, start, end)
        out.append(Hour(index, covered_s, counted(by_hour.get(index, []), kinds)))
    return tuple(out)


def hidden_in(night: Night) -> tuple[Span, ...]:
    """Time that was not covered: gaps, and where no movement would have been reported."""
    unusable = [state for state in night.states if state.get("state") == "unusable"]
    return merged(intervals(night.gaps) + intervals(unusable))


def tally(night: Night) -> Tally:
    """Count the night. The summary's own coverage wins over the one computed from its gaps."""
    span_s = _span_s(night)
    hidden = hidden_in(night)
    free = between(merged(list(hidden) + intervals(night.events)), span_s)
    coverage = number(night.summary.get("coverage"))
    if coverage is None:
        covered_s = span_s - overlap_s(hidden, 0.0, span_s)
    else:
        covered_s = span_s * min(1.0, max(0.0, coverage))
    return Tally(
        span_s=span_s,
        covered_s=covered_s,
        counts=counted(night.events, kinds_in(night.events)),
        hours=_hours(night, span_s, hidden),
        hidden=hidden,
        longest=max(free, key=lambda span: span[1] - span[0], default=None),
        start=start_of(night),
        about=_about(night),
    )


def held_s(event: dict, snippet: Snippet | None) -> float | None:
    """Seconds of the event that its waveform holds; None where that is all, or it has none."""
    span = interval(event)
    if snippet is None or span is None:
        return None
    end_s = snippet.onset_s + len(snippet.mg) / snippet.rate_hz
    return end_s - span[0] if end_s < span[1] else None
