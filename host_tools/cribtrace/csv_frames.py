"""Frames out of a table of text: columns x, y, z of a .csv."""

import itertools
import math
from pathlib import Path

import numpy as np

from cribtrace.errors import CribtraceError

UNITS = ("g", "mg", "m/s2", "lsb")
STANDARD_GRAVITY = 9.80665
"""m/s2 in one g (BIPM, The International System of Units, 9th edition)."""

_PER_G = {"g": 1.0, "mg": 1000.0, "m/s2": STANDARD_GRAVITY}
_INT16 = np.iinfo(np.int16)


def load(path: Path, unit: str, lsb_per_g: float) -> np.ndarray:
    """int16[N, 3] of raw LSB at `lsb_per_g`, N >= 0; `unit` is one of UNITS.

    Raises CribtraceError where the file is no such table, or a value does not fit an int16.
    """
    values = _values(path)
    raw = values if unit == "lsb" else np.rint(values * (lsb_per_g / _PER_G[unit]))
    return _int16(path, raw, unit, lsb_per_g)


def _values(path: Path) -> np.ndarray:
    """float64[N, 3] of finite values."""
    columns: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns = _columns(path, file.readline())
            rows = (line for line in file if line.strip())
            first = next(rows, None)
            if first is None:
                return np.empty((0, 3))
            values = np.loadtxt(
                itertools.chain([first], rows),
                delimiter=",",
                quotechar='"',
                comments=None,
                usecols=columns,
                ndmin=2,
            )
        if np.isfinite(values).all():
            return values
    except UnicodeDecodeError as error:
        raise CribtraceError(f"{path} is not a text file: save it as .csv in UTF-8") from error
    except OSError as error:
        raise CribtraceError(f"cannot read {path}: {error.strerror}: check who owns it") from error
    except ValueError:
        pass
    raise _bad_cell(path, columns)


def _columns(path: Path, line: str) -> list[int]:
    names = [cell.strip().strip('"').strip().lower() for cell in line.split(",")]
    missing = [axis for axis in "xyz" if axis not in names]
    if missing:
        raise CribtraceError(
            f"{path}: no column {', '.join(missing)} in the first line: "
            "name the columns there, x,y,z, with commas between"
        )
    return [names.index(axis) for axis in "xyz"]


def _bad_cell(path: Path, columns: list[int]) -> CribtraceError:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\r\n").split(",")
            for axis, column in zip("xyz", columns, strict=True):
                cell = cells[column].strip().strip('"') if column < len(cells) else ""
                if number > 1 and line.strip() and not _finite(cell):
                    return CribtraceError(
                        f"{path}, line {number}: {axis} is {cell!r}, no finite number: "
                        "mend or remove the line"
                    )
    return CribtraceError(f"{path} is no table of numbers: save it as plain .csv")


def _finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _int16(path: Path, raw: np.ndarray, unit: str, scale: float) -> np.ndarray:
    if (raw != np.rint(raw)).any():
        raise CribtraceError(f"{path}: lsb values must be whole numbers: is the unit g or m/s2?")
    outside = ((raw < _INT16.min) | (raw > _INT16.max)).any(axis=1)
    if outside.any():
        advice = (
            "" if unit == "lsb" else " If so, store LSB of a coarser scale, and give --unit lsb"
        )
        raise CribtraceError(
            f"{path}: {outside.sum()} of {len(raw)} frames, first number {outside.argmax() + 1}, "
            f"lie outside the int16 range at {scale:g} LSB/g: is the unit right?{advice}"
        )
    return raw.astype(np.int16)
