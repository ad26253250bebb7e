"""One night as one HTML file that opens from disk and asks the network for nothing."""

import base64
import hashlib
from importlib.resources import files
from string import Template

from cribtrace.analysis import Night
from cribtrace.nights import sentences
from cribtrace.pattern_wording import context_sentence
from cribtrace.report import parts, patterns, recorder
from cribtrace.report.embed import embedded
from cribtrace.tally import for_everyone, tally
from cribtrace.wording import NOT_THIS, headline

SCRIPTS = ("page.js", "timeline.js", "waveform.js", "report.js")


def _asset(name: str) -> str:
    return (files("cribtrace.report") / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _policy(style: str, script: str) -> str:
    """Content Security Policy: this style and this script run, and nothing is fetched."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def render(night: Night) -> str:
    """The report of one night as a whole HTML page; write it as UTF-8.

    Every field may be missing or None. Text from the device or a file is escaped.
    """
    unlisted = len(night.events)
    night = for_everyone(night)
    unlisted -= len(night.events)
    counts = tally(night)
    style, script = _asset("report.css"), "".join(map(_asset, SCRIPTS))
    said = headline(counts.counts, counts.covered_s, counts.span_s)
    return Template(_asset("page.html")).substitute(
        policy=_policy(style, script),
        style=style,
        script=script,
        title=parts.esc(f"Cribtrace: {parts.heading(night, counts)}"),
        heading=parts.esc(parts.heading(night, counts)),
        simulated=parts.simulated(night),
        under="<br>".join([parts.under(night), *map(parts.esc, sentences(night))]),
        headline=parts.esc(said),
        facts=parts.facts(counts),
        kinds=parts.kinds_table(counts),
        aside=" ".join(NOT_THIS[index] for index in (0, 3)),
        hours=parts.hours_table(night, counts),
        patterns=patterns.patterns_table(night),
        states=patterns.states_table(night),
        events=parts.events_list(
            night,
            counts,
            {i: context_sentence(said) for i, said in night.contexts.items()},
        ),
        unlisted=parts.unlisted(unlisted),
        coverage=recorder.coverage_table(night, counts),
        marks=recorder.marks_and_recorder(night),
        settings=parts.settings_tables(night),
        not_this=parts.esc(" ".join(NOT_THIS)),
        night=embedded(night, counts),
    )
