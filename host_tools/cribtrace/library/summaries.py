"""The figures of a night as columns of the table `nights`, and back: one definition for both."""

from collections.abc import Mapping
from datetime import tzinfo

from cribtrace.library.tables import COUNTED
from cribtrace.night_summary import Count, NightSummary
from cribtrace.tally import HOUR_S
from cribtrace.wording import DEVELOPERS, KINDS

_COLUMNS = {kind: kind for kind in KINDS} | COUNTED
# Hours are what people compare nights by; a report keeps seconds.
_HOURS = {
    "hours": "recorded_s",
    "covered_h": "covered_s",
    "asleep_h": "asleep_s",
    "still_h": "still_s",
    "awake_h": "awake_s",
    "empty_h": "empty_s",
}
_LONGEST = (
    "longest_bout_s",
    "longest_bout_onset_s",
    "longest_without_s",
    "longest_without_onset_s",
)
_TEXTS = (
    "sensor", "firmware", "config_crc", "full_scale_g", "rate_hz", "build", "settings", "changed",
)  # fmt: skip
_LEAST = ("least_mg", "least_low_mg", "least_high_mg")


def columns(summary: NightSummary, unlisted: Mapping[str, Count]) -> dict:
    """Columns of a night; `unlisted`: the counts of kinds that a report leaves out."""
    out: dict = {name: getattr(summary, field) / HOUR_S for name, field in _HOURS.items()}
    for kind, column in _COLUMNS.items():
        found = summary.counts.get(kind) or unlisted.get(kind) or Count()
        out[column], out[column + "_asleep"] = found.count, found.asleep
        out[column + "_s"] = found.lasted_s
    least = summary.smallest_mg or (None, None, None)
    copied = {name: getattr(summary, name) for name in (*_LONGEST, *_TEXTS)}
    return {**out, **copied, **dict(zip(_LEAST, least, strict=True))}


def summary_of(row: Mapping, zone: tzinfo | None = None) -> NightSummary:
    """The figures that a row of `nights` was made of; `zone` is what `begins` is shown in."""
    counts = {
        kind: Count(row[column], row[column + "_asleep"], row[column + "_s"])
        for kind, column in _COLUMNS.items()
        if kind not in DEVELOPERS
    }
    median, least, most = (row[name] for name in _LEAST)
    return NightSummary(
        of=row["night"].isoformat(),
        begins=row["begins"].astimezone(zone).isoformat() if row["begins"] else None,
        **{field: row[name] * HOUR_S for name, field in _HOURS.items()},
        counts=counts,
        **{name: row[name] for name in (*_LONGEST, *_TEXTS)},
        smallest_mg=None if median is None else (median, least, most),
        device=row["device"],
        cribtrace=row["cribtrace"],
        simulated=row["simulated"],
        tags=row["tags"],
    )
