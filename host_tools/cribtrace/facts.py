"""Records of the board as JSON-line dicts: here, by `scale`, integers become seconds and mg."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cribtrace import criteria, log_records
from cribtrace.device import records, settings
from cribtrace.scale import Scale

# The floor is kept as the noise rms of the band that the statistic is made of. For white noise the
# 1-20 Hz band has this much more (docs/DETECTOR.md, measured by its own test at 104 Hz).
BAND_PER_SHARP = 1.23

RULES = (
    "slow and steady, below 1 Hz",
    "slow and steady, 1 Hz or faster",
    "steady vibration of 5-12 Hz",
    "steady vibration, above 12 Hz or for 25 s",
    "regular steps, through the floor",
    "through the floor",
    "stronger than an infant moves",
    "a lasting lean, with the strength that hands have",
    "large and regular, up to 2.2 Hz",
    "regular jerks",
    "one strong movement",
    "short at 30 % of its peak",
    "of middle length at 30 % of its peak",
    "long at 30 % of its peak",
)
"""Of the criterion that decided an event's kind; in the order of the board's codes."""
_BOTH_WAYS = (records.ROCKED, records.ROCKED_FAST)
_STEADY = (records.OSCILLATED, records.HUMMED)
_REGULAR = (records.STEPPED, records.SWUNG, records.BEAT)


def _header(header: dict) -> dict:
    text = {
        name: header[name].rstrip(b"\0").decode("ascii", "replace")
        for name in ("sensor", "board", "firmware")
    }
    return {
        "type": "header",
        "device": header["device"].hex(),
        "boot": header["boot"],
        "board": text["board"],
        "sensor": text["sensor"],
        "rate_hz": header["rate_mhz"] / 1000,
        "lsb_per_g": header["mlsb_per_g"] / 1000,
        "full_scale_g": header["full_scale_g"],
        "firmware": text["firmware"],
        "config_crc": f"{header['config_crc']:08x}",
        "format": f"{header['major']}.{header['minor']}",
        "recording_frames": header["recording_frames"],
    }


def _in_force(header: dict) -> Mapping[str, int] | None:
    """The settings behind a header: those it is given beside its own keys, else by their hash."""
    known = header.get("settings")
    if known is None and header.get("config_crc") in (None, settings.crc(settings.DEFAULTS)):
        return settings.DEFAULTS
    return known


def _threshold(header: dict) -> float | None:
    in_force = _in_force(header)
    return criteria.needed(in_force["high_16"]) if in_force else None


def _rate_hz(record: dict, scale: Scale) -> float | None:
    """Cycles a second of what was regular; None for what was not."""
    rule = record["rule"]
    if rule in _STEADY:
        return scale.rate_hz(record["tone"]) if record["tone"] else None
    if rule not in (*_BOTH_WAYS, *_REGULAR) or not record["period"]:
        return None
    if not scale.tick_frames:
        return None
    beats_hz = scale.rate_hz(record["period"] * scale.tick_frames / 256)
    return round(beats_hz / 2, 3) if rule in _BOTH_WAYS else beats_hz


def _event(record: dict, header: dict, considered: bool) -> dict:
    scale = Scale(header)
    noise_mg = scale.noise_mg(record["gain"])
    peak_mg = scale.mg(8 * record["peak"])
    tilt = sum(record["tilt_" + a] ** 2 for a in records.AXES) ** 0.5
    told = [name for bit, name in enumerate(log_records.VETOES) if record["vetoes"] >> bit & 1]
    return {
        "type": "event",
        "kind": records.KINDS[record["kind"]],
        "onset_s": scale.seconds(record["onset"]),
        "duration_s": scale.seconds(record["duration"]),
        "peak_mg": peak_mg,
        "jerks": record["jerks"],
        "rate_hz": _rate_hz(record, scale),
        "regularity": round(record["likeness"] / 256, 2),
        "snr": round(peak_mg / noise_mg / BAND_PER_SHARP, 2) if noise_mg else None,
        "axis": records.AXES[record["axis"]],
        "why": {
            "rule": RULES[record["rule"]],
            **_against(record["largest"], noise_mg, header),
            "span_s": scale.seconds(record["span"]),
            "energy_mg_s": scale.energy_mg_s(record["energy"]),
            "slow_share": round(record["share"] / 1024, 3),
            "evenness": round(record["flatness"] / 1024, 3),
            "tilt_mg": scale.mg(round(tilt * 16)),
            "cut": "cut" in told,
            "joined": "joined" in told,
            "vetoes": [name for name in told if name not in ("cut", "joined")],
            **({"considered": _considered(record, header)} if considered else {}),
        },
    }


def _against(largest: int, noise_mg: float, header: dict) -> dict:
    """How strong a movement was, and how strong it had to be."""
    threshold = _threshold(header)
    found = criteria.compared(largest, threshold)
    return {
        "floor_mg": noise_mg,
        "threshold_mg": None if threshold is None else round(noise_mg * threshold**0.5, 3),
        "strength": found["strength"],
        "threshold": criteria.told(threshold),
        "margin": found["margin"],
    }


def _considered(record: dict, header: dict) -> list[dict] | None:
    in_force = _in_force(header)
    if in_force is None or not header["mlsb_per_g"] or not Scale(header).tick_frames:
        return None
    looked = criteria.considered(record, header, in_force)
    return [one._asdict() for one in looked]


def _span(record: dict, scale: Scale) -> dict:
    return {
        "onset_s": scale.seconds(record["first"]),
        "duration_s": scale.seconds(record["frames"]),
    }


def _epochs(found: Sequence[dict], header: dict) -> list[dict | None]:
    scale, threshold = Scale(header), _threshold(header)

    def column(name: str) -> np.ndarray:
        return np.array([record[name] for record in found], float)

    gains = np.array([column("gain_" + axis) for axis in records.AXES])
    least = np.where(gains > 0, gains, np.inf).min(axis=0)
    columns = (
        scale.all_seconds(column("first")),
        scale.all_seconds(column("frames")),
        scale.all_mg((8 << 24) / least),
        scale.all_mg(column("peak")),
        scale.all_seconds(column("miss_at")),
    )
    return [
        {
            "type": "epoch",
            "onset_s": onset_s,
            "duration_s": duration_s,
            "seen": record["seen"],
            "floor_mg": floor_mg,
            "peak_mg": peak_mg,
            "threshold": criteria.told(threshold),
            "closest": {
                "t_s": closest_s,
                **criteria.compared(record["miss"], threshold),
                "missing": log_records.MISSES[record["missing"]],
            },
            "second_s": scale.second_s,
            "levels": list(record["rest"]),
        }
        if record["missing"] < len(log_records.MISSES)
        else None
        for record, onset_s, duration_s, floor_mg, peak_mg, closest_s in zip(
            found, *columns, strict=True
        )
    ]


def _gap(record: dict, header: dict) -> dict:
    scale = Scale(header)
    known = record["frames"] != records.UNKNOWN
    timed = record["duration_ms"] != records.UNKNOWN
    duration_s = record["duration_ms"] / 1000 if timed else None
    return {
        "type": "gap",
        "onset_s": scale.seconds(record["first"]),
        "duration_s": scale.seconds(record["frames"]) if known else duration_s,
        "frames": record["frames"] if known else None,
        "reason": records.GAP_REASONS[record["reason"]],
    }


def _state(record: dict, header: dict) -> dict:
    scale = Scale(header)
    return {
        "type": "state",
        **_span(record, scale),
        "state": log_records.STATES[record["state"]],
        "reason": log_records.STATE_REASONS[record["reason"]],
    }


def _nights_left(record: dict, since_boot_s: float) -> float | None:
    """How many nights of ten hours still fit, going by the facts of this boot so far."""
    took = record["fact_bytes"] * _NIGHT_S
    return round(record["room"] * since_boot_s / took, 1) if took else None


def _recorder(record: dict, header: dict) -> dict:
    scale = Scale(header)
    line = {
        "type": "recorder",
        "t_s": scale.seconds(record["frame"]),
        "what": log_records.TYPE_NAMES[record["type"]],
    }
    for name in log_records.NAMES[record["type"]]:
        if not name.startswith("turns_"):
            line[name] = record[name]
    if record["type"] == records.RECORDER:
        known = line.pop("temperature") != records.NO_TEMPERATURE
        line["temperature_c"] = record["temperature"] / 100 if known else None
        line["turns"] = [record[name] for name in log_records.TURNS]
        line["nights_left"] = _nights_left(record, line["t_s"])
    if record["type"] in _CODES:
        field, names = _CODES[record["type"]]
        line[field] = names[record[field]]
    if record["rest"]:
        line["text"] = record["rest"].decode("utf-8", "replace")
    return line


def _mark(record: dict, header: dict) -> dict:
    scale = Scale(header)
    text = record["rest"].decode("utf-8", "replace")
    return {"type": "mark", "t_s": scale.seconds(record["frame"]), "text": text}


_NIGHT_S = 36_000
_CODES = {
    records.BOOT: ("cause", records.CAUSES),
    records.STOP: ("reason", records.STOP_REASONS),
    records.ANCHOR: ("source", log_records.SOURCES),
}
_LINES = {
    records.GAP: _gap,
    records.STATE: _state,
    records.MARK: _mark,
    records.SNIPPET: None,
}


def header_line(header: dict) -> dict:
    """The `header` line for `log_records.unpack_header`'s dict."""
    return _header(header)


def json_line(record: dict, header: dict, *, considered: bool = True) -> dict | None:
    """One record as a JSON line, or None where it has none: a waveform, an unknown type.

    `record` is `log_records.unpack`'s, `header` the one of its segment; its key `settings`, where
    it has one, holds the settings in force. Without them what rests on them is None. A code that
    this version does not know (a newer board's kind or reason) gives None too. What an event was
    held against takes longer than all else of it, and is left out unless `considered`.
    """
    if record["type"] not in records.LAYOUTS:
        return None
    try:
        if record["type"] == records.EPOCH:
            return _epochs([record], header)[0]
        if record["type"] == records.EVENT:
            return _event(record, header, considered)
        make = _LINES.get(record["type"], _recorder)
        return make(record, header) if make else None
    except IndexError:
        return None


def json_lines(
    found: Sequence[dict], header: dict, *, considered: bool = True
) -> Iterator[dict | None]:
    """`json_line` of each record, epochs together: a night has a thousand of them."""
    epochs = iter(_epochs([r for r in found if r["type"] == records.EPOCH], header))
    for record in found:
        if record["type"] == records.EPOCH:
            yield next(epochs)
        else:
            yield json_line(record, header, considered=considered)
