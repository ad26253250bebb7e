"""NumPy: all tables of a log as arrays, or one waveform as a recording that can be played."""

from typing import IO

import numpy as np

from cribtrace.columns import FLAG, MOMENT, TEXT, Column
from cribtrace.errors import Usage
from cribtrace.export.contents import Contents, rows
from cribtrace.export.frames import Stretch
from cribtrace.export.text import plain
from cribtrace.recording import Recording

UNKNOWN_FLAG = -1


def write(file: IO[bytes], contents: Contents) -> None:
    """Every table as `table.column`, and the raw frames of all waveforms as `frames.lsb`.

    There is no `accel`: waveforms with nothing between them are no recording.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, columns in contents.columns.items():
        if name != "frames":
            listed = list(rows(contents, name))
            for column in columns:
                values = [row[column.name] for row in listed]
                arrays[f"{name}.{column.name}"] = _array(values, column)
    arrays |= _frames(contents.stretches)
    about = "\n".join(f"{key}={value}" for key, value in contents.about.items())
    np.savez_compressed(file, **{**arrays, "about": np.str_(about)})  # pyright: ignore


def _array(values: list, column: Column) -> np.ndarray:
    """NaN, NaT, -1 or an empty text where nobody knows."""
    if column.kind == TEXT:
        return np.array(["" if v is None else plain(v) for v in values], dtype=np.str_)
    if column.kind == FLAG:
        return np.array([UNKNOWN_FLAG if v is None else int(v) for v in values], dtype=np.int8)
    known = np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    if column.kind == MOMENT:
        return np.array(
            [np.datetime64("NaT") if v is None else round(v * 1e6) for v in values],
            dtype="datetime64[us]",
        )
    return known


def _frames(stretches: list[Stretch]) -> dict[str, np.ndarray]:
    lsb = [stretch.lsb for stretch in stretches]
    numbers = [np.full(len(stretch.lsb), k, np.int32) for k, stretch in enumerate(stretches)]
    t_s = [stretch.t_s for stretch in stretches]
    return {
        "frames.lsb": np.concatenate([np.empty((0, 3), np.int16), *lsb]),
        "frames.waveform": np.concatenate([np.empty(0, np.int32), *numbers]),
        "frames.t_s": np.concatenate([np.empty(0), *t_s]),
    }


def waveform_at(contents: Contents, at_s: float) -> Recording:
    """The waveform that a moment lies in, else the nearest event's, with its events as truth.

    Raises Usage where the log has none at that moment.
    """
    for stretch in contents.stretches:
        begins_s = float(stretch.t_s[0])
        over_s = float(stretch.t_s[-1]) + 1 / stretch.rate_hz
        if begins_s <= at_s < over_s:
            truth = tuple(
                {**row, "onset_s": round(row["onset_s"] - begins_s, 3)}
                for row in contents.lines
                if row.get("type") == "event"
                and row.get("by") != "host"
                and begins_s <= row["onset_s"] < over_s
            )
            source = f"the waveform of a log, {begins_s:.3f} s after its beginning"
            return Recording(stretch.lsb, stretch.rate_hz, stretch.lsb_per_g, truth, source)
    near = sorted((abs(float(s.t_s[0]) - at_s), float(s.t_s[0])) for s in contents.stretches)[:1]
    where = f"; the nearest begins at {near[0][1]:.1f} s" if near else ""
    raise Usage(f"no waveform is stored at {at_s:.1f} s{where}: `cribtrace why` lists events")
