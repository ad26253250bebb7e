"""Scenarios as files: which ingredients, how many, on which mattress, under which sensor."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cribtrace.errors import Usage
from cribtrace.world import ingredients
from cribtrace.world.beds import MATTRESSES
from cribtrace.world.chance import table
from cribtrace.world.fields import Fields, opened
from cribtrace.world.figures import BY_AGE, SENSORS, TABLE, Figure

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"
BENCHMARK = "benchmark"
"""A list of scenarios, not one."""
STATES = ("active", "quiet", "awake")
LONGEST_S = 86400.0

TRIAL = ("seed", "fault", "expect")
"""Fields of a scenario that say nothing of the recording: see `trial`."""
_WAYS = ("at_s", "count", "per_h", "every_s", "throughout")
LIMITS = (
    # How a figure's name ends, and between which values the physics and the drawing hold.
    ("force_n", 1e-6, 1e4),
    ("rocking_mg", 1e-3, 2000),
    ("_mg", -1e4, 1e4),
    ("mg_per_k", -100, 100),
    ("error", -0.2, 0.2),
    ("deg", -90, 90),
    ("_k", -50, 50),
    ("spread", 0, 0.45),
    ("spread_active", 0, 0.45),
    ("spread_quiet", 0, 0.45),
    ("spread_awake", 0, 0.45),
    ("coupling", -1, 1),
    ("damping", 0, 2),
    ("pulse_hz", 0, 50),
    ("_hz", 0.05, 1000),
    ("_kg", 0.1, 200),
    ("_per_h", 0, 3600),
    ("share", 0, 1),
    ("ug_rthz", 0, 1e5),
    ("_ug", 0, 1e6),
    ("per_min", 1, 400),
    ("interval_s", 0.05, 3600),
    ("width_s", 0.01, 10),
    ("_s", 0.05, LONGEST_S),
    ("_mm", 0.5, 200),
    ("stiffness", 0.05, 20),
    ("knocks", 1, 1000),
    ("lsb_per_g", 1, 1e6),
    ("", 2, 1000),  # whole numbers: of jerks, of movements
)


@dataclass(frozen=True)
class Ingredient:
    """One ingredient, and exactly one way in which it comes.

    `at_s`: once, at a time between the two. `count`: so many. `per_h`: Poisson, so many an hour
    of `state` (0 and `usual`: the table's for each state). `every_s`: again and again, that long
    after the last ended. `throughout`: once, all the time. `over` lets others happen meanwhile.
    """

    what: str
    at_s: tuple[float, float] | None = None
    count: tuple[float, float] | None = None
    per_h: float | None = None
    usual: bool = False
    every_s: tuple[float, float] | None = None
    throughout: bool = False
    state: str = ""
    over: bool = False
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A scenario as its file says; see docs/SCENARIOS.md for each field."""

    name: str
    duration_s: float
    ingredients: tuple[Ingredient, ...]
    about: str = ""
    age_months: float = 1.0
    mattress: str = "usual"
    sensor: str = "LSM6DSO"
    sleep: str = "quiet"
    empty: bool = False
    even: bool = False
    rest_s: float = 3.0
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def table(self) -> dict[str, Figure]:
        """Every figure, as this plan has it."""
        return table(self.age_months, self.mattress, self.sensor, self.figures)


def names() -> tuple[str, ...]:
    """List the scenarios that are shipped."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(name for name in found if name != BENCHMARK)


def find(name: str) -> Plan:
    """Find a shipped scenario by its name, or one's own by its path.

    Raises Usage for a name nobody knows, CribtraceError for a file that is no scenario.
    """
    if name in names():
        return read(FOLDER / f"{name}.toml")
    if name.endswith(".toml") or os.sep in name:
        return read(Path(name))
    near = difflib.get_close_matches(name, names(), 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise Usage(f"no scenario {name!r}: {hint}choose one of {', '.join(names())}, or a .toml file")


def read(path: Path) -> Plan:
    """Read a scenario's file; raises CribtraceError for one that is none."""
    fields = opened(path)
    for name in TRIAL:
        fields.take(name)
    return of(path.name.removesuffix(".toml").removesuffix(".crib"), fields)


def of(name: str, fields: Fields) -> Plan:
    """The plan among the fields of a file, each of which somebody must have asked for by then."""
    plan = Plan(
        name=name,
        about=fields.text("about", ""),
        duration_s=fields.number("duration_s", 60.0, LONGEST_S),
        age_months=fields.number("age_months", 0, 24, 1.0),
        mattress=fields.text("mattress", "usual", tuple(MATTRESSES)),
        sensor=fields.text("sensor", "LSM6DSO", tuple(SENSORS)),
        sleep=fields.text("sleep", "quiet", ("cycles", *STATES)),
        empty=fields.flag("empty"),
        even=fields.text("layout", "random", ("random", "even")) == "even",
        rest_s=fields.number("rest_s", 0, 3600, 3.0),
        figures=changes(fields),
        ingredients=_ingredients(fields),
    )
    fields.finish()
    _check_together(plan, fields)
    return plan


def changes(fields: Fields) -> dict[str, Figure]:
    """Read the figures that a file states itself, under `figures`."""
    given = fields.inner("figures")
    changed = {}
    for name in given.table:
        if name not in TABLE and name not in BY_AGE:
            near = difflib.get_close_matches(name, [*TABLE, *BY_AGE], 1)
            hint = f"did you mean {near[0]}?" if near else "see the table in docs/SCENARIOS.md"
            given.wrong(f"no figure {name!r}", hint, name)
        ends = given.span(name, *limits(name))
        if ends and ends[0] != ends[1] and name not in BY_AGE and TABLE[name][0] == TABLE[name][1]:
            one = "write one number: this figure is no range"
            given.wrong(f"{name} is {list(ends)}", one, name)
        if ends:
            changed[name] = Figure(*ends, "stated in the scenario's file")
    return changed


def limits(name: str) -> tuple[float, float]:
    """Give the smallest and the largest value that a figure may have."""
    return next((low, high) for end, low, high in LIMITS if name.endswith(end))


def _ingredients(fields: Fields) -> tuple[Ingredient, ...]:
    return tuple(_ingredient(one) for one in fields.listed("ingredient"))


def _ingredient(fields: Fields) -> Ingredient:
    usual = fields.table.get("per_h") == "usual"
    per_h = None if usual or "per_h" not in fields.table else fields.number("per_h", 0, 3600)
    read_one = Ingredient(
        what=fields.text("what", "", tuple(ingredients.ALL)),
        at_s=fields.span("at_s", 0, LONGEST_S),
        count=fields.span("count", 0, 100_000),
        per_h=per_h,
        usual=usual,
        every_s=fields.span("every_s", 0.1, LONGEST_S),
        throughout=fields.flag("throughout"),
        state=fields.text("state", "", ("", *STATES)),
        over=fields.flag("over"),
        figures=changes(fields),
    )
    fields.known.append("per_h")
    fields.finish()
    ways = [way for way in _WAYS if way in fields.table]
    if len(ways) != 1:
        fields.wrong(f"{len(ways)} of {', '.join(_WAYS)}", "give exactly one")
    if usual and f"{read_one.what}_active_per_h" not in BY_AGE:
        fields.wrong(f"no usual rate of {read_one.what}", "give per_h as a number")
    return read_one


def _check_together(plan: Plan, fields: Fields) -> None:
    for one, at in zip(plan.ingredients, fields.listed("ingredient"), strict=True):
        if plan.empty and one.what not in ingredients.SURROUNDINGS:
            at.wrong(f"{one.what}: nobody lies there", "remove it or `empty`", "what")
        if one.what in ("put_down", "pick_up") and one.at_s is None:
            at.wrong(f"{one.what}: it happens once", "give at_s")
        if one.throughout and f"{one.what}_length_s" not in TABLE:
            at.wrong(f"{one.what} has no length of its own", "give count or every_s", "throughout")
        if one.at_s and one.at_s[1] > plan.duration_s:
            at.wrong(f"{one.what}: at_s is after the end", "make it earlier", "at_s")
        if one.state and plan.sleep not in ("cycles", one.state):
            at.wrong(f"{one.what}: never {one.state}", 'set sleep = "cycles"', "state")
