"""What an infant does: each function draws one movement, or several that belong together.

Names are of the mechanics: what a movement means cannot be seen under a mattress.
"""

import math

import numpy as np

from cribtrace.world.chance import Chance
from cribtrace.world.movements import (
    Group,
    Jerk,
    Movement,
    Tone,
    alone,
    beaten,
    rate_of,
    steady,
    train,
    within,
)


def twitch(chance: Chance) -> Group:
    """Draw one short jerk."""
    return alone(_twitch(chance))


def limb_move(chance: Chance) -> Group:
    """Draw a few jerks of one limb."""
    return alone(_limb_move(chance))


def gross(chance: Chance) -> Group:
    """Draw many jerks of limbs and trunk, after which the infant lies a little differently."""
    return alone(_gross(chance))


def startle(chance: Chance) -> Group:
    """Draw two or three strong jerks at once."""
    jerks = train(chance, "startle", chance.count("startle_jerks"))
    return alone(Movement("startle", jerks, len(jerks), kind="startle_like"))


def sleep_onset_jerk(chance: Chance) -> Group:
    """Draw one strong jerk of the whole body."""
    force_n = chance.force("sleep_onset_force_n") * chance.direction()
    jerk = Jerk(0.0, chance.value("sleep_onset_width_s"), force_n)
    return alone(Movement("sleep_onset_jerk", [jerk], 1, kind="startle_like"))


def rhythmic_bout(chance: Chance) -> Group:
    """Draw regular jerks of one limb, 1 Hz and above, longer than 10 s."""
    return alone(_long_bout(chance))


def short_bout(chance: Chance) -> Group:
    """Draw four to a dozen regular jerks."""
    count, rate_hz = chance.count("short_bout_jerks"), chance.value("bout_rate_hz")
    return alone(_bout(chance, "short_bout", rate_hz, count))


def bout_then_stir(chance: Chance) -> Group:
    """Draw a bout, and the gross movement with which it stops."""
    bout = _long_bout(chance, "bout_then_stir")
    return [(0.0, bout), (bout.length_s + chance.value("stir_after_s"), _gross(chance))]


def slowing_bout(chance: Chance) -> Group:
    """Draw jerks with a fast and a slow phase, whose rhythm slows down."""
    first_hz, last_hz = chance.value("slowing_from_hz"), chance.value("slowing_to_hz")
    length_s, width_s = chance.value("slowing_length_s"), chance.value("slowing_width_s")
    slope = (last_hz - first_hz) / length_s
    # Beats fall where the phase, the integral of the rate, is whole.
    count = int((first_hz + last_hz) / 2 * length_s) + 1
    beats = np.arange(count)
    at_s = (np.sqrt(first_hz**2 + 2 * slope * beats) - first_hz) / slope
    force_n, turn = chance.force("slowing_force_n"), chance.direction()
    pushes: list[Jerk] = []
    for fast in beaten(chance, at_s, width_s, force_n, turn):
        slow = Jerk(fast.at_s + width_s, 2.5 * width_s, -0.4 * fast.force_n)
        pushes += [fast, slow]
    return alone(
        Movement("slowing_bout", pushes, count, "rhythmic_bout",
                 rate_hz=rate_of(at_s), slope_hz_per_s=slope)
    )  # fmt: skip


def fast_oscillation(chance: Chance) -> Group:
    """Draw a sinusoid of a limb."""
    hz, length_s = chance.value("fast_rate_hz"), chance.value("fast_length_s")
    force_n = chance.force("fast_force_n") * chance.direction()
    tone = Tone(0.0, length_s, hz, force_n, ramp_s=0.4, uneven=0.2)
    count = round(hz * length_s)
    return alone(Movement("fast_oscillation", [tone], count, "fast_oscillation", rate_hz=hz))


def rhythmic_large(chance: Chance) -> Group:
    """Draw the trunk or the head thrown to and fro."""
    rate_hz, length_s = chance.value("large_rate_hz"), chance.value("large_length_s")
    return alone(
        _regular(chance, "rhythmic_large", "large", "large_width_s", rate_hz,
                 max(round(rate_hz * length_s), 4))
    )  # fmt: skip


def sucking(chance: Chance) -> Group:
    """Draw bursts of sucks, each as regular as any bout."""
    group, at_s = [], 0.0
    for _ in range(chance.count("sucking_bursts")):
        rate_hz, count = chance.value("sucking_rate_hz"), chance.count("sucking_jerks")
        burst = _regular(chance, "rhythmic_bout", "sucking", "sucking_width_s", rate_hz, count)
        group.append((at_s, burst))
        at_s += burst.length_s + chance.value("sucking_gap_s")
    return group


