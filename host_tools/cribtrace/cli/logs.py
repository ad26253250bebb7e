"""Which pulled log a command means."""

from pathlib import Path

import rich_click as click

from cribtrace.cli.output import say

logs_option = click.option(
    "--logs",
    type=click.Path(path_type=Path),
    envvar="CRIBTRACE_LOGS",
    metavar="FOLDER",
    help="Where `pull` makes a folder for each board; else the current one.",
)


def log_of(source: Path | None, logs: Path | None) -> Path:
    """The log that was named, else the one below `logs` that was pulled last, which is told."""
    from cribtrace import log_folders

    if source is None:
        source = log_folders.newest(logs)
        say(f"{source}: the log pulled last")
    return source
