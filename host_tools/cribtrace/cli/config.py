"""The command `config`: the settings of a board, shown, changed and taken back."""

from collections.abc import Iterator
from typing import NamedTuple

import rich_click as click

from cribtrace.cli.output import emit, json_option, open_client, port_option, say
from cribtrace.errors import Usage


@click.group(invoke_without_command=True)
@port_option
@json_option
@click.pass_context
def config(context: click.Context, port: str | None, as_json: bool) -> None:
    """Show the settings of a board; `set` and `reset` change them while it records.

    A star marks what differs from the default. A change ends the running segment, starts the
    detector anew, and is kept over restarts.
    """
    context.obj = port
    if context.invoked_subcommand:
        return
    from cribtrace.configuration import MEANINGS

    with open_client(port) as client:
        client.hello()
        listed = client.config()
        told = [(s, MEANINGS[s.name].what if s.name in MEANINGS else None) for s in listed]
        if as_json:
            for s, meaning in told:
                line = {"type": "setting", **s._asdict(), "changed": s.value != s.default}
                emit({**line, "meaning": meaning}, as_json)
        else:
            for line in _table([_HEAD, *(_cells(s, meaning) for s, meaning in told)]):
                click.echo(line)
        say(f"hash of these settings: {client.info()['config_crc']}")


_HEAD = ("name", "value", "unit", "default", "range", "")


def _cells(setting: NamedTuple, meaning: str | None) -> tuple[str, ...]:
    name, value, default, least, most, unit = setting
    mark = "*" if value != default else ""
    return name, f"{value}{mark}", unit, str(default), f"{least} to {most}", meaning or ""


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as their widest cell, two blanks apart."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()


@config.command("set")
@click.argument("changes", nargs=-1, required=True, metavar="NAME=VALUE...")
@port_option
@json_option
@click.pass_context
def set_settings(
    context: click.Context, changes: tuple[str, ...], port: str | None, as_json: bool
) -> None:
    """Change settings: all that are given, or none."""
    from cribtrace.configuration import parsed

    _change(port or context.obj, parsed(changes), as_json)


@config.command("reset")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@port_option
@json_option
@click.pass_context
def reset_settings(
    context: click.Context, names: tuple[str, ...], port: str | None, as_json: bool
) -> None:
    """Take changes back: those of the settings named, or all."""
    from cribtrace.device import settings

    changes = dict.fromkeys(names or (settings.ALL,), settings.DEFAULT)
    _change(port or context.obj, changes, as_json)


def _change(port: str | None, changes: dict[str, str], as_json: bool) -> None:
    from cribtrace.configuration import suggestion
    from cribtrace.conversation import BAD_SETTING, Refused

    with open_client(port) as client:
        client.hello()
        before = {s.name: s for s in client.config()}
        try:
            config_crc = client.configure(changes)
        except Refused as refused:
            if refused.name != BAD_SETTING:
                raise
            raise Usage(f"{refused}{suggestion(changes, before)}") from None
        for s in client.config():
            if s.value != before[s.name].value:
                line = {"type": "setting", **s._asdict(), "was": before[s.name].value}
                emit({**line, "config_crc": config_crc}, as_json)
        say(f"hash of the settings in force: {config_crc}")


COMMANDS = (config,)
