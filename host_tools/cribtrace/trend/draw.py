"""One measure drawn over the nights: SVG in percent of its place, so that it fits any screen."""

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cribtrace import profile
from cribtrace.trend import words
from cribtrace.trend.measures import Measure, counts
from cribtrace.trend.periods import Period, spread
from cribtrace.wording import fixed

_TICKS = 6  # chosen: so many dates fit under a drawing on a phone
_WEEK_DAYS = 7
_LAST_LABEL = 86.0  # percent: a date that begins further right does not fit


@dataclass(frozen=True)
class Axis:
    """Days from the first night's to the last one's, with half a day on either side."""

    first: date
    last: date
    born: date | None

    def at(self, day: date, shift: float = 0.0) -> float:
        """Where a day's middle lies, in percent."""
        return 100 * ((day - self.first).days + 0.5 + shift) / ((self.last - self.first).days + 1)

    def ticks(self) -> list[date]:
        """Dates at even distances: whole weeks apart where there are enough of them."""
        days = (self.last - self.first).days
        step = max(1, math.ceil(days / _TICKS))
        if step > 2:
            step = _WEEK_DAYS * math.ceil(step / _WEEK_DAYS)
        return [self.first + timedelta(days=k) for k in range(0, days + 1, step)]


def figure(measure: Measure, found: Sequence[Period], axis: Axis) -> str:
    """A drawing with its name, its scale, and its dates and ages."""
    nights = [row for period in found for row in period.nights]
    values = [value for row in nights if (value := measure.of(row)) is not None]
    name = html.escape(words.named(measure))
    if not values:
        none = "<p class='note'>No night has it.</p>"
        return f"<figure><figcaption>{name}</figcaption>{none}</figure>"
    shown = [period.baseline(measure) for period in found]
    shown += [spread(measure, week) for period in found for _, week in period.weeks()]
    top = _top(max(*values, *(one.high for one in shown if one), 0.0))
    drawn = "".join([
        *_breaks(found, axis), *_baselines(measure, found, axis, top),
        *_weeks(measure, found, axis, top), *_nights(measure, nights, axis, top),
    ])  # fmt: skip
    label = html.escape(_label(measure, found, values))
    return (
        f"<figure><figcaption>{name}</figcaption><div class='panel'>{_scale(top)}"
        f"<svg class='plot' role='img' aria-label='{label}'>{drawn}</svg>{_dates(axis)}</div>"
        "</figure>"
    )


def _label(measure: Measure, found: Sequence[Period], values: list[float]) -> str:
    digits = measure.digits
    nights = words.of(len(values), "night", "nights")
    ends = [fixed(min(values), digits), fixed(max(values), digits)]
    between = ends[0] if ends[0] == ends[1] else f"from {ends[0]} to {ends[1]}"
    last = words.told(found[-1].baseline(measure), digits)
    return (
        f"{words.named(measure)}: {nights}, {between}; median and spread of the last"
        f" baseline {last}. The tables below have the numbers."
    )


def _top(most: float) -> float:
    """A round number above the largest."""
    if most <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    steps = (unit * k for k in (1, 1.5, 2, 3, 4, 5, 6, 8))
    return next((step for step in steps if step >= most * 1.02), 10 * unit)


def _y(value: float, top: float) -> str:
    return f"{100 * (1 - value / top):.2f}%"


def _scale(top: float) -> str:
    texts = "".join(
        f"<text x='100%' y='{100 * (1 - part):g}%' dy='.35em'>{top * part:.3g}</text>"
        for part in (0.0, 0.5, 1.0)
    )
    return f"<svg class='scale' aria-hidden='true'>{texts}</svg>"


def _dates(axis: Axis) -> str:
    drawn = []
    for index, day in enumerate(axis.ticks()):
        x = f"{axis.at(day):.2f}%"
        if index and axis.at(day) > _LAST_LABEL:
            continue
        weeks = profile.weeks(axis.born, day)
        age = f"<tspan x='{x}' dx='3' dy='1.3em'>{weeks} wk</tspan>" if weeks is not None else ""
        drawn.append(
            f"<g class='tick{' odd' if index % 2 else ''}'><line x1='{x}' x2='{x}' y2='100%'/>"
            f"<text x='{x}' dx='3' y='1.1em'>{day:%Y-%m-%d}{age}</text></g>"
        )
    return f"<svg class='dates' aria-hidden='true'>{''.join(drawn)}</svg>"


def _breaks(found: Sequence[Period], axis: Axis) -> Iterator[str]:
    for number, period in enumerate(found[1:], 2):
        x = f"{axis.at(period.nights[0]['night'], -0.5):.2f}%"
        title = html.escape(words.broken(period))
        yield (
            f"<g class='break'><title>{title}</title><line x1='{x}' x2='{x}' y1='0' y2='100%'/>"
            f"<text x='{x}' y='0' dx='4' dy='11'>{number}</text></g>"
        )


def _baselines(measure: Measure, found: Sequence[Period], axis: Axis, top: float) -> Iterator[str]:
    for period in found:
        base = period.baseline(measure)
        if base is None:
            continue
        left = axis.at(period.nights[0]["night"], -0.5)
        width = axis.at(period.nights[-1]["night"], 0.5) - left
        height = 100 * (base.high - base.low) / top
        title = html.escape(f"Baseline: {words.told(base, measure.digits)}, {base.nights} nights")
        y = _y(base.median, top)
        yield (
            f"<g class='base'><title>{title}</title><rect x='{left:.2f}%' y='{_y(base.high, top)}'"
            f" width='{width:.2f}%' height='{height:.2f}%'/>"
            f"<line x1='{left:.2f}%' x2='{left + width:.2f}%' y1='{y}' y2='{y}'/></g>"
        )


def _weeks(measure: Measure, found: Sequence[Period], axis: Axis, top: float) -> Iterator[str]:
    for period in found:
        for monday, nights in period.weeks():
            week = spread(measure, nights)
            if week is None:
                continue
            first, last = max(nights[0]["night"], axis.first), nights[-1]["night"]
            left, right = axis.at(first, -0.3), axis.at(last, 0.3)
            middle = f"{(left + right) / 2:.2f}%"
            title = html.escape(f"Week from {monday}: {words.told(week, measure.digits)}")
            y = _y(week.median, top)
            yield (
                f"<g class='week'><title>{title}</title>"
                f"<line x1='{middle}' x2='{middle}' y1='{_y(week.low, top)}'"
                f" y2='{_y(week.high, top)}'/>"
                f"<line class='mid' x1='{left:.2f}%' x2='{right:.2f}%' y1='{y}' y2='{y}'/></g>"
            )


def _nights(measure: Measure, nights: Sequence[dict], axis: Axis, top: float) -> Iterator[str]:
    for row in nights:
        value = measure.of(row)
        if value is None:
            continue
        kind = "night" if counts(row) else "night thin"
        yield (
            f"<circle class='{kind}' cx='{axis.at(row['night']):.2f}%' cy='{_y(value, top)}'"
            f" r='2.2'><title>{row['night']}: {fixed(value, measure.digits)}</title></circle>"
        )
