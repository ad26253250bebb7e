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
WARM_S = 10.0  # the least that any log leaves out

# Each record as it is made, with the board's time: written where the simulated board tells of itself.
_HEARS = "        self.server.record(body, n)"
_TELLS = (
    "        import sys, binascii\n"
    '        told = b\'{"sim":"record","ms":%d,"hex":"%s"}\\n\'\n'
    "        hexed = str(binascii.hexlify(bytes(memoryview(body)[:n])), 'ascii')\n"
    "        if body[0] in (1, 6, 11):\n"
    "            sys.stderr.write(str(told, 'ascii') % (self.board.ticks_ms(), hexed))\n"
)


@dataclass(frozen=True)
class Case:
    """What is ordered, and what is expected of it.

    `record` names the record: a gap's reason, or a fault in words; None where nothing is lost and
    nothing is said. Of some sensors it is `too`. `lost_s` (least, most) seconds of frames; `exact`: to the frame. seconds 0: a
    test of its own. Between the moments `dark_s` the night must tell that nothing was seen.
    """

    told_as: str
    kind: dict
    record: str | None = None
    too: str | None = None
    lost_s: tuple[float, float] | None = None
    exact: bool = False
    dark_s: tuple[float, float] | None = None
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
        {"kind": "nack", "count": 1, "byte": 3}, "bus_error", None, (0.1, 3), dark_s=(40, 41), after="starts the sensor anew",
    ),
    "bus stuck": Case(
        "the bus is held for 5 s",
        {"kind": "stuck", "for_ms": 5000}, "bus_error", None, (4.5, 8), dark_s=(40, 45), after="starts the sensor anew",
    ),
    "value stuck": Case(
        "the sensor gives the same for 20 s",
        {"kind": "value", "for_ms": 20_000}, "sensor_stuck", None, (15.5, 18.6), exact=True, dark_s=(40, 60),
        after="goes on when a value moves; starts the sensor anew each minute",
    ),
    "sensor reset": Case(
        "the sensor loses its registers",
        {"kind": "reset"}, "sensor_silent", "bus_error", (0.1, 7), dark_s=(40, 44), after="starts the sensor anew",
    ),
    "FIFO overrun": Case(
        "the interpreter stands still for 7 s",
        {"kind": "pause", "ms": 7000}, "fifo_overrun", None, (1, 7.5), exact=True, dark_s=(40, 42),
    ),
    "brown-out": Case(
        "the supply dips", {"kind": "brown_out"}, "power_cut", seconds=140,
        after="the board starts anew",
    ),
    "flash full": Case("no room for the log", {}, "records_lost", full=True, dark_s=(10, 100)),
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
        self._stop = [line for line in self.night.recorder if line["what"] == "stop"][-1]
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
        """Seconds from the fault to the first record that names it."""
        since_ms = AT_MS + case.kind.get("ms", 0)  # nobody tells of anything meanwhile
        if case.record == "power_cut":
            since_ms = 0  # the board's time begins anew
        if case.full:  # a full log leaves out what comes next, the warm-up
            since_ms = self._records[0][0]
        found = (ms - since_ms for ms, name in self._named() if name in (case.record, case.too))
        return next(found) / 1000

    def lost(self):
        """Frames in gaps, by the board."""
        return int(self.info["in_gaps"])

    def unexplained(self):
        """Frames of the recording that went by, less those that the board tells of."""
        return self.off["position"] - self._stop["seen"] - self._stop["in_gaps"]

    def sampled_on(self, case):
        """Whether frames were analysed until the recording ended, but for what is told."""
        lived_s = case.seconds - (AT_MS / 1000 if case.record == "power_cut" else 0)
        return self._stop["seen"] + self.lost() >= (lived_s - 1) * RATE_HZ

    def not_told_s(self, onset_s, end_s):
        """Seconds between these two of which neither gap nor state says that they were not seen."""
        told = np.zeros(round((end_s - onset_s) * 10), bool)
        for line in self.night.gaps + self.night.states:
            first = max(0, round((line["onset_s"] - onset_s) * 10))
            told[first : max(0, round((line["onset_s"] - onset_s + (line["duration_s"] or 0)) * 10))] = 1
        return float((~told).sum()) / 10

    def row(self, case):
        """(record, noticed, lost) as the table has them."""
        if case.record is None:
            return "none", "", _NOTHING
        lost = f"{self.lost() / RATE_HZ:.0f} s"
        return case.record, f"{max(1, math.ceil(self.noticed(case)))} s", lost
