"""The figures of one night: what all formats of a report say, and other nights keep."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from cribtrace import __version__
from cribtrace.analysis import Night
from cribtrace.instrument import Instrument, together
from cribtrace.occupancy import empty_spans
from cribtrace.patterns import HOST_KINDS
from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION
from cribtrace.tally import (
    HOUR_S,
    Span,
    Tally,
    between,
    for_everyone,
    interval,
    intervals,
    kind_of,
    merged,
    overlap_s,
    tally,
)
from cribtrace.told_seconds import SEAM_S
from cribtrace.wording import DEVELOPERS, number

LEAST_SLEEP_S = 2 * HOUR_S  # [D] clinical.md section 4: no index below 2 h
LEAST_COVERED_S = LEAST_SLEEP_S  # and of what was covered, as the library has it


@dataclass(frozen=True)
class Count:
    """How many, how many of these while likely asleep, and how long all together (seconds)."""

    count: int = 0
    asleep: int = 0
    lasted_s: float = 0.0


@dataclass(frozen=True)
class NightSummary:
    """One night in figures; times in seconds, `begins` ISO 8601 in the zone it is shown in.

    `asleep_s` holds `still_s`: time without any motion that follows on likely sleep. `empty_s`,
    where tilt says that nobody lay there, is in neither, and in no rate. `counts` are by the
    board's kinds and `patterns.HOST_KINDS`. `smallest_mg` is (median, least, most).
    """

    of: str | None
    begins: str | None
    recorded_s: float
    covered_s: float
    asleep_s: float
    still_s: float
    awake_s: float
    empty_s: float
    counts: Mapping[str, Count] = field(default_factory=dict)
    longest_bout_s: float | None = None
    longest_bout_onset_s: float | None = None
    longest_without_s: float | None = None
    longest_without_onset_s: float | None = None
    smallest_mg: tuple[float, float, float] | None = None
    device: str | None = None
    sensor: str | None = None
    firmware: str | None = None
    config_crc: str | None = None
    full_scale_g: int | None = None
    rate_hz: float | None = None
    build: str | None = None
    settings: str | None = None
    changed: bool = False
    tags: str | None = ""
    cribtrace: str = __version__
    simulated: bool = False

    @property
    def instrument(self) -> Instrument:
        """What measured it."""
        known = {name: getattr(self, name) for name in Instrument._fields if name != "night"}
        return Instrument(self.of, **known)

    @property
    def rated_s(self) -> float:
        """Covered time that rates are made of: all but the empty crib's."""
        return max(0.0, self.covered_s - self.empty_s)

    @property
    def slept_enough(self) -> bool:
        """Whether rates per hour of likely sleep are given."""
        return self.asleep_s >= LEAST_SLEEP_S

    @property
    def covered_enough(self) -> bool:
        """Whether rates per covered hour are given."""
        return self.rated_s >= LEAST_COVERED_S

    def per_covered_hour(self, name: str) -> float | None:
        """Rate of one kind; None below LEAST_COVERED_S."""
        found = self.counts.get(name, Count())
        return found.count * HOUR_S / self.rated_s if self.covered_enough else None

    def per_sleep_hour(self, name: str) -> float | None:
        """Rate of those while likely asleep, per hour of that; None below LEAST_SLEEP_S."""
        found = self.counts.get(name, Count())
        return found.asleep * HOUR_S / self.asleep_s if self.slept_enough else None

    def plain(self) -> dict:
        """As JSON holds it, rates beside the counts they are made of."""
        out = asdict(self)
        for name, found in out["counts"].items():
            found["per_covered_hour"] = _rounded(self.per_covered_hour(name))
            found["per_sleep_hour"] = _rounded(self.per_sleep_hour(name))
        return {**out, "rated_s": _to_ms(self.rated_s)}

    @classmethod
    def of_plain(cls, plain: Mapping) -> "NightSummary":
        """What `plain` gave. Raises KeyError, TypeError or ValueError for anything else."""
        counts = {
            str(name): Count(int(one["count"]), int(one["asleep"]), float(one["lasted_s"]))
            for name, one in plain["counts"].items()
        }
        known = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
        smallest = plain.get("smallest_mg")
        return cls(
            **{**known, "counts": counts, "smallest_mg": tuple(smallest) if smallest else None}
        )


def _to_ms(value: Any) -> Any:
    """A float without the digits that a difference of two leaves; all else as it is."""
    if isinstance(value, tuple):
        return tuple(map(_to_ms, value))
    return round(value, 3) if isinstance(value, float) else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def spread(values: Sequence[float | None]) -> tuple[float, float, float] | None:
    """Median, least and most of those that are known; None of none."""
    known = [value for value in values if value is not None]
    return (median(known), min(known), max(known)) if known else None


