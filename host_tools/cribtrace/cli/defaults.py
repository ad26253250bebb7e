"""What a profile has in the place of options that nobody wants to type each time."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import rich_click as click

_OPTIONS = {"--port": "port", "--library": "library", "--logs": "logs", "--zone": "zone"}
_CRIB = ("add", "trend")  # what else takes a crib, chooses among nights that are there


def of(command: click.Command, given: Callable[[], Mapping[str, str]]) -> dict[str, Any]:
    """Click's `default_map` of a command and those below it; asks once an option is wanted."""
    found: dict[str, Any] = {}
    for one in command.params:
        name = next((_OPTIONS[opt] for opt in one.opts if opt in _OPTIONS), None)
        if command.name in _CRIB and one.name == "crib":
            name = "crib"
        if name and one.name:
            found[one.name] = lambda name=name: given().get(name)
    if isinstance(command, click.Group):
        found |= {name: of(below, given) for name, below in command.commands.items()}
    return found


def in_profile(path: Path | None = None) -> Callable[[], Mapping[str, str]]:
    """Give what reads them, once and when asked, from the profile at `path`, else one's own."""

    @cache
    def given() -> Mapping[str, str]:
        from cribtrace import profile

        return profile.read(path).defaults

    return given


def _of_file(ctx: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """A profile that is named has the defaults too, and the user's own has none then."""
    if path and not ctx.resilient_parsing:
        ctx.default_map = of(ctx.command, in_profile(path))
    return path


profile_option = click.option(
    "--profile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    is_eager=True,
    callback=_of_file,
    help="A TOML file with the date of birth and defaults; else one's own.",
)
