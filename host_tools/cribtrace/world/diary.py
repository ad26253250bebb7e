"""When what happens: a plan's ingredients, laid out in time."""

import bisect
import dataclasses
from dataclasses import dataclass, field

import numpy as np

from cribtrace.errors import CribtraceError
from cribtrace.world import ingredients
from cribtrace.world.chance import Chance
from cribtrace.world.figures import Figure
from cribtrace.world.movements import Group, Movement, group_length_s
from cribtrace.world.plan import Ingredient, Plan

_TRIES = 300
_END_S = 6.0
"""Before the end of a recording everything has rung out."""

Entry = tuple[float, Movement, int]
"""Onset in seconds, movement, number of its group."""


@dataclass
class Diary:
    """Who moves when, over `length_s`.

    `sleep` holds the starts of stretches of sleep and whether each is "active" or "quiet" (or
    "awake"); `awake` stretches laid over it; `present` those in which somebody lies there;
    `taken` what is not free, sorted.
    """

    length_s: float
    rest_s: float
    sleep: list[tuple[float, str]]
    present: list[tuple[float, float]]
    awake: list[tuple[float, float]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    taken: list[tuple[float, float]] = field(default_factory=list)
    groups: int = 0

    def state_at(self, at_s: float) -> str:
        """Say "absent", "awake", "active" or "quiet"."""
        if not any(start <= at_s < end for start, end in self.present):
            return "absent"
        if any(start <= at_s < end for start, end in self.awake):
            return "awake"
        return [state for start_s, state in self.sleep if start_s <= at_s][-1]

    def hours(self, state: str) -> float:
        """Hours of that sleep while somebody lies there; of any ("")."""
        ends = [start_s for start_s, _ in self.sleep[1:]] + [self.length_s]
        return (
            sum(
                max(min(end, gone) - max(start, come), 0.0)
                for (start, kind), end in zip(self.sleep, ends, strict=True)
                for come, gone in self.present
                if state in ("", kind)
            )
            / 3600
        )

    def put(self, at_s: float, group: Group, over: bool) -> None:
        """Enter a group; `over` leaves its time free for others."""
        self.groups += 1
        self.entries += [(at_s + offset_s, movement, self.groups) for offset_s, movement in group]
        if not over:
            bisect.insort(self.taken, (at_s, at_s + group_length_s(group)))

    def free(self, start: float, end: float) -> bool:
        """Whether nothing is going on, nor about to."""
        i = bisect.bisect_left(self.taken, (end + self.rest_s,))
        before = self.taken[:i][-1:]  # what is taken does not overlap, so the last ends last
        return not before or before[0][1] <= start - self.rest_s


def drawn(plan: Plan, seed: int, chance: Chance) -> Diary:
    """Lay out a plan. Each ingredient has its own random numbers, by its place in the file.

    Raises CribtraceError where the recording is too short for all of it.
    """
    sleep = _cycles(chance, plan) if plan.sleep == "cycles" else [(0.0, plan.sleep)]
    present = [] if plan.empty else [(0.0, plan.duration_s)]
    diary = Diary(plan.duration_s, plan.rest_s, sleep, present)
    numbered = [
        (one, Chance(np.random.RandomState([seed, 3, number]), {**chance.figures, **one.figures}))
        for number, one in enumerate(plan.ingredients)
    ]
    for one, its_own in numbered:
        if one.at_s:
            _enter_at(diary, one, its_own)
    if plan.even:
        _lay_evenly(diary, [pair for pair in numbered if not pair[0].at_s], chance)
        return diary
    for one, its_own in numbered:
        if not one.at_s:
            _enter(diary, one, its_own)
    return diary


def _cycles(chance: Chance, plan: Plan) -> list[tuple[float, str]]:
    """Sleep that begins active, as it does until 2-3 months of age (PMC4773630)."""
    at_s, sleep = 0.0, []
    while at_s < plan.duration_s:
        cycle_s = chance.value("cycle_s")
        turn_s = at_s + cycle_s * chance.value("active_share")
        first = (at_s, "active") if plan.age_months < 3 else (at_s, "quiet")
        second = (turn_s, "quiet") if plan.age_months < 3 else (
            at_s + cycle_s - (turn_s - at_s), "active"
        )  # fmt: skip
        sleep += [first, second]
        at_s += cycle_s
    return [(start_s, state) for start_s, state in sleep if start_s < plan.duration_s]


def _enter_at(diary: Diary, one: Ingredient, chance: Chance) -> None:
    at_s = float(chance.rng.uniform(*(one.at_s or (0.0, 0.0))))
    group = ingredients.ALL[one.what](chance)
    end_s = at_s + group_length_s(group)
    if end_s > diary.length_s - _END_S:
        raise CribtraceError(f"no room for {one.what} at {at_s:.0f} s: make the recording longer")
    diary.put(at_s, group, one.over)
    if one.what == "put_down":
        diary.present = [(end_s, diary.length_s)]
    if one.what == "pick_up":
        diary.present = [(come, min(gone, end_s)) for come, gone in diary.present if come < end_s]
    _wake(diary, one, at_s, end_s, chance)


def _enter(diary: Diary, one: Ingredient, chance: Chance) -> None:
    if one.throughout:
        long_s = diary.length_s - _END_S
        whole = Figure(long_s, long_s, "the whole recording")
        diary.put(0.0, ingredients.ALL[one.what](chance.changed({f"{one.what}_length_s": whole})),
                  over=True)  # fmt: skip
    elif one.every_s:
        _enter_again_and_again(diary, one, chance)
    elif one.usual:
        for state in (one.state,) if one.state else ("active", "quiet"):
            usual = chance.fixed(f"{one.what}_{state}_per_h") * diary.hours(state)
            in_state = dataclasses.replace(one, state=state)
            for _ in range(chance.rng.poisson(usual)):
                _fit(diary, in_state, chance)
    else:
        for _ in range(_how_many(diary, one, chance)):
            _fit(diary, one, chance)


def _how_many(diary: Diary, one: Ingredient, chance: Chance) -> int:
    if one.count:
        return int(chance.rng.randint(int(one.count[0]), int(one.count[1]) + 1))
    if one.what in ingredients.SURROUNDINGS:
        return int(chance.rng.poisson((one.per_h or 0.0) * diary.length_s / 3600))
    return int(chance.rng.poisson((one.per_h or 0.0) * diary.hours(one.state)))


def _fit(diary: Diary, one: Ingredient, chance: Chance) -> None:
    """Enter it where nothing else is, where somebody lies, and in the state it asks for."""
    group = ingredients.ALL[one.what](chance)
    length_s = group_length_s(group)
    latest_s = diary.length_s - _END_S - length_s
    for _ in range(_TRIES if latest_s > diary.rest_s else 0):
        start = float(chance.rng.uniform(diary.rest_s, latest_s))
        if _fits(diary, one, start, start + length_s):
            diary.put(start, group, one.over)
            _wake(diary, one, start, start + length_s, chance)
            return
    raise CribtraceError(
        f"no room for {one.what} of {length_s:.0f} s: "
        "make the recording longer, or less of it happen"
    )


def _fits(diary: Diary, one: Ingredient, start: float, end: float) -> bool:
    there = one.what in ingredients.SURROUNDINGS or any(
        end <= gone and (come == 0.0 or come <= start - diary.rest_s)
        for come, gone in diary.present
    )
    in_state = not one.state or diary.state_at(start) == one.state
    return there and in_state and (one.over or diary.free(start, end))


def _enter_again_and_again(diary: Diary, one: Ingredient, chance: Chance) -> None:
    at_s = float(chance.rng.uniform(*(one.every_s or (0.0, 0.0))))
    while True:
        group = ingredients.ALL[one.what](chance)
        length_s = group_length_s(group)
        while at_s + length_s < diary.length_s - _END_S and not _fits(
            diary, one, at_s, at_s + length_s
        ):
            at_s += max(diary.rest_s, 1.0)
        if at_s + length_s >= diary.length_s - _END_S:
            return
        diary.put(at_s, group, one.over)
        _wake(diary, one, at_s, at_s + length_s, chance)
        at_s += length_s + float(chance.rng.uniform(*(one.every_s or (0.0, 0.0))))


def _wake(diary: Diary, one: Ingredient, start: float, end: float, chance: Chance) -> None:
    if one.what == "wake_episode":
        diary.awake.append((start, min(end + chance.value("awake_after_s"), diary.length_s)))


def _lay_evenly(diary: Diary, numbered: list[tuple[Ingredient, Chance]], chance: Chance) -> None:
    """Each ingredient a few times, in any order, with the same rest after each."""
    groups = [
        ingredients.ALL[one.what](its_own)
        for one, its_own in numbered
        for _ in range(_how_many(diary, one, its_own))
    ]
    at_s = chance.value("settling_s")
    moving_s = sum(group_length_s(group) for group in groups)
    rest_s = (diary.length_s - _END_S - at_s - moving_s) / max(len(groups), 1)
    if rest_s < diary.rest_s:
        raise CribtraceError("no room for all of it: make the recording longer")
    for i in chance.rng.permutation(len(groups)):
        diary.put(at_s, groups[i], over=False)
        at_s += group_length_s(groups[i]) + rest_s
