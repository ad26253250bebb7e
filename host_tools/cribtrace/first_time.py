"""The way of a new board to its first recording: which steps there are, and which are done.

What is done is kept in a file of the user's, so that the way goes on where it was left.
"""

import json
from pathlib import Path
from typing import NamedTuple

from cribtrace import atomic
from cribtrace.board_facts import Board
from cribtrace.client import Client
from cribtrace.errors import CribtraceError, Usage
from cribtrace.link import Link, serial_number


class Step(NamedTuple):
    """One step: what it does to the board, what it asks of the user; `changes` wants a yes."""

    name: str
    does: str
    changes: str = ""


STEPS = (
    Step(
        "flash",
        "writes MicroPython to the board, with a file from micropython.org",
        "MicroPython on the board is replaced",
    ),
    Step("deploy", "copies the firmware to the board and starts it", "files under /crib change"),
    Step("check", "sees whether each part of the board is ready; the crib is left alone"),
    Step("calibrate", "measures the noise of the empty crib, two minutes", "the floor is kept"),
    Step("tap-test", "measures the mattress by three taps", "two settings change"),
    Step("record", "writes a mark into the log, pulls it, and shows that it is there"),
)
NAMES = tuple(step.name for step in STEPS)


def skipped_for(step: Step, board: Board) -> str:
    """Why this board needs no such step; "" where it does."""
    if step.name == "flash" and board.chip is None:
        return "it has no chip to flash: it runs on this computer"
    if step.name in ("calibrate", "tap-test") and board.bench_only:
        return "it is for the bench only, never for a crib"
    return ""


_EVERYBODYS = ("", "0", "0001")  # serial numbers that a maker gives all its bridges


def who(port: str) -> str:
    """Which board is on a port: its id, else the serial number of its USB; "" where neither is."""
    try:
        with Client(Link(port), repeats=1) as client:
            return client.hello()["device"]
    except CribtraceError:
        serial = serial_number(port)
        return "" if serial in _EVERYBODYS else f"usb {serial}"


class Progress:
    """Which steps are done for one board: its folder's name and `who` it is, in `path`.

    Of a board that nobody can tell from another of its kind nothing is kept.
    """

    def __init__(self, path: Path, board: str, who: str) -> None:
        self.path = path
        self._board = board
        self._who = who
        self._all = self._read()
        self.done = [name for name in self._all.get(self._key, []) if name in NAMES]

    @property
    def _key(self) -> str:
        return f"{self._board} {self._who}"

    def _read(self) -> dict[str, list]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise Usage(
                f"{self.path} cannot be read ({error}): delete it to begin anew"
            ) from error
        if not isinstance(found, dict) or not all(isinstance(v, list) for v in found.values()):
            raise Usage(f"{self.path} holds something else: delete it to begin anew")
        return found

    def forget(self) -> None:
        """Begin anew."""
        self.done.clear()
        self._write()

    def finish(self, name: str, who: str = "") -> None:
        """Keep that the step `name` is done, by a board that may tell more of itself now."""
        if who and who != self._who:
            self._all.pop(self._key, None)
            self._who = who
        if name not in self.done:
            self.done.append(name)
        self._write()

    def _write(self) -> None:
        if not self._who:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._all[self._key] = self.done
        with atomic.replacing(self.path, "w") as file:
            file.write(json.dumps(self._all, indent=1) + "\n")
