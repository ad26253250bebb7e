"""The report's pieces about what movements mean together."""

from cribtrace.analysis import Night
from cribtrace.pattern_wording import STATES, context_sentence, made_of
from cribtrace.report.parts import row, table
from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION, UNKNOWN
from cribtrace.wording import length, since_start

# What the rule saw, in a line each: it knows movement and nothing else.
_LOOKS = {
    ASLEEP: "looks like sleep by the movement rule (likely asleep): for 3 min little movement. "
    "It cannot tell lying awake without moving from sleep.",
    AWAKE: "looks like waking by the movement rule (likely awake)",
    UNKNOWN: "cannot tell: too little seen, handled, or disturbed",
    NO_MOTION: STATES[NO_MOTION],
}


def patterns_table(night: Night) -> str:
    """Every bout, train, cluster and series."""
    if not night.patterns:
        return '<p class="note">No bout, train, cluster or series was found.</p>'
    rows = [_pattern(pattern) for pattern in sorted(night.patterns, key=lambda p: p["onset_s"])]
    head = ("Since start", "Length", "What", "Moment")
    return table("plain patterns", "Movements that belong together", head, rows)


def _pattern(pattern: dict) -> str:
    return row(
        since_start(pattern["onset_s"]),
        length(pattern["duration_s"]),
        made_of(pattern),
        context_sentence(pattern["context"]),
    )


def states_table(night: Night) -> str:
    """How long each likely state lasted, all stretches together."""
    if not night.likely:
        return '<p class="note">Nothing is known about sleep.</p>'
    rows = []
    for state, words in _LOOKS.items():
        lasted = [line["duration_s"] for line in night.likely if line["state"] == state]
        together = length(sum(lasted)) if sum(lasted) else "none"
        rows.append(row(words, str(len(lasted)), together))
    head = ("What the stretch looks like", "Stretches", "Together")
    return table("plain states", "Stretches by movement alone: no measure of sleep", head, rows)
