"""What a virtual board is made of on this side: its flash image, and its facts."""

import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from cribtrace import bmi270, deploy, sensors, tree
from cribtrace.errors import CribtraceError

FLASH_BYTES = 2 * 1024 * 1024
BOARD = tree.BOARDS / "virtual"


class Motion(Protocol):
    """What the sensor plays: a Recording, or anything with these three."""

    @property
    def accel(self) -> np.ndarray: ...
    @property
    def rate_hz(self) -> float: ...
    @property
    def lsb_per_g(self) -> float: ...


def blank_flash(path: Path) -> Path:
    """Make an erased image, unless there is one already; returns its path."""
    if not path.exists():
        path.write_bytes(b"\xff" * FLASH_BYTES)
    elif path.stat().st_size != FLASH_BYTES:
        raise CribtraceError(f"{path} is no flash image of {FLASH_BYTES} bytes: name another file")
    return path


def hold_flash(path: Path) -> int:
    """A file descriptor that keeps an image for one board. Raises CribtraceError if one has it."""
    held = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise CribtraceError(
            f"{path} is the flash of a virtual board that runs: stop that, or name another file"
        ) from None
    return held


def firmware_files(sensor: str = sensors.DEFAULT) -> dict[str, bytes]:
    """What `deploy` would copy to the virtual board: path on the board -> content.

    A virtual BMI270 gets a configuration that it takes, which is none of Bosch's.
    """
    files = deploy.contents("virtual")
    if sensor == "bmi270":
        files[bmi270.ON_THE_BOARD] = bmi270.for_the_virtual_chip()
    return {path[1:]: content for path, content in files.items()}


def install_firmware(flash: Path, files: Mapping[str, bytes], micropython: Path) -> None:
    """Format the image `flash`, a new one if there is none, and write files (path -> content)."""
    made = flash.with_name(flash.name + ".part")
    made.unlink(missing_ok=True)
    blank_flash(made)
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as folder:
        for name, content in files.items():
            copy = Path(folder) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        done = subprocess.run(
            [micropython, BOARD / "factory.py", made, folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        made.unlink()
        last = (done.stderr + done.stdout).strip().splitlines() or ["no reason given"]
        raise CribtraceError(f"{flash}: the firmware could not be installed: {last[-1]}")
    made.replace(flash)


def write_facts(
    folder: Path,
    recording: Motion,
    *,
    flash: Path,
    speed: float | None,
    baud: int | None,
    first_frame: int,
    worst_every: int,
    clock_chip: Path | None,
    sensor: str,
    faults: Sequence[Mapping[str, object]],
) -> dict[str, object]:
    """Put the recording where the board can read it; returns the facts, less the reset cause.

    speed None is the greatest, baud None a line without a rate, clock_chip the file that stands
    for that chip's battery, if any. Raises CribtraceError for a rate the sensor cannot run at.
    """
    chip = _chip_facts(sensor, recording.rate_hz)
    np.ascontiguousarray(recording.accel, dtype="<i2").tofile(folder / "recording.i16")
    (folder / "retained").touch()
    return {
        "flash": str(flash.absolute()),
        "recording": str(folder / "recording.i16"),
        "retained": str(folder / "retained"),
        "frames": len(recording.accel),
        "rate_mhz": round(recording.rate_hz * 1000),
        "rate_uhz": round(recording.rate_hz * 1e6),
        "mlsb_per_g": round(recording.lsb_per_g * 1000),
        **chip,
        "permille": 0 if speed is None else max(round(speed * 1000), 1),
        "baud": baud or 0,
        "first_frame": first_frame,
        "worst_every": worst_every,
        "clock_chip": str(clock_chip.absolute()) if clock_chip else "",
        "faults": [dict(fault) for fault in faults],
    }


def _chip_facts(sensor: str, rate_hz: float) -> dict[str, object]:
    chip = sensors.named(sensor)
    odr, fine = chip.rate_for(rate_hz)
    return {
        "sensor": sensor,
        "module": chip.module or sensor,
        "sensor_name": chip.name,
        "odr": odr,
        "freq_fine": fine,
    }


def save_facts(folder: Path, facts: Mapping[str, object], cause: str) -> Path:
    """Write FACTS.json for one start, whose reset cause is `cause`."""
    path = folder / "facts.json"
    path.write_text(json.dumps({**facts, "cause": cause}))
    return path
