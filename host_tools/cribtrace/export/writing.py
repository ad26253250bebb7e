"""An export as a file: wholly there or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cribtrace import atomic, recording
from cribtrace.errors import Usage
from cribtrace.export import text
from cribtrace.export.contents import Contents, rows

SUFFIXES = {
    "csv": ".csv",
    "jsonl": ".jsonl",
    "edf": ".edf",
    "mcap": ".mcap",
    "parquet": ".parquet",
    "npz": ".npz",
}
TABLED = ("csv", "jsonl", "parquet")


def write(path: Path, form: str, contents: Contents, what: str | None, at_s: float | None) -> None:
    """Write `contents` in a format of SUFFIXES.

    `what` is a table's name, of TABLED alone: None is events (of a recording: frames), and of
    jsonl every line. `at_s` is of npz alone. Raises CribtraceError where a library is missing.
    """
    if form == "npz" and contents.night is None:
        raise Usage("a recording is an .npz already: other formats are csv, edf, mcap, parquet")
    if form == "npz" and at_s is not None:
        from cribtrace.export import npz

        recording.save(path, npz.waveform_at(contents, at_s))
        return
    make, mode = _maker(form, contents, what)
    with atomic.replacing(path, mode) as file:
        make(file)


def _maker(form: str, contents: Contents, what: str | None) -> tuple[Callable[[Any], None], str]:
    """What writes a file, and how that is opened; a library that is missing is named here."""
    # ruff: noqa: PLC0415 - nobody who wants one format is to have the libraries of all
    if form in TABLED:
        return _table(form, contents, what)
    if form == "edf":
        from cribtrace.export import edf

        return (lambda file: edf.write(file, contents)), "wb"
    if form == "mcap":
        from cribtrace.export import mcap_file

        return (lambda file: mcap_file.write(file, contents)), "wb"
    from cribtrace.export import npz

    return (lambda file: npz.write(file, contents)), "wb"


def _table(form: str, contents: Contents, what: str | None) -> tuple[Callable[[Any], None], str]:
    if form == "jsonl" and what is None:
        return (lambda file: text.write_lines(file, contents.lines)), "w"
    name = what or ("frames" if contents.night is None else "events")
    found = rows(contents, name)
    if name not in contents.columns:
        raise Usage(f"--what {name}: there are {', '.join(contents.columns)}")
    columns = contents.columns[name]
    if form == "csv":
        return (lambda file: text.write_csv(file, columns, found)), "w"
    if form == "jsonl":
        return (lambda file: text.write_lines(file, text.as_lines(columns, found))), "w"
    from cribtrace.export import parquet

    return (lambda file: parquet.write(file, columns, found, contents.about)), "wb"