def hiccups(chance: Chance) -> Group:
    """Draw single jerks that come back at nearly the same interval for minutes."""
    interval_s, length_s = chance.value("hiccup_interval_s"), chance.value("hiccups_length_s")
    count = max(int(length_s / interval_s), 10)
    at_s = steady(chance, 1 / interval_s, count, chance.value("hiccup_spread"))
    force_n, turn = chance.force("hiccup_force_n"), chance.direction()
    width_s = chance.value("hiccup_width_s")
    jerks = beaten(chance, 0 * at_s, width_s, force_n, turn)
    found = [Movement("hiccups", [jerk], 1) for jerk in jerks]
    return list(zip(at_s.tolist(), found, strict=True))


def twitch_burst(chance: Chance) -> Group:
    """Draw twitches within seconds of each other."""
    count = chance.count("burst_twitches")
    return _spaced(chance, "burst_interval_s", [_twitch(chance) for _ in range(count)])


def periodic_series(chance: Chance) -> Group:
    """Draw limb moves that come back after tens of seconds."""
    count = chance.count("series_moves")
    return _spaced(chance, "series_interval_s", [_limb_move(chance) for _ in range(count)])


def swelling_series(chance: Chance) -> Group:
    """Draw strong jolts some seconds apart that grow, then shrink."""
    count, group, at_s = chance.count("swelling_moves"), [], 0.0
    strongest_n = chance.force("swelling_force_n")
    for i in range(count):
        force_n = strongest_n * (0.3 + 0.7 * math.sin(math.pi * (i + 0.5) / count))
        jolt = _jolt(chance, force_n)
        group.append((at_s, jolt))
        at_s += max(chance.value("swelling_interval_s"), jolt.length_s + 2.0)
    return group


def wake_episode(chance: Chance) -> Group:
    """Draw kicks, in bursts, for as long as the infant is awake."""
    length_s, group, at_s = chance.value("wake_length_s"), [], 0.0
    while at_s < length_s:
        jerks = within(train(chance, "kick", 70), chance.value("kicking_s"))
        kicks = Movement("wake_episode", jerks, len(jerks), lean=chance.lean("posture_deg"))
        group.append((at_s, kicks))
        at_s += kicks.length_s + chance.value("kick_pause_s")
    return group


def _twitch(chance: Chance) -> Movement:
    force_n = chance.force("twitch_force_n") * chance.direction()
    return Movement("twitch", [Jerk(0.0, chance.value("twitch_width_s"), force_n)], 1)


def _limb_move(chance: Chance) -> Movement:
    jerks = train(chance, "limb", chance.count("limb_jerks"))
    return Movement("limb_move", jerks, len(jerks))


def _gross(chance: Chance) -> Movement:
    jerks = within(train(chance, "gross", 60), chance.value("gross_length_s"))
    return Movement("gross", jerks, len(jerks), lean=chance.lean("posture_deg"))


def _long_bout(chance: Chance, cause: str = "rhythmic_bout") -> Movement:
    rate_hz, length_s = chance.value("bout_rate_hz"), chance.value("bout_length_s")
    return _bout(chance, cause, rate_hz, max(math.ceil(rate_hz * length_s), 4))


def _bout(chance: Chance, cause: str, rate_hz: float, count: int) -> Movement:
    at_s = steady(chance, rate_hz, count, chance.value("bout_spread"))
    force_n, turn = chance.force("bout_force_n"), chance.direction()
    jerks = beaten(chance, at_s, chance.value("bout_width_s"), force_n, turn)
    return Movement(cause, jerks, count, "rhythmic_bout", rate_hz=rate_of(at_s))


def _regular(
    chance: Chance, kind: str, name: str, width: str, rate_hz: float, count: int
) -> Movement:
    at_s = steady(chance, rate_hz, count, chance.value("bout_spread"))
    force_n, turn = chance.force(f"{name}_force_n"), chance.direction()
    jerks = beaten(chance, at_s, chance.value(width), force_n, turn)
    cause = "rhythmic_large" if name == "large" else name
    return Movement(cause, jerks, count, kind, rate_hz=rate_of(at_s))


def _jolt(chance: Chance, force_n: float) -> Movement:
    """Draw a jolt as long as most or as the long ones are: a strong jerk, then weaker ones."""
    short = chance.rng.uniform() < chance.fixed("swelling_short_share")
    length_s = chance.value("swelling_short_s" if short else "swelling_long_s")
    turn, at_s, jerks = chance.direction(), 0.0, []
    while not jerks or at_s < length_s:
        width_s = chance.value("swelling_width_s")
        share = 1.0 if not jerks else 0.55
        jerks.append(Jerk(at_s, width_s, force_n * share * chance.strength() * turn))
        at_s += width_s
    return Movement("swelling_series", jerks, len(jerks))


def _spaced(chance: Chance, interval: str, movements: list[Movement]) -> Group:
    at_s, group = 0.0, []
    for movement in movements:
        group.append((at_s, movement))
        at_s += chance.value(interval)
    return group
