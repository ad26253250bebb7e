"""One night as one HTML file that opens from disk and asks the network for nothing."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from string import Template

from cribtrace.analysis import Night
from cribtrace.night_summary import NightSummary
from cribtrace.nights import sentences
from cribtrace.notes import Note
from cribtrace.pattern_wording import context_sentence
from cribtrace.report import first, parts, patterns, recorder
from cribtrace.report.content import Content, content, said
from cribtrace.report.embed import embedded
from cribtrace.report.intervals import intervals_table
from cribtrace.wording import NOT_THIS

SCRIPTS = ("page.js", "timeline.js", "lanes.js", "waveform.js", "report.js")


def asset(name: str) -> str:
    """The text of a file that pages are made of."""
    return (files("cribtrace.report") / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def policy(style: str, script: str = "") -> str:
    """Content Security Policy: this style and this script run, and nothing is fetched."""
    runs = f"script-src {_hash(script)}; " if script else ""
    return (
        f"default-src 'none'; style-src {_hash(style)}; {runs}base-uri 'none'; form-action 'none'"
    )


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
    style, script = asset("report.css"), "".join(map(asset, SCRIPTS))
    beside = {i: context_sentence(context) for i, context in night.contexts.items()}
    return Template(asset("page.html")).substitute(
        policy=policy(style, script),
        style=style,
        script=script,
        title=parts.esc(f"Cribtrace: {parts.heading(night, counts)}"),
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
