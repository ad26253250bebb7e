"""Faults as cases, and what a board that met one made of it. Also the rows of docs/TESTING.md."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cribtrace import analysis, bmi270, deploy, virtual_parts
from cribtrace.device import records
from cribtrace.recording import Recording

RATE_HZ, LSB_PER_G = 104.0, 16384.0
AT_MS = 40_000
_WARM_S = 10.0  # the least that any log leaves out

# Each record as it is made, with the board's time: written where the simulated board tells of itself.
_HEARS = "        self.server.record(body, n)"
_TELLS = (
    "        import sys, binascii\n"
    '        told = b\'{"sim":"record","ms":%d,"hex":"%s"}\\n\'\n'
    "        hexed = str(binascii.hexlify(bytes(memoryview(body)[:n])), 'ascii')\n"
    "        if body[0] in (1, 6, 11) or body[0] == 8:\n"
    "            sys.stderr.write(str(told, 'ascii') % (self.board.ticks_ms(), hexed))\n"
)


@dataclass(frozen=True)
class Case:
    """What is ordered, and what is expected of it.

    `record` names the record: a gap's reason, or a fault in words; None where nothing is lost and
    nothing is said. `lost_s` (least, most) seconds of frames; `exact`: to the frame. seconds 0: a
    test of its own.
    """

    told_as: str
    kind: dict
    record: str | None = None
    lost_s: tuple[float, float] | None = None
    exact: bool = False
    within_s: float = 5.0
    seconds: int = 100
    full: bool = False
    after: str = "goes on"
    said: str = ""

    def orders(self):
        return [{"at_ms": AT_MS, **self.kind}] if self.kind else []


_NOTHING = "nothing is lost"
CASES = {
    "nack": Case(
        "a transfer is not acknowledged behind 3 bytes of it",
        {"kind": "nack", "count": 1, "byte": 3}, "bus_error", (0.3, 3), after="starts the sensor anew",
    ),
    "bus stuck": Case(
        "the bus is held for 5 s",
        {"kind": "stuck", "for_ms": 5000}, "bus_error", (4.5, 8), after="starts the sensor anew",
    ),
    "value stuck": Case(
        "the sensor gives the same for 20 s",
        {"kind": "value", "for_ms": 20_000}, "sensor_stuck", (15.5, 18), exact=True,
        after="goes on when a value moves; starts the sensor anew each minute",
    ),
    "sensor reset": Case(
        "the sensor loses its registers",
        {"kind": "reset"}, "sensor_silent", (3.9, 7), after="starts the sensor anew",
    ),
    "FIFO overrun": Case(
        "the interpreter stands still for 7 s",
        {"kind": "pause", "ms": 7000}, "fifo_overrun", (1, 7), exact=True, within_s=12,
    ),
    "brown-out": Case(
        "the supply dips", {"kind": "brown_out"}, "power_cut", seconds=140,
        after="the board starts anew",
    ),
    "flash full": Case("no room for the log", {}, "records_lost", full=True, within_s=70),
    "flash erase": Case("an erase takes 400 ms", {"kind": "erase", "at_ms": 0, "count": 8, "ms": 400}),
    "bad block": Case("two blocks keep nothing", {"kind": "bad_block", "at_ms": 20_000, "count": 2}),
    "GC pause": Case("a collection takes 400 ms", {"kind": "pause", "ms": 400}),
    "jitter": Case("frames come up to 20 ms late", {"kind": "jitter", "us": 20_000}),
    "temperature": Case(
        "the sensor warms by 12 °C", {"kind": "warmth", "degrees": 12, "for_ms": 300_000}, seconds=700,
    ),
    "rate": Case("the sensor runs 8 % fast or slow", {}, seconds=0),
    "clock step": Case("the host's clock is set by 30 s", {}, seconds=0),
}  # fmt: skip


def still(seconds):
    """A sensor that lies still, z up, with its own noise."""
    mg = np.random.default_rng(5).normal((0, 0, 1000), 0.4, (int(seconds * RATE_HZ), 3))
    accel = np.rint(mg * LSB_PER_G / 1000).astype(np.int16)
    return Recording(accel, RATE_HZ, LSB_PER_G, (), "still")


def install(image: Path, sensor: str, micropython: Path, *, full: bool = False):
    """The firmware, which tells of each record, on a flash that is `full` but for a few blocks."""
    sources = {path: source.read_text() for path, source in deploy.files("virtual").items()}
    assert _HEARS in sources["/crib/app.py"]
    sources["/crib/app.py"] = sources["/crib/app.py"].replace(_HEARS, _TELLS + _HEARS)
    files = {path[1:]: content for path, content in deploy.shipped(sources).items()}
    if sensor == "bmi270":
        files[bmi270.ON_THE_BOARD[1:]] = bmi270.for_the_virtual_chip()
    if full:
        # Between the two shares that firmware/crib/room.py keeps: 77 and 26 of 512 blocks.
        used = sum(math.ceil(len(content) / 4000) for content in files.values()) + 10
        files["ballast"] = bytes((512 - used - 55) * 4064)
    virtual_parts.install_firmware(image, files, micropython)


class Lived:
    """The log of a board that met a fault, and what its parts counted meanwhile."""

    def __init__(self, log: Path, said: list[dict], info: dict):
        self.night = analysis.read_night(log)
        self.log, self.info, self.said = log, info, said
        self.off = [status for status in said if status["sim"] == "sensor_off"][-1]
        told = [status for status in said if status["sim"] == "record"]
        self._records = [(status["ms"], bytes.fromhex(status["hex"])) for status in told]

    def _named(self):
        """(milliseconds of the board's time, name) of each record that names a fault."""
        for ms, body in self._records:
            rest = body[records.HEAD_BYTES :]
            if body[0] == records.GAP:
                yield ms, records.GAP_REASONS[struct.unpack("<IIIB", rest)[3]]
            elif body[0] == records.TEXT and rest.startswith(b"what=fault fault="):
                yield ms, rest.decode().split("fault=")[1].split()[0].removeprefix("what=")

    def troubles(self):
        """Names of faults, in the order in which they were told."""
        return [name for _, name in self._named()]

    def noticed(self, case):
        """(seconds from the fault to the first record that names it, that name)."""
        since_ms = AT_MS
        if case.record == "power_cut" or case.full:
            since_ms = 0  # the board's time begins anew
        return next(
            ((ms - since_ms) / 1000, name) for ms, name in self._named() if name == case.record
        )

    def lost(self):
        """Frames in gaps, by the board."""
        return int(self.info["in_gaps"])

    def unexplained(self):
        """Frames of the recording that went by, less those that the board tells of."""
        stop = [line for line in self.night.recorder if line["what"] == "stop"][-1]
        return self.off["position"] - stop["seen"] - stop["in_gaps"]

    def blind_from(self, onset_s):
        """Whether a gap or state covers the time from the fault on, within the first burst."""
        spans = [(line["onset_s"], line["duration_s"]) for line in self.night.gaps + self.night.states]
        return any(
            onset_s - 1 <= start_s <= onset_s + 1 and duration_s for start_s, duration_s in spans
        )

    def row(self, case):
        """(record, noticed, lost) as the table has them."""
        if case.record is None:
            return "none", "", _NOTHING
        first_s, _ = self.noticed(case)
        return case.record, f"{max(1, math.ceil(first_s))} s", f"{self.lost() / RATE_HZ:.0f} s"
