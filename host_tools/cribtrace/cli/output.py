"""How the commands say what they have to say, and the options that several share."""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from cribtrace.cli.endings import as_far_as_it_goes
from cribtrace.errors import Damaged, NoDevice, Silent, Usage

_SHOWN = 5  # faults that are named one by one

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one line each.")
overwrite_option = click.option(
    "--overwrite",
    is_flag=True,
    help="Replace a file that is there; a page of before, under its default name, goes without.",
)
port_option = click.option(
    "--port", envvar="CRIBTRACE_PORT", help="Serial port; needless when one board answers."
)


def _named_board(ctx: click.Context, _: click.Parameter, name: str | None) -> str | None:
    if name is None and not ctx.resilient_parsing:
        from cribtrace import board_facts

        raise Usage(f"which board? --board NAME: {', '.join(board_facts.names())}")
    return name


board_option = click.option(
    "--board", callback=_named_board, metavar="NAME",
    help="Folder name under boards/; without it, those there are.",
)  # fmt: skip


def refuse_there(
    path: Path, overwrite: bool, source: Path | None = None, *, named: bool = True
) -> None:
    """Raise Usage for a file that is there, unless it may go; never may what is read.

    A page of Cribtrace's own may go where nobody `named` it: its default name is for the last one.
    """
    if source and path.exists() and source.exists() and path.samefile(source):
        raise Usage(f"{path} is what is to be read: name another file with -o")
    if path.is_dir():
        raise Usage(f"{path} is a folder: name a file in it with -o")
    if path.exists() and not overwrite and (named or not _own_page(path)):
        raise Usage(f"{path} is there already: name another with -o, or add --overwrite")


def _own_page(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".html" and b"<title>Cribtrace" in file.read(2048)


def say(line: str) -> None:
    """Tell the user something that is no result: one line on stderr, while that is there."""
    with as_far_as_it_goes(sys.stderr):
        click.echo(f"cribtrace: {' '.join(line.split())}", err=True)


def emit(line: dict[str, Any], as_json: bool) -> None:
    """Print one result: as JSON, or its plain fields in a row."""
    click.echo(json.dumps(line, separators=(",", ":"), allow_nan=False) if as_json else row(line))


def emit_found(line: dict[str, Any], as_json: bool) -> None:
    """Print one line that the host infers; in a row, its context is among the fields."""
    emit(line if as_json else {**line, **line.get("context", {})}, as_json)


def name_faults(source: Path, faults: list[str], notes: Sequence[str] = ()) -> None:
    """Raise Damaged, after the notes and the first faults of a log, unless it has no fault."""
    for note in notes:
        say(note)
    for fault in faults[:_SHOWN]:
        say(fault)
    if faults:
        more = "fault was" if len(faults) == 1 else "faults were"
        raise Damaged(f"{source}: {len(faults)} {more} found; what could be read was")


def row(line: dict[str, Any]) -> str:
    """Return a JSON-line dict as `type key=value ...`; what is itself a list or dict is left out.

    Reasons, levels and versions are for `--json`: a person's line is to fit a terminal.
    """
    plain = {k: v for k, v in line.items() if v is not None and not isinstance(v, (dict, list))}
    pairs = [f"{k}={_shown(v)}" for k, v in plain.items() if k != "type"]
    return " ".join([str(line.get("type", "")), *pairs])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    text = str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)


Tell = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


@contextmanager
def progress(what: str) -> Iterator[Tell | None]:
    """Give a callback for a bar of bytes on stderr, None where stderr is no terminal."""
    with _bar(what, "BarColumn", "DownloadColumn", "TransferSpeedColumn", _LEFT) as tell:
        yield tell


@contextmanager
def counting(what: str) -> Iterator[Tell | None]:
    """Give a callback for a bar of things done, on stderr; None where stderr is no terminal."""
    with _bar(what, "BarColumn", "MofNCompleteColumn", _LEFT) as tell:
        yield tell


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal at stderr that something goes on, whose end nobody knows."""
    with _bar(what, "SpinnerColumn", "TimeElapsedColumn"):
        yield


_LEFT = "TimeRemainingColumn"


@contextmanager
def _bar(what: str, *columns: str) -> Iterator[Tell | None]:
    """A line at the bottom of the terminal, which vanishes with the task; stdout is left alone."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress as rich_progress
    from rich.console import Console

    shown = [getattr(rich_progress, column)() for column in columns]
    text = rich_progress.TextColumn("{task.description}")
    console = Console(stderr=True)
    with rich_progress.Progress(
        text, *shown, console=console, transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def link_told(fetched_bytes: int, wire_bytes: int, seconds: float, retries: int, bad: int) -> str:
    """Return what a transfer was like, in one line; `seconds` is above 0."""
    rate = f"{fetched_bytes} bytes in {seconds:.1f} s, {fetched_bytes / seconds / 1000:.1f} kB/s"
    share = f", {wire_bytes / fetched_bytes:.3f} on the line for each" if fetched_bytes else ""
    return f"{rate}{share}; {retries} requests repeated, {bad} packets damaged"


def open_client(port: str | None):
    """Return a client in session on `port`, or on the one port where a board answers.

    Says so where the opening has reset the board, and shows on a terminal that it waits.
    """
    from cribtrace import __version__, greeting

    with working("asking the board"):
        before: dict[str, str] = {}
        if not port:
            found = only_board()
            port, before = found.name, found.hello
        client, hello, uptime_s = _greeted(port)
        open_s = time.monotonic() - client.link.opened_s
    if line := greeting.reset_by_opening(port, hello, before, uptime_s, open_s):
        say(line)
    if line := greeting.other_firmware(port, hello.get("firmware", "?"), __version__):
        say(line)
    return client


def _greeted(port: str):
    """A client in session, what the board said to hello, and its uptime in seconds."""
    from cribtrace.client import Client
    from cribtrace.link import Link

    client = Client(Link(port))
    try:
        hello = client.hello()
        uptime_ms = client.info().get("uptime_ms")
    except BaseException:
        client.close()
        raise
    return client, hello, uptime_ms / 1000 if isinstance(uptime_ms, int) else math.inf


def only_board():
    """Return the one port with a board; Usage where there are several, NoDevice for none."""
    from cribtrace import ports

    asked = ports.ask_all()
    boards = [port for port in asked if port.hello]
    if len(boards) == 1:
        return boards[0]
    if boards:
        names = ", ".join(port.name for port in boards)
        raise Usage(f"several boards answer: choose one with --port: {names}")
    telling = [port.problem for port in asked if not port.silent]
    absent = NoDevice if telling else Silent
    telling = telling or [port.problem for port in asked]
    if len(telling) == 1:
        raise absent(telling[0])
    silent = ", ".join(port.name for port in asked) or "there are none"
    raise absent(
        f"no board answers on any port ({silent}): plug one in, or `cribtrace sim` makes one;"
        " `cribtrace ports` says more"
    )


def load_recording(path: Path, rate_hz: float | None, unit: str | None, lsb_per_g: float | None):
    """Read a recording with the options that a .csv needs."""
    from cribtrace import recording

    return recording.load(path, rate_hz=rate_hz, unit=unit, lsb_per_g=lsb_per_g)


def recording_options(command: Callable) -> Callable:
    """Add the options that say what the numbers of a .csv are."""
    for option in (
        click.option("--lsb-per-g", type=float, help="Of a .csv in lsb."),
        click.option("--unit", help="Of a .csv: g, mg, m/s2 or lsb."),
        click.option("--rate", "rate_hz", type=float, help="Of a .csv, in Hz."),
    ):
        command = option(command)
    return command
