"""A scenario with what goes wrong meanwhile, and what is to come of it: the same on each target.

A scenario's file may have `seed`, `[[fault]]` and `[[expect]]` beside what makes its recording.
docs/SCENARIOS.md says what they may hold.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from cribtrace.captured import Gap, gap_line
from cribtrace.device import records
from cribtrace.recording import Recording
from cribtrace.world import plan as plans
from cribtrace.world import simulate
from cribtrace.world.fields import Fields, opened

SUFFIX = ".crib.toml"
LOST = "lost"
ANY = "any"

_AT = {"at_s": (0, plans.LONGEST_S)}
_FOR = {"for_s": (0.001, plans.LONGEST_S)}
_TIMES = {"count": (1, 1000)}
_HELD = {"ms": (1, 60_000)}
# Of each kind: what it must have, what it may have, each with its limits.
FAULTS: dict[str, tuple[dict, dict]] = {
    LOST: ({**_AT, "frames": (1, 10_000_000)}, {}),
    "nack": ({**_AT}, {**_FOR, **_TIMES, "byte": (0, 512), "register": (0, 255)}),
    "stuck": ({**_AT}, {**_FOR, **_TIMES}),
    "value": ({**_AT}, _FOR),
    "reset": ({**_AT}, {}),
    "rate": ({**_AT, "permille": (-80, 80)}, _FOR),
    "jitter": ({**_AT, "us": (1, 65_535)}, _FOR),
    "warmth": ({**_AT, **_FOR, "degrees": (-60, 60)}, {}),
    "pause": ({**_AT, **_HELD}, {}),
    "brown_out": ({**_AT}, {}),
    "erase": ({**_AT}, {**_TIMES, **_HELD}),
    "bad_block": ({**_AT}, _TIMES),
}
_WHAT = ("event", "gap", "fault", "lost_frames")
_NAMES = {
    "event": (ANY, *records.KINDS),
    "gap": (ANY, *records.GAP_REASONS),
    "fault": (
        ANY,
        "no_sensor",
        "bus_error",
        "sensor_silent",
        "sensor_stuck",
        "records_lost",
        "sensor_rate",
        "sensor_jitter",
        "temperature",
    ),
}
_MS = 1000
_EARLY_S = 2.0  # chosen: what was lost with a fault began when frames last came, a burst before


class Expectation(NamedTuple):
    """So many of what has this name, with onsets between the two; `said` tells it to a person."""

    what: str
    name: str
    least: float
    most: float
    since_s: float
    until_s: float
    said: str


class Outcome(NamedTuple):
    """What a target made of a trial.

    `events` and `gaps` as JSON lines; `faults` as (seconds, name); `same`: whether the events are
    the replay's, None where a fault keeps anybody from knowing.
    """

    events: list[dict]
    gaps: list[dict]
    faults: list[tuple[float, str]]
    same: bool | None


@dataclass(frozen=True)
class Trial:
    """A scenario's file as it is to be run."""

    path: Path
    plan: plans.Plan
    seed: int
    faults: tuple[Mapping[str, Any], ...]
    expectations: tuple[Expectation, ...]

    @property
    def of_hardware(self) -> bool:
        """Whether simulated hardware has to fail for it."""
        return any(fault["kind"] != LOST for fault in self.faults)

    def unfit(self, target: str) -> str:
        """Why this target cannot run it; "" where it can."""
        if not self.of_hardware or target == "virtual":
            return ""
        what = "CPython has no hardware" if target == "cpython" else "a real board has no hardware"
        kinds = ", ".join(sorted({fault["kind"] for fault in self.faults}))
        return f"{what} that could be told to fail ({kinds}): --target virtual"

    def recording(self) -> Recording:
        """What the sensor measures, and which frames of that are lost."""
        made = simulate.recorded(self.plan, self.seed)
        lost = [
            Gap(round(fault["at_s"] * made.rate_hz), fault["frames"], LOST)
            for fault in self.faults
            if fault["kind"] == LOST
        ]
        return replace(made, truth=(*made.truth, *(gap_line(gap, made.rate_hz) for gap in lost)))

    def orders(self) -> list[dict[str, Any]]:
        """What the virtual board is to be told: see boards/virtual/hardware/faults.py."""
        return [
            {name.removesuffix("_s") + "_ms" if name.endswith("_s") else name:
             round(value * _MS) if name.endswith("_s") else value
             for name, value in fault.items()}
            for fault in self.faults
        ]  # fmt: skip

    def unmet(self, outcome: Outcome) -> list[str]:
        """The expectations that it does not meet, each with what there was instead."""
        found = [_unmet(one, outcome) for one in self.expectations]
        if outcome.same is False:
            found.append("the board's events are not the replay's of the same frames")
        return [line for line in found if line]


