"""One night as one HTML file that opens from disk and asks the network for nothing."""

from collections.abc import Sequence
from datetime import date
from string import Template

from cribtrace.analysis import Night
from cribtrace.night_summary import NightSummary
from cribtrace.nights import sentences
from cribtrace.notes import Note
from cribtrace.page_head import asset, head
from cribtrace.pattern_wording import context_sentence
from cribtrace.report import first, parts, patterns, recorder
from cribtrace.report.content import Content, content, said
from cribtrace.report.embed import embedded
from cribtrace.report.intervals import intervals_table
from cribtrace.wording import NOT_THIS

SCRIPTS = ("page.js", "timeline.js", "lanes.js", "waveform.js", "report.js")


def render(
    night: Night,
    previous: Sequence[NightSummary] = (),
    notes: Sequence[Note] = (),
    born: date | None = None,
) -> str:
    """The report of one night as a whole HTML page; write it as UTF-8.

    Every field may be missing or None. Text from the device or a file is escaped.
    """
    return page(content(night, previous, notes, born))


def page(told: Content) -> str:
    """The page of what was gathered."""
    night, counts = told.night, told.counts
    style = asset("report", "report.css")
    script = "".join(asset("report", name) for name in SCRIPTS)
    beside = {i: context_sentence(context) for i, context in night.contexts.items()}
    return Template(asset("report", "page.html")).substitute(
        head=head(parts.esc(f"Cribtrace: {parts.heading(night, counts)}"), style, script),
        script=script,
        heading=parts.esc(parts.heading(night, counts)),
        simulated=parts.simulated(night),
        under="<br>".join([parts.under(night), *map(parts.esc, sentences(night))]),
        headline=parts.esc(said(told)),
        quick=first.quick(told),
        facts=first.facts(told),
        kinds=first.counts_tables(told),
        remarks=first.remarks(told),
        aside=" ".join(NOT_THIS[index] for index in (0, 3)),
        hours=parts.hours_table(night, counts),
        patterns=patterns.patterns_table(told),
        states=patterns.states_table(told),
        intervals=intervals_table(told),
        events=parts.events_list(night, counts, beside),
        unlisted=parts.unlisted(told.unlisted),
        coverage=recorder.coverage_table(night, counts),
        marks=recorder.marks_and_recorder(told),
        settings=parts.settings_tables(night),
        not_this=parts.esc(" ".join(NOT_THIS)),
        night=embedded(told),
    )
