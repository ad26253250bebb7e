"""EDF+ with annotations: the seconds of a log, or the frames of a recording."""

import io
from collections.abc import Iterator
from typing import IO

import numpy as np

from cribtrace.errors import CribtraceError, Usage, pip_line
from cribtrace.export.captions import told
from cribtrace.export.contents import Contents, moment
from cribtrace.export.frames import Stretch

try:
    from edfio import Edf, EdfAnnotation, EdfSignal, Recording
except ImportError:
    raise CribtraceError("the format edf needs edfio: " + pip_line("cribtrace[export]")) from None

NOTHING = -1
"""Stands where no second was recorded; no code and no floor is negative."""
_SECONDS = 30  # of a data record, as of an epoch
_LONGEST_S = 366 * 86_400.0  # chosen: what a header claims is not to fill the memory
_FLOOR_MOST = 32_767  # thousandths of a mg
_FRAMES_MOST = (
    4096  # of a data record: 3 axes and annotations in the 61440 bytes that EDF asks for
)
_FRAMES_LEAST = 16


def write(file: IO[bytes], contents: Contents) -> None:
    """Write all of it. Raises Usage where there is nothing to write."""
    signals, duration_s, left_out = _signals(contents)
    annotations = [*_annotations(contents), *left_out]
    begins = None if contents.begins_s is None else moment(contents.begins_s)
    sensor = str(contents.header["sensor"]).replace(" ", "_") or "X"
    edf = Edf(
        signals,
        recording=Recording(
            startdate=begins.date() if begins else None,
            equipment_code="".join(c for c in sensor if c.isascii() and c.isprintable()),
            additional=("injected",) if contents.injected else (),
        ),
        starttime=begins.time() if begins else None,
        data_record_duration=duration_s,
        annotations=annotations,
    )
    whole = io.BytesIO()
    edf.write(whole)
    file.write(whole.getbuffer())


def _signals(contents: Contents) -> tuple[list[EdfSignal], float, list[EdfAnnotation]]:
    if contents.night is not None:
        return *_of_seconds(contents.night.epochs), []
    if contents.whole is None:
        raise Usage("there is nothing for an EDF+ to hold")
    return _of_frames(contents.whole)


def _of_seconds(epochs: list[dict]) -> tuple[list[EdfSignal], float]:
    """Each second in the slot that is nearest to it: to half a second, behind a gap."""
    if not epochs:
        raise Usage("no epoch was recorded: there is nothing for an EDF+ to hold")
    second_s = epochs[0]["second_s"]
    duration_s = _eight(_SECONDS * second_s)
    step_s = duration_s / _SECONDS
    last_s = max(e["onset_s"] + len(e["levels"]) * e["second_s"] for e in epochs)
    if not 0 <= last_s < _LONGEST_S:
        raise Usage(f"the log is told to last {last_s:.0f} s: export one night, or as CSV")
    count = -(-int(last_s / step_s + 1) // _SECONDS) * _SECONDS
    codes = np.full(count, NOTHING, np.int16)
    floors = np.full(count, NOTHING, np.int16)
    for epoch in epochs:
        at = round(epoch["onset_s"] / step_s)
        levels = np.array(epoch["levels"], np.int16)
        slots = slice(at, at + len(levels))
        # Where a gap lets two seconds share a slot, the greater one stands there.
        codes[slots] = np.maximum(codes[slots], levels)
        floors[slots] = min(round(epoch["floor_mg"] * 1000), _FLOOR_MOST)
    return [
        EdfSignal.from_digital(
            codes, 1 / step_s, label="Level", physical_dimension="code",
            digital_range=(NOTHING, 255), physical_range=(NOTHING, 255),
        ),
        EdfSignal.from_digital(
            floors, 1 / step_s, label="Floor", physical_dimension="mg",
            digital_range=(NOTHING, _FLOOR_MOST),
            physical_range=(NOTHING / 1e3, _FLOOR_MOST / 1e3),
        ),
    ], duration_s  # fmt: skip


def _of_frames(stretch: Stretch) -> tuple[list[EdfSignal], float, list[EdfAnnotation]]:
    """All frames in records of one length; those at the end that fill none are left out."""
    count = len(stretch.lsb)
    sizes = range(min(_FRAMES_MOST, count), min(_FRAMES_LEAST, count) - 1, -1)
    size = next((n for n in sizes if count % n == 0), round(stretch.rate_hz))
    kept = count // size * size
    if not kept:
        raise Usage(f"{count} frames do not fill a data record of EDF+: export them as CSV")
    left_out = []
    if kept < count:
        said = f"{count - kept} frames at the end fill no data record and are left out"
        left_out = [EdfAnnotation(kept / stretch.rate_hz, None, said)]
    duration_s = _eight(size / stretch.rate_hz)
    ends = [round(end / stretch.lsb_per_g, 5) for end in (-32768, 32767)]
    signals = [
        EdfSignal.from_digital(
            np.ascontiguousarray(stretch.lsb[:kept, k]), size / duration_s, label=f"Acc {axis}",
            physical_dimension="g", digital_range=(-32768, 32767),
            physical_range=(ends[0], ends[1]),
        )
        for k, axis in enumerate("XYZ")
    ]  # fmt: skip
    return signals, duration_s, left_out


def _eight(value: float) -> float:
    """A number as the eight characters of an EDF header tell it."""
    return float(f"{value:.7f}"[:8])


def _annotations(contents: Contents) -> Iterator[EdfAnnotation]:
    for onset_s, duration_s in contents.injected:
        yield EdfAnnotation(onset_s, duration_s, "INJECTED: a file was played, no sensor felt it")
    for line in contents.lines:
        text = told(line)
        at_s = line.get("onset_s", line.get("t_s"))
        at_s = 0.0 if at_s is None and line.get("type") == "note" else at_s  # of all of the night
        if text and isinstance(at_s, (int, float)) and at_s >= 0:
            yield EdfAnnotation(float(at_s), line.get("duration_s"), text)
