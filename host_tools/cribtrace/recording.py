"""Recordings: what a sensor under a mattress measured, or would have."""

import io
import json
import math
import os
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cribtrace import captured as capture_facts
from cribtrace import csv_frames
from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError, Usage

CSV_LSB_PER_G = 16384.0
_SCALE_MOST = 1e6  # milli-LSB are to fit the board's small integers
"""Scale of a .csv that is not in LSB already: +-2 g fill an int16."""
_ENTRY_MOST_BYTES = 1 << 30  # chosen: 19 days at 104 Hz; a small file can be packed to hold more
_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

# What zipfile and numpy raise for a file that is cut short, altered, or not theirs.
_FOREIGN = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
)


@dataclass(frozen=True, eq=False)
class Recording:
    """Consecutive frames of one accelerometer.

    `accel` is int16[N, 3], raw LSB with gravity, x y z; `rate_hz` frames a second; `lsb_per_g`
    the scale; `truth` labelled intervals, each with kind, onset_s and duration_s at least;
    `source` says where it comes from; `captured` is what is known of the board's own detector,
    where a board delivered it.
    """

    accel: np.ndarray
    rate_hz: float
    lsb_per_g: float
    truth: tuple[dict[str, Any], ...] = ()
    source: str = ""
    captured: capture_facts.Captured | None = None

    @property
    def gaps(self) -> list[capture_facts.Gap]:
        """Where frames are missing, in order."""
        return capture_facts.gaps_in(self.truth, len(self.accel))

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.accel) / self.rate_hz


def load(
    path: str | os.PathLike[str],
    *,
    rate_hz: float | None = None,
    unit: str | None = None,
    lsb_per_g: float | None = None,
) -> Recording:
    """Read a recording: `.npz` in the interchange form, or `.csv` with columns x, y, z.

    A `.csv` needs `rate_hz` and `unit` (one of csv_frames.UNITS), and `lsb_per_g` where the unit
    is lsb; an `.npz` states them itself. Values in g, mg or m/s2 become LSB at CSV_LSB_PER_G.
    Raises CribtraceError for a file that is no usable recording, Usage for a wrong argument.
    """
    path = Path(path)
    if path.is_dir():
        raise CribtraceError(f"{path} is a folder: name a recording, .npz or .csv")
    if not path.exists():
        raise CribtraceError(f"no such file: {path}: check the name, or make one with `scenario`")
    if path.suffix.lower() == ".csv":
        return _load_csv(path, rate_hz, unit, lsb_per_g)
    if not (rate_hz is None and unit is None and lsb_per_g is None):
        raise Usage(f"{path} states its own rate and scale: leave --rate and --unit to .csv files")
    return _load_npz(path)


def save(path: str | os.PathLike[str], recording: Recording) -> None:
    """Write `recording` as `.npz`; the same recording gives the same bytes.

    Not compressed: 22 MB for ten hours take 0.03 s; deflate needs 1.5 s to make 11 MB of them,
    for noise does not compress.
    """
    truth = "\n".join(json.dumps(entry, allow_nan=False) for entry in recording.truth)
    more: dict[str, Any] = {}
    if recording.captured:
        more["captured"] = np.str_(recording.captured.text())
    with replacing(path) as file:
        np.savez(
            file,
            accel=recording.accel,
            rate_hz=np.float64(recording.rate_hz),
            lsb_per_g=np.float64(recording.lsb_per_g),
            truth=np.str_(truth),
            source=np.str_(recording.source),
            **more,
        )


def _load_npz(path: Path) -> Recording:
    entries = _entries(path)
    for name in ("accel", "rate_hz", "lsb_per_g"):
        if name not in entries:
            raise CribtraceError(
                f"{path} is no recording: it has no `{name}`: expected accel, rate_hz, lsb_per_g"
            )
    accel = entries["accel"]
    if accel.ndim != 2 or accel.shape[1] != 3:
        shape = " x ".join(map(str, accel.shape)) or "a single number"
        raise CribtraceError(f"{path}: accel is {shape}, but must be N x 3: frames of x, y, z")
    if accel.dtype.kind != "i" or accel.dtype.itemsize != 2:
        raise CribtraceError(
            f"{path}: accel is {accel.dtype}, but must be int16, raw LSB: "
            "convert it and state its scale as lsb_per_g"
        )
    return Recording(
        accel=_filled(path, np.ascontiguousarray(accel, dtype=np.int16)),
        rate_hz=_positive(path, entries, "rate_hz"),
        lsb_per_g=_scale(path, _positive(path, entries, "lsb_per_g")),
        truth=_truth(path, _text(path, entries, "truth")),
        source=_text(path, entries, "source") or path.name,
        captured=capture_facts.parsed(path, _text(path, entries, "captured")),
    )