def summarize(night: Night, counted: Tally) -> NightSummary:
    """The figures of a night that `tally` counted."""
    empty = empty_spans(night, counted.span_s)
    asleep, still = likely_sleep(night.likely)
    awake = merged(intervals([one for one in night.likely if one.get("state") == AWAKE]))
    bouts = [one for one in night.patterns if one.get("kind") == "bout"]
    bout = max(intervals(bouts), key=_length, default=None)
    free = between(merged([*counted.hidden, *empty, *intervals(bouts)]), counted.span_s)
    without = max(free, key=_length, default=None)
    by = together([one for _, one in night.instruments])
    found = NightSummary(
        of=night.of.isoformat() if night.of else None,
        begins=counted.start.isoformat() if counted.start else None,
        recorded_s=counted.span_s,
        covered_s=counted.covered_s,
        asleep_s=_outside(asleep, empty),
        still_s=_outside(still, empty),
        awake_s=_outside(awake, empty),
        empty_s=sum(map(_length, empty)),
        counts=_counts(night, counted, asleep),
        longest_bout_s=bout and _length(bout),
        longest_bout_onset_s=bout and bout[0],
        longest_without_s=without and _length(without),
        longest_without_onset_s=without and without[0],
        smallest_mg=spread([_smallest_mg(epoch) for epoch in night.epochs]),
        device=_text(night.header.get("device")),
        sensor=by.sensor or _text(night.header.get("sensor")),
        firmware=by.firmware or _text(night.header.get("firmware")),
        config_crc=_text(night.header.get("config_crc")),
        full_scale_g=by.full_scale_g,
        rate_hz=by.rate_hz,
        build=by.build,
        settings=by.settings,
        changed=by.changed,
        simulated=bool(night.header.get("recording_frames") or night.injected),
    )
    return replace(found, **{name: _to_ms(value) for name, value in vars(found).items()})


def of_night(night: Night) -> NightSummary:
    """The figures of a night as every report tells them: without the developer's kinds."""
    listed = for_everyone(night)
    return summarize(listed, tally(listed))


def unlisted(night: Night) -> dict[str, Count]:
    """Counts of the kinds that are the developer's alone."""
    asleep, _ = likely_sleep(night.likely)
    found = {kind: [e for e in night.events if kind_of(e) == kind] for kind in DEVELOPERS}
    return {kind: _count(lines, asleep) for kind, lines in found.items()}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _length(span: Span) -> float:
    return span[1] - span[0]


def _outside(spans: tuple[Span, ...], empty: tuple[Span, ...]) -> float:
    return sum(_length(span) - overlap_s(empty, *span) for span in spans)


def likely_sleep(likely: list[dict]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Likely sleep, and what of it is time without any motion behind it; both in order.

    Leaving that out would make a rate larger for lying without moving; where it followed on
    nothing that looked like sleep, nothing says that anybody lay there.
    """
    asleep: list[Span] = []
    still: list[Span] = []
    until_s = -1.0
    for line in sorted(likely, key=lambda one: number(one.get("onset_s")) or 0.0):
        span, state = interval(line), line.get("state")
        if span is None:
            continue
        follows = state == NO_MOTION and abs(span[0] - until_s) <= SEAM_S
        if state == ASLEEP or follows:
            asleep.append(span)
            until_s = span[1]
        if follows:
            still.append(span)
    return merged(asleep), merged(still)


def _counts(night: Night, counted: Tally, asleep: tuple[Span, ...]) -> dict[str, Count]:
    names = [*counted.counts, *HOST_KINDS]
    lines: dict[str, list[dict]] = {name: [] for name in names}
    for line in (*night.events, *night.patterns):
        lines.setdefault(kind_of(line), []).append(line)
    return {name: _count(found, asleep) for name, found in lines.items()}


def _count(lines: list[dict], asleep: tuple[Span, ...]) -> Count:
    onsets = [onset for line in lines if (onset := number(line.get("onset_s"))) is not None]
    inside = sum(any(first <= onset < end for first, end in asleep) for onset in onsets)
    lasted = sum(max(0.0, number(line.get("duration_s")) or 0.0) for line in lines)
    return Count(len(lines), inside, round(lasted, 3))


def _smallest_mg(epoch: dict) -> float | None:
    """Rms of the weakest movement along the noisiest axis that would have been reported."""
    floor, strength = number(epoch.get("floor_mg")), number(epoch.get("threshold"))
    return floor * strength**0.5 if floor and strength and strength > 0 else None
