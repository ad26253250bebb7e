"""The first screen of the page: the night in one sentence, its figures, every count."""

import re
from collections.abc import Iterable

from cribtrace.report import content
from cribtrace.report.content import Content, CountRow
from cribtrace.report.parts import esc, kind_label, row, table
from cribtrace.report.shapes import shape
from cribtrace.wording import KINDS, fixed, length, rounded_down


def facts(told: Content) -> str:
    """The largest figures, as the inside of a dl."""
    return "".join(
        f"<div><dt>{esc(one.name)}</dt><dd><b>{esc(one.value)}</b> <span>{esc(one.beside)}</span>"
        "</dd></div>"
        for one in content.facts(told)
    )


def quick(told: Content) -> str:
    """Every kind that was there with its count, in a row: a phone's first screen has no table."""
    kinds = [one for apart in (False, True) for one in content.kind_rows(told, disturbances=apart)]
    found = [one for one in kinds if one.count]
    said = "".join(f"<span>{_named(one)} {one.count}</span>" for one in found)
    return f'<p class="quick" aria-hidden="true">{said}</p>' if said else ""


def counts_tables(told: Content) -> str:
    """Every count with its rates; it is the legend of the drawings too."""
    hours = f"{rounded_down(told.summary.rated_s / 3600, 2)} h"
    sleep = f"{rounded_down(told.summary.asleep_s / 3600, 2)} h"
    head = (
        "Kind",
        "Count",
        f"Per covered hour <small>{hours}</small>",
        "While likely asleep",
        f"Per hour of likely sleep <small>{sleep}</small>",
    )
    moved, others = (content.kind_rows(told, disturbances=apart) for apart in (False, True))
    patterns = content.pattern_rows(told)
    return (
        table("kinds", "Movements by kind", head, _rows(moved))
        + table("kinds apart", "Movements that belong together", head, _rows(patterns))
        + table("kinds apart", "Disturbances of the crib, counted apart", head, _rows(others))
    )


def _rows(rows: Iterable[CountRow]) -> list[str]:
    return [
        row(
            f"{_named(one)} <small>{_unbroken(one.meaning)}{_lasted(one)}</small>",
            str(one.count),
            fixed(one.per_covered_hour, 1) + _before(one.before_covered),
            str(one.asleep),
            fixed(one.per_sleep_hour, 1) + _before(one.before_sleep),
        )
        for one in rows
    ]


def _unbroken(text: str) -> str:
    """Text as HTML in which no unit stands on another line than its number."""
    return re.sub(r"(\d) (?=(?:h|min|s|Hz)\b)", "\\1\u00a0", esc(text))


def _named(one: CountRow) -> str:
    """A pattern is drawn as its members are, so it has no shape."""
    known = one.kind in KINDS or not one.meaning
    return f"{shape(one.kind)} {kind_label(one.kind)}" if known else esc(one.name)


def _lasted(one: CountRow) -> str:
    bouts = one.kind == "bout" and one.count
    return f"; {_unbroken(length(one.lasted_s))} together" if bouts else ""


def _before(found: tuple[float, float, float] | None) -> str:
    if found is None:
        return ""
    middle, bounds = content.range_told(found).split(" ", 1)
    return f" <small>{middle} <span>{bounds}</span></small>"


def remarks(told: Content) -> str:
    """What a reader must know of the figures."""
    return "".join(f'<p class="note">{esc(sentence)}</p>' for sentence in content.remarks(told))
