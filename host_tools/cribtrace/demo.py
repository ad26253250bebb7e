"""A night from mattress to page: what `make demo` runs.

The firmware lives through a recording on the virtual board, the host tool stops it, pulls the log
over the pseudo-serial port and reports on it. Everything is written into one folder.
"""

import argparse
import json
import platform
import shutil
import sys
import threading
import time
from itertools import count
from pathlib import Path

from cribtrace import (
    analysis,
    exchange,
    nights,
    notes,
    recording,
    replay,
    report,
    runtime,
    scenario,
    sensors,
    started,
    tally,
    wording,
)
from cribtrace.atomic import replacing
from cribtrace.client import Client
from cribtrace.conversation import fields
from cribtrace.errors import INTERRUPTED, CribtraceError
from cribtrace.link import Link
from cribtrace.pull import Pulled, pull
from cribtrace.recording import Recording
from cribtrace.virtual import VirtualBoard
from cribtrace.virtual_parts import firmware_files, install_firmware

SEED = 1
BAUD = 921_600
_BEDTIME = "20:00"
_ORIGIN = {
    True: "Motion, sensor and board are simulated.",
    False: "The motion is the recording's; sensor and board are simulated.",
}
_DATA_LOST = 3
_MADE = ("night.npz", "flash.bin", "events.jsonl", "summary.json", "report.html")
_SILENT_S = 60


def say(line: str) -> None:
    """Tell what goes on, on stderr."""
    print(line, file=sys.stderr, flush=True)


