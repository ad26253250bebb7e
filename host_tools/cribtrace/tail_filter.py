"""Which lines of `tail` a person asked for: names of what they are, and comparisons."""

import operator
import re
from collections.abc import Callable, Collection
from typing import Any

from cribtrace.device import records
from cribtrace.errors import Usage

HIDDEN = ("epoch", "anchor", "config", "health")
"""Not shown to a person who asked for nothing: they are neither an event nor a fault."""
_HOST_KINDS = ("bout", "slow_regular", "twitch_cluster", "periodic_series")
_STATES = ("unusable", "asleep_likely", "awake_likely", "unknown", "no_motion_seen")
NAMES = frozenset((
    "all", "event", "fault", "host", "gap", "state", "mark", "line", "frames",
    "text", "boot", "stop", *HIDDEN, *records.KINDS, *_HOST_KINDS, *_STATES,
))  # fmt: skip
FIELDS = frozenset((
    "boot", "boots", "collections", "count", "duration_s", "energy_mg_s", "evenness", "fact_bytes",
    "fifo_high", "floor_mg", "frames", "given_up", "heap_free", "heap_used", "in_gaps",
    "interval_cv", "interval_s", "jerks", "late", "loop_max_us", "margin", "nights_left",
    "onset_s", "pause_max_us", "peak_mg", "rate_hz", "records", "records_lost", "regularity",
    "room", "second_s", "seen", "slow_share", "snr", "span_s", "strength", "t_s", "temperature_c",
    "threshold", "threshold_mg", "tilt_mg", "uptime_ms", "utc_ms", "utc_s", "within_ms",
))  # fmt: skip
"""The numbers that lines, or their `why`, have: docs/SCHEMA.md."""
_COMPARED = re.compile(r"([\w.]+)\s*(>=|<=|>|<|=)\s*(.*)")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)")
_OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
              "=": operator.eq}  # fmt: skip

Wanted = Callable[[dict[str, Any]], bool]


def names_of(line: dict[str, Any]) -> set[str]:
    """All that a line is called: its type, its kind or state, whether it is a fault."""
    what = line.get("what", "")
    found = {"all", line["type"], line.get("kind", ""), line.get("state", "")}
    if line["type"] == "recorder":
        found = {"all", "health" if what == "recorder" else what}
    if line.get("by") == "host":
        found.add("host")
    if is_fault(line):
        found.add("fault")
    return found - {""}


def is_fault(line: dict[str, Any]) -> bool:
    """Whether it tells of something that went wrong in the recording, not in the crib."""
    if line["type"] in ("gap", "line") or line.get("state") == "unusable":
        return True
    return "fault=" in line.get("text", "") and line["type"] != "mark"


def wanted(filters: Collection[str], *, everything: bool, raw: bool = True) -> Wanted:
    """A test of lines. Each filter has to hold; one of its names is enough, `!` excludes.

    Where none names or compares: all if `everything`, else all but HIDDEN. Raises Usage for what
    no line is called, for a number that no line has, and for `frames` where no `raw` ones come.
    """
    tests = [_test(text) for text in filters]
    if not raw and any("frames" in text.split(",") for text in filters):
        raise Usage("--filter frames: add --raw, which brings them")
    words = [word.strip() for text in filters for word in text.split(",") if word.strip()]
    asked_for_some = everything or any(not word.startswith("!") for word in words)
    hidden = set() if asked_for_some else set(HIDDEN)
    return lambda line: not names_of(line) & hidden and all(test(line) for test in tests)


def _test(text: str) -> Wanted:
    words = [word.strip() for word in text.split(",") if word.strip()]
    compared = [match for word in words if (match := _COMPARED.fullmatch(word))]
    names = [word for word in words if not _COMPARED.fullmatch(word)]
    unknown = [word for word in names if word.removeprefix("!") not in NAMES]
    if unknown or not words:
        raise Usage(
            f"--filter: nothing is called {unknown[0] if unknown else text!r}; there are"
            f" {', '.join(sorted(NAMES))}, each with `!` before it to leave it out, and"
            " comparisons like peak_mg>=5"
        )
    for match in compared:
        _check(match)
    wished = {name for name in names if not name.startswith("!")}
    refused = {name[1:] for name in names if name.startswith("!")}

    def test(line: dict[str, Any]) -> bool:
        found = names_of(line)
        holds = all(_holds(match, line) for match in compared)
        return holds and (not wished or bool(found & wished)) and not found & refused

    return test


def _check(match: re.Match) -> None:
    if not _NUMBER.fullmatch(match[3]):
        raise Usage(f"--filter: {match[0]}: {match[3]!r} is no number; write peak_mg>=5")
    if match[1] not in FIELDS:
        raise Usage(
            f"--filter: no line has a number {match[1]}; there are {', '.join(sorted(FIELDS))}"
        )


def _holds(match: re.Match, line: dict[str, Any]) -> bool:
    value = line.get(match[1], line.get("why", {}).get(match[1]))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return _OPERATORS[match[2]](value, float(match[3]))
