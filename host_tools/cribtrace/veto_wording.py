"""What speaks for another cause than the sleeper: name, measured value, and what it takes."""

VETOES = {
    "clipping": "the sensor’s range",
    "tilt": "a lasting lean",
    "strength": "more strength than an infant has",
    "shaken": "motion through the floor",
    "steps": "regular steps",
    "tone": "a steady vibration",
    "rocking": "slow rocking",
}

MEASURED = {
    "evenness": ("the mean over the peak", ""),
    "peak_mg": ("its peak", " mg"),
    "regularity": ("the likeness from beat to beat", ""),
    "slow_share": ("the share of its motion below 3 Hz", ""),
    "span_s": ("the time above the low threshold", " s"),
    "tilt_axis_mg": ("the tilt of an axis", " mg"),
    "tilt_mg": ("the lasting tilt", " mg"),
}
"""Of each number that the log holds: its name and its unit."""


def clause(
    one: dict, value: float | None, limit: float | None, handling_mg: float | None = None
) -> str:
    """Whether a veto (a `considered` of SCHEMA.md) applies, with what it was held against.

    `value` and `limit` are its numbers, None where it has none; `handling_mg` is the peak that
    tells handling: half of it does beside a lean of the limit, less beside a larger one, and a
    lean alone tells nothing.
    """
    veto, of = str(one.get("veto")), str(one.get("of"))
    said = VETOES.get(veto, veto)
    if value is None or limit is None:
        return f"{said}: not looked at"
    said += ": yes" if one.get("applies") is True else ": no"
    if of == "clipped":
        return f"{said} ({'a' if value else 'no'} frame was at its end)"
    name, unit = MEASURED.get(of, (of, ""))
    below = one.get("when") == "below"
    bound = f"less than {limit:g}{unit}" if below else f"{limit:g}{unit} or more"
    if veto == "tilt" and handling_mg is not None:
        peak_mg = handling_mg / 2 * limit / max(value, limit)
        bound += f"; with a peak of {peak_mg:.3g} mg or more it tells handling"
    return f"{said} ({name} was {value:g}{unit}; it takes {bound})"


def also(key: str, value: object) -> str:
    """A number that is told beside the others."""
    name, unit = MEASURED.get(key, (key, ""))
    return f"{name.removeprefix('the ')} {value}{unit}"
