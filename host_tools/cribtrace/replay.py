"""The board's own detector over a recording, under CPython or on MicroPython: the same events."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cribtrace import configuration, facts, log_records, runtime, stretches, tree
from cribtrace.device import config, detector, kernels, records
from cribtrace.errors import CribtraceError, Usage
from cribtrace.recording import Recording


def replay(
    recording: Recording, on: str = "auto", settings: Mapping[str, int | str] | None = None
) -> list[dict]:
    """The events of a recording as JSON-line dicts, in the order in which they closed.

    One that is still open when the recording ends is not among them.

    `on` is "cpython", "micropython", or "auto": MicroPython where one is set up, which is some
    hundred times faster. `settings` are values, by their names in docs/SETTINGS.md, to use
    instead of the defaults. Raises Usage for settings that a board would refuse, CribtraceError
    for a rate that the detector is not made for.
    """
    return [line for _, line in told(recording, on, settings)]


def told(
    recording: Recording, on: str = "auto", settings: Mapping[str, int | str] | None = None
) -> list[tuple[float, dict]]:
    """What `replay` gives, each event with the second of the recording at which it closed."""
    of_board = recording.captured.settings if recording.captured else {}
    in_force = configuration.in_force({**of_board, **(settings or {})})
    header = {**_scale(recording), "settings": in_force}
    names = log_records.NAMES[records.EVENT]
    found = stretches.in_rows(_found(recording, in_force, on, ended=False))
    events = [dict(zip(names, fields, strict=True)) for fields in found]
    within = [event for event in events if event["closed"] < len(recording.accel)]
    lines = (facts.json_line({"type": records.EVENT, **event}, header) for event in within)
    seconds = (event["closed"] * 1000 / header["rate_mhz"] for event in within)
    return [(at_s, line) for at_s, line in zip(seconds, lines, strict=True) if line]


def _scale(recording: Recording) -> dict:
    return {
        "rate_mhz": round(recording.rate_hz * 1000),
        "mlsb_per_g": round(recording.lsb_per_g * 1000),
    }


def as_logged(
    recording: Recording, in_force: Mapping[str, int], on: str = "auto", *, ended: bool = False
) -> list[list[int]]:
    """The events as a board logs them: the fields of records.EVENT, by these settings.

    `ended`: with what is under way behind the last frame, as where a recording is stopped there.
    Of a captured recording frames have the numbers that they had on the board.
    """
    return [fields for _, fields in _found(recording, in_force, on, ended=ended)]


def _found(
    recording: Recording, in_force: Mapping[str, int], on: str, *, ended: bool
) -> list[tuple[int, list[int]]]:
    """Each event with the number of the frame at row 0, as it was counted then."""
    rate_mhz, mlsb_per_g = _scale(recording).values()
    try:
        config.kernel_words(in_force, rate_mhz, mlsb_per_g, 6, 0, 1)
    except ValueError as error:
        raise CribtraceError(f"{recording.source}: {error}: resample it to 104 Hz") from None
    if recording.captured or recording.gaps:
        if on == "micropython":
            raise Usage(f"{recording.source} has gaps or was captured: leave out --on micropython")
        return stretches.found(recording, in_force, rate_mhz, mlsb_per_g, ended=ended)
    interpreter = None if on == "cpython" else _interpreter(required=on == "micropython")
    run = _on_micropython if interpreter else _on_cpython
    return [(0, e) for e in run(recording, in_force, rate_mhz, mlsb_per_g, ended, interpreter)]


def _interpreter(*, required: bool) -> Path | None:
    try:
        return runtime.find(fetch=required).path
    except CribtraceError:
        if required:
            raise
        return None


def _on_cpython(
    recording: Recording,
    settings: Mapping[str, int],
    rate_mhz: int,
    mlsb_per_g: int,
    ended: bool,
    _interpreter: Path | None,
) -> list[list[int]]:
    det = detector.Detector(settings, rate_mhz, mlsb_per_g)
    stride = det.cfg[kernels.STRIDE]
    frames = recording.accel.astype("<i2").tobytes()
    found: list[list[int]] = []
    for at in range(0, len(frames), config.BURST * stride):
        burst = frames[at : at + config.BURST * stride]
        closed = det.step(burst, len(burst) // stride)
        found.extend(det.movements.fields(k) for k in range(closed))
    if ended:
        found.extend(det.movements.fields(k) for k in range(det.finish()))
    return found


def _on_micropython(
    recording: Recording,
    settings: Mapping[str, int],
    rate_mhz: int,
    mlsb_per_g: int,
    ended: bool,
    interpreter: Path | None,
) -> list[list[int]]:
    handle, name = tempfile.mkstemp(suffix=".i16")
    try:
        with os.fdopen(handle, "wb") as f:
            recording.accel.astype("<i2").tofile(f)
        script = tree.BOARDS / "virtual" / "replay.py"
        # One argument each: MicroPython takes none of more than 255 characters.
        pairs = [f"{name}={value}" for name, value in settings.items()]
        numbers = [str(rate_mhz), str(mlsb_per_g), str(int(ended)), *pairs]
        done = subprocess.run(
            [str(interpreter), str(script), str(tree.FIRMWARE), name, *numbers],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        Path(name).unlink()
    if done.returncode:
        raise CribtraceError(f"the detector failed on MicroPython: {done.stderr.strip()[-200:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]
