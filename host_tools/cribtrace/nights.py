"""Which night of a log: from noon to noon of local time, naps and desk time apart.

A *session* is a stretch of the log that belongs together: boots in a row with a known, short
interruption between them, cut at local noon.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from itertools import pairwise

from cribtrace import analysis
from cribtrace.analysis import Night
from cribtrace.anchors import BRACKET
from cribtrace.device import records
from cribtrace.errors import Usage
from cribtrace.instrument import Instrument

NIGHT, NAP, DESK = "night", "nap", "desk"
# All chosen. Under ten minutes nobody sleeps, and whoever plugs a board into a host looks at it
# within five; a board that goes on for three hours behind that lies in a crib all the same.
JOIN_S = 1800.0
DESK_S = 600.0
HOST_WITHIN_S = 300.0
LONG_S = 3 * 3600.0
EVENING, MORNING = time(20), time(7)


@dataclass(frozen=True)
class Session:
    """What belongs together, `onset_s` to `end_s` on the log's time line.

    `kind` is night, nap or desk; `of` the date of the noon that it follows. `begins` and `ends`
    are local times; `about`: they are no better than their bracket.
    """

    kind: str
    of: date
    onset_s: float
    end_s: float
    begins: datetime
    ends: datetime
    about: bool

    def told(self) -> str:
        """From when to when, in words."""
        about = "about " if self.about else ""
        minutes = round((self.end_s - self.onset_s) / 60)
        return (
            f"{about}{self.begins:%Y-%m-%d %H:%M} to {about}{self.ends:%H:%M %Z},"
            f" {minutes // 60} h {minutes % 60:02d} min"
        )


def local(utc: datetime, zone: tzinfo | None) -> datetime:
    """A moment in a zone; None is this machine's."""
    return utc.astimezone(zone)


def next_noon(moment: datetime, zone: tzinfo | None) -> datetime:
    """The first local noon after `moment`, however long the night between."""
    day = local(moment, zone).date()
    noon = _noon(day, zone)
    return noon if noon > moment else _noon(day + timedelta(days=1), zone)


def _noon(day: date, zone: tzinfo | None) -> datetime:
    naive = datetime.combine(day, time(12))
    return (naive.replace(tzinfo=zone) if zone else naive).astimezone(timezone.utc)


def _utc(line: dict) -> datetime | None:
    text = line.get("utc") or line.get("utc_about")
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _joined(night: Night) -> Iterator[tuple[list[dict], datetime]]:
    """The clock lines of boots that belong together, and when they began."""
    row: list[dict] = []
    for line in night.clocks:
        away_s = line["away_s"]
        if row and (away_s is None or away_s > JOIN_S):
            yield from _dated(row)
            row = []
        row.append(line)
    yield from _dated(row)


def _dated(row: list[dict]) -> Iterator[tuple[list[dict], datetime]]:
    begun = _utc(row[0]) if row else None
    if begun:
        yield row, begun


def sessions(night: Night, zone: tzinfo | None) -> list[Session]:
    """All sessions whose time anybody knows, in their order."""
    return [
        session
        for row, begun in _joined(night)
        for session in _cut_at_noon(night, row, begun, zone)
    ]


def _cut_at_noon(
    night: Night, row: list[dict], begun: datetime, zone: tzinfo | None
) -> Iterator[Session]:
    """The pieces of one row; each in its own noon-to-noon."""
    onset_s, end_s = row[0]["onset_s"], row[-1]["onset_s"] + row[-1]["duration_s"]
    # Seconds of the log are the header's rate's; those of the clock may differ by its drift.
    last = _utc(row[-1]) or begun + timedelta(seconds=row[-1]["onset_s"] - onset_s)
    drift_ppm = row[-1]["drift_ppm"] or 0.0
    pace = 1 / (1 + drift_ppm / 1e6) if abs(drift_ppm) < 1e5 else 1.0
    over = last + timedelta(seconds=row[-1]["duration_s"] * pace)
    edges = [begun]
    while (noon := next_noon(edges[-1], zone)) < over:
        edges.append(noon)
    edges.append(over)
    whole_s = max((over - begun).total_seconds(), 1e-9)
    at_s = [
        onset_s + (edge - begun).total_seconds() / whole_s * (end_s - onset_s) for edge in edges
    ]
    about = any("utc_about" in line for line in row)
    for (first, then), (from_s, until_s) in zip(pairwise(edges), pairwise(at_s), strict=True):
        if until_s > from_s:
            middle = local(first + (then - first) / 2, zone)
            yield Session(
                _kind(night, from_s, until_s, middle),
                local(next_noon(first, zone), zone).date() - timedelta(days=1),
                from_s,
                until_s,
                local(first, zone),
                local(then, zone),
                about,
            )


def _kind(night: Night, from_s: float, until_s: float, middle: datetime) -> str:
    length_s = until_s - from_s
    if length_s >= LONG_S:
        return NIGHT
    attended = any(
        line.get("source") == "host" and from_s <= line["t_s"] <= from_s + HOST_WITHIN_S
        for line in night.recorder
    )
    if attended or length_s < DESK_S:
        return DESK
    return NIGHT if middle.time() >= EVENING or middle.time() < MORNING else NAP


