"""Commands over what was pulled: decode, why."""

import re
from pathlib import Path

import rich_click as click

from cribtrace.cli.logs import log_of, logs_option
from cribtrace.cli.output import emit, json_option, name_faults, say, working
from cribtrace.cli.when import evening, night_option, whole_option, zone_of, zone_option
from cribtrace.errors import Usage

_SOURCE = click.Path(path_type=Path)


@click.command()
@click.argument("source", type=_SOURCE)
@json_option
def decode(source: Path, as_json: bool) -> None:
    """Print what a log folder or segment file holds, and whether it is whole."""
    from cribtrace import analysis, logfile

    with working("reading"):
        night = analysis.read_night(source)
    for line in analysis.lines(night):
        emit(line, as_json)
    name_faults(source, night.faults, night.notes)
    count = len(logfile.segment_paths(source))
    say(f"{source}: complete: {count} segments, {night.summary['records_pulled']} records")


class _Why(click.RichCommand):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """A negative time would be taken for an option that does not exist."""
        for word in args:
            if re.match(r"-\d", word):
                raise Usage(
                    f"{word} is before the start: write 03:12, 03:12:30, or seconds from 0"
                )
        return super().parse_args(ctx, args)


@click.command(cls=_Why)
@click.argument("when")
@click.argument("source", type=_SOURCE, required=False)
@night_option
@zone_option
@whole_option
@logs_option
@json_option
def why(
    when: str,
    source: Path | None,
    night: str | None,
    zone: str | None,
    whole: bool,
    logs: Path | None,
    as_json: bool,
) -> None:
    """Say what happened at WHEN and why, or how near it came to an event.

    WHEN is 03:12 or 03:12:30, a local clock time where the log has one, else since the start; or
    seconds since the start, of the night as of its report. Without a fraction it means the whole
    second. SOURCE is a log folder or segment file; else the one pulled last.
    """
    from dataclasses import replace

    from cribtrace import analysis, moments, nights
    from cribtrace import why as reasons

    if source is None and Path(when).exists():
        raise Usage(f"which moment of it? `cribtrace why 03:12 {when}`")
    source = log_of(source, logs)
    with working("reading"):
        read, tz = analysis.read_night(source), zone_of(zone)
        chosen = replace(read, zone=tz) if whole else nights.choose(read, tz, evening(night))
    if chosen.apart:
        say(f"{source}: {nights.sentences(chosen)[0]}")
    said = reasons.answer(chosen, moments.moment_s(chosen, when))
    if as_json:
        emit(said, as_json)
    else:
        for sentence in reasons.sentences(said):
            click.echo(sentence)
    name_faults(source, read.faults, read.notes)


COMMANDS = (decode, why)
