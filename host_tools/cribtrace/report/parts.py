"""The pieces of the report's page, each one a stretch of HTML."""

import html
from collections.abc import Iterable, Mapping
from datetime import tzinfo

from cribtrace.analysis import Night
from cribtrace.device import settings
from cribtrace.report.shapes import named, shape, shape_class
from cribtrace.tally import HOUR_S, Tally, held_s, kind_of, later, moved, utc_of
from cribtrace.wording import (
    KINDS,
    MISSING,
    counted,
    explain,
    fixed,
    number,
    since_start,
)

UNITS = {
    "accel_odr": "Hz",
    "rate_hz": "Hz",
    "lsb_per_g": "LSB per g",
    "full_scale_g": "g",
    "hours": "h",
    "wire_bytes": "bytes",
}

LONGEST_WORD = 24  # chosen: two such words side by side fit on a phone


def esc(value: object) -> str:
    """`value` as text that is safe in an element or a quoted attribute."""
    return html.escape(str(value).encode("utf-8", "replace").decode("utf-8"), quote=True)


def own(value: object) -> str:
    """Text from a device or a file: escaped, and unable to turn the text around it.

    Only what is too long for a line of a phone may be broken inside its words.
    """
    if value is None:
        return MISSING
    long = max(map(len, str(value).split()), default=0) > LONGEST_WORD
    mark = ' class="long"' if long else ""
    return f"<bdi{mark}>{esc(value)}</bdi>"


def kind_label(kind: str) -> str:
    """The kind's short name as HTML."""
    return esc(named(kind)) if kind in KINDS else own(kind)


def _kind_term(kind: str) -> str:
    """The kind's full name with its meaning beside it, as HTML."""
    known = KINDS.get(kind)
    return esc(f"{known.one} — {known.meaning}") if known else own(kind)


