"""The command `config`: the settings of a board, shown, changed and taken back."""

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
        if not as_json:
            click.echo(_ROW.format("name", "value", "unit", "default", "range", ""))
        for s in listed:
            meaning = MEANINGS[s.name].what if s.name in MEANINGS else None
            if as_json:
                line = {"type": "setting", **s._asdict(), "changed": s.value != s.default}
                emit({**line, "meaning": meaning}, as_json)
                continue
            span = f"{s.least} to {s.most}"
            mark = "*" if s.value != s.default else ""
            row = _ROW.format(s.name, f"{s.value}{mark}", s.unit, s.default, span, meaning or "")
            click.echo(row.rstrip())
        say(f"hash of these settings: {client.info()['config_crc']}")


_ROW = "{:<14} {:<8} {:<8} {:<8} {:<14} {}"


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
    from cribtrace.conversation import Refused

    with open_client(port) as client:
        client.hello()
        before = {s.name: s for s in client.config()}
        try:
            config_crc = client.configure(changes)
        except Refused as refused:
            if refused.name != "bad_setting":
                raise
            raise Usage(f"{refused}{suggestion(changes, before)}") from None
        for s in client.config():
            if s.value != before[s.name].value:
                line = {"type": "setting", **s._asdict(), "was": before[s.name].value}
                emit({**line, "config_crc": config_crc}, as_json)
        say(f"hash of the settings in force: {config_crc}")


COMMANDS = (config,)
