"""Hardware in the loop: hil run, hil record."""

import signal
import tempfile
from pathlib import Path
from typing import NoReturn

import rich_click as click

from cribtrace.cli.output import (
    emit,
    json_option,
    load_recording,
    only_board,
    open_client,
    overwrite_option,
    port_option,
    recording_options,
    refuse_there,
    say,
    working,
)
from cribtrace.errors import CribtraceError, Damaged, Usage

_PACES = ("max", "1")
_TARGETS = ("board", "virtual", "cpython")


@click.group()
def hil() -> None:
    """Have a board's own detector live through a recording, with or without hardware."""


@hil.command("run")
@click.argument("source", type=click.Path(path_type=Path))
@recording_options
@port_option
@click.option(
    "--pace",
    type=click.Choice(_PACES),
    default="max",
    show_default=True,
    help="max: as fast as the board takes it; 1: in its own time, and what is lost is lost.",
)
@click.option(
    "--target",
    type=click.Choice(_TARGETS),
    default="board",
    show_default=True,
    help="Of a scenario with expectations: what runs it.",
)
@click.option(
    "--depth", type=click.IntRange(32, 1024), help="Frames its FIFO holds; else as its sensor's."
)
@json_option
def run_recording(
    source: Path,
    rate_hz: float | None,
    unit: str | None,
    lsb_per_g: float | None,
    port: str | None,
    pace: str,
    target: str,
    depth: int | None,
    as_json: bool,
) -> None:
    """Play a recording to a running board in the place of its sensor; compare with the replay.

    SOURCE may be a scenario, a .toml: then its faults happen meanwhile, and what it expects is
    held against what came of it. The sensor's recording ends, and a boot of its own begins in the
    log, marked as injected. The board restarts afterwards, and records from its sensor again.
    """
    from cribtrace import hil as loop

    if source.suffix == ".toml":
        _run_trial(source, port, target, as_json)
        return
    if target != "board":
        raise Usage("--target is for scenarios: `cribtrace replay` is a recording's")
    rec = load_recording(source, rate_hz, unit, lsb_per_g)
    name = _port_of_ours(port)
    with open_client(name) as client:
        client.hello()
        say("INJECTED: what the board records now comes from a file, not from its sensor")
        with working("living through it"):
            lived = loop.run(client, rec, paced=pace == "1", depth=depth or 0, on_gap=_tell)
    emit(lived.shown(), as_json)
    if lived.lost:
        raise Damaged(f"{lived.lost} frames were lost on the way: the log has their gaps")
    if not lived.same:
        raise CribtraceError(
            f"the board's {len(lived.events)} events are not the replay's {len(lived.expected)}:"
            " keep the recording, and report it"
        )


def _port_of_ours(port: str | None) -> str:
    """The port of a board that runs what lies here; NoDevice for another."""
    from cribtrace import hil as loop

    with open_client(port) as client:
        hello = client.hello()
        name = client.link.port
        loop.refuse_other(name, hello)
    say("comparing the firmware's files, for which the board stops and starts again")
    loop.refuse_changed(name, hello["board"])
    return name


def _run_trial(source: Path, port: str | None, target: str, as_json: bool) -> None:
    from cribtrace import pytest_virtual, trial

    one = trial.read(source)
    line = {"type": "trial", "name": one.plan.name, "seed": one.seed, "target": target}
    if why := one.unfit(target):
        emit({**line, "skipped": why}, as_json)
        raise Usage(f"{source} was not run: {why}")
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as folder:
        flash = None
        if target == "virtual":
            flash = pytest_virtual.flash_image(Path(folder) / "flash.bin")
        on = (port or only_board().name) if target == "board" else None
        unmet = pytest_virtual.undergo(one, Path(folder) / "lived", on, flash)
    expected = len(one.expectations)
    emit({**line, "expectations": expected, "unmet": len(unmet)}, as_json)
    for told in unmet:
        say(told)
    if unmet:
        raise CribtraceError(f"{source}: {len(unmet)} of {expected} expectations were not met")


@hil.command("record")
@click.argument("output", type=click.Path(path_type=Path))
@port_option
@click.option("--seconds", type=click.FloatRange(1), help="Of frames; else until Ctrl-C.")
@click.option("--rescue", is_flag=True, help="No board: keep what a power cut left of OUTPUT.")
@overwrite_option
@json_option
def record_frames(
    output: Path, port: str | None, seconds: float | None, rescue: bool, overwrite: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Record every frame that a board's sensor delivers, while the board goes on recording itself.

    OUTPUT is an .npz that every command here plays again. Ctrl-C ends it and keeps it. What is
    missing in it is told, and marked in it.
    """
    from cribtrace import capture
    from cribtrace.client import Client
    from cribtrace.link import Link

    if output.suffix != ".npz":
        output = output.with_name(output.name + ".npz")
    refuse_there(output, overwrite)
    if rescue:
        _rescue(output, as_json)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    client = open_client(port)
    say(f"recording from {client.link.port}; Ctrl-C ends it and keeps {output}")
    with working("recording"):
        kept = capture.record(
            client, output, lambda name: Client(Link(name)), seconds=seconds, say=say
        )
    line = {"type": "record", "path": str(output), "frames": kept.rows - kept.missing}
    more = {"missing": kept.missing, "gaps": kept.gaps, "took_s": round(kept.seconds, 1)}
    emit({**line, **more}, as_json)
    if kept.missing:
        raise Damaged(f"{output}: {kept.missing} frames are missing; the recording marks where")


def _rescue(output: Path, as_json: bool) -> NoReturn:
    from cribtrace import rows

    made = rows.rescue(output)
    missing = sum(gap.rows for gap in made.gaps)
    line = {"type": "record", "path": str(output), "frames": len(made.accel) - missing}
    emit({**line, "missing": missing, "gaps": len(made.gaps)}, as_json)
    raise Damaged(f"{output}: up to a minute is missing at its end, which the cut took")


def _tell(gap: dict) -> None:
    say(f"overrun: {gap['frames']} frames lost from frame {gap['first']} on")


COMMANDS = (hil,)
