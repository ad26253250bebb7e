"""A trend as plain text, for a terminal or an e-mail."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

from cribtrace.trend import words
from cribtrace.trend.measures import MEASURES
from cribtrace.trend.periods import Period, compared, periods, spread
from cribtrace.wording import NOT_THIS, fixed

_WIDTH = 80  # chosen: the narrowest terminal in use
_KEYS, _BESIDE = 3, 2  # of a week: what each table begins with, and how many measures 80 hold
_IN_WEEKS = (0, 1, 2, 3, 5)  # of MEASURES: what counts most, chosen
_SHORT = ("Movements/h", "Twitches/h", "Limb/h", "Gross/h", "Bouts/h asleep")


def render(
    crib: str, nights: Sequence[dict], born: date | None = None, since: date | None = None
) -> str:
    """The trend of a crib's nights (rows of the table `nights`), by evening, from `since` on.

    At least one night is to be shown.
    """
    found = periods(nights, since)
    simulated = any(row["simulated"] for period in found for row in period.whole)
    ends = [f"New baseline {words.broken(p)}" for p in found[1:]] or ["One baseline."]
    blocks = [
        _wrapped(words.headline(crib, found)) + _wrapped(words.SIMULATED if simulated else ""),
        list(_compared(found[-1])),
        _wrapped(words.missing(found[-1])),
        _wrapped(*ends),
        list(_weeks(found, born)),
        _wrapped(*_noted(found)),
        _wrapped(words.growth(found, born)),
        _wrapped(words.method()),
        _wrapped(" ".join(NOT_THIS)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _wrapped(*sentences: str) -> list[str]:
    """Lines that fit a terminal; what goes on is indented where there are several sentences."""
    later = "  " if len(sentences) > 1 else ""
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            sentence, _WIDTH, subsequent_indent=later, break_on_hyphens=False,
            break_long_words=False,
        )
    ]  # fmt: skip


def _compared(period: Period) -> Iterator[str]:
    head = ("", "last night", "last nights", "baseline", "difference")
    rows: list[tuple[str, ...]] = [(f"Since {period.begins}",), head]
    for one in compared(period):
        digits = one.measure.digits
        rows.append((words.named(one.measure),))
        rows.append((
            "", fixed(one.last, digits), words.told(one.recent, digits),
            words.told(one.baseline, digits), words.signed(one.difference, digits),
        ))  # fmt: skip
    yield from _aligned(rows)


def _weeks(found: Sequence[Period], born: date | None) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("Week from", "age", "nights", *_SHORT)]
    for number, period in enumerate(found):
        if number:
            rows.append((f"--- {words.broken(period)}",))
        for monday, nights in period.weeks():
            medians = [
                words.told(spread(m, nights), m.digits) for m in (MEASURES[k] for k in _IN_WEEKS)
            ]
            age = words.age(born, nights[0]["night"])
            rows.append((str(monday), age, str(len(nights)), *medians))
    for first in range(_KEYS, len(rows[0]), _BESIDE):
        if first > _KEYS:
            yield ""
        yield from _aligned(
            [row[:_KEYS] + row[first : first + _BESIDE] if len(row) > 1 else row for row in rows]
        )


def _noted(found: Sequence[Period]) -> Iterator[str]:
    """The nights with a note or a mark, and which."""
    for row in (row for period in found for row in period.nights):
        tags = [row["tags"].replace(",", ", ")] if row["tags"] else []
        marks = [words.of(row["marks"], "mark", "marks")] if row["marks"] else []
        if tags or marks:
            line = f"{row['night']}: {'; '.join(tags + marks)}"
            yield "".join(c if c.isprintable() else " " for c in line)


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Columns below each other; a row of one cell is a sentence."""
    whole = [row for row in rows if len(row) > 1]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    for row in rows:
        if len(row) == 1:
            yield from _wrapped(row[0])
            continue
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([first, *rest]).rstrip()
