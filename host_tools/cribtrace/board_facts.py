"""What `boards/NAME/board.json` says of a board, and what is wrong with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cribtrace import chips, tree
from cribtrace.errors import CribtraceError, Usage

BENCH = "bench"


@dataclass(frozen=True)
class Board:
    """One folder under `boards/`; `facts` as they stand in its board.json."""

    folder: Path
    facts: Mapping

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def chip(self) -> chips.Chip | None:
        """The chip's family; None for a board without one."""
        return None if self.facts["chip"] == chips.NO_CHIP else chips.CHIPS[self.facts["chip"]]

    @property
    def least(self) -> tuple[int, int]:
        """The oldest MicroPython that will do."""
        major, minor = self.facts["firmware_least"].split(".")
        return int(major), int(minor)

    @property
    def bench_only(self) -> str:
        """Why nothing of it may lie under a mattress; "" where its sensor is a puck that may."""
        if self.facts.get("placement") != BENCH:
            return ""
        return (
            f"{self.name} is for the bench only, never for a crib: {self.facts['placement_why']}."
            " Only a puck without a battery, with nothing but a sensor in it, may lie under a"
            " mattress"
        )

    def faults(self) -> list[str]:
        """What is wrong with its facts: the chip's code, its firmware's place, the pins."""
        family = self.facts["chip"]
        if family == chips.NO_CHIP:
            return []
        if family not in chips.CHIPS:
            return [f"chip {family!r} is none of {', '.join(chips.CHIPS)}"]
        chip = chips.CHIPS[family]
        faults = chips.pin_faults(family, self.facts["pins"], self.facts.get("pulled_up", ()))
        if self.facts["mpy_arch"] != chip.mpy_arch:
            faults.append(f"the {family}'s mpy_arch is {chip.mpy_arch}")
        if int(self.facts["flash_offset"], 16) != chip.flash_offset:
            faults.append(f"the {family}'s firmware begins at {chip.flash_offset:#x}")
        if self.least < chip.least:
            faults.append("the {} needs MicroPython {}.{} or newer".format(family, *chip.least))
        return faults


def names() -> list[str]:
    """The boards that the firmware can be put on."""
    return sorted(path.parent.name for path in tree.BOARDS.glob("*/board.py"))


def load(name: str) -> Board:
    """A board by its folder's name. Usage for an unknown one, CribtraceError for a wrong one."""
    if name not in names():
        raise Usage(f"no board {name!r}; there are: {', '.join(names())}")
    folder = tree.BOARDS / name
    board = Board(folder, json.loads((folder / "board.json").read_text()))
    if faults := board.faults():
        raise CribtraceError(f"boards/{name}/board.json: {'; '.join(faults)}: correct it first")
    return board
