"""Dates and time zones, as a person writes them on a command line."""

from datetime import date, tzinfo

import rich_click as click

from cribtrace.errors import Usage

night_option = click.option(
    "--night", metavar="DATE", help="The evening's date, as 2026-11-20; else the last."
)
whole_option = click.option(
    "--whole", is_flag=True, help="All that the log holds, and no single night."
)
zone_option = click.option(
    "--zone", metavar="NAME", help="As Europe/Berlin; else this machine's time zone."
)


def date_of(option: str, text: str) -> date:
    """A date as 2026-11-20; raises Usage for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(f"{option} {text}: write the evening's date, as 2026-11-20") from None


def evening(text: str | None) -> date | None:
    """What `--night` names; None for the last one."""
    return date_of("--night", text) if text else None


def zone_of(name: str | None) -> tzinfo | None:
    """The zone of that name, None for this machine's; raises Usage for one that nobody knows."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        raise Usage(
            f"--zone {name}: no time zone of that name; write one as Europe/Berlin"
        ) from None
