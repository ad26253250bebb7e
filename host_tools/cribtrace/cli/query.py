"""Questions to the library in SQL: query."""

import csv
import io
import json
import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import rich_click as click

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
    from cribtrace.library.store import Library

    answer = asking.ask(Library(folder), sql)
    rows = [[plain(value) for value in row] for row in answer.rows]
    if form == "csv":
        click.echo(_csv(answer.columns, rows), nl=False)
    elif form == "table":
        click.echo("\n".join(_table(answer.columns, rows)))
    else:
        found = [dict(zip(answer.columns, row, strict=True)) for row in rows]
        shown = found if form == "jsonl" else [found]
        for one in shown:
            click.echo(json.dumps(one, allow_nan=False, separators=(",", ":")))


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


def _table(columns: list[str], rows: list[list]) -> list[str]:
    """Lines of columns that stand below each other, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in [columns, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [
        all(isinstance(row[k], (int, float, type(None))) for row in rows)
        for k in range(len(columns))
    ]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]


def _csv(columns: list[str], rows: list[list]) -> str:
    """CSV in which no text is taken for a formula by a spreadsheet: those get a ' in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in [columns, *rows]:
        writer.writerow(
            [
                "'" + v if isinstance(v, str) and v[:1] in tuple("=+-@\t\r") and v else v
                for v in row
            ]
        )
    return out.getvalue()


COMMANDS = (query,)
