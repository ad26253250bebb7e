"""Commands that hand a night on: export, bundle."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import rich_click as click

from cribtrace.cli.logs import log_of, logs_option
from cribtrace.cli.output import name_faults, overwrite_option, refuse_there, say, working
from cribtrace.cli.when import evening, night_option, whole_option, zone_of, zone_option
from cribtrace.errors import Usage

_PATH = click.Path(path_type=Path)
_FORMATS = ("csv", "jsonl", "edf", "mcap", "parquet", "npz")
_TABLES = "events, patterns, states, epochs, seconds, gaps, marks, notes, waveforms, frames"


@click.command()
@click.argument("source", type=_PATH, required=False)
@click.option("--format", "form", type=click.Choice(_FORMATS), required=True)
@click.option("-o", "--output", type=_PATH, help="The file; else a name for what it holds.")
@click.option("--what", metavar="TABLE",
              help=f"Of csv, jsonl, parquet, one of {_TABLES}; of a recording frames or truth."
              " Else events, of a recording frames, and of jsonl every line.")  # fmt: skip
@click.option("--at", "when", metavar="WHEN",
              help="Of npz: the waveform of this moment, as a recording.")  # fmt: skip
@night_option
@zone_option
@whole_option
@click.option("--begins", metavar="TIME",
              help="Of a recording: its first frame, as 2026-11-20T19:40Z.")  # fmt: skip
@logs_option
@overwrite_option
def export(
    source: Path | None,
    logs: Path | None,
    form: str,
    output: Path | None,
    what: str | None,
    when: str | None,
    overwrite: bool,
    **part: Any,
) -> None:
    """Write a night, or a recording, for another tool; prints the file's path.

    SOURCE is a log folder, a segment file or a recording (.npz); else the log pulled last. Times
    in the files are UTC. docs/EXPORTS.md says which format is for which tool.
    """
    from cribtrace import moments
    from cribtrace.export import writing

    if what and form not in writing.TABLED:
        raise Usage(f"--what is for {', '.join(writing.TABLED)}: {form} holds all there is")
    if when and form != "npz":
        raise Usage("--at is for npz: other formats hold every waveform")
    source = log_of(source, logs)
    name = what or ("event" if when else "night")
    output = output or Path(name).with_suffix(writing.SUFFIXES[form])
    refuse_there(output, overwrite, source)
    with working("exporting"):
        found = _contents(source, **part)
        at_s = moments.moment_s(found.night, when) if when and found.night else None
        for sentence in [*found.sentences, *_of_raw(found, form, what)]:
            say(f"{source}: {sentence}")
        writing.write(output, form, found, what, at_s)
    click.echo(output)
    name_faults(source, found.faults, found.notes)


def _contents(source: Path, night: str | None, zone: str | None, whole: bool, begins: str | None):
    from cribtrace.export import contents

    if source.suffix == ".npz":
        return contents.of_recording(source, _moment(begins))
    if begins:
        raise Usage("--begins is for recordings: a log has its own clock (`cribtrace time`)")
    return contents.of_log(source, evening(night), zone_of(zone), whole)


def _of_raw(found, form: str, what: str | None) -> list[str]:
    """What a reader of raw acceleration must know: that it is not all, and where it lies."""
    raw = form in ("mcap", "npz") or what == "frames" or (found.night is None and form != "jsonl")
    if not raw:
        return []
    out = []
    if found.begins_s is None:
        out.append("no clock time is known: times count from 1970-01-01 00:00 UTC")
    if found.night is not None:
        stored_s = sum(len(s.lsb) / s.rate_hz for s in found.stretches)
        out.append(
            f"raw acceleration: {len(found.stretches)} waveforms round events,"
            f" {stored_s:.0f} of {found.length_s:.0f} s; between them the board kept none"
        )
    return out


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Usage(f"--begins {text}: write it as 2026-11-20T19:40Z") from None
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()


@click.command()
@click.argument("source", type=_PATH, required=False)
@click.option("-o", "--output", type=_PATH, default=Path("bundle.zip"), show_default=True)
@night_option
@zone_option
@whole_option
@click.option("--with-marks", is_flag=True, help="Leave in what was typed for marks.")
@click.option("--with-notes", is_flag=True, help="Put in the notes beside the log.")
@click.option(
    "--shift-times",
    is_flag=True,
    help="Move all times alike, as if the night had begun on 2000-01-01 at 20:00 UTC.",
)
@logs_option
@overwrite_option
def bundle(
    source: Path | None,
    logs: Path | None,
    output: Path,
    night: str | None,
    zone: str | None,
    whole: bool,
    overwrite: bool,
    with_marks: bool,
    with_notes: bool,
    shift_times: bool,
) -> None:
    """Pack a night for a bug report, redacted, and print the archive's path.

    Without the board's number, without texts of marks and notes unless asked for, and without a
    name or path of this machine. It decodes as the log does. docs/EXPORTS.md says what stays.
    """
    from cribtrace import bundle as packing

    source = log_of(source, logs)
    refuse_there(output, overwrite, source)
    with working("reading"):
        read, chosen = _chosen(source, night, zone, whole)
    made = packing.make(source, chosen, marks=with_marks, with_notes=with_notes, shift=shift_times)
    packing.write(output, made)
    say(f"it goes from {made.about['span']}")
    say(f"redacted: {'; '.join(made.about['redacted'])}")
    say(f"left in: {'; '.join(made.about['still_there'])}")
    click.echo(output)
    name_faults(source, read.faults, read.notes)


def _chosen(source: Path, night: str | None, zone: str | None, whole: bool):
    from cribtrace import analysis, nights

    read = analysis.read_night(source)
    return read, read if whole else nights.choose(read, zone_of(zone), evening(night))


COMMANDS = (export, bundle)
