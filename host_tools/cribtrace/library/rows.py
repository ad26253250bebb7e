"""One night as the rows of a library's tables."""

import json
from datetime import datetime
from statistics import median

from cribtrace import __version__, night_summary
from cribtrace.analysis import Night
from cribtrace.boots import Boot
from cribtrace.library import summaries
from cribtrace.sleep import NO_MOTION, UNKNOWN
from cribtrace.tally import HOUR_S
from cribtrace.told_seconds import active_seconds

_TAP = ("ring_ms", "resonance_mhz")


def of_night(night: Night, boots: list[Boot], identity: dict) -> dict[str, list[dict]]:
    """Rows by table, of a night that `nights.choose` chose out of these boots.

    `identity` has what the log does not tell: crib, zone, tags, faults, digest, added.
    """
    return {
        "nights": [_night(night, boots, identity)],
        "events": [_event(night, index) for index in range(len(night.events))],
        "patterns": [_timed({**line, **line["context"]}) for line in night.patterns],
        "states": [
            {"by": "board", **_timed(line)}
            for line in sorted(night.states + night.likely, key=lambda line: line["onset_s"])
        ],
        "epochs": [_epoch(epoch) for epoch in night.epochs],
        "gaps": [_timed(gap) for gap in night.gaps],
        "marks": [_timed(mark) for mark in night.marks],
        "recorder": [
            _timed({**line, "line": json.dumps(line, separators=(",", ":"))})
            for line in night.recorder
        ],
    }


def _timed(line: dict) -> dict:
    return {**line, "utc": line.get("utc", line.get("utc_about"))}


def _event(night: Night, index: int) -> dict:
    event = night.events[index]
    why = event["why"]
    context = night.contexts.get(index, {})
    return _timed({**event, **why, **context, "vetoes": ",".join(why["vetoes"])})


def _epoch(epoch: dict) -> dict:
    closest = epoch["closest"]
    return {
        **_timed(epoch),
        "active_s": sum(active_seconds(epoch)),
        "closest_s": closest["t_s"],
        "closest_strength": closest["strength"],
    }


def _night(night: Night, boots: list[Boot], identity: dict) -> dict:
    begins: datetime = night.sessions[0].begins
    figures = night_summary.of_night(night)
    floors = [epoch["floor_mg"] for epoch in night.epochs]
    return {
        **identity,
        "begins": begins,
        "ends": night.sessions[-1].ends,
        "about": any(session.about for session in night.sessions),
        **summaries.columns(figures, night_summary.unlisted(night)),
        **_states(night),
        "floor_mg": median(floors) if floors else None,
        "marks": len(night.marks),
        **_rest(boots, figures.settings),
        "boots": len(boots),
        "records": sum(len(boot.records) for boot in boots),
        "cribtrace": __version__,
    }


def _states(night: Night) -> dict[str, float]:
    """Time in states of which the figures of a night have no such sum."""
    named = {"unknown_h": UNKNOWN, "no_motion_h": NO_MOTION}
    return {
        column: sum(line["duration_s"] for line in night.likely if line["state"] == state) / HOUR_S
        for column, state in named.items()
    }


def _rest(boots: list[Boot], settings: str | None) -> dict:
    """What else is told of the board, and of the tap test among its settings."""
    known = dict(word.split("=") for word in (settings or "").split())
    return {
        "board": _text(boots[0].header["board"]),
        **{name: int(known[name]) if name in known else None for name in _TAP},
        "simulated": any(boot.header["recording_frames"] for boot in boots),
    }


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")
