"""Put MicroPython on a board with esptool; chip, place and size are checked before it writes."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cribtrace.board_facts import Board
from cribtrace.client import Client
from cribtrace.errors import CribtraceError, NoDevice, Usage, pip_line
from cribtrace.firmware_image import Image
from cribtrace.link import Link

_ESPTOOL_S = 600
_BAUD = "460800"
_OPENINGS = 4  # ModemManager looks at a port that has just appeared, and holds it for a moment
_PAUSE_S = 1.5
_START_S = 20.0  # chosen; a file system of 2 MB takes a few seconds
_MEGABYTE = 1 << 20


def command(port: str, board: Board, *steps: str, last: bool, no_reset: bool) -> list[str]:
    """The command line that runs esptool; `last` resets the board into what it now holds."""
    if board.chip is None:
        raise Usage(f"{board.name} has no chip to flash: `cribtrace sim` runs it")
    before = "no-reset" if no_reset else "default-reset"
    after = "hard-reset" if last and not no_reset else "no-reset"
    options = ["--chip", board.chip.esptool, "--port", port, "--baud", _BAUD]
    options += ["--before", before, "--after", after]
    return [sys.executable, "-m", "esptool", *options, *steps]


def write_steps(board: Board, image: Path, erase: bool) -> list[str]:
    """What esptool is told to do: the firmware to its place, everything else erased or kept."""
    place = board.facts["flash_offset"]
    return ["write-flash", "--no-progress", *(["--erase-all"] if erase else []), place, str(image)]


def log_on(port: str) -> tuple[str, int, int] | None:
    """(id, segments, those never pulled) of the board on a port; None where it does not tell."""
    try:
        with Client(Link(port), repeats=1) as client:
            device, segments = client.hello()["device"], client.list()
            return device, len(segments), sum(not segment.acked for segment in segments)
    except CribtraceError:
        return None


def flash(
    port: str,
    board: Board,
    image: Image,
    *,
    erase: bool = False,
    no_reset: bool = False,
    progress: Callable[[str], None] | None = None,
) -> dict[str, object]:
    """Write a firmware that `firmware_image.read` has passed; returns what was written where.

    With `erase` everything on the board goes, its log too. With `no_reset` the board is in its
    boot loader already. Nothing is erased before the chip has said that it is the right one.
    """
    tell = progress or (lambda line: None)
    Link(port).close()  # a port that is absent or busy is named better here than by esptool
    tell("asking the chip what it is")
    said = _esptool(command(port, board, "flash-id", last=False, no_reset=no_reset), port)
    room = _flash_bytes(said)
    end = board.chip.flash_offset + image.size if board.chip else 0
    if room and end > room:
        raise CribtraceError(
            f"{port}: {image.path} ends at {end / _MEGABYTE:.1f} MB, and the board has"
            f" {room // _MEGABYTE} MB of flash: nothing was changed; take a smaller firmware"
        )
    tell(f"writing {image.size // 1000} kB, which takes a minute or two: leave the cable alone")
    steps = write_steps(board, image.path, erase)
    said = _esptool(command(port, board, *steps, last=True, no_reset=no_reset), port)
    if "verified" not in said:
        raise CribtraceError(f"{port}: esptool did not say that it read back what it wrote: again")
    if not no_reset and not talks(port):
        tell(f"{port} says nothing yet: press the board's reset button")
    return {"offset": board.facts["flash_offset"], "bytes": image.size, "erased": erase}


def talks(port: str, within_s: float = _START_S) -> bool:
    """Whether something answers an empty line there before long.

    A first start makes a file system, which takes seconds; a board with USB of its own takes its
    port away for a moment when it is reset.
    """
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with contextlib.suppress(NoDevice), Link(port) as link:
            while time.monotonic() < deadline:
                link.write(b"\r")
                if link.read(_PAUSE_S):
                    return True
        time.sleep(_PAUSE_S / 5)
    return False


def _flash_bytes(said: str) -> int:
    """The size of the flash that esptool found; 0 where it does not say."""
    found = re.search(r"flash size: (\d+)MB", said)
    return int(found[1]) * _MEGABYTE if found else 0


def _esptool(line: list[str], port: str) -> str:
    """Run esptool; returns what it printed. One line says why it failed."""
    code, said = _run(line, port)
    for _ in range(_OPENINGS - 1):
        if code == 0 or "Could not open" not in said:
            break
        time.sleep(_PAUSE_S)
        code, said = _run(line, port)
    if code == 0:
        return said
    if "No module named esptool" in said:
        raise CribtraceError(f"esptool is not installed: {pip_line('cribtrace[board]')}")
    raise _refusal(port, said)


def _run(line: list[str], port: str) -> tuple[int, str]:
    plain = {**os.environ, "NO_COLOR": "1", "COLUMNS": "300", "TERM": "dumb"}
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=_ESPTOOL_S, check=False, env=plain
        )
    except subprocess.TimeoutExpired as error:
        raise NoDevice(
            f"{port}: esptool got no further in {_ESPTOOL_S} s: run it again"
        ) from error
    return done.returncode, done.stdout + done.stderr


def _refusal(port: str, said: str) -> CribtraceError:
    """What esptool's last words mean, as an error that says what to do."""
    lines = [text.strip() for text in said.splitlines() if text.strip()]
    fatal = [text for text in lines if "fatal error" in text] or lines[-1:] or ["no reason given"]
    why = fatal[0].split("fatal error occurred: ")[-1].rstrip(".")
    if wrong := re.match(r"This chip is (\S+), not (\S+)\. ", why):
        return CribtraceError(
            f"{port}: this is an {wrong[1]}, and the board should have an {wrong[2]}: nothing was"
            " changed; choose another --board or --port"
        )
    if "Could not open" in why:
        return NoDevice(f"{port} is busy or gone: close what uses it, or plug the board in again")
    if "connect" in why or "No serial data" in why:
        return NoDevice(
            f"{port}: {why}: hold the board's BOOT button while you plug it in, and run it again"
            " with --no-reset"
        )
    return CribtraceError(f"{port}: esptool failed ({why}): run it again")