def table(name: str, caption: str, head: Iterable[str], rows: Iterable[str]) -> str:
    """A table; `head` and `rows` are HTML, `caption` is text."""
    cells = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    return (
        f'<table class="{name}"><caption>{esc(caption)}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def row(first: str, *cells: str) -> str:
    """A row of a table; every cell is HTML."""
    rest = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{first}</th>{rest}</tr>'


def _simulated(night: Night) -> bool:
    return bool(night.header.get("recording_frames"))


def simulated_told(night: Night) -> str:
    """That no real board measured this, where that is so."""
    if night.injected:
        return (
            f"Injected. In boot {', '.join(map(str, night.injected))} a file was played to the"
            " board in the place of its sensor; what this page shows of that was measured by no"
            " sensor of it."
        )
    if not _simulated(night):
        return ""
    return (
        "Simulated. A recording was played to a virtual board; nothing on this page was measured"
        " by a real one."
    )


def simulated(night: Night) -> str:
    """The same before anything that it might be taken for, as HTML."""
    first, _, rest = simulated_told(night).partition(" ")
    return f'<p class="simulated"><b>{first}</b> {rest}</p>' if first else ""


def heading(night: Night, counts: Tally) -> str:
    """When the recording began, or which recording it is."""
    what = "Simulated recording" if _simulated(night) else "Recording"
    what = "Injected recording" if night.injected else what
    if counts.start is not None:
        about = "about " * counts.about
        return f"{what} of {counts.start:%Y-%m-%d}, from {about}{counts.start:%H:%M %Z}"
    device = night.header.get("device")
    return f"{what} of device {device}" if device is not None else what


def under(night: Night) -> str:
    """The line below the heading: where the numbers come from."""
    known = [(name, night.header.get(name)) for name in ("source", "device", "board", "sensor")]
    told = [f"{esc(name)} <b>{own(value)}</b>" for name, value in known if value is not None]
    return " · ".join(told)


def bar(found: dict[str, int], most: int) -> str:
    """One hour's counts end to end; percent of the fullest hour."""
    drawn, left = [], 0.0
    for kind, value in found.items():
        width = 100.0 * value / most if most else 0.0
        name = shape_class(kind)
        if value:
            drawn.append(
                f'<rect class="{name}" x="{left:.2f}%" width="{width:.2f}%" height="100%"/>'
            )
        left += width
    return f'<svg class="bar" aria-hidden="true">{"".join(drawn)}</svg>'


def hours_table(night: Night, counts: Tally) -> str:
    """Counts and covered minutes for each hour of the recording."""
    if not counts.hours:
        return '<p class="note">No time was recorded.</p>'
    most = max(sum(moved(hour.counts).values()) for hour in counts.hours)
    clock = counts.start is not None
    rows = []
    for hour in counts.hours:
        begins_s = hour.index * HOUR_S
        then = later(counts.start, begins_s, night.zone) if counts.start else None
        when = [f"{'~' * counts.about}{then:%H:%M}"] if then else []
        found = [str(value) if value else "0" for value in hour.counts.values()]
        minutes = fixed(hour.covered_s / 60, 0 if hour.covered_s >= 3599.5 else 1)
        name = f'<span data-hour="{hour.index}">{hour.index}–{hour.index + 1}</span>'
        rows.append(row(name, *when, bar(moved(hour.counts), most), *found, minutes))
    kinds = [f"{shape(kind)}<span>{kind_label(kind)}</span>" for kind in counts.counts]
    from_clock = [f"From, {esc(counts.start.tzname())}"] if clock and counts.start else []
    head = ["Hour", *from_clock, '<span class="sr">Drawn</span>', *kinds, "Covered, min"]
    return table("hours", "Counts per hour since the start of the recording", head, rows)


def _beside(event: dict) -> str:
    """What a wide screen has room for on the event's own line."""
    why = event.get("why")
    margin = number(why.get("margin")) if isinstance(why, dict) else None
    listed = [f"{margin:.1f} × threshold"] if margin is not None else []
    if event.get("axis") is not None:
        listed.append(f"axis {own(event['axis'])}")
    return ", ".join(listed)


def _event(index: int, event: dict, position: int, said_of: list[str], zone: tzinfo | None) -> str:
    """One event as a details element: the line, then why."""
    kind, utc = kind_of(event), utc_of(event)
    utc = utc and utc.astimezone(zone)
    onset, duration = number(event.get("onset_s")), number(event.get("duration_s"))
    peak = number(event.get("peak_mg"))
    told = f"{'~' * ('utc_about' in event)}{utc:%H:%M:%S}" if utc else ""
    clock = f'<time datetime="{esc(utc.isoformat())}">{told}</time>' if utc else MISSING
    sorted_by = {"kind": position, "onset": onset, "duration": duration, "peak": peak}
    keys = " ".join(f'data-{name}="{value or 0:.10g}"' for name, value in sorted_by.items())
    said = "".join(f"<p>{esc(sentence)}</p>" for sentence in said_of if sentence)
    return (
        f'<li id="event-{index}" data-index="{index}" data-code="{esc(kind)}" {keys}>'
        "<details><summary>"
        f'<span class="at">{since_start(onset, 1)}</span><span class="clock">{clock}</span>'
        f'<span class="kind">{shape(kind)} {kind_label(kind)}</span>'
        f'<span class="num">{fixed(duration, 2)} s</span>'
        f'<span class="num">{fixed(peak, 2)} mg</span>'
        f'<span class="beside">{_beside(event)}</span>'
        f'</summary><div class="why"><p class="term">{_kind_term(kind)}</p>{said}'
        f'<div class="wave"></div></div></details></li>'
    )


def events_list(night: Night, counts: Tally, beside: Mapping[int, str]) -> str:
    """Every event, with its reasons folded under it, and a sentence beside them for some."""
    if not night.events:
        return '<p class="note">No events in the covered time.</p>'
    kinds = list(counts.counts)
    rows = (
        _event(i, event, kinds.index(kind_of(event)), [*said, beside.get(i, "")], night.zone)
        for i, event in enumerate(night.events)
        for said in [explain(event, held_s(event, night.snippets.get(i)))]
    )
    zone = f", {esc(counts.start.tzname())}" if counts.start else ""
    columns = (
        ('class="at" data-sort="onset"', "Since start"),
        ('class="clock"', f"Clock{zone}"),
        ('data-sort="kind"', "Kind"),
        ('data-sort="duration"', "Duration"),
        ('data-sort="peak"', "Peak"),
    )
    head = "".join(f"<span {attribute}>{name}</span>" for attribute, name in columns)
    label = "Events; each opens to its reasons and its waveform"
    return (
        f'<div class="head" role="group" aria-label="Order of the events">{head}</div>'
        f'<ol class="events" aria-label="{label}">{"".join(rows)}</ol>'
    )


def unlisted(count: int) -> str:
    """What only a developer sees is said to be there."""
    if not count:
        return ""
    said = counted("fast_oscillation", count)
    return f'<p class="note">Not listed: {said}; `cribtrace decode` has them.</p>'


def _value(value: object) -> object:
    return f"{value:.8g}" if isinstance(value, float) else value


def _listing(caption: str, values: dict) -> str:
    rows = [
        row(own(key), f"{own(_value(value))} {UNITS.get(str(key), '')}".rstrip())
        for key, value in values.items()
        if key != "type" and not isinstance(value, dict)
    ]
    return table("plain", caption, ("Name", "Value"), rows) if rows else ""


def _in_force(night: Night) -> dict:
    """The settings that the log told last, each beside its default where it is another."""
    told = [line.get("text") for line in night.recorder if line.get("what") == "config"]
    pairs = [pair.partition("=") for pair in str(told[-1] or "").split()] if told else []
    return {
        name: value if str(settings.DEFAULTS.get(name, value)) == value
        else f"{value}, by default {settings.DEFAULTS[name]}"
        for name, _, value in pairs
    }  # fmt: skip


_NAMED = ("sensor", "board", "rate_hz", "full_scale_g", "firmware", "build", "config_crc")


def version_rows(night: Night) -> list[tuple[str, str]]:
    """What recorded and what read it, and the settings that are not the defaults; text."""
    rows = [(name, f"{_value(night.header[name])} {UNITS.get(name, '')}".rstrip())
            for name in _NAMED if night.header.get(name) is not None]  # fmt: skip
    told = _in_force(night)
    changed = {name: value for name, value in told.items() if ", by default " in value}
    if told:
        rows.append(("settings", "the defaults but for these" if changed else "the defaults"))
    versions = night.summary.get("versions")
    found = versions.items() if isinstance(versions, dict) else ()
    return rows + [(str(name), str(value)) for name, value in (*changed.items(), *found)]


def settings_tables(night: Night) -> str:
    """The log's header, the settings in force, the counters and the versions, as they came."""
    versions = night.summary.get("versions")
    listed = (
        _listing("Recording", night.header),
        _listing("Settings in force", _in_force(night)),
        _listing("Counters", night.summary),
        _listing("Versions", versions if isinstance(versions, dict) else {}),
    )
    return (
        f'<div class="side">{"".join(listed)}</div>'
        if any(listed)
        else '<p class="note">None on record.</p>'
    )
