"""Rows of a library's table `nights`, invented for tests. Nobody slept in them."""

import random
from datetime import date, timedelta

from cribtrace.device import records
from cribtrace.library.tables import COUNTED

BEGIN = date(2026, 6, 1)  # a Monday
FIXED = {
    "device": "9f00112233445566", "crib": "attic", "about": False, "marks": 0, "tags": "",
    "board": "virtual", "sensor": "LSM6DSO", "rate_hz": 104.0, "full_scale_g": 2,
    "firmware": "0.1.0", "build": "838fa95f", "settings": "ring_ms=0 tilt_mg=5 when_full=1",
    "changed": False, "simulated": True, "longest_bout_s": 12.0, "least_mg": 0.68,
}  # fmt: skip


def night(index: int, **differs) -> dict:
    """The night so many days after the first: 10 h, 9 h likely asleep, nothing counted."""
    row = {**FIXED, "night": BEGIN + timedelta(days=index), "hours": 10.0, "covered_h": 10.0,
           "asleep_h": 9.0, "empty_h": 0.0}  # fmt: skip
    for kind in (*records.KINDS, *COUNTED.values()):
        row[kind] = row[kind + "_asleep"] = 0
    return {**row, **differs}


def nights(count: int, seed: int = 1, **differs) -> list[dict]:
    """Nights in a row with drawn counts."""
    rng = random.Random(seed)
    found = []
    for index in range(count):
        twitches = rng.randint(180, 420)
        drawn = {"twitch": twitches, "twitch_asleep": twitches - 60, "limb_move": twitches // 3,
                 "gross": twitches // 6, "bouts": rng.randint(0, 9),
                 "bouts_asleep": rng.randint(0, 5)}  # fmt: skip
        found.append(night(index, **{**drawn, **differs}))
    return found
