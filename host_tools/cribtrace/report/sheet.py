"""The night on two printed pages, for a clinician: figures, and what they cannot tell."""

from collections.abc import Sequence
from string import Template

from cribtrace.device import settings
from cribtrace.nights import sentences
from cribtrace.page_head import asset, head
from cribtrace.pattern_wording import NOT_TOLD_APART, short_name
from cribtrace.report import content as gathered
from cribtrace.report import parts, patterns, recorder
from cribtrace.report.content import Content, CountRow, Fact, clock
from cribtrace.report.parts import esc, own, row, table
from cribtrace.tally import interval
from cribtrace.wording import MISSING, NOT_THIS, fixed, length, number, reason

# Chosen, so that the fullest night fits two pages of A4 and of US Letter; a test prints one.
MOST = {"bouts": 11, "series": 8, "notes": 7, "gaps": 4}
LONGEST_TEXT = 110  # characters of a note, chosen: a line of the page


def sheet(told: Content) -> str:
    """The two pages as HTML; write it as UTF-8."""
    title = esc(f"Cribtrace sheet: {parts.heading(told.night, told.counts)}")
    return Template(asset("report", "sheet.html")).substitute(
        head=head(title, asset("report", "sheet.css")),
        heading=esc(parts.heading(told.night, told.counts)),
        simulated=parts.simulated(told.night),
        under="<br>".join([parts.under(told.night), *map(esc, sentences(told.night)[:1])]),
        headline=esc(gathered.said(told)),
        facts="".join(map(_fact, _facts(told))),
        counts=_counts(told),
        remarks=esc(" ".join(gathered.remarks(told))),
        bouts=_patterns(told, "bouts", bouts=True),
        series=_patterns(told, "series", bouts=False),
        notes=_notes(told),
        gaps=_gaps(told),
        settings=_settings(told),
        not_apart="".join(f"<li>{esc(sentence)}</li>" for sentence in NOT_TOLD_APART),
        not_this=esc(" ".join(NOT_THIS)),
    )


def _facts(told: Content) -> list[Fact]:
    weeks = told.weeks
    age = "not given" if weeks is None else f"{weeks} {'week' if weeks == 1 else 'weeks'}"
    return [
        Fact("Age", age, ""),
        *(one for one in gathered.facts(told) if one.name != "Movements"),
    ]


def _fact(one: Fact) -> str:
    return f"<div><dt>{esc(one.name)}</dt><dd><b>{esc(one.value)}</b> {esc(one.beside)}</dd></div>"


def _counts(told: Content) -> str:
    head = ["Kind", "Count", "Per covered hour", "While likely asleep", "Per hour of likely sleep"]
    before = ["Previous nights, per covered hour", "Previous, per hour of likely sleep"]
    rows = [
        *gathered.kind_rows(told, disturbances=False),
        *gathered.pattern_rows(told),
        *gathered.kind_rows(told, disturbances=True),
    ]
    drawn = [_count(one, previous=bool(told.previous)) for one in rows]
    head += before if told.previous else []
    return table("counts", "Counts and rates", head, drawn)


def _count(one: CountRow, *, previous: bool) -> str:
    before = [one.before_covered, one.before_sleep] if previous else []
    return row(
        parts.own(one.name) if not one.meaning else esc(one.name),
        str(one.count),
        fixed(one.per_covered_hour, 1),
        str(one.asleep),
        fixed(one.per_sleep_hour, 1),
        *(gathered.range_told(found) or MISSING for found in before),
    )


def _patterns(told: Content, which: str, *, bouts: bool) -> str:
    """Bouts, or all else that belongs together: the longest where there are too many."""
    found = [one for one in told.night.patterns if (one["kind"] == "bout") == bouts]
    if not found:
        return f'<p class="note">No {"bout" if bouts else "series, train or cluster"}.</p>'
    longest = sorted(found, key=lambda one: -one["duration_s"])[: MOST[which]]
    rows = [row(*map(esc, cells)) for cells in patterns.rows_of(told, longest, short_name)]
    title = "Rhythmic bouts" if bouts else "Series, trains and clusters, by timing alone"
    return table("patterns", title, patterns.HEAD, rows) + _more(len(found), len(rows), "longest")


def _more(found: int, shown: int, which: str) -> str:
    if found <= shown:
        return ""
    said = f"The {shown} {which} of {found}; cribtrace report lists all."
    return f'<p class="note">{said}</p>'


def _notes(told: Content) -> str:
    found = recorder.observed(told)
    said = [(when, f"{what}: {text}" if text else what) for when, what, text in found]
    rows = [row(esc(when), own(_cut(what))) for when, what in said]
    shown = rows[: MOST["notes"]]
    if not shown:
        return '<p class="note">No mark and no note.</p>'
    drawn = table("notes", "Marks and notes", ("When", "What"), shown)
    return drawn + _more(len(rows), len(shown), "first")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _gaps(told: Content) -> str:
    unusable = [line for line in told.night.states if line.get("state") == "unusable"]
    found = [(span, line) for line in (*told.night.gaps, *unusable) if (span := interval(line))]
    if not found:
        return '<p class="note">No time on record was left uncovered.</p>'
    found.sort(key=lambda one: one[0][0] - one[0][1])
    longest = sorted(found[: MOST["gaps"]], key=lambda one: one[0])
    rows = [
        row(
            clock(told, span[0]),
            length(number(line.get("duration_s"))),
            esc(reason(line.get("reason"))) or own(_cut(str(line.get("reason")))),
        )
        for span, line in longest
    ]
    drawn = table("gaps", "Time that was not covered", ("Start", "Length", "Reason"), rows)
    return drawn + _more(len(found), len(rows), "longest")


def _settings(told: Content) -> str:
    header, versions = told.night.header, told.night.summary.get("versions")
    crc = header.get("config_crc")
    own_settings = "the defaults" if crc == f"{settings.crc(settings.DEFAULTS):08x}" else "changed"
    listed: Sequence[tuple[str, object]] = (
        ("Sensor", header.get("sensor")),
        ("Rate, Hz", header.get("rate_hz")),
        ("Range, g", header.get("full_scale_g")),
        ("Board", header.get("board")),
        ("Firmware", header.get("firmware")),
        ("Log format", header.get("format")),
        ("Cribtrace", versions.get("cribtrace") if isinstance(versions, dict) else None),
        ("Settings", f"{own_settings}, hash {crc}" if crc else None),
    )
    known = [(name, MISSING if value is None else _cut(str(value))) for name, value in listed]
    cells = "".join(f"<div><dt>{esc(n)}</dt><dd>{own(value)}</dd></div>" for n, value in known)
    return f'<dl class="settings">{cells}</dl>'
