"""The virtual board as a target of tests."""

import shutil
from pathlib import Path

import numpy as np

from cribtrace import runtime
from cribtrace.recording import Recording
from cribtrace.rig import BoardRig, Rig
from cribtrace.virtual import VirtualBoard
from cribtrace.virtual_parts import firmware_files, install_firmware

BAUD = 115_200
_RATE_HZ = 104.0
_G = 16384


def flash_image(path: Path) -> Path:
    """Write an image with the firmware that lies here; returns its path."""
    install_firmware(path, firmware_files(), runtime.find(fetch=True).path)
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
            micropython=runtime.find(fetch=True).path,
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
