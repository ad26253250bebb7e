"""Command `setup`: leads through everything between a new board and its first recording."""

from collections.abc import Callable
from pathlib import Path

import rich_click as click

from cribtrace.cli.firmware import bmi270_option, firmware_option, no_reset_option
from cribtrace.cli.logs import logs_option
from cribtrace.cli.measure import minutes_option
from cribtrace.cli.output import board_option, port_option, say
from cribtrace.errors import CribtraceError, Damaged

_ANSWERS = click.Choice(["y", "s", "q"])
_QUESTION = "y: do it, s: skip it, q: leave; run this again to go on here"


@click.command()
@port_option
@board_option
@firmware_option
@click.option("--skip", multiple=True, help="A step to leave out; may be given several times.")
@click.option("--again", is_flag=True, help="Begin anew, whatever was done before.")
@click.option("--yes", is_flag=True, help="Do not ask before a step.")
@minutes_option
@bmi270_option
@no_reset_option
@click.option(
    "-o",
    "--output",
    "--out",
    "out",
    type=click.Path(path_type=Path),
    help="Folder of the first log; else cribtrace-<device id>.",
)
@logs_option
def setup(
    port: str | None,
    board: str,
    firmware: Path | None,
    skip: tuple[str, ...],
    again: bool,
    yes: bool,
    minutes: float,
    bmi270_config: Path | None,
    no_reset: bool,
    out: Path | None,
    logs: Path | None,
) -> None:
    """Lead a new board to its first recording: flash, deploy, check, calibrate, tap-test, record.

    Each step says what it does and asks before it does it; each can be skipped, and a way that
    was left goes on where it was. No log is erased.
    """
    from cribtrace import board_facts, first_time

    chosen = board_facts.load(board)
    if unknown := set(skip) - set(first_time.NAMES):
        raise click.BadParameter(f"no step {', '.join(sorted(unknown))}", param_hint="--skip")
    acts = _acts(port, board, firmware, minutes, out, bmi270_config, no_reset, logs)
    progress = _begun(board, "" if no_reset else _who(port, chosen), again)
    _ways()
    for step in first_time.STEPS:
        if step.name in progress.done:
            click.echo(f"{step.name}: done before")
            continue
        why = "as asked" if step.name in skip else first_time.skipped_for(step, chosen)
        if why:
            click.echo(f"{step.name}: skipped{', ' if step.name in skip else ': '}{why}")
        elif not _one(step, acts[step.name], yes):
            click.echo(f"{step.name}: skipped")
        else:
            progress.finish(step.name, _who(port, chosen))
            click.echo(f"{step.name}: done")
    click.echo("that was all of it; `cribtrace tail` follows the board, `cribtrace pull` the log")


def _begun(board: str, who: str, again: bool):
    """How far this board has come, as far as anybody knows."""
    from cribtrace import first_time

    progress = first_time.Progress(_kept(), board, who)
    if again:
        progress.forget()
    return progress


def _acts(
    port: str | None,
    board: str,
    firmware: Path | None,
    minutes: float,
    out: Path | None,
    bmi270_config: Path | None,
    no_reset: bool,
    logs: Path | None = None,
) -> dict[str, Callable[[], object]]:
    """What each step does."""
    from cribtrace.cli import check, measure
    from cribtrace.cli import firmware as putting

    return {
        "flash": lambda: _run(
            putting.flash, port=port, board=board, firmware=firmware, no_reset=no_reset
        ),
        "deploy": lambda: _run(
            putting.deploy, port=port, board=board, bmi270_config=bmi270_config
        ),
        "check": lambda: check.run(port, 10_000, False, False),
        "calibrate": lambda: _run(measure.calibrate, port=port, minutes=minutes),
        "tap-test": lambda: _run(measure.tap_test, port=port),
        "record": lambda: _record(port, out, logs),
    }


def _who(port: str | None, board) -> str:
    """Which board it is, where a port is named or can be told."""
    from cribtrace import first_time
    from cribtrace.cli.firmware import port_for

    try:
        return first_time.who(port or port_for(board))
    except CribtraceError:
        return ""


def _one(step, act: Callable[[], object], yes: bool) -> bool:
    """Do a step that the user agrees to, as often as it fails and they want it; whether it was."""
    click.echo(f"\n{step.name}: {step.does}" + (f" ({step.changes})" if step.changes else ""))
    while True:
        answer = "y" if yes else _answer()
        if answer == "q":
            raise CribtraceError("left: run this again to go on here")
        if answer == "s":
            return False
        try:
            act()
        except Damaged as found:
            say(str(found))
            if yes:
                raise
        except (CribtraceError, OSError) as error:
            if yes:
                raise
            say(str(error))
        else:
            return True


def _answer() -> str:
    return click.prompt(_QUESTION, type=_ANSWERS, default="y", show_choices=False, err=True)


def _run(command: click.Command, **given: object) -> object:
    """A command as if it had been typed, so that its options have their defaults."""
    words = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words += [option, str(value)]
    return command.main(words, standalone_mode=False)


def _record(port: str | None, out: Path | None, logs: Path | None) -> None:
    """The first recording: a mark, a pull, and the mark is found in what was pulled."""
    from cribtrace import log_folders, logfile
    from cribtrace.cli import board
    from cribtrace.cli.output import open_client
    from cribtrace.device import records

    with open_client(port) as client:
        hello = client.hello()
        client.mark("setup")
        folder = out or log_folders.of_board(hello["device"], logs)
    arguments = [str(folder), *(["--port", port] if port else [])]
    board.pull.main(arguments, standalone_mode=False)
    marks = [
        record["rest"]
        for segment in logfile.read(folder)
        for record in segment.records
        if record["type"] == records.MARK
    ]
    if b"setup" not in marks:
        raise CribtraceError(f"the mark is not in {folder}: run this step again")
    click.echo(f"the first recording is in {folder}: `cribtrace report {folder} -o night.html`")


def _ways() -> None:
    """Name what stands between this machine and a port, where something does."""
    from cribtrace import obstacles

    for sentence in obstacles.without_port() + obstacles.takers() + obstacles.not_in_group():
        say(sentence)


def _kept() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("cribtrace")) / "setup.json"


COMMANDS = (setup,)
