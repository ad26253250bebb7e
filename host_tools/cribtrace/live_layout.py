"""How many rows each part of the screen of `live` has.

Where there is little room the waveform shrinks first, then the envelope, then the events. Below
12 rows the waveform goes, then the envelope, how the board's loop does, which board it is, and the
keys: what stays to the last is the state of the line, and the events.
"""

_LEAST = {
    "who": 1, "waves": 3, "heading": 1, "strength": 2, "events": 2, "link": 1, "loop": 1,
    "keys": 1,
}  # fmt: skip
_GONE_FIRST = (("waves",), ("heading", "strength"), ("loop",), ("who",), ("keys",))
_EVENTS, _STRENGTH = 5, 4  # rows that these are given before the waveform has a second one
_AXES = 3
_LINES = 5  # parts of one row


def heights(rows: int) -> dict[str, int]:
    """Rows of each part, from top to bottom, 0 for none; together they are `rows`, from 1 on."""
    found = dict(_LEAST)
    for names in _GONE_FIRST:
        if sum(found.values()) > rows:
            found.update(dict.fromkeys(names, 0))
    spare = rows - sum(found.values())
    if not found["waves"]:
        found["events"] = max(0, found["events"] + spare)
        return found
    flexible = rows - _LINES
    for name, wished in (
        ("events", max(_EVENTS, flexible * 3 // 8)),
        ("strength", max(_STRENGTH, flexible // 4)),
    ):
        more = max(0, min(spare, wished - found[name]))
        found[name] += more
        spare -= more
    found["waves"] += spare // _AXES * _AXES
    found["events"] += spare % _AXES
    return found