class Lived:
    """What the virtual board said of itself, outside the serial line."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.off = threading.Event()
        self.sensor: dict = {}
        self.crash = ""

    def hear(self, status: dict) -> None:
        """Take in one status line (called in the relay's thread)."""
        if status["sim"] == "sensor_off":
            self.sensor = status
            self.off.set()
        if status["sim"] == "off":
            self.crash = str(status.get("stderr", "")).strip()
        if status["sim"] in ("recording_end", "off"):
            self.ended.set()


def began_s(length_s: float, now_s: float) -> float:
    """When a night of that length shall have begun: the last evening after which it was over.

    A night of just now would be cut at noon, where `report` and the library part two nights.
    """
    return started.latest(_BEDTIME, now_s - length_s)


def _watch(link: Link, lived: Lived, seconds: float) -> None:
    """Show the night's progress, from the board's own heartbeat lines, until it has ended."""
    told = -1
    tail = b""
    heard_s = time.monotonic()
    while not lived.ended.is_set():
        *lines, tail = (tail + link.read(0.2)).split(b"\r\n")
        heard_s = time.monotonic() if lines else heard_s
        if time.monotonic() - heard_s > _SILENT_S:
            raise CribtraceError(f"the virtual board has said nothing for {_SILENT_S} s")
        for line in lines:
            facts = fields(line.decode(errors="replace"))
            if facts.get("what") == "heartbeat" and int(facts["t_s"]) // 3600 != told:
                told = int(facts["t_s"]) // 3600
                minutes, events = int(facts["t_s"]) // 60, facts.get("events", "0")
                say(f"  {minutes:3d} of {seconds / 60:.0f} min lived, {events} events logged")
    if lived.crash:
        raise CribtraceError(f"the virtual board stopped: {lived.crash[-300:]}")


def _live(
    rec: Recording, flash: Path, micropython: Path, log: Path, sensor: str
) -> tuple[dict, dict, Pulled]:
    """Let the board live through the recording; returns its info, its sensor's count, the pull."""
    lived = Lived()
    length_s = len(rec.accel) / rec.rate_hz
    board = VirtualBoard(
        rec, flash=flash, micropython=micropython, speed=None, baud=BAUD, sensor=sensor,
        on_status=lived.hear,
    )  # fmt: skip
    with board:
        with Link(board.port) as link:
            _watch(link, lived, length_s)
            now_s = time.time()
            back_s = now_s - length_s - began_s(length_s, now_s)
        say("It is over: the sensor repeats its last second while the log is pulled ...")
        with Client(Link(board.port)) as client:
            exchange.anchor(client, client.hello(), lambda: time.time() - back_s)
            client.stop()
            if not lived.off.wait(10):
                raise CribtraceError("the sensor did not switch off when the recording ended")
            pulled = pull(client, log)
            info = client.info()
    return info, lived.sensor, pulled


def _account(night: analysis.Night, info: dict, sensor: dict, pulled: Pulled) -> dict:
    """The summary, with what only the board, its sensor and the line could count."""
    summary = {**night.summary}
    seen, in_gaps = summary["frames_seen"], summary["frames_in_gaps"]
    produced = sensor["frames_produced"]
    summary.update(
        frames_produced=produced,
        frames_post_roll=sensor["frames_post_roll"],
        frames_lost=produced - seen - in_gaps,
        records_written=int(info["records"]),
        wire_bytes=pulled.wire_bytes,
        firmware_heap_bytes=int(info["heap_high"]) - int(info["heap_before"]),
    )
    return summary


def _write(out: Path, night: analysis.Night, summary: dict) -> None:
    """What the summary counts beside the log is not on the page: `report` makes the same one."""
    with replacing(out / "events.jsonl", "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in analysis.lines(night))
    with replacing(out / "summary.json", "w") as f:
        f.write(json.dumps(summary, indent=2) + "\n")
    with replacing(out / "report.html", "w") as f:
        f.write(report.render(nights.choose(night, zone=None)))


def next_command(night: analysis.Night, out: Path) -> str:
    """A command to go on with: why the first movement is one, or what there was without one."""
    onsets_s = [event["onset_s"] for event in tally.for_everyone(night).events]
    at_s = min(onsets_s, default=night.summary["hours"] * tally.HOUR_S / 2)
    return f".venv/bin/cribtrace why {int(at_s)} {out / 'log'}"


def _told(summary: dict, same: bool, simulated: bool) -> str:
    counts = ", ".join(wording.counted(kind, n) for kind, n in summary["counts"].items())
    return (
        f"{summary['hours']:.2f} hours recorded, {summary['coverage']:.2%} of them covered.\n"
        f"Counted: {counts}.\n"
        f"Frames: {summary['frames_produced']} produced by the simulated sensor, "
        f"{summary['frames_seen']} seen by the detector, {summary['frames_in_gaps']} in gaps, "
        f"{summary['frames_lost']} lost.\n"
        f"Records: {summary['records_written']} written, {summary['records_pulled']} pulled, "
        f"{summary['wire_bytes']} bytes on the line.\n"
        f"Firmware: {summary['firmware_heap_bytes'] / 1024:.1f} KiB of heap while it records.\n"
        f"The same detector over night.npz on this computer: "
        f"{'the same events' if same else 'OTHER EVENTS'}.\n"
        f"{_ORIGIN[simulated]} This is not a medical device."
    )


def run(source: Path | None, out: Path, sensor: str = sensors.DEFAULT) -> int:
    """Live through a night, or through `source`; the exit code: 3 if anything was lost.

    What an earlier run left in `out` stays until this one has come through.
    """
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        code, told, command = _result(source, part, out, sensor)
        _replace(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    print(f"{told}\nReport: {out / 'report.html'}\nLog: {out / 'log'}\nNext: {command}")
    return code


def _replace(part: Path, out: Path) -> None:
    """Put what was made in the place of what an earlier run made; other files stay."""
    out.mkdir(exist_ok=True)
    log = out / "log"
    if (log / notes.FILE).exists():
        kept = next(kept for k in count(1) if not (kept := out / f"log-{k}").exists())
        log.rename(kept)
        say(f"{kept}: the log before, for its notes")
    shutil.rmtree(log, ignore_errors=True)
    for name in _MADE:
        (out / name).unlink(missing_ok=True)
    for made in part.iterdir():
        made.replace(out / made.name)


def _result(source: Path | None, out: Path, shown: Path, chip: str) -> tuple[int, str, str]:
    """Make everything in `out`; exit code, what to tell, and a command for it at `shown`."""
    if source:
        say(f"Reading {source} ...")
        rec = recording.load(source)
    else:
        say("Simulating ten hours on a mattress ...")
        rec = scenario.generate("night", SEED)
    sensors.named(chip).rate_for(rec.rate_hz)
    recording.save(out / "night.npz", rec)
    found = runtime.find(fetch=True, say=say)
    flash = out / "flash.bin"
    install_firmware(flash, firmware_files(chip), found.path)
    say("The virtual board runs the firmware, faster than real time ...")
    info, sensor, pulled = _live(rec, flash, found.path, out / "log", chip)
    night = analysis.read_night(out / "log")
    summary = _account(night, info, sensor, pulled)
    versions = {"micropython": found.version, "python": platform.python_version()}
    summary["versions"] = {**summary["versions"], **versions}
    say("Checking the events against a replay of the recording ...")
    same = replay.replay(rec) == [
        {key: value for key, value in event.items() if key != "utc"} for event in night.events
    ]
    _write(out, night, summary)
    lost = summary["frames_lost"] or summary["records_written"] != summary["records_pulled"]
    lost = lost or pulled.damaged or pulled.given_up
    code = _DATA_LOST if lost or not same or night.faults else 0
    return code, _told(summary, same, source is None), next_command(night, shown)


def main() -> None:
    """The command line of the demo."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--recording", type=Path, help="an .npz to live through instead")
    parser.add_argument("--out", type=Path, default=Path("build/demo"))
    parser.add_argument("--sensor", default=sensors.DEFAULT, choices=sorted(sensors.SENSORS))
    given = parser.parse_args()
    try:
        sys.exit(run(given.recording, given.out, given.sensor))
    except CribtraceError as error:
        say(f"demo: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