def choose(night: Night, zone: tzinfo | None, wanted: date | None = None) -> Night:
    """The part of a log that is one night, the last one if none is wanted, `apart` the rest.

    All of a log in which no session is a night, or nobody knows the time. Raises Usage for a
    night that is not in it.
    """
    found = sessions(night, zone)
    nights = sorted({session.of for session in found if session.kind == NIGHT})
    if wanted and wanted not in nights:
        known = ", ".join(map(str, nights)) or "none"
        raise Usage(
            f"no night of {wanted} in this log; it has {known}: each is named by its evening"
        )
    if not nights:
        return replace(night, zone=zone)
    of = wanted or nights[-1]
    taken = [session for session in found if session.kind == NIGHT and session.of == of]
    from_s, until_s = taken[0].onset_s, taken[-1].end_s
    chosen = _between(night, from_s, until_s)
    chosen.zone, chosen.of = zone, of
    chosen.apart = [session for session in found if session not in taken]
    chosen.sessions = taken
    return chosen


def sentences(night: Night) -> list[str]:
    """Which night it is, where its times are from, and what else the log holds."""
    if not night.sessions:
        return []
    out = [f"the night of {night.of}: {'; '.join(s.told() for s in night.sessions)}"]
    for line in night.clocks:
        if "utc_about" in line or line["source"] == "person":
            out.append(f"its times are {bracket(line, night.zone)}")
    return out + [f"apart: {session.kind}, {session.told()}" for session in night.apart]


def bracket(clock: dict, zone: tzinfo | None) -> str:
    """How a boot whose times are only about right got them."""
    if clock["source"] == "person":
        return "by what a person said, to the minute"
    if clock["source"] != BRACKET:
        off_s = clock["within_s"]
        off = f"{off_s:.0f} s" if off_s < 60 else f"{off_s / 60:.0f} min"
        return f"about right, ± {off}: simulated at another speed than this clock's"
    bounds = [
        f"{word} {local(moment, zone):%Y-%m-%d %H:%M %Z}"
        for word, key in (("after", "earliest"), ("before", "latest"))
        if (moment := _utc({"utc": clock[key]}))
    ]
    return f"about right: by its neighbours it began {' and '.join(bounds)}"


def _between(night: Night, from_s: float, until_s: float) -> Night:
    """What of a night lies between two moments, as a night that begins at the first."""
    numbers = [k for k, e in enumerate(night.events) if from_s <= e["onset_s"] < until_s]
    snippets = {
        new: replace(night.snippets[old], onset_s=night.snippets[old].onset_s - from_s)
        for new, old in enumerate(numbers)
        if old in night.snippets
    }

    def cut(lines: list[dict]) -> list[dict]:
        return [line for one in lines if (line := _clipped(one, from_s, until_s))]

    part = replace(
        night,
        events=[_moved(night.events[k], from_s) for k in numbers],
        snippets=snippets,
        contexts={new: night.contexts[k] for new, k in enumerate(numbers) if k in night.contexts},
        leans={new: night.leans[k] for new, k in enumerate(numbers) if k in night.leans},
        patterns=[
            _moved(line, from_s) for line in night.patterns if from_s <= line["onset_s"] < until_s
        ],
        epochs=[
            _moved(line, from_s) for line in night.epochs if from_s <= line["onset_s"] < until_s
        ],
        gaps=cut(night.gaps),
        states=cut(night.states),
        likely=cut(night.likely),
        clocks=cut(night.clocks),
        recorder=[_moved(line, from_s) for line in night.recorder if _in(line, from_s, until_s)],
        instruments=_in_force(night.instruments, from_s, until_s),
        marks=[_moved(line, from_s) for line in night.marks if _in(line, from_s, until_s)],
    )
    part.summary = {**night.summary, **_counted(part, until_s - from_s)}
    part.from_s = night.from_s + from_s
    return part


def _in_force(
    instruments: list[tuple[float, Instrument]], from_s: float, until_s: float
) -> list[tuple[float, Instrument]]:
    """What measured from a moment on: what it was then, and what it became until another."""
    then = [one for one in instruments if one[0] <= from_s][-1:]
    within = then + [one for one in instruments if from_s < one[0] < until_s]
    return [(max(0.0, at_s - from_s), one) for at_s, one in within]


def _in(line: dict, from_s: float, until_s: float) -> bool:
    return from_s <= line["t_s"] < until_s


def _moved(line: dict, by_s: float) -> dict:
    """A line on a time line that begins `by_s` later."""
    out = {**line}
    for key in ("onset_s", "t_s"):
        if key in out:
            out[key] = round(out[key] - by_s, 3)
    if "closest" in out:
        out["closest"] = _moved(out["closest"], by_s)
    if "members" in out:
        out["members"] = [round(onset_s - by_s, 3) for onset_s in out["members"]]
    return out


def _clipped(line: dict, from_s: float, until_s: float) -> dict | None:
    """What of a stretch lies between two moments; one without a length where it begins."""
    begin_s, length_s = line["onset_s"], line["duration_s"]
    if length_s is None:
        return _moved(line, from_s) if from_s <= begin_s < until_s else None
    over_s = min(begin_s + length_s, until_s)
    inside_s = max(begin_s, from_s)
    if over_s <= inside_s:
        return None
    part = {**line, "onset_s": inside_s, "duration_s": round(over_s - inside_s, 3)}
    if inside_s > begin_s:  # its clock time was its beginning's
        part = {key: value for key, value in part.items() if key not in ("utc", "utc_about")}
    return _moved(part, from_s)


def _counted(part: Night, length_s: float) -> dict:
    """The summary's counts of a part; the log's own counters are about the whole of it."""
    kinds = [event["kind"] for event in part.events]
    return {
        "hours": round(length_s / 3600, 4),
        "coverage": analysis.covered(part, length_s),
        "counts": {kind: kinds.count(kind) for kind in records.KINDS},
        "frames_seen": sum(epoch["seen"] for epoch in part.epochs),
        "frames_in_gaps": sum(gap["frames"] or 0 for gap in part.gaps),
        "records_written": None,
        "records_pulled": None,
    }