def _unmet(one: Expectation, outcome: Outcome) -> str:
    if one.what == "lost_frames":
        count = sum(gap["frames"] or 0 for gap in outcome.gaps)
        there = f"{count} frames"
    else:
        told = {
            "event": [(line["onset_s"], line["kind"]) for line in outcome.events],
            "gap": [(line["onset_s"], line["reason"]) for line in outcome.gaps],
            "fault": outcome.faults,
        }[one.what]
        fits = [
            (at_s, name) for at_s, name in told
            if one.name in (name, ANY) and one.since_s <= at_s <= one.until_s
        ]  # fmt: skip
        count = len(fits)
        there = ", ".join(f"{name} at {at_s:.1f} s" for at_s, name in told[:9]) or "none at all"
    return "" if one.least <= count <= one.most else f"{one.said}: there were {count} ({there})"


def read(path: Path) -> Trial:
    """Read a scenario's file, all of it; raises CribtraceError for one that is wrong."""
    fields = opened(path)
    seed = int(fields.number("seed", 0, 2**32 - 1, 1))
    faults, expects = fields.listed("fault"), fields.listed("expect")
    plan = plans.of(path.name.removesuffix(".toml").removesuffix(".crib"), fields)
    ordered = tuple(_fault(one, plan) for one in faults)
    kinds = {fault["kind"] for fault in ordered}
    if LOST in kinds and len(kinds) > 1:
        faults[0].wrong(f"`{LOST}` beside other faults", "give them a file of their own")
    first_s = min((fault["at_s"] for fault in ordered), default=None)
    expected = tuple(_expectation(one, path, plan, first_s) for one in expects)
    for one, at in zip(expected, expects, strict=True):
        if one.what == "fault" and kinds <= {LOST}:
            at.wrong("no [[fault]] is one of the hardware", "expect a gap", "fault")
    return Trial(path, plan, seed, ordered, expected)


def _fault(fields: Fields, plan: plans.Plan) -> dict[str, Any]:
    kind = fields.text("kind", "", tuple(FAULTS))
    must, may = FAULTS[kind]
    fields.known += [*must, *may]
    fields.finish()
    found: dict[str, Any] = {"kind": kind}
    for name, (low, high) in {**must, **may}.items():
        if name in must or name in fields.table:
            value = fields.number(name, low, high)
            if not name.endswith("_s") and value != int(value):
                fields.wrong(f"{name} is {value:g}", "write a whole number", name)
            found[name] = value if name.endswith("_s") else int(value)
    _within(fields, plan, "at_s", found["at_s"])
    return found


def _within(fields: Fields, plan: plans.Plan, name: str, at_s: float) -> None:
    if at_s > plan.duration_s:
        after = f"{name} is {at_s:g}, after the end at {plan.duration_s:g} s"
        fields.wrong(after, "make it earlier", name)


def _expectation(
    fields: Fields, path: Path, plan: plans.Plan, first_fault_s: float | None
) -> Expectation:
    what = [name for name in _WHAT if name in fields.table]
    if len(what) != 1:
        fields.wrong(f"{len(what)} of {', '.join(_WHAT)}", "give exactly one")
    said = f"{path.name}, expect {fields.number_of}: "
    if what[0] == "lost_frames":
        ends = fields.span("lost_frames", 0, 10_000_000) or (0.0, 0.0)
        fields.finish()
        return Expectation(
            "lost_frames", "", *ends, 0, math.inf, f"{said}{_told(ends)} lost frames"
        )
    name = fields.text(what[0], "", _NAMES[what[0]])
    count = fields.span("count", 0, 100_000) or (1.0, math.inf)
    since_s, until_s = _when(fields, plan, first_fault_s)
    fields.finish()
    when = f" between {since_s:g} and {until_s:g} s" if until_s < math.inf else ""
    return Expectation(
        what[0], name, *count, since_s, until_s, f"{said}{_told(count)} {what[0]} {name}{when}"
    )


def _when(fields: Fields, plan: plans.Plan, first_fault_s: float | None) -> tuple[float, float]:
    """From when until when what is expected may begin."""
    between_s = fields.span("between_s", 0, plans.LONGEST_S)
    if "within_s" not in fields.table:
        fields.known.append("within_s")
        if between_s:
            _within(fields, plan, "between_s", between_s[0])
        return between_s or (0.0, math.inf)
    within_s = fields.number("within_s", 0, plans.LONGEST_S)
    if between_s or first_fault_s is None:
        beside = "beside between_s" if between_s else "without a fault"
        fields.wrong(f"within_s {beside}", "it counts from the first [[fault]]", "within_s")
    return first_fault_s - _EARLY_S, first_fault_s + within_s


def _told(ends: tuple[float, float]) -> str:
    low, high = ends
    if low == high:
        return f"{low:g}"
    return f"{low:g} or more" if high == math.inf else f"{low:g} to {high:g}"
