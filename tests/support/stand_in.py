"""Boards for tests of the virtual board itself: a short ramp, and programs of a few lines."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import serial

from cribtrace.virtual import VirtualBoard
from cribtrace.virtual_parts import BOARD, install_firmware

BLINK = "import board\nprint('ready')\nwhile True:\n    board.idle(100)\n"
ECHO = (
    "import board\n"
    "buf = bytearray(64)\n"
    "print('ready')\n"
    "while True:\n"
    "    n = board.console.read(buf)\n"
    "    if n:\n"
    "        board.console.write(bytes(buf[:n]))\n"
    "    else:\n"
    "        board.idle(100)\n"
)


@dataclass(frozen=True)
class Ramp:
    """Frame k is (k, -k, 0); rate in Hz."""

    frames: int = 1000
    rate_hz: float = 104.0
    lsb_per_g: float = 16393.443

    @property
    def accel(self) -> np.ndarray:
        k = np.arange(self.frames) % 30000
        return np.stack([k, -k, 0 * k], axis=1).astype(np.int16)


def flashed(folder: Path, micropython: Path, main: str, **files: str) -> Path:
    """A flash image in `folder` with the virtual board's board.py and main.py."""
    image = folder / "flash.bin"
    texts = {"boot.py": "", "main.py": main, **{f"{k}.py": v for k, v in files.items()}}
    contents = {name: text.encode() for name, text in texts.items()}
    contents["board.py"] = (BOARD / "board.py").read_bytes()
    install_firmware(image, contents, micropython)
    return image


def board_with(folder: Path, micropython: Path, main: str, **options) -> VirtualBoard:
    """A virtual board that is about to run `main`."""
    flash = flashed(folder, micropython, main)
    recording = options.pop("recording", Ramp())
    return VirtualBoard(recording, flash=flash, micropython=micropython, **options)


def read_until(port: serial.Serial, ending: bytes, timeout_s: float = 15.0) -> bytes:
    """What the port gives up to and with `ending`; an AssertionError if that does not come."""
    seen, deadline = b"", time.monotonic() + timeout_s
    while not seen.endswith(ending):
        seen += port.read(1)
        assert time.monotonic() < deadline, f"no {ending!r} in {seen[-500:]!r}"
    return seen


@contextlib.contextmanager
def from_power_on(board: VirtualBoard) -> Iterator[serial.Serial]:
    """The board's port, opened before the board is powered on again: it misses nothing."""
    with opened(board) as port:
        board.kill()
        time.sleep(0.1)
        port.reset_input_buffer()
        board.start()
        yield port


def opened(board: VirtualBoard) -> serial.Serial:
    """The board's port, opened as the host tool opens any other."""
    return serial.Serial(board.port, timeout=0.1, exclusive=True)