def _entries(path: Path) -> dict[str, np.ndarray]:
    wanted = ("accel", "rate_hz", "lsb_per_g", "truth", "source", "captured")
    try:
        # The zip directory sits at the end of the file: one that was cut short has lost it.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            there = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if any(info.compress_size > path.stat().st_size for info in there.values()):
                raise ValueError(path)  # zipfile makes room for what an entry claims to take
            return {name: _array(archive, there[name]) for name in wanted if name in there}
    except PermissionError as error:
        raise CribtraceError(f"cannot read {path}: permission denied: mend its rights") from error
    except _FOREIGN as error:
        raise CribtraceError(
            f"{path} is cut short, damaged or not an .npz recording: "
            "copy it again, or convert it to .npz or .csv"
        ) from error


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One entry, as numpy reads it; ValueError where it claims more than there is.

    numpy makes room for whatever shape a header states before it looks at what follows.
    """
    known = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not known or info.file_size > _ENTRY_MOST_BYTES:
        raise ValueError(info.filename)
    content = io.BytesIO(archive.read(info))
    read_header = _NPY_HEADERS.get(np.lib.format.read_magic(content))
    if read_header is None:
        raise ValueError(info.filename)
    shape, _, dtype = read_header(content)
    if math.prod(shape) * dtype.itemsize > len(content.getbuffer()) - content.tell():
        raise ValueError(info.filename)
    content.seek(0)
    return np.lib.format.read_array(content, allow_pickle=False)


def _positive(path: Path, entries: dict[str, np.ndarray], name: str) -> float:
    entry = entries[name]
    if entry.size != 1 or entry.dtype.kind not in "iuf":
        raise CribtraceError(f"{path}: {name} is not one number: store it as a float")
    return _checked(f"{path}: {name}", float(entry.reshape(())), CribtraceError)


def _scale(path: Path, lsb_per_g: float) -> float:
    if not 1 <= lsb_per_g <= _SCALE_MOST:
        raise CribtraceError(
            f"{path}: lsb_per_g is {lsb_per_g:g}: give the sensor's own, 1 to {_SCALE_MOST:g}"
        )
    return lsb_per_g


def _checked(what: str, value: float, error: type[CribtraceError]) -> float:
    if not (math.isfinite(value) and value > 0):
        raise error(f"{what} is {value:g}: it must be a finite number above zero")
    return value


def _text(path: Path, entries: dict[str, np.ndarray], name: str) -> str:
    entry = entries.get(name)
    if entry is None:
        return ""
    if entry.size != 1 or entry.dtype.kind != "U":
        raise CribtraceError(f"{path}: {name} is not one text: store a string or leave it out")
    order = "utf-32-be" if entry.dtype.byteorder == ">" else "utf-32-le"
    try:  # numpy itself fails with a SystemError on what is no character
        return entry.tobytes().decode(order).rstrip("\0")
    except UnicodeDecodeError:
        raise CribtraceError(f"{path}: {name} holds what is no text: store a string") from None


def _truth(path: Path, text: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        _interval(path, number, line)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    )


def _interval(path: Path, number: int, line: str) -> dict[str, Any]:
    where = f"{path}: truth, line {number}"
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CribtraceError(f"{where} is no JSON: write one object a line") from error
    if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
        raise CribtraceError(f"{where} has no kind: give each kind, onset_s and duration_s")
    for name in ("onset_s", "duration_s"):
        value: Any = entry.get(name)
        if type(value) not in (int, float) or not 0 <= value < math.inf:
            raise CribtraceError(f"{where}: {name} must be a number of seconds, zero or more")
    return entry


def _filled(path: Path, accel: np.ndarray) -> np.ndarray:
    if len(accel) == 0:
        raise CribtraceError(f"{path} has no samples: record or convert it again")
    return accel


def _load_csv(
    path: Path, rate_hz: float | None, unit: str | None, lsb_per_g: float | None
) -> Recording:
    if rate_hz is None or unit is None:
        missing = " and ".join(n for n, v in (("--rate", rate_hz), ("--unit", unit)) if v is None)
        units = f", a unit of {', '.join(csv_frames.UNITS)}" if unit is None else ""
        raise Usage(f"{path}: a .csv does not state {missing}: add it{units}")
    if unit not in csv_frames.UNITS:
        raise Usage(f"no unit {unit!r}: use one of {', '.join(csv_frames.UNITS)}")
    if (unit == "lsb") == (lsb_per_g is None):
        raise Usage("--lsb-per-g goes with --unit lsb, always and only: it is the sensor's scale")
    _checked("the rate", rate_hz, Usage)
    scale = _checked("lsb_per_g", CSV_LSB_PER_G if lsb_per_g is None else lsb_per_g, Usage)
    accel = _filled(path, csv_frames.load(path, unit, _scale(path, scale)))
    return Recording(accel, float(rate_hz), float(scale), (), path.name)
