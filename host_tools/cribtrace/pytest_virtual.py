"""The virtual board as a target of tests."""

import shutil
import threading
from pathlib import Path

import numpy as np

from cribtrace import analysis, recording, runtime
from cribtrace.client import Client
from cribtrace.errors import CribtraceError
from cribtrace.pull import pull
from cribtrace.recording import Recording
from cribtrace.rig import BoardRig, Noted, Rig
from cribtrace.trial import Outcome, Trial
from cribtrace.virtual import VirtualBoard
from cribtrace.virtual_parts import firmware_files, install_firmware

BAUD = 115_200
_RATE_HZ = 104.0
_G = 16384
_LIVED_S = 120.0  # chosen: hours of virtual time


def flash_image(path: Path) -> Path:
    """Write an image with the firmware that lies here; returns its path.

    Raises CribtraceError without a MicroPython: nothing is downloaded in anybody's test run.
    """
    install_firmware(path, firmware_files(), runtime.find().path)
    return path


class VirtualRig(BoardRig):
    """A virtual board, with a sensor that lies still until something is injected."""

    target = "virtual"

    def __init__(self, folder: Path, flash: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        still = Recording(np.tile(np.array([[0, 0, _G]], np.int16), (1040, 1)), _RATE_HZ, _G)
        self._board = VirtualBoard(
            still,
            flash=Path(shutil.copy(flash, folder / "flash.bin")),
            micropython=runtime.find().path,
            baud=BAUD,
        )
        self._board.start()
        try:
            super().__init__(folder, self._board.port)
        except BaseException:
            self._board.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self._board.stop()
        (self.folder / "flash.bin").unlink(missing_ok=True)


def open_rig(folder: Path, port: str | None, flash: Path | None) -> Rig:
    """The board on `port`; else a virtual one with a copy of `flash`; else CPython.

    Raises NoDevice for a board that runs another firmware than lies here.
    """
    if port:
        return BoardRig(folder, port)
    return VirtualRig(folder, flash) if flash else Rig(folder)


def undergo(trial: Trial, folder: Path, port: str | None, flash: Path | None) -> list[str]:
    """Run a trial on the target that these name (see `open_rig`); what it did not meet.

    Then recording, log and what went over the line are left in `folder`. Raises CribtraceError
    where the target cannot run it (`trial.unfit`), NoDevice.
    """
    if trial.of_hardware and flash and not port:
        return trial.unmet(suffered(trial, folder, flash))
    with open_rig(folder, port, flash) as rig:
        if why := trial.unfit(rig.target):
            raise CribtraceError(why)
        unmet = trial.unmet(rig.undergo(trial))
        if unmet:
            rig.leave()
        return unmet


def suffered(trial: Trial, folder: Path, flash: Path) -> Outcome:
    """What a virtual board logs whose hardware fails as the trial orders it."""
    folder.mkdir(parents=True, exist_ok=True)
    rec, sensor = trial.recording(), trial.plan.sensor.lower().replace("-", "")
    recording.save(folder / "recording.npz", rec)
    micropython = runtime.find().path
    image = Path(shutil.copy(flash, folder / "flash.bin"))
    if sensor == "bmi270":  # the only one that needs a file of its own
        install_firmware(image, firmware_files(sensor), micropython)
    ended = threading.Event()
    with VirtualBoard(
        rec, flash=image, micropython=micropython, speed=None, sensor=sensor,
        faults=trial.orders(),
        on_status=lambda said: ended.set() if said["sim"] in ("recording_end", "off") else None,
    ) as board:  # fmt: skip
        if not ended.wait(_LIVED_S) or board.crash:
            raise CribtraceError(f"the virtual board did not live to the end: {board.crash}")
        with Client(Noted(board.port, folder / "transcript.bin")) as client:
            client.hello()
            client.stop()
            pull(client, folder / "log")
    image.unlink()
    night = analysis.read_night(folder / "log")
    faults = [
        (line["t_s"], line["text"].split("fault=")[1].split()[0])
        for line in night.recorder
        if line.get("text", "").startswith("what=fault fault=")
    ]
    return Outcome(night.events, night.gaps, faults, None)
