"""What runs the detector in a test: CPython, a virtual board, or a real one. Prints nothing."""

import functools
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cribtrace import configuration, facts, hil, log_records, recording, replay, scenario
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.errors import NoDevice, Usage
from cribtrace.link import Link
from cribtrace.pull import pull
from cribtrace.recording import Recording
from cribtrace.trial import Outcome, Trial

_BACK_S = 30.0  # chosen: a restart that checks a full log
_AGAIN_S = 0.2


class Result(NamedTuple):
    """What a target made of a recording: `events` and `gaps` as JSON lines.

    `lived` says how a board kept up; None under CPython, which is in no hurry.
    """

    events: list[dict]
    gaps: list[dict]
    lived: hil.Lived | None


def motion(source: str | Path, *, seed: int = 1, seconds: float | None = None) -> Recording:
    """A recording from a file, .npz; or from a scenario, by its name or its .toml file.

    `seconds`: no more of it than that.
    """
    if Path(source).suffix == ".csv":
        npz = Path(source).with_suffix(".npz").name
        raise Usage(
            f"{source}: a .csv does not say its rate and unit: make an .npz of it once, with"
            f" `from cribtrace.recording import load, save; save({npz!r}, load({str(source)!r},"
            " rate_hz=104, unit='mg'))`, and read that"
        )
    made = recording.load(source) if Path(source).suffix == ".npz" else None
    made = made or scenario.generate(str(source), seed)
    if seconds is None:
        return made
    truth = tuple(t for t in made.truth if t["onset_s"] + t["duration_s"] <= seconds)
    return replace(made, accel=made.accel[: round(seconds * made.rate_hz)], truth=truth)


def left_in(folder: Path) -> list[str]:
    """What lies in a rig's folder, a line each: what it is, and its path."""
    names = ("recording.npz", "transcript.bin", "log")
    return [f"{Path(name).stem}: {folder / name}" for name in names if (folder / name).exists()]


class Rig:
    """One target, and a folder for what it leaves; a context manager.

    `target` is "cpython", "virtual" or "board".
    """

    target = "cpython"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Rig":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def live(self, rec: Recording) -> Result:
        """Let the detector live through `rec`, from its first frame to its last."""
        recording.save(self.folder / "recording.npz", rec)
        in_force = configuration.in_force({})
        whole = replace(rec, captured=None)
        found = replay.as_logged(whole, in_force, "cpython", ended=True)
        return Result(_lines(found, rec, in_force), _told_gaps(rec), None)

    def undergo(self, trial: Trial) -> Outcome:
        """Let the detector live through a scenario whose faults are none of the hardware's."""
        found = self.live(trial.recording())
        return Outcome(found.events, found.gaps, [], found.lived.same if found.lived else None)

    def leave(self) -> list[str]:
        """Leave the log too, whatever that meets: the test has failed already. See `left_in`."""
        try:
            self.leave_log()
        except Exception as error:
            return [*left_in(self.folder), f"no log: {type(error).__name__}: {error}"]
        return left_in(self.folder)

    def leave_log(self) -> None:
        """Put into the folder what the board has logged, where there is one."""


_refuse_changed = functools.cache(hil.refuse_changed)  # once: it stops the board


class BoardRig(Rig):
    """A board on a serial line, real or not."""

    target = "board"

    def __init__(self, folder: Path, port: str) -> None:
        super().__init__(folder)
        self.port = port
        self._boot = 0
        with self.client() as client:
            hello = client.hello()
            hil.refuse_other(port, hello)
        if self.target == "board":
            _refuse_changed(port, hello["board"])

    def client(self) -> Client:
        """A client in session; what goes over the line is kept in transcript.bin."""
        client = Client(Noted(self.port, self.folder / "transcript.bin"))
        try:
            client.hello()
        except BaseException:
            client.close()
            raise
        return client

    def live(self, rec: Recording) -> Result:
        """Inject `rec` as fast as the board takes it."""
        recording.save(self.folder / "recording.npz", rec)
        with self.again() as client:
            in_force = {setting.name: setting.value for setting in client.config()}
            lived = hil.run(client, rec)
        self._boot = lived.kept.boot
        header = _header(rec, in_force)
        gaps = [facts.json_line(gap, header) for gap in lived.gaps]
        events = _lines(lived.events, rec, in_force)
        return Result(events, [gap for gap in gaps if gap], lived)

    def leave_log(self) -> None:
        """Pull the log."""
        with self.again() as client:
            pull(client, self.folder / "log")

    def again(self) -> Client:
        """A session with the board's own sensor again, after the restart of an injection."""
        deadline = time.monotonic() + _BACK_S
        while True:
            client = self.client()
            if int(client.hello()["boot"]) > self._boot:
                return client
            client.close()
            if time.monotonic() > deadline:
                raise NoDevice(f"{self.port} did not restart after an injection: reset it")
            time.sleep(_AGAIN_S)


class Noted(Link):
    """A link that keeps what goes over it: a line for each piece, with its direction."""

    def __init__(self, port: str, path: Path) -> None:
        super().__init__(port)
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        """Keep and write it."""
        self._file.write(b"up   %r\n" % line)
        super().write(line)

    def read(self, timeout_s: float) -> bytes:
        """Read and keep it."""
        came = super().read(timeout_s)
        if came:
            self._file.write(b"down %r\n" % came)
        return came

    def close(self) -> None:
        """Close both."""
        self._file.close()
        super().close()


def _header(rec: Recording, in_force: dict[str, int]) -> dict:
    rates = {"rate_mhz": round(rec.rate_hz * 1000), "mlsb_per_g": round(rec.lsb_per_g * 1000)}
    return {**rates, "settings": in_force}


def _told_gaps(rec: Recording) -> list[dict]:
    """The gaps of a recording as a board tells them that lived through it."""
    rate_mhz = round(rec.rate_hz * 1000)
    reason = records.GAP_REASONS.index("fifo_overrun")
    fields = {"type": records.GAP, "duration_ms": records.UNKNOWN, "reason": reason}
    lines = (
        facts.json_line(
            {**fields, "first": gap.row, "frames": gap.rows},
            {"rate_mhz": rate_mhz, "mlsb_per_g": 0},
        )
        for gap in rec.gaps
    )
    return [line for line in lines if line]


def _lines(found: list[list[int]], rec: Recording, in_force: dict[str, int]) -> list[dict]:
    names = log_records.NAMES[records.EVENT]
    header = _header(rec, in_force)
    events = [dict(zip(names, fields, strict=True)) for fields in found]
    lines = [facts.json_line({"type": records.EVENT, **event}, header) for event in events]
    return [line for line in lines if line]
