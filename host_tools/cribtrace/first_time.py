"""The way of a new board to its first recording: which steps there are, and which are done.

What is done is kept in a file of the user's, so that the way goes on where it was left.
"""

import json
from pathlib import Path
from typing import NamedTuple

from cribtrace import atomic
from cribtrace.board_facts import Board
from cribtrace.errors import Usage


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


class Progress:
    """Which steps are done for one board folder, in `path`."""

    def __init__(self, path: Path, board: str) -> None:
        self.path = path
        self._board = board
        self._all = self._read()
        self.done = [name for name in self._all.get(board, []) if name in NAMES]

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

    def finish(self, name: str) -> None:
        """Keep that the step `name` is done."""
        if name not in self.done:
            self.done.append(name)
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._all[self._board] = self.done
        with atomic.replacing(self.path, "w") as file:
            file.write(json.dumps(self._all, indent=1) + "\n")
