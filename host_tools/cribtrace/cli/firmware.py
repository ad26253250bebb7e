"""Commands that put something on a board: flash (MicroPython), deploy (our firmware)."""

from collections.abc import Collection
from pathlib import Path

import rich_click as click

from cribtrace.cli.output import board_option, emit, json_option, port_option, say, working
from cribtrace.errors import NoDevice, Usage

_PATH = click.Path(path_type=Path, exists=True)
firmware_option = click.option(
    "--firmware",
    type=_PATH,
    help="MicroPython's .bin, or a folder to look in; else here and where downloads go.",
)
bmi270_option = click.option(
    "--bmi270-config",
    type=_PATH,
    help="Bosch's configuration for a BMI270; else an installed package's.",
)
no_reset_option = click.option(
    "--no-reset", is_flag=True, help="The board is in its boot loader: BOOT was held."
)


@click.command()
@port_option
@board_option
@firmware_option
@click.option(
    "--erase", is_flag=True, help="Erase all else too, the log included: for a new board."
)
@no_reset_option
@click.option(
    "--yes", is_flag=True, help="Erase without a question, a log that was never pulled too."
)
@json_option
def flash(
    port: str | None,
    board: str,
    firmware: Path | None,
    erase: bool,
    no_reset: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Write MicroPython to a board with esptool, once chip, place and size are the right ones.

    Nothing is downloaded: get the file from micropython.org. Without --erase the log and the
    settings on the board stay.
    """
    from cribtrace import board_facts, firmware_image
    from cribtrace import flash as flashing

    chosen = board_facts.load(board)
    found = firmware_image.find(chosen, [firmware] if firmware else _places())
    image = firmware_image.read(found, chosen)
    say(f"{found}: MicroPython {image.version or 'of a release that it does not tell'}")
    name = port or port_for(chosen)
    if erase and not yes:
        _ask_about_log(None if no_reset else flashing.log_on(name))
    with working("flashing"):
        done = flashing.flash(name, chosen, image, erase=erase, no_reset=no_reset, progress=say)
    line = {"type": "flashed", "port": name, "board": board, "firmware": str(found)}
    emit({**line, "version": image.version or None, **done}, as_json)
    if no_reset:
        say("press the board's reset button, or plug it in again")
    say(f"next: `cribtrace deploy --board {board} --port {name}`")
    _safety(chosen)


def _places() -> list[Path]:
    import platformdirs

    return [Path(), Path(platformdirs.user_downloads_dir())]


def port_for(board) -> str:
    """The one port where a board with the same chip answers; else, for a new one, `_serial_port`.

    A board of another kind is not even interrupted.
    """
    from cribtrace import board_facts, ports

    chips = {name: board_facts.load(name).facts["chip"] for name in board_facts.names()}
    answering = {p.name: p.hello.get("board", "") for p in ports.ask_all() if p.hello}
    fitting = [name for name, its in answering.items() if chips.get(its) == chips[board.name]]
    if fitting[1:]:
        raise Usage(f"several boards answer: choose one with --port: {', '.join(fitting)}")
    return fitting[0] if fitting else _serial_port(answering)


def _serial_port(others: Collection[str] = ()) -> str:
    """The one USB port there is but `others`: a board without firmware does not answer."""
    from cribtrace.link import serial_ports

    # pyserial has nothing to say of a port that is no USB device.
    usb = [name for name, about in serial_ports() if about not in ("", "n/a")]
    names = [name for name in usb if name not in others]
    if not names:
        raise NoDevice("no port of a board: plug one in with a cable that carries data, or --port")
    if names[1:]:
        raise Usage(f"several serial ports: choose one with --port: {', '.join(names)}")
    return names[0]


def _ask_about_log(there: tuple[str, int, int] | None) -> None:
    """Raise Usage unless somebody types that the log may go; None is one that nobody can read."""
    if there is None:
        say("its log cannot be read: whatever the board has recorded and was never pulled is lost")
        if click.prompt('type "erase" to erase it all', err=True).strip() != "erase":
            raise Usage("nothing was erased; `cribtrace pull` brings the log of a running board")
        return
    device, segments, unpulled = there
    say(f"board {device} holds {segments} segments; {unpulled} of them were never pulled")
    if click.prompt("type its id to erase them", err=True).strip() != device:
        raise Usage("that is not its id: nothing was erased; `cribtrace pull` brings the log")


@click.command()
@port_option
@board_option
@bmi270_option
@json_option
def deploy(port: str | None, board: str, bmi270_config: Path | None, as_json: bool) -> None:
    """Copy the firmware to a board with mpremote, compiled for its chip, and start it."""
    from cribtrace import bmi270, board_facts
    from cribtrace import deploy as deploying

    chosen = board_facts.load(board)
    deploying.files(board)
    beside = bmi270.extra_files(chosen.facts["sensor"], bmi270_config, say)
    name = port or port_for(chosen)
    with working("deploying"):
        hello = deploying.deploy(name, board, beside=beside, progress=say)
    emit({"type": "deployed", "port": name, **hello}, as_json)
    _safety(chosen)


def _safety(board) -> None:
    """What must be read before a board goes near a crib, at the end of both."""
    from cribtrace import wording

    placed = (f"{board.bench_only}.",) if board.bench_only else ()
    for sentence in (*placed, wording.CORD, *wording.NOT_THIS):
        click.echo(sentence, err=True)


COMMANDS = (flash, deploy)
