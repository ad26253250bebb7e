"""A trend as one HTML file: it opens from disk, runs no script, asks the network for nothing."""

import html
from collections.abc import Iterable, Sequence
from datetime import date
from string import Template

from cribtrace.page_head import asset, head
from cribtrace.trend import draw, words
from cribtrace.trend.measures import MEASURES, share
from cribtrace.trend.periods import Period, compared, periods, spread
from cribtrace.wording import MISSING, NOT_THIS, fixed, rounded_down

esc = html.escape


def render(
    crib: str, nights: Sequence[dict], born: date | None = None, since: date | None = None
) -> str:
    """The trend of a crib's nights (rows of the table `nights`), by evening, from `since` on.

    At least one night is to be drawn. Write it as UTF-8. Text from the library is escaped.
    """
    found = periods(nights, since)
    axis = draw.Axis(found[0].nights[0]["night"], nights[-1]["night"], born)
    title = f"Cribtrace: {esc(crib)}, {words.span(axis.first, axis.last)}"
    simulated = any(row["simulated"] for period in found for row in period.whole)
    return Template(asset("trend", "trend.html")).substitute(
        head=head(title, asset("trend", "trend.css")),
        crib=esc(crib),
        when=f"{words.span(axis.first, axis.last)}{_ages(axis)}",
        simulated=f'<p class="simulated">{words.SIMULATED}</p>' if simulated else "",
        headline=esc(words.headline(crib, found)),
        since=found[-1].begins,
        compared=_compared(found[-1]) + _missing(words.missing(found[-1])),
        growth=_growth(words.growth(found, born)),
        breaks=_breaks(found),
        figures="".join(draw.figure(measure, found, axis) for measure in MEASURES),
        method=esc(words.method()),
        weeks=_weeks(found, born),
        nights=_nights(found, born),
        not_this=esc(" ".join(NOT_THIS)),
    )


def _ages(axis: draw.Axis) -> str:
    if axis.born is None:
        return ""
    ages = [words.age(axis.born, day) for day in (axis.first, axis.last)]
    return f", {' to '.join(dict.fromkeys(ages))} of age"


def _missing(sentence: str) -> str:
    return f'<p class="note" id="missing">{esc(sentence)}</p>' if sentence else ""


def _growth(sentence: str) -> str:
    return f'<p class="statement" id="growth">{esc(sentence)}</p>' if sentence else ""


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls by itself where a screen is narrow; every cell is HTML."""
    cells = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(_row(row, head) for row in rows)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{esc(caption)}"><table>'
        f"<caption>{esc(caption)}</caption><thead><tr>{cells}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[str], head: Sequence[str]) -> str:
    """A row; each cell knows its column's name, for where a phone shows them apart."""
    named = zip(row[1:], head[1:], strict=True)
    rest = "".join(f'<td data-of="{name}">{cell}</td>' for cell, name in named)
    return f'<tr><th scope="row">{row[0]}</th>{rest}</tr>'


def _compared(period: Period) -> str:
    rows = []
    for one in compared(period):
        digits, base, recent = one.measure.digits, one.baseline, one.recent
        count = f"<span>{recent.nights if recent else 0} and {base.nights if base else 0}</span>"
        rows.append((
            f"{esc(one.measure.title)} <span>{esc(one.measure.unit)}</span>",
            fixed(one.last, digits), words.told(recent, digits), words.told(base, digits),
            words.signed(one.difference, digits), count,
        ))  # fmt: skip
    head = ("Measure", "Last night", "Last nights: median (spread)", "Baseline: median (spread)",
            "Difference of the medians", "Nights in both")  # fmt: skip
    since = f"Since {period.begins}"
    return f'<div class="compared">{_table(since, head, rows)}</div>'


def _breaks(found: Sequence[Period]) -> str:
    if len(found) == 1:
        return '<p class="note">One baseline: nothing was changed between these nights.</p>'
    listed = "".join(f"<li>{esc(words.broken(period))}</li>" for period in found[1:])
    return (
        "<p>A dashed line is where a baseline ends. Numbers on its two sides cannot be"
        " compared.</p>"
        f'<ol class="breaks" start="2">{listed}</ol>'
    )


def _weeks(found: Sequence[Period], born: date | None) -> str:
    rows = []
    for number, period in enumerate(found, 1):
        for monday, nights in period.weeks():
            medians = [words.told(spread(m, nights), m.digits) for m in MEASURES]
            age = words.age(born, nights[0]["night"])
            rows.append((str(monday), age, str(number), str(len(nights)), *medians))
    head = ("Week from", "Age", "Baseline", "Nights", *(esc(words.named(m)) for m in MEASURES))
    return _table("Weekly medians, with the spread from quartile to quartile", head, rows)


def _nights(found: Sequence[Period], born: date | None) -> str:
    rows = []
    for number, period in enumerate(found, 1):
        for row in period.nights:
            values = [fixed(m.of(row), m.digits) for m in MEASURES]
            covered = f"{rounded_down(100 * share(row), 1)} %"
            tags = esc(row["tags"].replace(",", ", ")) if row["tags"] else MISSING
            about = "about " if row["about"] else ""
            age = words.age(born, row["night"])
            rows.append((
                f"{about}{row['night']}", age, str(number), covered, *values, str(row["marks"]),
                f"<bdi>{tags}</bdi>",
            ))  # fmt: skip
    head = ("Night", "Age", "Baseline", "Covered", *(esc(words.named(m)) for m in MEASURES),
            "Marks", "Notes")  # fmt: skip
    return _table("Every night, named by its evening", head, rows)
