"""Records of the board as JSON-line dicts: here, and only here, integers become seconds and mg."""

from cribtrace.device import records

# The floor is the median of the detector's magnitude; for Gaussian noise of equal strength on
# three axes that is 1.663 times one axis's rms (docs/DETECTOR.md, measured by its own test).
MEDIAN_PER_RMS = 1.663


class Scale:
    """Turns a board's integers into units, from the header of its segment."""

    def __init__(self, header: dict) -> None:
        """`header` is `records.unpack_header`'s."""
        self._rate_hz = header["rate_mhz"] / 1000
        self._lsb_per_g = header["mlsb_per_g"] / 1000

    def seconds(self, frames: int) -> float:
        """Frames as seconds, to the millisecond."""
        return round(frames / self._rate_hz, 3) if self._rate_hz else 0.0

    def mg(self, q4: int) -> float:
        """A sixteenth of an LSB each, as mg."""
        return round(q4 / 16 / self._lsb_per_g * 1000, 3) if self._lsb_per_g else 0.0


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


def _event(record: dict, scale: Scale) -> dict:
    peaks = {axis: record["peak_" + axis] for axis in records.AXES}
    axis = records.AXES[record["axis"]]
    rms = record["floor"] / MEDIAN_PER_RMS
    tilt = sum(record["tilt_" + a] ** 2 for a in records.AXES) ** 0.5
    return {
        "type": "event",
        "kind": records.KINDS[record["kind"]],
        "onset_s": scale.seconds(record["onset"]),
        "duration_s": scale.seconds(record["duration"]),
        "peak_mg": scale.mg(peaks[axis]),
        "jerks": record["jerks"],
        "rate_hz": None,
        "snr": round(peaks[axis] / rms, 2) if rms else None,
        "axis": axis,
        "why": {
            "rule": records.RULES[record["rule"]],
            "floor_mg": scale.mg(record["floor"]),
            "low_mg": scale.mg(record["low"]),
            "threshold_mg": scale.mg(record["high"]),
            "margin": round(record["peak"] / record["high"], 2) if record["high"] else None,
            "energy": record["energy"],
            "peak_axis_mg": {name: scale.mg(peak) for name, peak in peaks.items()},
            "span_s": scale.seconds(record["span"]),
            "tilt_mg": scale.mg(round(tilt * 16)),
            "cut": bool(record["flags"] & records.FLAG_CUT),
            "clipped": bool(record["flags"] & records.FLAG_CLIPPED),
        },
    }


def _span(record: dict, scale: Scale) -> dict:
    return {
        "onset_s": scale.seconds(record["first"]),
        "duration_s": scale.seconds(record["frames"]),
    }


def _epoch(record: dict, scale: Scale) -> dict:
    return {
        "type": "epoch",
        **_span(record, scale),
        "seen": record["seen"],
        "floor_mg": scale.mg(record["floor"]),
        "peak_mg": scale.mg(record["peak"]),
        "levels": list(record["rest"]),
    }


def _gap(record: dict, scale: Scale) -> dict:
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


def _state(record: dict, scale: Scale) -> dict:
    return {
        "type": "state",
        **_span(record, scale),
        "state": records.STATES[record["state"]],
        "reason": records.STATE_REASONS[record["reason"]],
    }


def _recorder(record: dict, scale: Scale) -> dict:
    line = {
        "type": "recorder",
        "t_s": scale.seconds(record["frame"]),
        "what": records.TYPE_NAMES[record["type"]],
    }
    for name in records.LAYOUTS[record["type"]][1]:
        line[name] = record[name]
    if record["type"] == records.BOOT:
        line["cause"] = records.CAUSES[record["cause"]]
    if record["type"] == records.STOP:
        line["reason"] = records.STOP_REASONS[record["reason"]]
    if record["rest"]:
        line["text"] = record["rest"].decode("utf-8", "replace")
    return line


def _mark(record: dict, scale: Scale) -> dict:
    text = record["rest"].decode("utf-8", "replace")
    return {"type": "mark", "t_s": scale.seconds(record["frame"]), "text": text}


_LINES = {
    records.EVENT: _event,
    records.EPOCH: _epoch,
    records.GAP: _gap,
    records.STATE: _state,
    records.MARK: _mark,
    records.SNIPPET: None,
}


def header_line(header: dict) -> dict:
    """The `header` line for `records.unpack_header`'s dict."""
    return _header(header)


def json_line(record: dict, header: dict) -> dict | None:
    """One record as a JSON line, or None where it has none: a waveform, an unknown type.

    `record` is `records.unpack`'s, `header` the one of its segment. A code that this version does
    not know (a newer board's kind or reason) gives None too.
    """
    if record["type"] not in records.LAYOUTS:
        return None
    make = _LINES.get(record["type"], _recorder)
    try:
        return make(record, Scale(header)) if make else None
    except IndexError:
        return None
