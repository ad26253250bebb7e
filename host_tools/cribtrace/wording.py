"""Every sentence a person reads, and the words that none of them may hold."""

import math
import re
from dataclasses import dataclass

from cribtrace.veto_wording import VETOES, also, clause

MISSING = "–"


@dataclass(frozen=True)
class Kind:
    """How one event kind is named: "1 twitch", "2 twitches", and what it means."""

    one: str
    many: str
    meaning: str


# Limits: duration at 30 % of the peak, as the detector classes a single movement by default.
KINDS = {
    "twitch": Kind("twitch", "twitches", "up to 0.5 s"),
    "limb_move": Kind("limb movement", "limb movements", "0.5 s to 3 s"),
    "gross": Kind("gross movement", "gross movements", "longer than 3 s"),
    "rhythmic_bout": Kind("rhythmic bout", "rhythmic bouts", "4 or more regular jerks"),
    "rhythmic_large": Kind(
        "large rhythmic movement", "large rhythmic movements", "regular, large, up to 2.2 Hz"
    ),
    "startle_like": Kind(
        "startle-like movement", "startle-like movements", "one strong one, 0.25 s to 1.5 s"
    ),
    "handling": Kind(
        "handling of the crib",
        "handlings of the crib",
        "stronger than an infant moves, a lasting lean, or slow rocking",
    ),
    "environment": Kind(
        "disturbance from outside",
        "disturbances from outside",
        "through the floor, or steady vibration",
    ),
    "fast_oscillation": Kind(
        "fast oscillation", "fast oscillations", "steady vibration of 5-12 Hz, 2 s or longer"
    ),
}
DISTURBANCES = ("handling", "environment")  # not the sleeper's: counted and drawn apart
DEVELOPERS = ("fast_oscillation",)  # in `decode`, `why` and --json alone
MOVEMENTS = tuple(kind for kind in KINDS if kind not in DISTURBANCES + DEVELOPERS)

REASONS = {
    "after a gap": "the noise floor was being measured again",
    "bus_error": "the sensor did not answer",
    "crashed": "the firmware failed and restarted itself",
    "fifo_overrun": "the sensor’s buffer filled up before it was read",
    "injected": "a host played a file in the sensor’s place",
    "interrupted": "the recording was stopped from outside, then went on",
    "power_cut": "the board had no power",
    "restarted": "the board was started again",
    "self_test": "the sensor tested itself, as it was asked to",
    "settings changed": "the settings were changed, and the noise floor was being measured",
    "sensor_silent": "the sensor sent nothing",
    "sensor_stuck": "the sensor gave one and the same value",
    "no_sensor": "no motion sensor answered",
    "records_missing": "the log of this time is not here",
    "log_full": "the board's log was full",
    "noise floor above 10 mg": "the noise was too strong to tell movements from it",
    "value stood": "the sensor gave one and the same value",
    "warm-up": "the noise floor was being measured",
    "watchdog": "the board hung and restarted itself",
}

CORD = (
    "Before it goes near a crib: the sensor and its lead lie under the mattress; lead the lead"
    " down and away, and fix it, so that nothing of it can be reached from the crib: a cord within"
    " a child's reach can strangle. Board, charger and every other cable stay 1 m from the crib."
    " Nothing goes on top of the mattress or into the crib. The child sleeps on its back, on a"
    " firm, flat mattress, with nothing else in the crib."
)
NOT_THIS = (
    "Cribtrace is not a medical device.",
    "It counts movements of a mattress; it does not show breathing or heart.",
    "It cannot rule anything in or out.",
    "An empty crib and a very still infant look the same.",
    "Worried? Film it and ask your clinician.",
    "Trouble breathing, colour change or unresponsive: call emergency services.",
)

# Sentences that may hold a word of NEVER_SAY: whole, and nothing but these.
ALLOWED = NOT_THIS

