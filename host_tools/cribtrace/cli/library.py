"""Nights that are kept: library and trend."""

import os
import sys
from datetime import date
from pathlib import Path

import rich_click as click

from cribtrace.cli.defaults import profile_option
from cribtrace.cli.logs import log_of, logs_option
from cribtrace.cli.output import (
    counting,
    emit,
    json_option,
    name_faults,
    overwrite_option,
    refuse_there,
    say,
    working,
)
from cribtrace.cli.query import library_option, opened, plain, print_table
from cribtrace.cli.when import date_of, zone_of, zone_option
from cribtrace.errors import Usage

_PATH = click.Path(path_type=Path)
_PAGE = Path("trend.html")


@click.group("library")
def library_group() -> None:
    """Keep nights: add, list, delete, back up and restore them.

    A library is a folder of Parquet files, by device and night, that DuckDB, polars, Spark and
    Dask read as they are (docs/LIBRARY.md). The logs themselves stay where they were pulled to.
    """


@library_group.command("add")
@click.argument("source", type=_PATH, required=False)
@click.option("--crib", metavar="NAME", help="Where the board lay in nights that are new; else"
              " as the last time.")  # fmt: skip
@click.option("--rename", is_flag=True, help="Give --crib to the nights that are there, too.")
@zone_option
@click.option("--take-less", is_flag=True, help="Replace a night by one of fewer records too.")
@logs_option
@library_option
@json_option
def add_nights(
    source: Path | None,
    crib: str | None,
    rename: bool,
    zone: str | None,
    take_less: bool,
    logs: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Bring the nights of a pulled log into the library; else of the log pulled last.

    A night that is there is replaced where the log tells more of it. Naps, time at a desk and
    what a host injected stay out.
    """
    from cribtrace import notes
    from cribtrace.library import adding
    from cribtrace.library.store import Library

    if rename and not crib:
        raise Usage("--rename needs the name: --crib NAME")
    source = log_of(source, logs)
    noted = notes.read(source)
    with counting("adding") as bar:
        jobs = os.cpu_count() or 1
        added = adding.add(
            Library(folder), source, zone_of(zone), crib, take_less, rename,
            tags=lambda of: notes.tags_of(noted, of), progress=bar, jobs=jobs,
        )  # fmt: skip
    told = {name: [str(of) for of in getattr(added, name)] for name in adding.OUTCOMES}
    line = {"type": "added", "device": added.device, "crib": added.crib}
    plain = {name: " ".join(listed) or None for name, listed in told.items()}
    emit({**line, **(told if as_json else plain)}, as_json)
    _say_of(added, crib)
    name_faults(source, added.faults, added.refused)


def _say_of(added, crib: str | None) -> None:
    """What else became of a log's nights than that they came in."""
    if added.apart:
        say(f"stays out: {'; '.join(added.apart)}")
    if crib and added.elsewhere:
        say(f"nights that keep the crib they were added to: {len(added.elsewhere)}; --rename makes"
            f" them {crib}'s")  # fmt: skip
    if added.kept:
        say("kept as they were: the library has more records of them; --take-less replaces them")


@library_group.command("list")
@click.option("--crib", metavar="NAME", help="Of this crib alone.")
@library_option
@json_option
def list_nights(crib: str | None, folder: Path | None, as_json: bool) -> None:
    """List the nights in the library."""
    from cribtrace.library import reading

    library = opened(folder)
    nights = reading.chosen_crib(library, crib)[1] if crib else reading.nights(library)
    if as_json:
        for row in nights:
            emit({"type": "night", **{k: plain(v) for k, v in row.items()}}, as_json)
    else:
        _print_nights(nights)
    if library.exists and not nights:
        say(f"{library.folder} holds no night")


def _print_nights(nights: list[dict]) -> None:
    """A table on a terminal; elsewhere a row of key=value each, as other commands print."""
    rows = [[_rounded(plain(row[name])) for name in _LISTED] for row in nights]
    if nights and sys.stdout.isatty():
        print_table(list(_LISTED), iter([rows]))
        return
    for row in rows:
        emit({"type": "night", **dict(zip(_LISTED, row, strict=True))}, as_json=False)


def _rounded(value):
    return round(value, 2) if isinstance(value, float) else value


_LISTED = ("night", "crib", "device", "hours", "covered_h", "asleep_h", "sensor", "tags")


@library_group.command("delete")
@click.argument("nights", metavar="DATE...", nargs=-1, required=True)
@click.option("--crib", metavar="NAME", help="Needed where several cribs have that night.")
@click.option("--device", metavar="ID", help="Needed where several boards of a crib have it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@library_option
@json_option
def delete_nights(
    nights: tuple[str, ...],
    crib: str | None,
    device: str | None,
    yes: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Delete nights, each named by its evening's date; the pulled logs stay."""
    from cribtrace.library import reading

    library = opened(folder)
    rows = reading.nights(library, crib=crib, device=device)
    wanted = [_night_named(rows, date_of("DATE", text)) for text in nights]
    if not yes:
        listed = ", ".join(f"{row['night']} of {row['crib']}" for row in wanted)
        click.confirm(f"delete {listed}?", abort=True, err=True)
    with library.changing() as change:
        for row in wanted:
            change.delete((row["device"], row["night"]))
    for row in wanted:
        line = {"night": str(row["night"]), "crib": row["crib"], "device": row["device"]}
        emit({"type": "deleted", **line}, as_json)


def _night_named(rows: list[dict], of: date) -> dict:
    found = [row for row in rows if row["night"] == of]
    if not found:
        known = ", ".join(sorted({str(row["night"]) for row in rows})[-5:]) or "none"
        raise Usage(f"no night of {of} in the library; its last ones are {known}")
    if len(found) > 1:
        listed = ", ".join(f"--crib {row['crib']} --device {row['device']}" for row in found)
        raise Usage(f"several boards have a night of {of}: choose one: {listed}")
    return found[0]


@library_group.command("backup")
@click.argument("file", type=_PATH)
@overwrite_option
@library_option
@json_option
def backup_nights(file: Path, overwrite: bool, folder: Path | None, as_json: bool) -> None:
    """Write the whole library into one FILE."""
    from cribtrace.library import backup

    with working("backing up"):
        count = backup.backup(opened(folder), file, overwrite)
    emit({"type": "backup", "file": str(file), "nights": count}, as_json)


@library_group.command("restore")
@click.argument("file", type=_PATH)
@click.option("--yes", is_flag=True, help="Do not ask before nights are replaced.")
@library_option
@json_option
def restore_nights(file: Path, yes: bool, folder: Path | None, as_json: bool) -> None:
    """Bring the nights of a backup back; those of the same device and date are replaced."""
    from cribtrace.library import backup
    from cribtrace.library.store import Library

    library = Library(folder)
    replaced = len(backup.nights_in(file) & set(library.nights()))
    if replaced and not yes:
        what = "1 night" if replaced == 1 else f"{replaced} nights"
        click.confirm(f"replace {what} of {library.folder} by the backup's?", abort=True, err=True)
    with working("restoring"):
        count = backup.restore(library, file)
    line = {"file": str(file), "nights": count, "replaced": replaced}
    emit({"type": "restored", **line}, as_json)


@click.command()
@click.argument("crib", required=False)
@click.option(
    "--format", "form", type=click.Choice(["html", "text"]), default="html", show_default=True
)
@click.option("-o", "--output", type=_PATH, help="Of html; else trend.html.")
@click.option(
    "--from",
    "since",
    metavar="DATE",
    help="Shown from this evening on, as 2026-11-20; baselines stay those of all nights.",
)
@click.option("--to", "until", metavar="DATE", help="The last one that is counted.")
@profile_option
@library_option
@overwrite_option
def trend(
    crib: str | None,
    form: str,
    output: Path | None,
    since: str | None,
    until: str | None,
    profile: Path | None,
    folder: Path | None,
    overwrite: bool,
) -> None:
    """Show the nights of a crib beside each other, by date and age, and beside their baseline.

    A page, whose path is printed, or text. CRIB is needed where the library has several.
    """
    from cribtrace import atomic
    from cribtrace import profile as infant
    from cribtrace.library import reading
    from cribtrace.trend import page, text

    born = infant.born(profile)
    library = opened(folder)
    with working("reading"):
        name, nights = reading.chosen_crib(library, crib)
    first, last = (date_of(o, d) if d else None for o, d in (("--from", since), ("--to", until)))
    counted = [row for row in nights if last is None or row["night"] <= last]
    if not counted or (first and counted[-1]["night"] < first):
        span = f"{nights[0]['night']} to {nights[-1]['night']}"
        raise Usage(f"no night of {name} in that time: the library has {span}")
    if form == "text":
        click.echo(text.render(name, counted, born, first), nl=False)
        return
    refuse_there(output or _PAGE, overwrite, named=output is not None)
    output = output or _PAGE
    with working("drawing"), atomic.replacing(output, "w") as f:
        f.write(page.render(name, counted, born, first))
    click.echo(output)


COMMANDS = (library_group, trend)
