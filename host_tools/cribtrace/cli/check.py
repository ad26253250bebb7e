"""Command `check`: is a board ready for a night, a line for each part of it."""

import errno
from collections.abc import Iterator

import rich_click as click

from cribtrace.cli.output import counting, emit, json_option, open_client, port_option, say
from cribtrace.errors import Damaged, NoDevice

_STATES = {True: "passed", False: "FINDING", None: "not run"}


@click.command()
@port_option
@click.option(
    "--reads",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    show_default=True,
    help="How often to read over the sensor's lead.",
)
@click.option("--taps", is_flag=True, help="Ask for three taps too.")
@json_option
def check(port: str | None, reads: int, taps: bool, as_json: bool) -> None:
    """See whether a board is ready for a night: each part passed, or what to do about it.

    The board goes on recording; its sensor tests itself, which costs half a second. Nobody is to
    touch the crib meanwhile. 0: all passed; 3: something is to be done; 4: no board.
    """
    run(port, reads, taps, as_json)


def run(port: str | None, reads: int, taps: bool, as_json: bool) -> None:
    """The whole command; Damaged after a finding, NoDevice without a board."""
    wrong = 0
    for finding in _findings(port, reads, taps):
        wrong += finding.passed is False
        if as_json:
            line = {"type": "check", "what": finding.what, "passed": finding.passed}
            emit({**line, "said": finding.said, **finding.numbers}, as_json)
        else:
            click.echo(f"{_STATES[finding.passed]:<8} {finding.what:<12} {finding.said}")
    if wrong:
        raise Damaged(f"{wrong} of these want something to be done; what passed works")


def _findings(port: str | None, reads: int, taps: bool) -> Iterator:
    from cribtrace import check as checking
    from cribtrace.check import Finding

    try:
        client = open_client(port)
    except NoDevice as error:
        raise _explained(error) from error
    with client:
        hello = client.hello()
        name = client.link.port
        told = {"port": name, **{key: hello[key] for key in ("device", "board") if key in hello}}
        yield Finding("cable", True, f"{name} answers as board {hello['device']}", told)
        yield Finding("driver", True, _driver(name))
        yield Finding("permissions", True, f"{name} opened")
        yield _chip(hello)
        yield from checking.check(
            client, hello, _build(hello), reads, say, lambda: counting("reading")
        )
        if taps:
            yield _taps(client)
        else:
            yield Finding("taps", None, "`cribtrace check --taps` asks for three on the mattress")


def _explained(error: NoDevice) -> NoDevice:
    """The same error, with what is known to stand in the way of a port."""
    from cribtrace import link, obstacles

    more = obstacles.takers()
    if not link.serial_ports():
        more.insert(0, obstacles.no_port())
    elif getattr(error.__cause__, "errno", None) not in (errno.EACCES, errno.EPERM):
        more = obstacles.without_port() + more
    return NoDevice("; ".join([str(error), *more]))


def _driver(name: str) -> str:
    from cribtrace.link import serial_ports

    return dict(serial_ports()).get(name, "a pseudo-terminal: none is needed")


def _chip(hello):
    from cribtrace import board_facts
    from cribtrace.check import Finding
    from cribtrace.errors import CribtraceError

    board, version = hello.get("board", "?"), hello.get("protocol")
    told = {"board": board, "protocol": version}
    try:
        chip = board_facts.load(board).facts["chip"]
    except CribtraceError as error:
        return Finding("chip", False, f"{error}; `cribtrace deploy` for one of these", told)
    which = "simulated" if chip == "none" else f"{chip}, as `deploy` found it"
    return Finding("chip", True, f"{which}, board {board}", {**told, "chip": chip})


def _build(hello) -> str | None:
    from cribtrace import deploy
    from cribtrace.errors import CribtraceError

    try:
        return deploy.build(deploy.contents(hello.get("board", "")))
    except CribtraceError:
        return None


def _taps(client):
    """Measured only: `cribtrace tap-test` tells the board."""
    from cribtrace import guided
    from cribtrace.check import Finding
    from cribtrace.errors import CribtraceError

    try:
        found = guided.tap_test(client, say)
    except NoDevice:
        raise
    except CribtraceError as error:
        return Finding("taps", False, str(error))
    told = {"resonance_hz": round(found.resonance_hz, 2), "ring_s": round(found.ring_s, 3)}
    said = f"{found.resonance_hz:.1f} Hz, {found.ring_s:.2f} s; `cribtrace tap-test` keeps them"
    return Finding("taps", True, said, told)


COMMANDS = (check,)
