"""What the detector compares: its statistic, the codes of seconds, and what speaks for a veto.

A *strength* is the statistic as a multiple of the noise's own: like a variance it grows with the
square of the motion. A *margin* is one over the threshold's.
"""

import functools
from collections.abc import Collection, Mapping
from typing import NamedTuple

from cribtrace import log_records
from cribtrace.device import config, kernels, measures, records, seconds, settings, vetoes

_ENVELOPE_NOISE = 8  # z of one noise rms


class Considered(NamedTuple):
    """A veto, what was measured for it, and the limit from or `below` which it applies.

    `value` is None where the board did not come to look at it.
    """

    veto: str
    of: str
    value: float | None
    when: str
    limit: float
    applies: bool


def strength(statistic: float) -> float:
    """The detector's statistic as a multiple of the noise's: its square root is one of motion."""
    return statistic**0.5 / kernels.UNIT


@functools.lru_cache(maxsize=64)
def needed(high_16: int) -> float:
    """The strength at which a movement counts, from that setting."""
    return strength(config.threshold(high_16))


def margin(found: float, threshold: float) -> float:
    """How many times the strength that would have been enough, both as they are told."""
    return round(round(found, 2) / round(threshold, 2), 2) if threshold else 0.0


@functools.lru_cache(maxsize=64)
def told(threshold: float | None) -> float | None:
    """A threshold as lines have it; None of None."""
    return None if threshold is None else round(threshold, 2)


@functools.lru_cache(maxsize=4096)
def compared(statistic: int, threshold: float | None) -> dict:
    """What lines have of a statistic: its strength, and its margin over a threshold, if known."""
    found = strength(statistic)
    over = None if threshold is None else margin(found, threshold)
    return {"strength": round(found, 2), "margin": over}


def _least(level: int) -> int:
    """Least value of a level: undoes `kernels.level`."""
    return level if level < 16 else (8 + level % 8) << (level // 8 - 1)


def second_strength(code: int) -> float:
    """Least strength of a second with this code: undoes `seconds.code`.

    From seconds.CODE_LOUD on the code is of the largest `deviation` of an axis, whose square
    stands in for the strength.
    """
    times = deviation(code)
    return strength(_least(code)) if times is None else times**2


def deviation(code: int) -> float | None:
    """Least of the largest deviation of an axis in a second, as a multiple of the noise rms.

    None below seconds.CODE_LOUD, where the code is of the statistic.
    """
    if code < seconds.CODE_LOUD:
        return None
    z = _least(code - seconds.CODE_LOUD + kernels.level(seconds.Z_MOST))
    return z / _ENVELOPE_NOISE


def reached(code: int, threshold: float) -> bool:
    """Whether a second with this code may have reached this strength: right to one code, 2 %."""
    return code >= least_code(threshold)


@functools.lru_cache(maxsize=64)
def least_code(threshold: float) -> int:
    """The first code of a second that `reached` this strength."""
    return min(seconds.CODE_LOUD, kernels.level(round((threshold * kernels.UNIT) ** 2)))


def passed_over(rule: int, told: Collection[str]) -> list[int]:
    """The board's rules that a movement was held against in vain before the one that it met.

    `told` are its vetoes. The order is that of `Kinds.name` of the firmware.
    """
    # A large swing is one whatever its strength and lean; what is not even enough for a vibration
    # came through the floor, in steps or not.
    skipped = (records.HANDLED, records.LEANED) if rule == records.SWUNG else ()
    if rule == records.SHAKEN and "tone" in told:
        skipped = (records.STEPPED,)
    return [other for other in range(rule) if other not in skipped]


def considered(record: dict, header: dict, in_force: Mapping[str, int]) -> list[Considered]:
    """Every veto for an event's record, in the order in which the board looks at them."""
    told, mg_per_lsb = record["vetoes"], 1e6 / header["mlsb_per_g"]
    rate_mhz = header["rate_mhz"]
    limits = vetoes.Vetoes(in_force, rate_mhz, header["mlsb_per_g"], config.tick_shift(rate_mhz))
    found = [record.get(name, 0) for name in _WORDS]
    slow_share = round(record["share"] / 1024, 3)
    steps = limits.walks(found, 0)
    shaken = limits.shaken_share(found, 0)
    even = vetoes.STEPS_LIKENESS if steps else vetoes.TRAIN_LIKENESS
    tilt_mg = max(abs(record["tilt_" + axis]) for axis in records.AXES) * mg_per_lsb
    long = record["span"] >= vetoes.TONE_SECONDS * config.frames(1000, rate_mhz)
    heard = limits.pitch(found, 0) > limits.ring_mhz
    # Rocking ends the board's search; the others ask for more than their number.
    further = not told & measures.ROCKING
    looked = (
        ("rocking", "slow_share", slow_share, vetoes.SWAY_SHARE / 1024, True),
        ("tone", "evenness", round(record["flatness"] / 1024, 3), vetoes.FLAT / 1024,
         further and long and heard),
        ("shaken", "slow_share", slow_share, shaken / 1024, further),
        ("steps", "regularity", round(record["likeness"] / 256, 2), even / 256,
         told & measures.SHAKEN),
        ("strength", "peak_mg", round(record["peak"] / 2 * mg_per_lsb, 2),
         in_force["handling_mg"], further),
        ("tilt", "tilt_axis_mg", round(tilt_mg, 2), in_force["tilt_mg"], further),
        ("clipping", "clipped", told & measures.CLIPPING and 1, 1, True),
    )  # fmt: skip
    return [
        Considered(veto, of, value if at_all else None, "below" if veto == "shaken" else "from",
                   round(limit, 3), bool(told >> _BITS[veto] & 1))
        for veto, of, value, limit, at_all in looked
    ]  # fmt: skip


_WORDS = [""] * measures.WORDS
for _name in log_records.NAMES[records.EVENT]:
    if hasattr(measures, _name.upper()):
        _WORDS[getattr(measures, _name.upper())] = _name
_BITS = {name: bit for bit, name in enumerate(log_records.VETOES)}
DEFAULT_STRENGTH = needed(settings.DEFAULTS["high_16"])
