"""One night as the rows of a library's tables."""

import json
from collections.abc import Iterable
from datetime import datetime
from statistics import median

from cribtrace import __version__, night_summary
from cribtrace.analysis import Night
from cribtrace.boots import Boot
from cribtrace.configuration import told as settings_of
from cribtrace.device import records
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
    floors = [epoch["floor_mg"] for epoch in night.epochs]
    return {
        **identity,
        "begins": begins,
        "ends": night.sessions[-1].ends,
        "about": any(session.about for session in night.sessions),
        **summaries.columns(night_summary.of_night(night), night_summary.unlisted(night)),
        **_states(night),
        "floor_mg": median(floors) if floors else None,
        "marks": len(night.marks),
        **_instrument(boots),
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


def _instrument(boots: list[Boot]) -> dict:
    """What measured: of the first boot, and whether that was so all night."""
    header = boots[0].header
    in_force = list(_settings(boots))
    builds = {(boot.header["firmware"], boot.header["build"]) for boot in boots}
    sensors = {(boot.header["sensor"], boot.header["full_scale_g"]) for boot in boots}
    first = in_force[0] if in_force else {}
    return {
        "board": _text(header["board"]),
        "rate_hz": header["rate_mhz"] / 1000,
        "full_scale_g": header["full_scale_g"],
        "build": f"{header['build']:08x}",
        "settings": " ".join(f"{k}={v}" for k, v in sorted(first.items())) or None,
        **{name: first.get(name) for name in _TAP},
        "changed": len({*map(str, in_force)}) > 1 or len(builds) > 1 or len(sensors) > 1,
        "simulated": any(boot.header["recording_frames"] for boot in boots),
    }


def _settings(boots: list[Boot]) -> Iterable[dict[str, int]]:
    found = (record for boot in boots for record in boot.records)
    return (settings_of(record) for record in found if record["type"] == records.CONFIG)


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")
