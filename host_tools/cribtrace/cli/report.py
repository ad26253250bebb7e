"""Commands about one night: its report in every format, and notes of an observer."""

from pathlib import Path

import rich_click as click

from cribtrace.cli.defaults import profile_option
from cribtrace.cli.logs import log_of, logs_option
from cribtrace.cli.output import name_faults, overwrite_option, refuse_there, say, working
from cribtrace.cli.query import library_option
from cribtrace.cli.when import (
    evening,
    night_option,
    whole_option,
    zone_of,
    zone_option,
)
from cribtrace.errors import CribtraceError, Usage

_SOURCE = click.Path(path_type=Path)
_FILES = {("everyone", "html"): "report.html", ("clinician", "html"): "sheet.html"}


@click.command()
@click.argument("source", type=_SOURCE, required=False)
@click.option("-o", "--output", type=_SOURCE, help="File to write; else report.html, sheet.html"
              " or, of what is no HTML, stdout.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["html", "text", "md", "json"]),
              default="html", show_default=True)  # fmt: skip
@click.option("--for", "reader", type=click.Choice(["everyone", "clinician"]), default="everyone",
              show_default=True, help="For a clinician: two pages to print.")  # fmt: skip
@night_option
@zone_option
@whole_option
@click.option("--previous", type=_SOURCE, multiple=True, metavar="LOG",
              help="A log with earlier nights, or a report as JSON; may be repeated.")  # fmt: skip
@logs_option
@library_option
@profile_option
@overwrite_option
def report(
    source: Path | None,
    output: Path | None,
    form: str,
    reader: str,
    night: str | None,
    zone: str | None,
    whole: bool,
    previous: tuple[Path, ...],
    logs: Path | None,
    folder: Path | None,
    profile: Path | None,
    overwrite: bool,
) -> None:
    """Write a report of one night in a log folder or segment file: an HTML page, or text.

    A night goes from noon to noon. Without SOURCE it is the log pulled last, without --night the
    last night in it; which one it took stands on stderr. Earlier nights by the same sensor and
    settings, in the same log and in the library, are told beside it.
    """
    from cribtrace import atomic

    if reader == "clinician" and form != "html":
        raise Usage("the sheet for a clinician is HTML, to print: leave out --format")
    source = log_of(source, logs)
    to = output or (Path(_FILES[reader, form]) if form == "html" else None)
    if to:
        refuse_there(to, overwrite, source, named=output is not None)
    with working("reporting"):
        read, told = _told(source, night, zone_of(zone), whole, previous, folder, profile)
        written = _written(told, form, reader)
    if to:
        with atomic.replacing(to, "w") as f:
            f.write(written)
    click.echo(to or written)
    name_faults(source, read.faults, read.notes)


def _told(source, night, tz, whole, previous, folder, profile):
    """The log, and what of it is to be told."""
    from dataclasses import replace

    from cribtrace import analysis, nights, notes
    from cribtrace import previous as others
    from cribtrace import profile as infant
    from cribtrace.report.content import content

    wanted = evening(night)
    read = analysis.read_night(source)
    chosen = replace(read, zone=tz) if whole else nights.choose(read, tz, wanted)
    for sentence in nights.sentences(chosen) or ["the whole log"]:
        say(f"{source}: {sentence}")
    noted = notes.read(source)
    told = content(chosen, (), noted, infant.born(profile))
    found = [] if whole else others.in_log(read, tz, noted)
    for path in previous:
        found += others.read(path, tz)
    fitting = others.comparable(told.summary, found)
    left_out = len(found) - len(fitting) - (not whole)
    if previous and left_out:
        why = "later, the same, another board's, or before a change"
        say(f"nights that are not told beside it: {left_out} ({why})")
    kept = [] if whole else _in_library(folder, told.summary.device)
    fitting = others.comparable(told.summary, [*found, *kept])
    return read, replace(told, previous=tuple(fitting))


def _in_library(folder: Path | None, device: str | None) -> list:
    """Nights that a library keeps; where nobody named it, it keeps no report from being made."""
    from cribtrace import previous as others

    try:
        return others.in_library(folder, device)
    except CribtraceError as error:
        if folder:
            raise
        say(f"the library's nights are not told beside it: {error}")
        return []


def _written(told, form: str, reader: str) -> str:
    from cribtrace.report import page, plain, sheet

    if reader == "clinician":
        return sheet.sheet(told)
    makers = {"html": page.page, "text": plain.text, "md": plain.markdown, "json": plain.as_json}
    return makers[form](told)


@click.command()
@click.argument("log", type=_SOURCE, metavar="NIGHT")
@click.argument("tags", nargs=-1, metavar="[TAG]...")
@click.option("--at", "when", metavar="WHEN", help="As 03:12, or seconds since the start.")
@click.option("--text", default="", help="A few words of your own.")
@night_option
@zone_option
@library_option
@click.option("--delete", type=int, metavar="NUMBER", help="Take a note back, by its number.")
def note(
    log: Path,
    tags: tuple[str, ...],
    when: str | None,
    text: str,
    night: str | None,
    zone: str | None,
    folder: Path | None,
    delete: int | None,
) -> None:
    """Note something about a night in a pulled log; the report shows it without comment.

    TAG is filmed, awake, swaddled, soothed, vibrating-pillow, new-place, eyes, tongue-or-sucking
    or other. Without one, print the notes there are, of --night alone where it is given. They lie
    beside the log, in notes.jsonl, and nothing that was pulled is changed.
    """
    from cribtrace import analysis, nights, notes

    nothing = not tags and not text and when is None
    if delete is not None:
        if not nothing:
            raise Usage("--delete takes one note back: leave out what would be noted")
        say(f"deleted: {_line(notes.delete(log, delete))}")
        return
    wanted = evening(night)
    if nothing:
        _print_notes(log, wanted.isoformat() if wanted else None)
        return
    chosen = nights.choose(analysis.read_night(log), zone_of(zone), wanted)
    made = notes.made(chosen, tags, text, when)
    path = notes.add(log, made)
    click.echo(_line(made))
    say(f"noted in {path}")
    if made.of and _is_kept(chosen, folder):
        add = f"`cribtrace library add {log}` brings its tags there, for the trend"
        say(f"the library has the night of {made.of}: {add}")


def _print_notes(log: Path, of: str | None) -> None:
    from cribtrace import notes

    if not log.exists():
        raise Usage(f"{log}: notes lie beside a pulled log: name its folder")
    listed = [
        f"{number}  {_line(found)}"
        for number, found in enumerate(notes.read(log), 1)
        if of is None or found.of in (None, of)
    ]
    for line in listed:
        click.echo(line)
    if not listed:
        which = f"the night of {of} in {log}" if of else str(log)
        say(f"no notes on {which} yet: `cribtrace note {log} swaddled` makes one")


def _is_kept(night, folder: Path | None) -> bool:
    """Whether the library has the night; False, too, where it cannot be read."""
    try:
        from cribtrace.library.store import Library, default_folder

        if not (folder or default_folder()).is_dir():
            return False
        kept = Library(folder)
        return (night.header["device"], night.of) in kept.nights()
    except (CribtraceError, OSError):
        return False


def _line(found) -> str:
    at = found.utc or ("" if found.t_s is None else f"{found.t_s:.0f} s since the start")
    pieces = (found.of or "", at, found.told, found.text)
    return "  ".join(piece for piece in pieces if piece)


COMMANDS = (report, note)
