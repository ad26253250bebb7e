"""Commands that need no hardware: sim, scenario, replay, runtime."""

import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from cribtrace import sensors
from cribtrace.cli.output import (
    emit,
    json_option,
    load_recording,
    name_faults,
    overwrite_option,
    recording_options,
    refuse_there,
    row,
    say,
    working,
)
from cribtrace.errors import INTERRUPTED, CribtraceError, Damaged, Usage, by_signal

_PATH = click.Path(path_type=Path)
_SEED = 1
_PLAYED = "nap"
_INTERPRETERS = ("auto", "cpython", "micropython")
SUFFIX = ".crib"


@click.command()
@click.argument("name", required=False)
@click.option("--seed", type=int, default=_SEED, show_default=True)
@click.option(
    "-o",
    "--output",
    type=_PATH,
    help="The .npz to write; that suffix is added where it is missing.",
)
@overwrite_option
@json_option
def scenario(
    name: str | None, seed: int, output: Path | None, overwrite: bool, as_json: bool
) -> None:
    """Simulate what a mattress does: a recording with truth.

    NAME is one of those shipped, which stand there without it, or a .toml file of one's own.
    """
    from cribtrace import recording
    from cribtrace import scenario as scenarios

    if name is None:
        for known, about in scenarios.described():
            emit({"type": "scenario", "name": known, "about": about}, as_json)
        return
    output = output or Path(f"{Path(name).stem}-{seed}")
    if output.suffix != ".npz":
        output = output.with_name(output.name + ".npz")
    refuse_there(output, overwrite)
    with working("simulating"):
        made = scenarios.generate(name, seed)
        recording.save(output, made)
    seconds = round(len(made.accel) / made.rate_hz, 3)
    line = {"type": "scenario", "name": name, "seed": seed, "path": str(output)}
    emit({**line, "duration_s": seconds, "truths": len(made.truth)}, as_json)


@click.command()
@click.argument("source", type=_PATH)
@click.option(
    "--on",
    type=click.Choice(["auto", "cpython", "micropython"]),
    default="auto",
    show_default=True,
)
@click.option(
    "--set",
    "changes",
    metavar="NAME=VALUE",
    multiple=True,
    help="Instead of a default; repeatable.",
)
@recording_options
@json_option
def replay(
    source: Path,
    on: str,
    changes: tuple[str, ...],
    rate_hz: float | None,
    unit: str | None,
    lsb_per_g: float | None,
    as_json: bool,
) -> None:
    """Run the board's own detector over a recording and print the events.

    SOURCE may be a pulled log, too: then every event is looked for in its stored waveform again,
    each that does not come out of it is named, and those that cannot are counted.
    """
    from cribtrace import configuration
    from cribtrace.replay import replay as replay_recording

    if source.is_dir() or source.suffix == SUFFIX:
        if changes:
            raise Usage("a log is run again with the settings it was recorded with: no --set")
        _rerun(source, as_json)
        return
    rec = load_recording(source, rate_hz, unit, lsb_per_g)
    with working("replaying"):
        events = replay_recording(rec, on=on, settings=configuration.parsed(changes))
    for event in events:
        emit(event, as_json)
    say(f"{source}: {rec.duration_s:.1f} s, {len(events)} events")
    warm_up_s = configuration.in_force(configuration.parsed(changes))["warm_up_ms"] / 1000
    if not (events or rec.captured) and rec.duration_s <= warm_up_s:
        say(
            f"the first {warm_up_s:g} s are the warm-up, in which the noise floor is measured and"
            " nothing is told as an event: give it a longer recording"
        )


def _rerun(source: Path, as_json: bool) -> None:
    from cribtrace import analysis, rerun

    counts: dict = {}
    for line in rerun_lines(rerun.verdicts(source)):
        counts = line
        if as_json or line["type"] == "replay" or line["verdict"] == rerun.DIFFERS:
            emit(line, as_json)
    if not as_json:
        for reason in counts["reasons"]:
            click.echo(f"  {reason['count']} not derivable: {reason['why']}")
    faults = analysis.read_night(source).faults
    if counts[rerun.DIFFERS]:
        events = sum(counts[verdict] for verdict in _VERDICTS)
        differ = (
            f"{source}: {counts[rerun.DIFFERS]} of {events} events did not come out of their"
            " waveforms again: the log was changed, or made by another detector"
        )
        if not faults:
            raise Damaged(differ)
        say(differ)
    name_faults(source, faults)


_VERDICTS = ("same", "differs", "not_derivable")


