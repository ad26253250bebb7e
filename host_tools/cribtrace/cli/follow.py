"""Commands that follow a board: tail, line by line, and live, on the whole screen."""

import _thread
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime

import rich_click as click

from cribtrace.cli.endings import as_far_as_it_goes, ended_by_signals, let_go
from cribtrace.cli.output import emit, json_option, open_client, port_option, say
from cribtrace.errors import CribtraceError, Silent, pip_line

# Hues apart, equally bright: nothing of the sleeper's is red or green.
_COLOURS = {
    "movement": "cyan",
    "disturbance": "bright_black",
    "host": "blue",
    "fault": "yellow",
    "mark": "magenta",
    "board": "bright_black",
}
_STARTING_S, _AGAIN_S = 15.0, 0.5  # chosen: a virtual board on a busy machine takes 10 s
_HEALTH_S = 5.0
_PATIENCE_S = 1.0  # for a board that does not answer any more
_NO_BOARD = "ended before a board was there"
_NEEDS = f"`live` needs Textual: {pip_line('cribtrace[live]')}; `tail` does without"


def in_colour() -> bool:
    """Whether stdout takes colours, and nobody has said not to (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


class _Printer:
    """Prints what is followed, as a person or as a program reads it."""

    def __init__(self, asides, wanted, *, as_json: bool, whole: bool) -> None:
        self._asides, self._wanted = asides, wanted
        self._json, self._whole = as_json, whole
        self._colour = in_colour()
        self._boot, self._rate_hz, self._mg_per_lsb = 0, 0.0, 0.0

    def item(self, item) -> None:
        from cribtrace import heard

        if isinstance(item, heard.Decoded):
            self._line(item)
        elif isinstance(item, heard.Note):
            self._note(item.line, "line")
        elif isinstance(item, heard.Text):
            self._note(item.line, "text")
        elif isinstance(item, heard.Frames):
            self._frames(item)
        elif isinstance(item, heard.Began):
            header = item.header
            self._boot, self._rate_hz = header["boot"], header["rate_mhz"] / 1000
            self._mg_per_lsb = 1e6 / (header["mlsb_per_g"] or 1)

    def _line(self, item) -> None:
        from cribtrace import tail_line

        if not self._wanted(item.line):
            return
        clock = item.clock or self._asides.clock
        line, boot = clock.stamped(item.line), self._boot if item.boot is None else item.boot
        if self._json:
            emit(line, True)
        else:
            told = tail_line.made(line, clock, boot, whole=self._whole)
            self._show(told if self._whole else told.cut(shutil.get_terminal_size().columns))

    def _note(self, text: str, name: str) -> None:
        from cribtrace import tail_line

        if self._json:
            say(text)
        elif self._wanted({"type": name, "text": text}):
            self._show(tail_line.noted(text, name=name, whole=self._whole))

    def _show(self, line) -> None:
        if self._colour:
            line = line._replace(
                stamp=click.style(line.stamp, fg="bright_black"),
                name=click.style(line.name, fg=_COLOURS[line.role])
                + " " * max(0, 15 - len(line.name)),
            )
        click.echo(line.text(), color=self._colour)

    def _frames(self, item) -> None:
        if not self._rate_hz:
            return
        mg = (item.raw * self._mg_per_lsb).round(2)
        onset_s = round(item.first / self._rate_hz, 4)
        if self._json:
            line = {"type": "frames", "onset_s": onset_s, "rate_hz": self._rate_hz}
            told = {"first": item.first, "lost": item.lost, "mg": mg.tolist()}
            click.echo(json.dumps({**line, **told}, separators=(",", ":")))
            return
        for k, (x, y, z) in enumerate(mg):
            t_s = (item.first + k) / self._rate_hz
            click.echo(f"raw {t_s:12.4f} {x:10.2f} {y:10.2f} {z:10.2f}")


@click.command()
@port_option
@click.option("--raw", is_flag=True, help="The waveform too: `raw`, second of the boot, x y z mg.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="WHAT",
    help="Only these: `event,fault`, `!handling`, `peak_mg>=5`; again: both have to hold.",
)
@click.option(
    "--since", metavar="WHEN", help="First what the board's log holds since 10m, 2h, 21:30 ..."
)
@click.option("--long", "whole", is_flag=True, help="Whole lines, as off a terminal.")
@json_option
def tail(
    port: str | None, raw: bool, filters: tuple[str, ...], since: str | None, whole: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Follow a board live, a line for each event or fault; Ctrl-C ends it. Survives an unplug.

    Times are local, `~` before one that is about right only. `x` is how many times the
    threshold's strength a movement had. Without --filter, `epoch`, `anchor`, `config` and
    `health` lines are left out, but not of --json.
    """
    from cribtrace import since as moments
    from cribtrace import tail_filter
    from cribtrace.asides import Asides

    since_s = moments.utc_s(since, datetime.now().astimezone()) if since else None
    wanted = tail_filter.wanted(filters, everything=as_json, raw=raw)
    asides = Asides(frames=raw, since_s=since_s)
    whole = whole or not sys.stdout.isatty()
    return _follow(port, asides, _Printer(asides, wanted, as_json=as_json, whole=whole))


