"""What is said of movements that belong together, and of the moment of one."""

from cribtrace.sleep import ASLEEP, AWAKE, NO_MOTION, UNKNOWN
from cribtrace.wording import MISSING, NOT_THIS, fixed, length, number

PATTERNS = {
    "bout": "Rhythmic bout",
    "slow_regular": "Slow regular train (2 to 10 s apart)",
    "twitch_cluster": "Twitch cluster",
    "periodic_series": "Periodic series (10 to 90 s timing)",
}
COUNTED_PATTERNS = {
    "bout": ("rhythmic bout, joined", "pieces up to 3 s apart"),
    "periodic_series": ("periodic series", "4 or more, 10 to 90 s apart"),
    "slow_regular": ("slow regular train", "10 or more, 2 to 10 s apart"),
    "twitch_cluster": ("twitch cluster", "3 or more twitches, up to 10 s apart"),
}
"""Each kind's short name and what makes one, as they are counted."""
# clinical.md section 3: an MPU-6050 misses most twitches of hand and foot.
POORER_SENSORS = ("MPU",)
NOT_TOLD_APART = (
    NOT_THIS[3],
    "Lying awake without moving, and sleep.",
    "A rhythmic bout, and sucking at about 2 per second, kicking, or patting by a hand that leaves"
    " no tilt.",
    "Jolts 5 to 30 s apart from one cause or another: series, trains and clusters are names of"
    " timing only.",
    "Leg and arm, left and right, one side and both.",
    "The infant, and a pet, a sibling or a hand on the same crib.",
    "That a bout stopped with an arousal speaks for nothing by itself, and rules nothing out.",
    "Eyes, face and fingers move too little to be seen at the mattress.",
)
STATES = {
    ASLEEP: "likely asleep",
    AWAKE: "likely awake",
    UNKNOWN: "cannot tell",
    NO_MOTION: "no motion seen: an empty crib and an infant who does not move look the same",
}
_STOPPED = {True: "yes", False: "no", None: "cannot tell"}


def _of(count: object, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def members(pattern: dict) -> str:
    """What a pattern counts: "4 movements", "18 jerks in 2 pieces"."""
    kind, count = pattern["kind"], pattern["count"]
    if kind == "bout":
        pieces = f" in {count} pieces" if count > 1 else ""
        return f"{_of(pattern.get('jerks'), 'jerk', 'jerks')}{pieces}"
    if kind == "twitch_cluster":
        return _of(count, "twitch", "twitches")
    return _of(count, "movement", "movements")


def pace(pattern: dict) -> str:
    """Its rate, or its median interval from onset to onset; a dash where it has neither."""
    rate_hz, apart_s = number(pattern.get("rate_hz")), number(pattern.get("interval_s"))
    if pattern["kind"] == "bout":
        return f"{rate_hz:.1f} per second" if rate_hz is not None else MISSING
    return f"{apart_s:.1f} s apart" if apart_s is not None else MISSING


def evenness(pattern: dict) -> str:
    """How regular: a bout's likeness from beat to beat, else how far the intervals deviate."""
    if pattern["kind"] == "bout":
        likeness = number(pattern.get("regularity"))
        return MISSING if likeness is None else f"likeness {likeness:.2f}"
    cv = number(pattern.get("interval_cv"))
    return f"intervals ± {100 * cv:.0f} %" if cv is not None else MISSING


def name_of(pattern: dict) -> str:
    """What kind of pattern it is."""
    large = pattern["kind"] == "bout" and pattern.get("of") == "rhythmic_large"
    return "Large rhythmic bout" if large else PATTERNS[pattern["kind"]]


def short_name(pattern: dict) -> str:
    """The same where a line has little room, and what makes one is said beside it."""
    large = pattern["kind"] == "bout" and pattern.get("of") == "rhythmic_large"
    return "large bout" if large else COUNTED_PATTERNS[pattern["kind"]][0].split(",")[0]


def state_of(context: dict) -> str:
    """The likely state at its onset, and for how long it had been likely sleep."""
    asleep_min = number(context.get("asleep_min"))
    since = f", {fixed(asleep_min, 0)} min" if asleep_min is not None else ""
    return STATES.get(str(context.get("state")), MISSING) + since


def stopped(context: dict) -> str:
    """Whether it stopped with an arousal."""
    return _STOPPED.get(context.get("stopped_with_arousal"), MISSING)


def made_of(pattern: dict) -> str:
    """What a pattern is, what it counts, and its rate or its median interval."""
    paced = pace(pattern)
    if paced == MISSING:
        return f"{name_of(pattern)}: {members(pattern)}"
    apart = paced.replace(" apart", " from one to the next (median)")
    return f"{name_of(pattern)}: {members(pattern)}, {apart}"


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
        f"Stopped with an arousal: {stopped(context)}."
    )