def rerun_lines(verdicts: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """One line for each verdict, and how many there are of each in a last one, with reasons."""
    counts, reasons = dict.fromkeys(_VERDICTS, 0), Counter()
    for one in verdicts:
        counts[one.verdict] += 1
        if one.verdict == "not_derivable":
            reasons[one.why] += 1
        yield {"type": "replayed", **one._asdict()}
    told = [{"why": why, "count": count} for why, count in reasons.most_common()]
    yield {"type": "replay", **counts, "reasons": told}


@click.command()
@json_option
def runtime(as_json: bool) -> None:
    """Find the 32-bit MicroPython that the virtual board runs on, or fetch it."""
    from cribtrace.runtime import find

    found = find(fetch=True, say=say)
    line = {"type": "runtime", "path": str(found.path), "version": found.version}
    emit({**line, "bits": found.bits, "source": found.source}, as_json)
    if found.skipped:
        say(found.skipped)


@click.command()
@click.argument("source", type=_PATH, required=False)
@click.option("--speed", default="1", show_default=True, help="Factor of real time, or max.")
@click.option("--baud", type=click.IntRange(300, 4_000_000), help="Line rate; else none.")
@click.option("--flash", type=_PATH, help="Flash image; survives the run. Else a fresh one.")
@click.option("--link", type=_PATH, help="Symbolic link to make to the port.")
@click.option(
    "--reset-on-open", is_flag=True, help="Reset when the port opens, as some boards do."
)
@click.option(
    "--sensor",
    default=sensors.DEFAULT,
    show_default=True,
    type=click.Choice(list(sensors.SENSORS)),
)
@recording_options
@json_option
def sim(
    source: Path | None,
    speed: str,
    baud: int | None,
    flash: Path | None,
    link: Path | None,
    reset_on_open: bool,
    sensor: str,
    rate_hz: float | None,
    unit: str | None,
    lsb_per_g: float | None,
    as_json: bool,
) -> int:
    """Run the firmware on a virtual board that lies on the mattress of SOURCE; print its port.

    Ctrl-C cuts its power. Without SOURCE it plays a simulated hour.
    """
    factor = _factor(speed)
    try:
        from cribtrace import virtual
    except ImportError as error:
        raise CribtraceError("virtual boards need Linux or macOS: use a real one here") from error
    from cribtrace import runtime, scenario

    if source:
        played = load_recording(source, rate_hz, unit, lsb_per_g)
    else:
        played = scenario.generate(_PLAYED, _SEED)
    micropython = runtime.find(fetch=True, say=say).path
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(by_signal(number)))
    with _flash_image(flash, micropython, sensor) as image, virtual.VirtualBoard(
        played, flash=image, micropython=micropython, speed=factor, baud=baud, link=link,
        reset_on_open=reset_on_open, sensor=sensor, on_status=_tell,
    ) as board:  # fmt: skip
        name = str(link or board.link or board.port)
        emit({"type": "port", "port": name}, True) if as_json else click.echo(name)
        say("in another terminal `cribtrace tail` follows it; Ctrl-C here cuts its power")
        return _until_off(board, flash)


def _until_off(board, kept: Path | None) -> int:
    """Wait for Ctrl-C; return its exit code. Raises CribtraceError for a board that stops."""
    try:
        while not board.wait_off(1.0):
            pass
    except KeyboardInterrupt:
        log = f"is in {kept}" if kept else "went with it (`--flash FILE` keeps one)"
        say(f"the virtual board's power is cut; its log {log}")
        return INTERRUPTED
    said = board.crash.strip() or "it said nothing"
    raise CribtraceError(f"the virtual board stopped: {said}; start it again")


def _tell(status: Mapping[str, object]) -> None:
    """Say what the simulated hardware reports; a power cut by Ctrl-C is no news."""
    if status["sim"] == "recording_end":
        say("the recording is over; its last second now repeats at real speed")
    elif status["sim"] != "off":
        say(row({"type": "sim", **status}))


@contextmanager
def _flash_image(kept: Path | None, micropython: Path, sensor: str) -> Iterator[Path]:
    """Give the image to run, with the firmware in it; a temporary one if none is to be kept."""
    from cribtrace import virtual_parts

    with tempfile.TemporaryDirectory(prefix="cribtrace-") as folder:
        image = kept or Path(folder) / "flash.bin"
        if not image.exists():
            files = virtual_parts.firmware_files(sensor)
            virtual_parts.install_firmware(image, files, micropython)
        yield image


def _factor(speed: str) -> float | None:
    """Return the speed as a factor, None for as fast as it goes."""
    if speed == "max":
        return None
    try:
        factor = float(speed)
    except ValueError:
        factor = 0.0
    if not 0.001 <= factor <= 1e6:
        raise Usage(f"--speed {speed}: give a factor of real time above 0, or max")
    return factor


COMMANDS = (sim, scenario, replay, runtime)
