"""What the detector compares: its statistic, the codes of seconds, and what speaks for a veto.

A *strength* is the statistic as a multiple of the noise's own: like a variance it grows with the
square of the motion. A *margin* is the square root of one over the threshold's.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cribtrace.device import config, kernels, kinds, measures, records, seconds, settings

_ENVELOPE_NOISE = 8  # z of one noise rms


class Considered(NamedTuple):
    """A veto that was looked at: what was measured, and the limit beside it."""

    veto: str
    of: str
    value: float
    limit: float
    applies: bool


def strength(statistic: float) -> float:
    """The detector's statistic as a multiple of the noise's: its square root is one of motion."""
    return statistic**0.5 / kernels.UNIT


def needed(high_16: int) -> float:
    """The strength at which a movement counts, from that setting."""
    return strength(config.threshold(high_16))


def margin(found: float, threshold: float) -> float:
    """How many times the motion that would have just been enough."""
    return (found / threshold) ** 0.5 if threshold else 0.0


def _least(level: int) -> int:
    """Least value of a level: undoes `kernels.level`."""
    return level if level < 16 else (8 + level % 8) << (level // 8 - 1)


def second_strength(code: int) -> float:
    """Least strength of a second with this code: undoes `seconds.code`.

    From seconds.CODE_LOUD on the code is of the largest deviation of an axis, whose square stands
    in for the strength; such a second is above every threshold that can be set.
    """
    if code < seconds.CODE_LOUD:
        return strength(_least(code))
    z = _least(code - seconds.CODE_LOUD + kernels.level(seconds._Z_MOST))
    return (z / _ENVELOPE_NOISE) ** 2


def reached(code: int, threshold: float) -> bool:
    """Whether a second with this code may have reached this strength: right to one code, 2 %."""
    statistic = round((threshold * kernels.UNIT) ** 2)
    return code >= seconds.CODE_LOUD or code >= kernels.level(statistic)


def considered(record: dict, mg_per_lsb: float, in_force: Mapping[str, int]) -> list[Considered]:
    """Every veto that was looked at for an event's record, in the order of records.VETOES."""
    share, limit = record["share"], kinds._SHAKEN_SHARE
    if record["best"] < kinds._WEAK:
        limit = kinds._SHAKEN_SHARE_WEAK
    tilt = max(abs(record["tilt_" + axis]) for axis in records.AXES)
    peak_mg = round(record["peak"] / 2 * mg_per_lsb, 2)
    looked = (
        ("clipping", "samples_at_the_end", record["vetoes"] & measures.CLIPPING and 1, 1),
        ("tilt", "tilt_axis_mg", round(tilt * mg_per_lsb, 2), in_force["tilt_mg"]),
        ("strength", "peak_mg", peak_mg, in_force["handling_mg"]),
        ("shaken", "slow_share_below", round(share / 1024, 3), round(limit / 1024, 3)),
        ("steps", "regularity", round(record["likeness"] / 256, 2),
         round(kinds._STEPS_LIKENESS / 256, 2)),
        ("tone", "evenness", round(record["flatness"] / 1024, 3), round(kinds._FLAT / 1024, 3)),
        ("rocking", "slow_share", round(share / 1024, 3), round(kinds._SWAY_SHARE / 1024, 3)),
    )  # fmt: skip
    return [
        Considered(veto, of, value, limit, bool(record["vetoes"] >> _BITS[veto] & 1))
        for veto, of, value, limit in looked
    ]


_BITS = {name: bit for bit, name in enumerate(records.VETOES)}
DEFAULT_STRENGTH = needed(settings.DEFAULTS["high_16"])
