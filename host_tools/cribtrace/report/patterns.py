"""The report's pieces about what movements mean together."""

from collections.abc import Callable

from cribtrace.pattern_wording import (
    STATES,
    disturbed,
    evenness,
    members,
    name_of,
    pace,
    state_of,
    stopped,
)
from cribtrace.report.content import Content, clock
from cribtrace.report.parts import esc, row, table
from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION, UNKNOWN
from cribtrace.wording import length

HEAD = (
    "Start",
    "Length",
    "What",
    "Rate",
    "Regularity",
    "State",
    "Stopped with an arousal",
    "Last disturbance",
)
# What the rule saw, in a line each: it knows movement and nothing else.
_LOOKS = {
    ASLEEP: "looks like sleep by the movement rule (likely asleep): for 3 min little movement. "
    "It cannot tell lying awake without moving from sleep.",
    AWAKE: "looks like waking by the movement rule (likely awake)",
    UNKNOWN: "cannot tell: too little seen, handled, or disturbed",
    NO_MOTION: STATES[NO_MOTION],
}


def rows(told: Content) -> list[tuple[str, ...]]:
    """Every pattern as `HEAD` names its cells, in order of onset; text."""
    return rows_of(told, told.night.patterns)


def rows_of(
    told: Content, patterns: list[dict], named: Callable[[dict], str] = name_of
) -> list[tuple[str, ...]]:
    """The same of some of them, each named as `named` says."""
    found = sorted(patterns, key=lambda pattern: pattern["onset_s"])
    return [
        (
            clock(told, pattern["onset_s"]),
            length(pattern["duration_s"]),
            f"{named(pattern)}: {members(pattern)}",
            pace(pattern),
            evenness(pattern),
            state_of(pattern["context"]),
            stopped(pattern["context"]),
            disturbed(pattern["context"]),
        )
        for pattern in found
    ]


def patterns_table(told: Content) -> str:
    """Every bout, train, cluster and series."""
    if not told.night.patterns:
        return '<p class="note">No bout, train, cluster or series was found.</p>'
    labelled = [[f'<span data-label="{name}">{esc(cell)}</span>' for name, cell in
                 zip(HEAD, cells, strict=True)] for cells in rows(told)]  # fmt: skip
    drawn = [row(*cells) for cells in labelled]
    return table("plain patterns", "Movements that belong together", HEAD, drawn)


def _first_screen(told: Content) -> str:
    summary = told.summary
    still = f", and {length(summary.still_s)} without motion that followed on it"
    empty = ", less what tilt says was an empty crib" if summary.empty_s else ""
    words = (
        f"“Likely asleep” on the first screen: likely sleep{still * bool(summary.still_s)}{empty}"
    )
    return row(words, "", length(summary.asleep_s) if summary.asleep_s else "none")


def states_table(told: Content) -> str:
    """How long each likely state lasted, all together, and which of it the first screen counts."""
    night = told.night
    if not night.likely:
        return '<p class="note">Nothing is known about sleep.</p>'
    rows = []
    for state, words in _LOOKS.items():
        lasted = [line["duration_s"] for line in night.likely if line["state"] == state]
        together = length(sum(lasted)) if sum(lasted) else "none"
        rows.append(row(words, str(len(lasted)), together))
    rows.append(_first_screen(told))
    head = ("What the stretch looks like", "Stretches", "Together")
    return table("plain states", "Stretches by movement alone: no measure of sleep", head, rows)
