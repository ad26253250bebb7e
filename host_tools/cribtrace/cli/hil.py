"""Hardware in the loop: hil run."""

from pathlib import Path

import rich_click as click

from cribtrace.cli.output import (
    emit,
    json_option,
    load_recording,
    open_client,
    port_option,
    recording_options,
    say,
)
from cribtrace.errors import CribtraceError, Damaged

_PACES = ("max", "1")


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
@json_option
def run_recording(
    source: Path,
    rate_hz: float | None,
    unit: str | None,
    lsb_per_g: float | None,
    port: str | None,
    pace: str,
    as_json: bool,
) -> None:
    """Play a recording to a running board in the place of its sensor; compare with the replay.

    The sensor's recording ends, and a boot of its own begins in the log, marked as injected. The
    board restarts afterwards, and records from its sensor again.
    """
    from cribtrace import hil as loop

    rec = load_recording(source, rate_hz, unit, lsb_per_g)
    with open_client(port) as client:
        hello = client.hello()
        loop.refuse_other(client.link.port, hello)
        say("INJECTED: what the board records now comes from a file, not from its sensor")
        lived = loop.run(client, rec, paced=pace == "1", on_gap=_tell)
    emit(lived.shown(), as_json)
    if lived.kept.in_gaps:
        raise Damaged(f"{lived.kept.in_gaps} frames were lost on the way: the log has their gaps")
    if not lived.same:
        raise CribtraceError(
            f"the board's {len(lived.events)} events are not the replay's {len(lived.expected)}:"
            " keep the recording, and report it"
        )


def _tell(gap: dict) -> None:
    say(f"overrun: {gap['frames']} frames lost from frame {gap['first']} on")


COMMANDS = (hil,)
