"""What the settings are: the one source of their names, defaults and ranges.

What each means, and where its default is from, stands in docs/SETTINGS.md: text costs heap.
"""

import binascii

from micropython import const

SCHEMA_VERSION = const(2)  # a new one when a setting goes or comes to mean another thing
DEFAULT = "default"  # what a change may say in place of a number
ALL = "all"  # ... of every name, alone and with DEFAULT

# (name, default, least, most, unit). Whole numbers, so that no float is needed; the ranges keep
# the kernel's words inside +-2^30, and an event's length inside what may be uncommitted.
SCHEMA = (
    ("floor_min_ug", 60, 10, 10000, "ug"),
    ("low_16", 60, 16, 1600, "sixteenths"),
    ("high_16", 110, 32, 4000, "sixteenths"),
    ("hold_ms", 500, 200, 5000, "ms"),
    ("join_ms", 1600, 200, 5000, "ms"),
    ("longest_ms", 30000, 1000, 30000, "ms"),
    ("warm_up_ms", 10000, 1000, 30000, "ms"),
    ("settle_ms", 1000, 100, 10000, "ms"),
    ("twitch_ms", 500, 50, 5000, "ms"),
    ("limb_ms", 3000, 100, 30000, "ms"),
    ("startle_mg", 25, 1, 1000, "mg"),
    ("large_mg", 30, 1, 1000, "mg"),
    ("handling_mg", 300, 5, 2000, "mg"),
    ("tilt_mg", 5, 1, 500, "mg"),
    ("pre_ms", 500, 0, 500, "ms"),
    ("waveforms_per_hour", 30, 0, 120, "1/h"),
    ("ring_ms", 0, 0, 2000, "ms"),
    ("resonance_mhz", 0, 0, 20000, "mHz"),
    ("tell_events", 1, 0, 1, "switch"),
    ("when_full", 1, 0, 2, "switch"),
)
BELOW = (  # the first of each pair must stay below the second
    ("low_16", "high_16"),
    ("hold_ms", "longest_ms"),
    ("join_ms", "longest_ms"),
    ("twitch_ms", "limb_ms"),
)
DEFAULTS = {row[0]: row[1] for row in SCHEMA}


class BadSetting(ValueError):
    """A change that is refused, in words that begin with its `name=value`."""


def check(changes, in_force):
    """The settings that `changes` make of those in force: both stay as they are.

    `changes` maps names to whole numbers, as text too, or to DEFAULT. Raises BadSetting.
    """
    if changes == {ALL: DEFAULT}:
        return DEFAULTS
    for name in sorted(changes):
        if name not in DEFAULTS:
            raise BadSetting("%s=%s is no setting" % (name, changes[name]))
    new = dict(in_force)
    for name, default, least, most, _ in SCHEMA:
        if name in changes:
            given = changes[name]
            value = default if given == DEFAULT else _whole(name, given)
            if not least <= value <= most:
                raise BadSetting("%s=%d must be %d to %d" % (name, value, least, most))
            new[name] = value
    for low, high in BELOW:
        if new[low] >= new[high]:
            raise BadSetting("%s=%d must be below %s=%d" % (low, new[low], high, new[high]))
    return new


def _whole(name, given):
    if isinstance(given, str):
        # Not int() alone: that takes 1_000, blanks, other alphabets, and not everywhere the same.
        digits = given[1:] if given[:1] == "-" else given
        if digits and not digits.strip("0123456789"):
            return int(given)
    elif isinstance(given, int):
        return given
    raise BadSetting("%s=%s must be a whole number" % (name, given))


def text(values):
    """The settings with the version of their schema, `name=value`, in the order of their names."""
    line = "schema=%d" % SCHEMA_VERSION
    for name in sorted(values):
        line += " %s=%d" % (name, values[name])
    return line


def crc(values):
    """CRC-32 of `text`, `;` between the pairs: equal settings of one schema, equal number."""
    return binascii.crc32(text(values).replace(" ", ";").encode())
