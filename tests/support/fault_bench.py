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
LATE = "late"  # a turn that the FIFO outlasted: an ordinary erase may be such a one
# What costs no frame: it is told, and that is all.
TOLD = (LATE, "sensor_rate", "sensor_jitter", "temperature", "clock_step")
WARM_S = 10.0  # the least that any log leaves out

# Each record as it is made, with the board's time, told as the simulated parts tell theirs.
_HEARS = "        self.server.record(body, n)"
_TELLS = (
    "        import sys, binascii\n"
    '        told = b\'{"sim":"record","ms":%d,"hex":"%s"}\\n\'\n'
    "        hexed = str(binascii.hexlify(bytes(memoryview(body)[:n])), 'ascii')\n"
    "        if body[0] in (1, 2, 6, 11):\n"
    "            sys.stderr.write(str(told, 'ascii') % (self.board.ticks_ms(), hexed))\n"
)


@dataclass(frozen=True)
class Case:
    """What is ordered, and what is expected of it.

    `record` names the record: a gap's reason, or a fault in words; None where nothing is lost and
    nothing is said at once. Of some sensors it is `too`. `lost_s` (least, most) seconds of frames;
    `exact`: to the frame. Between the moments `dark_s` the night must tell that nothing was seen.
    Nobody could know before `hidden_s` of it were over, and `since` says until when. seconds 0: a
    test of its own, with a host that gives anchors. `named` and `then` are for the table.
    """

    done: str
    kind: dict
    record: str | None = None
    too: str | None = None
    lost_s: tuple[float, float] | None = None
    exact: bool = False
    dark_s: tuple[float, float] | None = None
    hidden_s: int = 0
    since: str = ""
    seconds: int = 100
    full: bool = False
    named: str = ""
    then: str = "sampling goes on"

    def orders(self):
        """The faults that the virtual board is to meet."""
        return [{"at_ms": AT_MS, **self.kind}] if self.kind else []


_ANEW = "the sensor is started anew"
CASES = {
    "NACK": Case(
        "a transfer fails behind 3 of its bytes, once", {"kind": "nack", "count": 1, "byte": 3},
        "bus_error", None, (0.1, 3), dark_s=(40, 41), then=_ANEW,
    ),
    "bus stuck": Case(
        "the bus is held for 5 s", {"kind": "stuck", "for_ms": 5000},
        "bus_error", None, (4.5, 8), dark_s=(40, 45), then=_ANEW,
    ),
    "value stuck": Case(
        "the sensor gives the same for 20 s", {"kind": "value", "for_ms": 20_000},
        "sensor_stuck", None, (15.5, 18.6), True, dark_s=(40, 60),
        then="goes on once a value moves; until then the sensor is started anew each minute",
    ),
    "sensor reset": Case(
        "the sensor loses its registers", {"kind": "reset"},
        "sensor_silent", "bus_error", (0.1, 7), dark_s=(40, 44), then=_ANEW,
    ),
    "FIFO overrun": Case(
        "the board stands still for 7 s", {"kind": "pause", "ms": 7000},
        "fifo_overrun", None, (1, 7.5), True, dark_s=(40, 42),
    ),
    "brown-out": Case(
        "the supply dips", {"kind": "brown_out"}, "power_cut", seconds=140,
        then="the board starts anew; of its facts, those of a minute at most are gone",
    ),
    "flash full": Case(
        "no room for the log", {}, "records_lost", dark_s=(10, 100), full=True,
        named="`what=fault fault=records_lost`; from the host gaps `log_full`",
        then="records go on where there is room again",
    ),
    "flash erase": Case(
        "two erases take 400 ms", {"kind": "erase", "count": 2, "ms": 400}, LATE,
        named="`what=late`, once in 10 min; `loop_max_us`",
    ),
    "bad block": Case(
        "two blocks keep nothing of what is written", {"kind": "bad_block", "count": 2},
        named="no: littlefs finds it, and no record is lost",
        then="littlefs reads what it wrote, and takes another block",
    ),
    "GC pause": Case(
        "a collection takes 400 ms", {"kind": "pause", "ms": 400}, LATE,
        named="`what=late`, once in 10 min; `loop_max_us`",
    ),
    "jitter": Case(
        "each look finds frames up to 20 ms late", {"kind": "jitter", "us": 20_000},
        "sensor_jitter",
    ),
    "temperature": Case(
        "the sensor warms by 12 °C in 5 min", {"kind": "warmth", "degrees": 12, "for_ms": 300_000},
        "temperature", hidden_s=125, since="from 5 °C on", seconds=180,
    ),
    "rate": Case(
        "the sensor is 8 % fast, or slow", {"kind": "rate", "permille": 80}, "sensor_rate",
        named="`sensor_rate`; by how much, the host at the second anchor",
        then="rates and durations are off by as much",
    ),
    "clock step": Case(
        "the host's clock is set by 30 s", {}, "clock_step", since="from the next anchor on",
        seconds=0, then="times are off by up to as much",
    ),
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
            elif body[0] == records.TEXT and rest.startswith(b"what=late "):
                yield ms, LATE

    def happened(self):
        """Kinds of the faults that came, each once."""
        return sorted({status["kind"] for status in self.said if status["sim"] == "fault"})

    def troubles(self):
        """Names of faults, in the order in which they were told."""
        return [name for _, name in self._named()]

    def noticed(self, case):
        """Seconds from the fault to the first record that names it."""
        came = [status["ms"] for status in self.said if status["sim"] == "fault"]  # at an erase
        since_ms = (came or [AT_MS])[0] + case.kind.get("ms", 0)  # nobody tells meanwhile
        since_ms += case.hidden_s * 1000
        if case.record == "clock_step":
            since_ms = max(ms for ms, body in self._records if body[0] == records.ANCHOR)
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
        """Seconds between these two that no gap and no state covers."""
        told = np.zeros(round((end_s - onset_s) * 10), bool)
        for line in self.night.gaps + self.night.states:
            since_s = line["onset_s"] - onset_s
            until_s = since_s + (line["duration_s"] or 0)
            told[max(0, round(since_s * 10)) : max(0, round(until_s * 10))] = True
        return float((~told).sum()) / 10
