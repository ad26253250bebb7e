"""What is said of movements that belong together, and of the moment of one."""

from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION, UNKNOWN
from cribtrace.wording import MISSING, fixed, length, number

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


def _of(count: object, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def made_of(pattern: dict) -> str:
    """What a pattern is, what it counts, and its rate or its median interval."""
    kind, count = pattern["kind"], pattern["count"]
    if kind == "bout":
        name = "Large rhythmic bout" if pattern.get("of") == "rhythmic_large" else PATTERNS[kind]
        pieces = f" in {count} pieces" if count > 1 else ""
        rate_hz = number(pattern.get("rate_hz"))
        rate = f", {fixed(rate_hz, 1)} per second" if rate_hz is not None else ""
        return f"{name}: {_of(pattern.get('jerks'), 'jerk', 'jerks')}{pieces}{rate}"
    members = ("twitch", "twitches") if kind == "twitch_cluster" else ("movement", "movements")
    apart_s = number(pattern.get("interval_s"))
    apart = f", {fixed(apart_s, 1)} s from one to the next (median)" if apart_s is not None else ""
    return f"{PATTERNS[kind]}: {_of(count, *members)}{apart}"


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