def _opened(port: str | None, asides):
    """A client in session with the board; one that has not started yet is waited for a while.

    Raises KeyboardInterrupt where `asides` are ended before.
    """
    deadline = time.monotonic() + _STARTING_S
    told = False
    while not asides.ended.is_set():
        try:
            return open_client(port)
        except Silent as error:
            if time.monotonic() >= deadline:
                raise
            if not told:
                say(
                    f"{error}; waiting {_STARTING_S:.0f} s for a board that is starting:"
                    " `cribtrace sim` makes a virtual one"
                )
            told = True
            time.sleep(_AGAIN_S)
    raise KeyboardInterrupt


class _Ending:
    """Ends it behind what was heard; with a second Ctrl-C, or after a pause, at once."""

    def __init__(self, asides) -> None:
        self._asides = asides
        self._impatient = threading.Timer(_PATIENCE_S, _thread.interrupt_main)
        self._impatient.daemon = True

    def __call__(self, number: int) -> None:
        if not self._asides.ended.is_set():
            self._asides.end()
            self._impatient.start()
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), b"\r")  # the next line goes over the terminal's ^C
        elif number == signal.SIGINT:  # a terminal that goes says so more than once
            raise KeyboardInterrupt

    def done(self) -> None:
        """Nothing is waited for any more."""
        self._impatient.cancel()


def _follow(port: str | None, asides, printer: _Printer) -> int:
    """Follow until a signal, then say what it came to: last records, what they make, the summary.

    Returns the exit code.
    """
    from cribtrace import facts, tail_summary
    from cribtrace.client import Client
    from cribtrace.link import Link
    from cribtrace.tail import Live, follow

    live, summary, ending = Live(), None, _Ending(asides)
    with ended_by_signals(ending) as ended:
        try:
            client = _opened(port, asides)
            say(f"following {client.link.port}; Ctrl-C ends it")
            summary = tail_summary.Summary()
            items = follow(client, lambda name: Client(Link(name)), facts.json_line, asides)
            with closing(items):  # it says goodbye, while signals are still heard
                for item in items:
                    found = live.heard(item)
                    summary.add(item)
                    for one in (item, *found):
                        printer.item(one)
        except KeyboardInterrupt:
            asides.end()
        except OSError as error:
            if not asides.ended.is_set():  # of `| head`; `| tee` dies of the same Ctrl-C
                raise
            let_go(sys.stdout, error)
        finally:
            ending.done()
        try:
            with as_far_as_it_goes(sys.stdout):
                for inferred in live.finish():
                    printer.item(inferred)
        finally:
            say(summary.text() if summary else _NO_BOARD)
    return ended.exit_code


@click.command()
@port_option
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.2, 60),
    default=1.0,
    show_default=True,
    help="Seconds between two pictures: more where the line is slow.",
)
@click.option(
    "--span",
    "span_s",
    type=click.FloatRange(5, 120),
    default=20.0,
    show_default=True,
    help="Seconds of the waveform that are shown.",
)
@click.pass_context
def live(context: click.Context, port: str | None, every_s: float, span_s: float) -> int:
    """Watch a board on the whole screen: waveform, threshold, events as they come; q ends it.

    m puts a mark into the board's log. Where there is no terminal, this is `tail`.
    """
    if not _at_terminal():
        say("no terminal to draw on: `cribtrace tail` instead")
        return context.invoke(tail, port=port)
    from cribtrace.asides import Asides

    run, asides, client = _screen(), Asides(frames=True, health_s=_HEALTH_S), None
    ending = _Ending(asides)
    with ended_by_signals(ending) as ended:
        with suppress(KeyboardInterrupt):
            client = _opened(port, asides)
            ended.end = lambda _number: asides.end()  # what comes now need not hurry
        ending.done()
        if client and not asides.ended.is_set():
            run(client, asides, ended, every_s=every_s, span_s=span_s, colour=in_colour())
            return ended.exit_code
        if client:
            client.close()
    say(_NO_BOARD)
    return ended.exit_code


def _at_terminal() -> bool:
    """Whether there is a screen to draw on, and keys to be read."""
    there = sys.stdin.isatty() and sys.stdout.isatty()
    return there and os.environ.get("TERM") != "dumb"


def _screen() -> Callable:
    try:
        from cribtrace.cli.live_screen import run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "textual":
            raise
        raise CribtraceError(_NEEDS) from None
    return run


COMMANDS = (tail, live)