# Verdicts, reassurance, diagnoses and vital signs, as patterns of whole words.
NEVER_SAY = (
    r"quiet\w*", r"restless\w*", r"calm\w*", r"still", r"peaceful\w*", r"settled",
    r"(ab)?normal\w*", r"typical\w*", r"(un)?usual\w*", r"expected", r"elevated",
    r"better", r"best", r"worse", r"worst", r"good", r"bad", r"poor", r"great", r"excellent",
    r"improv\w*", r"deteriorat\w*", r"healthy", r"unhealthy", r"fine", r"ok(ay)?", r"all clear",
    r"safe\w*", r"unsafe", r"danger\w*", r"risk\w*", r"concern\w*", r"worr\w*", r"reassur\w*",
    r"alarm\w*", r"alert\w*", r"warning\w*", r"emergenc\w*",
    r"benign", r"bnsm", r"myoclon\w*", r"seizure\w*", r"epilep\w*", r"convuls\w*", r"clonic",
    r"spasm\w*", r"plm\w*", r"rem", r"nrem", r"n[123]", r"jitter\w*", r"hiccup\w*",
    r"diagnos\w*", r"patient\w*", r"symptom\w*", r"disease\w*", r"disorder\w*", r"medical",
    r"breath\w*", r"respirat\w*", r"heart\w*", r"pulse", r"oxygen", r"apn(o?e)a", r"sids",
    r"vital\w*",
)  # fmt: skip
_NEVER = re.compile(r"\b(?:" + "|".join(NEVER_SAY) + r")\b", re.IGNORECASE)


def forbidden(text: str) -> list[str]:
    """The never-say words in `text`, outside the allowed sentences."""
    for sentence in ALLOWED:
        text = text.replace(sentence, " ")
    return [found.group() for found in _NEVER.finditer(text)]


def number(value: object) -> float | None:
    """`value` as a finite float, or None: a log can hold anything."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def fixed(value: float | None, digits: int) -> str:
    """`value` with that many decimals, or a dash."""
    return MISSING if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def rounded_down(value: float | None, digits: int) -> str:
    """`value` with that many decimals and never more than it is: 99.97 % covered is not 100 %."""
    if value is None or not math.isfinite(value):
        return MISSING
    return fixed(math.floor(value * 10**digits + 1e-9) / 10**digits, digits)


def since_start(seconds: float | None, digits: int = 0) -> str:
    """Seconds since the start as h:mm:ss, or a dash."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    scale = 10**digits
    whole, part = divmod(round(abs(seconds) * scale), scale)
    text = f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return ("-" if seconds < 0 else "") + text + (f".{part:0{digits}}" if digits else "")


