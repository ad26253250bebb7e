"""Questions to the library in SQL: query."""

import contextlib
import csv
import io
import itertools
import json
import math
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import rich_click as click

from cribtrace.cli.output import say, working
from cribtrace.errors import CribtraceError, Usage

_PATH = click.Path(path_type=Path)
library_option = click.option(
    "--library",
    "folder",
    type=_PATH,
    envvar="CRIBTRACE_LIBRARY",
    metavar="FOLDER",
    help="The library; else one in this user's data folder.",
)


@click.command()
@click.argument("sql")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "jsonl"]),
    default="table",
    show_default=True,
)
@library_option
def query(sql: str, form: str, folder: Path | None) -> None:
    """Answer one SELECT over the library, by DuckDB; no other file and no network is reached.

    The tables are nights, events, patterns, states, epochs, gaps, marks and recorder
    (docs/LIBRARY.md).
    """
    from cribtrace.library import query as asking

    library = opened(folder)
    with contextlib.ExitStack() as stack:
        with working("asking"):
            asked = stack.enter_context(asking.asking(library, sql))
            first = next(asked.batches, [])
        found = itertools.chain([first] if first else [], asked.batches)
        batches = ([[plain(value) for value in row] for row in rows] for rows in found)
        if form == "csv":
            _print_csv(asked.columns, batches)
        elif form == "table":
            print_table(asked.columns, batches)
        else:
            _print_json(asked.columns, batches, as_lines=form == "jsonl")


def opened(folder: Path | None):
    """The library to read: the one named, else this user's, which need not be there yet."""
    from cribtrace.library.store import Library

    library = Library(folder)
    if not library.exists:
        make = "`cribtrace library add FOLDER` brings the nights of a pulled log into one"
        if folder is not None:
            raise CribtraceError(f"{library.folder} is no library: correct --library, or {make}")
        say(f"{library.folder}: there is no library yet; {make}")
    return library


def plain(value):
    """A value of a row as JSON knows it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _cell(value) -> str:
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def print_table(columns: list[str], batches: Iterator[list[list]]) -> None:
    """Columns that stand below each other, numbers to the right; widths are of the first rows.

    Rows come as they are found, so a later one may be wider than those above it. Where the first
    ones are wider than the terminal, each field has a line.
    """
    first = next(batches, [])
    widths = [
        max(len(name), *(len(_cell(row[k])) for row in first)) if first else len(name)
        for k, name in enumerate(columns)
    ]
    if first and sum(widths) + 2 * (len(widths) - 1) > _terminal_width():
        _print_fields(columns, itertools.chain([first], batches))
        return
    right = [
        all(isinstance(row[k], (int, float, type(None))) for row in first)
        for k in range(len(columns))
    ]
    for rows in itertools.chain([[columns, *first]], batches):
        cells = [[_cell(value) for value in row] for row in rows]
        for row in cells:
            widths = [max(old, len(cell)) for old, cell in zip(widths, row, strict=True)]
        for row in cells:
            told = zip(row, widths, right, strict=True)
            line = (cell.rjust(w) if to_right else cell.ljust(w) for cell, w, to_right in told)
            click.echo("  ".join(line).rstrip())


def _terminal_width() -> float:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf


def _print_fields(columns: list[str], batches: Iterator[list[list]]) -> None:
    widest = max(map(len, columns))
    for number, row in enumerate(itertools.chain.from_iterable(batches), 1):
        click.echo(f"-- {number} --")
        for name, value in zip(columns, row, strict=True):
            click.echo(f"{name.ljust(widest)}  {_cell(value)}".rstrip())


def _print_json(columns: list[str], batches: Iterator[list[list]], as_lines: bool) -> None:
    """An object a row, in one array or each in a line. Raises Usage for two of one name."""
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise Usage(f"two columns are called {twice}: JSON keeps one; name the other with AS")
    before = "" if as_lines else "["
    for row in itertools.chain.from_iterable(batches):
        found = dict(zip(columns, row, strict=True))
        line = json.dumps(found, allow_nan=False, separators=(",", ":"))
        click.echo(before + line, nl=as_lines)
        before = "" if as_lines else ","
    if not as_lines:
        click.echo("[]" if before == "[" else "]")


def _print_csv(columns: list[str], batches: Iterator[list[list]]) -> None:
    """CSV in which no text is taken for a formula by a spreadsheet: those get a ' in front."""
    first = next(batches, [])
    for rows in itertools.chain([[columns, *first]], batches):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in rows:
            writer.writerow(
                [
                    "'" + v if isinstance(v, str) and v[:1] in tuple("=+-@\t\r") and v else v
                    for v in row
                ]
            )
        click.echo(out.getvalue(), nl=False)


COMMANDS = (query,)
