"""The tables of docs/TROUBLESHOOTING.md: what `check` itself says of a board that is made up.

`python -m tests.support.troubles_table` writes them into the page.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from cribtrace import check, no_frames, obstacles
from cribtrace.cli import check as command
from cribtrace.conversation import UNKNOWN_VERB, Refused
from cribtrace.exchange import Exchange
from cribtrace.findings import Finding
from cribtrace.floors import Floor
from tests.support import pages

PAGE = Path(__file__).resolve().parents[2] / "docs" / "TROUBLESHOOTING.md"
BEGIN, END = "<!-- findings -->\n", "<!-- end of findings -->\n"


class Trouble(NamedTuple):
    """One that `check` names: how it comes to say so, and what is behind it."""

    made: Callable[[], Finding]
    behind: str


class _Board:
    """Of a client what the sensor's own test and its noise ask for."""

    def __init__(self, answer: dict) -> None:
        self._answer = answer

    def selftest(self) -> dict:
        return self._answer

    def request(self, verb: str) -> dict:
        raise Refused(verb, "unsettled")


def _moved(answer: dict) -> Finding:
    return check._sensor(_Board(answer), "LSM6DSO")  # pyright: ignore[reportArgumentType]


def _unsettled() -> Finding:
    with patch.object(check, "PATIENCE_S", 0.0):
        floor = check._floor(_Board({}), {}, str)  # pyright: ignore[reportArgumentType]
    return check.noise(floor, "LSM6DSO", 104.0)


def _span(seconds: float, frames: int, host_s: float | None = None) -> tuple[Exchange, Exchange]:
    host_ms = 1000 * (seconds if host_s is None else host_s)
    begin = Exchange(1000, 5000, 1e12, 2.0)
    return begin, Exchange(1000 + frames, 5000 + round(1000 * seconds), 1e12 + host_ms, 2.0)


def _rate(seconds: float, frames: int, lost: int) -> Finding:
    return check.rate(*_span(seconds, frames), 104_000, "LSM6DSO", lost)


def _silent(fault: str, why: str = "", state: str = "waiting") -> Finding:
    return no_frames.no_frames({"state": state, "fault": fault, "why": why.replace(" ", "_")})


_SHORT = {"result": "failed", "x_mg": 297, "y_mg": 3, "z_mg": 298, "least_mg": 50, "most_mg": 1700}
_SLOW = {"loop_max_us": 5_100_000, "late": 17, "fifo_high": 512}
TROUBLES = (
    Trouble(
        lambda: command._chip({"board": "my_board"}),
        "The firmware on it is of a board that this Cribtrace does not know.",
    ),
    Trouble(
        lambda: check.firmware({"firmware": "0.1.0", "build": "7"}, "8"),
        "Board and host are of different ages; most things work all the same.",
    ),
    Trouble(
        lambda: _silent("no_sensor", "nothing answers at 0x6A or 0x6B"),
        "A wire is off, or two are swapped. Each board's page has its wiring.",
    ),
    Trouble(
        lambda: _silent("bus_error", "the bus is held"),
        "The lead is too long, or a wire is loose.",
    ),
    Trouble(lambda: _silent("sensor_silent"), "It answers, and gives no frames."),
    Trouble(lambda: _silent("sensor_stuck"), "It gives one and the same value."),
    Trouble(lambda: _silent("starting"), "A start takes some seconds."),
    Trouble(lambda: _silent("", state="stopped"), "A host said so, or somebody pressed Ctrl-C."),
    Trouble(
        lambda: _silent("no_sensor", "re-marked: WHO_AM_I 0x70 is an MPU-6500's"),
        "The chip is not what is printed on it.",
    ),
    Trouble(
        lambda: _moved(_SHORT),
        "Its own test pushes the sensor's mass; hands on the crib push it too.",
    ),
    Trouble(_unsettled, "The board measures for half a minute while nothing moves."),
    Trouble(
        lambda: check.noise(Floor(0.26, 0.04, 0.26), "LSM6DSO", 104.0),
        "Less than a sound chip makes by itself.",
    ),
    Trouble(
        lambda: check.noise(Floor(3.1, 3.4, 2.9), "LSM6DSO", 104.0),
        "A fan, a washing machine, a hand: whatever shakes the place where it lies.",
    ),
    Trouble(
        lambda: check.gravity(check.Bus(200, 0, 0, (12, -8, 781))),
        "It was moved, or its scale is wrong.",
    ),
    Trouble(lambda: _rate(10.0, 1040, 26), "Something else uses the board, or it stood still."),
    Trouble(lambda: _rate(10.0, 1000, 0), "No sound chip of this name is off by as much."),
    Trouble(lambda: _rate(0.0, 0, 0), "The board counts no time."),
    Trouble(
        lambda: check.flash({"records_lost": 4, "nights_left": 2, "free_bytes": 9000}),
        "The flash was full, or fails.",
    ),
    Trouble(
        lambda: check.flash({"nights_left": 0, "free_bytes": 9000}),
        "The board gives room up as its `when_full` says.",
    ),
    Trouble(
        lambda: check.clock(*_span(10.0, 1040, host_s=10.3), simulated=False),
        "A crystal is off by 50 ppm at most; more is a wrong divider, or a busy machine.",
    ),
    Trouble(
        lambda: check.loop(_SLOW, "LSM6DSO", 104.0),
        "A turn that long overruns the sensor's buffer: frames are lost then.",
    ),
    Trouble(
        lambda: check.lead(check.Bus(10_000, 2, 1, (0, 0, 1000)), 10_000),
        "The lead picks something up.",
    ),
    Trouble(
        lambda: check.lead(str(Refused("buscheck", UNKNOWN_VERB)), 10_000),
        "An older firmware does not count its reads.",
    ),
)  # fmt: skip


def ports() -> Iterator[str]:
    """What is said where no board answers, of a machine that is made up."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield obstacles.no_port()
        (vendor, product), _ = next(iter(obstacles.BRIDGES.items()))
        (folder / "1-1").mkdir()
        (folder / "1-1" / "idVendor").write_text(vendor)
        (folder / "1-1" / "idProduct").write_text(product)
        yield from obstacles.without_port(folder)
        for number, program in enumerate(obstacles._TAKERS):
            (folder / str(number)).mkdir()
            (folder / str(number) / "comm").write_text(program)
        yield from obstacles.takers(folder)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def text() -> str:
    """Both tables, as Markdown."""
    lines = ["### No board answers", ""]
    lines += [f"- {one}" for one in ports()]
    lines += ["", "### A board answers", "", "| Line | It says, for example | Behind it |"]
    lines.append("|---|---|---|")
    for trouble in TROUBLES:
        found = trouble.made()
        assert found.passed is False, found
        lines.append(f"| `{found.what}` | {_cell(found.said)} | {trouble.behind} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the tables into the page."""
    pages.put(PAGE, BEGIN, text(), END)


if __name__ == "__main__":
    main()