def length(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = round(seconds)
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole // 60 % 60:02} min"


def counted(kind: str, count: int) -> str:
    """A count with its noun: 1 twitch, 2 limb movements."""
    known = KINDS.get(kind)
    if known is None:
        return f"{count} {kind}"
    return f"{count} {known.one if count == 1 else known.many}"


def headline(
    counts: dict[str, int], covered_s: float, span_s: float, asleep_s: float | None = None
) -> str:
    """The night in one sentence that is made of numbers only; disturbances come last."""
    moved = {kind: count for kind, count in counts.items() if kind not in DISTURBANCES}
    total = sum(moved.values())
    events = "1 movement" if total == 1 else f"{total} movements"
    covered = rounded_down(covered_s / 3600, 2)
    text = f"{events} in {covered} covered hours of {span_s / 3600:.2f} recorded"
    if asleep_s is not None:
        text += f", {rounded_down(asleep_s / 3600, 2)} of them likely asleep"
    text += f": {_listed(moved)}" if total else ""
    others = {kind: counts[kind] for kind in DISTURBANCES if counts.get(kind)}
    text += f"; apart from these {_listed(others)}" if others else ""
    return text + "."


def _listed(counts: dict[str, int]) -> str:
    parts = [counted(kind, count) for kind, count in counts.items() if count]
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def reason(term: object) -> str:
    """Why time was not covered, in words; empty for a reason this version does not know."""
    return REASONS.get(str(term), "")


def explain(event: dict, held_s: float | None = None) -> list[str]:
    """The event's `why` as sentences, from whatever of it the log holds.

    `held_s` is how much of the event its waveform holds, where that is not all.
    """
    why = event.get("why")
    why = why if isinstance(why, dict) else {}
    said = [_strength(event, why), _timing(event), _rule(why), _vetoes(why), _rest(why)]
    said = [sentence for sentence in said if sentence] or ["The log holds no reason."]
    if held_s is not None:
        said.append(f"The stored waveform holds its first {fixed(held_s, 1)} s.")
    return said


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""


def against(why: dict) -> str:
    """How a strength compares to the one at which a movement counts; empty where nobody knows."""
    margin, strength = number(why.get("margin")), number(why.get("strength"))
    threshold = number(why.get("threshold"))
    if margin is None or strength is None or threshold is None:
        return ""
    return (
        f"strength {fixed(strength, 2)}, {fixed(margin, 2)} times the {fixed(threshold, 2)}"
        " at which a movement counts"
    )


def _strength(event: dict, why: dict) -> str:
    slow = why.get("strength") == 0
    compared, threshold = against(why), number(why.get("threshold_mg"))
    peak, floor = number(event.get("peak_mg")), number(why.get("floor_mg"))
    axis, energy = event.get("axis"), number(why.get("energy_mg_s"))
    parts = [
        f"it reached {compared}" if compared and not slow else "",
        "slow motion, told by how long it lasts" if slow else "",
        f"{fixed(threshold, 2)} mg on one axis would have been enough"
        if threshold is not None
        else "",
        f"its peak was {fixed(peak, 2)} mg" + (f" on axis {axis}" if axis is not None else "")
        if peak is not None
        else "",
        f"its energy {fixed(energy, 2)} mg s" if energy is not None else "",
        f"the noise floor was {fixed(floor, 2)} mg" if floor is not None else "",
    ]
    return _sentence("; ".join(part for part in parts if part))


def _timing(event: dict) -> str:
    duration, jerks = number(event.get("duration_s")), number(event.get("jerks"))
    rate, snr = number(event.get("rate_hz")), number(event.get("snr"))
    parts = [
        f"it lasted {duration:.2f} s" if duration is not None else "",
        f"{jerks:.0f} {'jerk' if jerks == 1 else 'jerks'}" if jerks is not None else "",
        f"{rate:.2f} per second" if rate is not None else "",
        f"signal to noise {snr:.1f}" if snr is not None else "",
    ]
    return _sentence(", ".join(part for part in parts if part))


def _rule(why: dict) -> str:
    parts = [
        f"Rule: {why['rule']}." if why.get("rule") is not None else "",
        "It was told before it could be seen to be over." if why.get("cut") is True else "",
        "It is the rest of a movement that was cut." if why.get("joined") is True else "",
    ]
    return " ".join(part for part in parts if part)


def _vetoes(why: dict) -> str:
    looked, named = why.get("considered"), why.get("vetoes")
    if isinstance(looked, list) and looked and all(isinstance(one, dict) for one in looked):
        limits = {str(one.get("veto")): number(one.get("limit")) for one in looked}
        clauses = [
            clause(one, number(one.get("value")), number(one.get("limit")), limits.get("strength"))
            for one in looked
        ]
        return f"Could something else have moved the crib? {'; '.join(clauses)}."
    named = [VETOES.get(str(veto), str(veto)) for veto in named] if isinstance(named, list) else []
    return f"What speaks for something else: {', '.join(named)}." if named else ""


_TOLD = {"floor_mg", "threshold_mg", "threshold", "margin", "strength", "energy_mg_s", "rule",
         "cut", "joined", "vetoes", "considered"}  # fmt: skip


def _rest(why: dict) -> str:
    others = {key: why[key] for key in why if key not in _TOLD and number(why[key]) is not None}
    listed = ", ".join(also(key, value) for key, value in others.items())
    return f"Also recorded: {listed}." if listed else ""
