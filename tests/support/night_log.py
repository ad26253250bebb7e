"""Pulled nights, made of the board's own records by the firmware's own layouts: no board needed.

Each night is a boot of its own with an anchor, epochs and events at times that a test gives.
"""

from datetime import datetime, timezone
from pathlib import Path

from cribtrace import log_records
from cribtrace.device import records, settings
from tests.support.peer import encoded, header, record

RATE_HZ = 104
EPOCH_FRAMES = 30 * RATE_HZ
DEVICE = bytes.fromhex("9f00112233445566")
_GAIN = 2500 << 10  # of a floor of 0.2 mg
_EPOCH_GAIN = 10 << 12 | 2500  # the same, as an epoch holds it
_SILENCE = bytes([0x44] + [0x88] * 15)  # 30 seconds of one code, below the threshold


def event(seq, onset, kind=0, duration=30):
    """A movement of `duration` frames, recorded when it was over."""
    fields = dict.fromkeys(log_records.NAMES[records.EVENT], 0)
    fields.update(kind=kind, rule=11, jerks=1, onset=onset, start=onset, duration=duration,
                  span=duration, closed=onset + duration, peak=400, gain=_GAIN,
                  largest=40_000, run=seq)  # fmt: skip
    return record(records.EVENT, seq, onset + duration + 60, tuple(fields.values()))


def night_bodies(begins: datetime, hours: float, onsets_s, first_seq=0, boot=1, changes=None):
    """The records of one boot: its settings, an anchor at its start, epochs and events."""
    seq = first_seq
    in_force = {**settings.DEFAULTS, **(changes or {})}
    text = " ".join(f"{k}={v}" for k, v in in_force.items())
    utc_s = int(begins.replace(tzinfo=begins.tzinfo or timezone.utc).timestamp())
    config = f"schema={settings.SCHEMA_VERSION} {text}".encode()
    bodies = [
        record(records.BOOT, seq, 0, (1, boot)),
        record(records.CONFIG, seq + 1, 0, (), config),
        record(records.ANCHOR, seq + 2, 104, (utc_s + 1, 0, 1000, boot, 20, 1)),
    ]
    if boot > 1:  # for how long the board was away nobody counted
        gap = (0, records.UNKNOWN, records.UNKNOWN, records.GAP_REASONS.index("power_cut"))
        bodies.append(record(records.GAP, seq + 3, 0, gap))
    timed = [(round(s * RATE_HZ) + 90, "event", round(s * RATE_HZ)) for s in onsets_s]
    count = round(hours * 120)
    timed += [(k * EPOCH_FRAMES, "epoch", None) for k in range(1, count + 1)]
    for frame, what, onset in sorted(timed, key=lambda entry: entry[0]):
        seq = first_seq + len(bodies)
        if what == "event":
            bodies.append(event(seq, onset))
        else:
            fields = (EPOCH_FRAMES, EPOCH_FRAMES, 20, 900, 40, 0, *(_EPOCH_GAIN,) * 3)
            bodies.append(record(records.EPOCH, seq, frame, fields, _SILENCE))
    return bodies


def write_boot(folder: Path, bodies, number: int, boot=1, first_seq=0, **facts) -> Path:
    """One segment with these records; `facts` change its header."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {**header(number, boot, DEVICE), "first_seq": first_seq, "rate_mhz": RATE_HZ * 1000,
             "config_crc": settings.crc(settings.DEFAULTS), **facts}  # fmt: skip
    path = folder / f"{number:08d}.crib"
    path.write_bytes(log_records.pack_header(facts) + b"".join(map(encoded, bodies)))
    return path


def write_nights(folder: Path, *nights, **facts) -> Path:
    """A log of nights, each (begins, hours, onsets in s, what differs in header or settings)."""
    seq = 0
    for number, (begins, hours, onsets_s, *more) in enumerate(nights, 1):
        differs = dict(more[0]) if more else {}
        changes = differs.pop("settings", None)
        crc = settings.crc({**settings.DEFAULTS, **(changes or {})})
        differs = {"config_crc": crc, **differs}
        bodies = night_bodies(begins, hours, onsets_s, seq, number, changes)
        write_boot(folder, bodies, number, number, seq, **{**facts, **differs})
        seq += len(bodies)
    return folder
