"""The report's pieces about what movements mean together."""

from cribtrace.analysis import Night
from cribtrace.report_parts import row, table
from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION, UNKNOWN
from cribtrace.wording import MISSING, fixed, length, number, since_start

PATTERNS = {
    "bout": "Rhythmic bout",
    "slow_regular": "Slow regular train (2 to 10 s apart)",
    "twitch_cluster": "Twitch cluster",
    "periodic_series": "Periodic series (10 to 90 s timing)",
}
STATES = {
    ASLEEP: "likely asleep",
    AWAKE: "likely awake",
    UNKNOWN: "cannot tell",
    NO_MOTION: "no motion seen: an empty crib and an infant who does not move look the same",
}
_STOPPED = {True: "yes", False: "no", None: "cannot tell"}


def timing(pattern: dict) -> str:
    """Rate of a bout, or the median interval of anything else."""
    rate_hz, interval_s = number(pattern.get("rate_hz")), number(pattern.get("interval_s"))
    if pattern.get("kind") == "bout":
        return f"{fixed(rate_hz, 1)} per second" if rate_hz is not None else MISSING
    return f"{fixed(interval_s, 1)} s apart" if interval_s is not None else MISSING


def disturbed(context: dict) -> str:
    """How long ago the crib was last disturbed, and by what."""
    since_s = number(context.get("since_disturbance_s"))
    return (
        f"{length(since_s)}, {context.get('last_disturbance')}" if since_s is not None else "none"
    )


def context_sentence(context: dict | None) -> str:
    """What is said about the moment of one movement; empty where nothing is."""
    if not context:
        return ""
    asleep_min = number(context.get("asleep_min"))
    since = f" for {fixed(asleep_min, 1)} min" if asleep_min is not None else ""
    return (
        f"While: {STATES.get(str(context.get('state')), MISSING)}{since}. "
        f"Disturbance before it: {disturbed(context)}. "
        f"Stopped with an arousal: {_STOPPED.get(context.get('stopped_with_arousal'), MISSING)}."
    )


def patterns_table(night: Night) -> str:
    """Every bout, train, cluster and series."""
    if not night.patterns:
        return '<p class="note">No bout, train, cluster or series was found.</p>'
    rows = [_pattern(pattern) for pattern in sorted(night.patterns, key=lambda p: p["onset_s"])]
    head = ("Since start", "Length", "What", "Moment")
    return table("plain", "Movements that belong together", head, rows)


def _pattern(pattern: dict) -> str:
    return row(
        since_start(pattern["onset_s"]),
        length(pattern["duration_s"]),
        f"{PATTERNS[pattern['kind']]}: {pattern['count']}, {timing(pattern)}",
        context_sentence(pattern["context"]),
    )


def states_table(night: Night) -> str:
    """How long each likely state lasted, all stretches together."""
    if not night.likely:
        return '<p class="note">Nothing is known about sleep.</p>'
    rows = []
    for state, words in STATES.items():
        lasted = [line["duration_s"] for line in night.likely if line["state"] == state]
        rows.append(row(words, str(len(lasted)), length(sum(lasted))))
    return table(
        "plain", "Likely states, from movement alone", ("State", "Stretches", "Length"), rows
    )
