"""The report for a terminal, an e-mail and a script: text, Markdown, JSON."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

from cribtrace.nights import sentences
from cribtrace.report import content as gathered
from cribtrace.report import patterns, recorder
from cribtrace.report.content import Content, CountRow
from cribtrace.report.intervals import interval_rows
from cribtrace.report.parts import heading, simulated_told, version_rows
from cribtrace.wording import MISSING, NOT_THIS, fixed, length

WIDTH = 88  # characters of a line of text, chosen: an e-mail's, and a terminal's
_COUNTED = ("Kind", "Count", "Per covered h", "Asleep", "Per h of likely sleep")
_INTERVALS = ("From onset to onset", "Count", "Share")
_BEFORE = ("Previous, per covered h", "Previous, per h of sleep")


class Table(NamedTuple):
    """A title, the heads of the columns, the rows; all of it text."""

    title: str
    head: Sequence[str]
    rows: list[Sequence[str]]


def tables(told: Content) -> list[Table]:
    """All that is told in rows, in the order of the page; empty ones are left out."""
    facts = [(one.name, one.value, one.beside) for one in gathered.facts(told)]
    groups = (
        ("Movements by kind", gathered.kind_rows(told, disturbances=False)),
        ("Movements that belong together", gathered.pattern_rows(told)),
        ("Disturbances of the crib, counted apart", gathered.kind_rows(told, disturbances=True)),
    )
    head = _COUNTED + (_BEFORE if told.previous else ())
    found = [Table("The night", ("What", "Figure", ""), list(facts))]
    found += [Table(title, head, [_cells(told, one) for one in rows]) for title, rows in groups]
    found.append(Table("Bouts, clusters and series", patterns.HEAD, list(patterns.rows(told))))
    found.append(Table("From one movement to the next", _INTERVALS, list(interval_rows(told))))
    found.append(Table("Marks and notes", ("When", "What", "Text"), list(_observed(told))))
    found.append(Table("Settings and versions", ("Name", "Value"), list(version_rows(told.night))))
    return [table for table in found if table.rows]


def _cells(told: Content, one: CountRow) -> tuple[str, ...]:
    cells = (
        one.name,
        str(one.count),
        fixed(one.per_covered_hour, 1),
        str(one.asleep),
        fixed(one.per_sleep_hour, 1),
    )
    if not told.previous:
        return cells
    before = (one.before_covered, one.before_sleep)
    return cells + tuple(gathered.range_told(found) or MISSING for found in before)


def _observed(told: Content) -> Iterable[tuple[str, str, str]]:
    """Marks and notes; a line's worth of printable text each, whatever somebody wrote."""
    for when, what, text in recorder.observed(told):
        yield when, what, _printable(text)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _first(told: Content) -> list[str]:
    banner = simulated_told(told.night)
    return [*([banner] if banner else []), gathered.said(told)]


def _coverage(told: Content) -> list[str]:
    lost_s = max(0.0, told.counts.span_s - told.counts.covered_s)
    gaps = sum(1 for _ in told.counts.hidden)
    stretches = "stretch" if gaps == 1 else "stretches"
    return [f"Not covered: {length(lost_s)} in {gaps} {stretches}."] if gaps else []


def text(told: Content) -> str:
    """The report as lines of at most WIDTH characters."""
    title = _printable(heading(told.night, told.counts))
    lines = [title, "=" * len(title), *map(_printable, sentences(told.night)), ""]
    for sentence in _first(told):
        lines += [*textwrap.wrap(_printable(sentence), WIDTH), ""]
    for table in tables(told):
        lines += [table.title, *_columns(table), ""]
    for sentence in [*gathered.remarks(told), *_coverage(told), " ".join(NOT_THIS)]:
        lines += [*textwrap.wrap(_printable(sentence), WIDTH), ""]
    return "\n".join(lines)


def _columns(table: Table) -> list[str]:
    """A table's lines; where those are too wide, more than one for each row."""
    rows = [table.head, *table.rows] if table.title != "The night" else table.rows
    rows = [[_printable(cell) for cell in row] for row in rows]
    numbers = table.head[:2] == _COUNTED[:2]
    lines = _beside(rows, numbers)
    if max(map(len, lines)) <= WIDTH:
        return lines
    if not numbers:
        return _blocks(table.head, rows[1:])
    own = len(_COUNTED)  # what the previous nights had goes below
    out = _beside([row[:own] for row in rows], numbers)
    for at in range(len(rows) - 1, 0, -1):
        out[at + 1 : at + 1] = _blocks(table.head[own:], [rows[at][own:]], "      ")
    return out


def _beside(rows: Sequence[Sequence[str]], numbers: bool) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    out = []
    for row in rows:
        cells = [
            cell.rjust(width) if numbers and i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        out.append(("  " + "  ".join(cells)).rstrip())
    return out


def _blocks(head: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """A row as some lines where all of them beside each other are too wide."""
    out = []
    for row in rows:
        cells = zip(head, row, strict=True)
        told = "; ".join(f"{name}: {cell}" for name, cell in cells if cell)
        out += textwrap.wrap(
            told,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_on_hyphens=False,
        )
    return out


def markdown(told: Content) -> str:
    """The report as Markdown."""
    lines = [f"# {_escaped(heading(told.night, told.counts))}", ""]
    for sentence in [*_first(told), *sentences(told.night)]:
        lines += [_escaped(sentence), ""]
    for table in tables(told):
        lines += [f"## {table.title}", "", _piped(table.head)]
        lines += ["|" + "---|" * len(table.head), *map(_piped, table.rows), ""]
    for sentence in [*gathered.remarks(told), *_coverage(told), " ".join(NOT_THIS)]:
        lines += [_escaped(sentence), ""]
    return "\n".join(lines)


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(cell: str) -> str:
    r"""Text that stays text: what begins markup has a \ before it, and nothing ends a line."""
    return "".join("\\" + letter if letter in "\\`*_[]<>|#&~" else letter for letter in
                   _printable(cell))  # fmt: skip


def as_json(told: Content) -> str:
    """The report as one JSON object: docs/REPORT.md names its keys."""
    before = {
        row.kind: {"per_covered_hour": row.before_covered, "per_sleep_hour": row.before_sleep}
        for row in (
            *gathered.kind_rows(told, disturbances=False),
            *gathered.pattern_rows(told),
            *gathered.kind_rows(told, disturbances=True),
        )
    }
    content = {
        "type": "report",
        "headline": gathered.said(told),
        "summary": told.summary.plain(),
        "previous": {"nights": len(told.previous), "median_least_most": before},
        "age_weeks": told.weeks,
        "empty": [list(span) for span in told.empty],
        "patterns": told.night.patterns,
        "gaps": told.night.gaps,
        "marks": told.night.marks,
        "notes": [asdict(note) for note in told.notes],
        "remarks": gathered.remarks(told),
        "faults": told.night.faults,
        "not_this": list(NOT_THIS),
    }
    return json.dumps(content, indent=1, allow_nan=False)
