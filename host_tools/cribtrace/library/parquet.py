"""Rows as Parquet, and back: the one module of the library that knows pyarrow."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cribtrace.errors import CribtraceError, Damaged, pip_line
from cribtrace.library.tables import TABLES

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    raise CribtraceError(
        "the library needs pyarrow and duckdb: " + pip_line("cribtrace[library]")
    ) from None

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_KINDS = {
    "string": pa.string(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp[ms, UTC]": pa.timestamp("ms", tz="UTC"),
    "list<int16>": pa.list_(pa.int16()),
}
# A file of one row is nearly all description: written plainly it is read in half the time.
_FEW = 20
_FOLDERS = pa.schema([("device", pa.string()), ("night", pa.date32())])
SCHEMAS = {
    name: pa.schema([(column.name, _KINDS[column.kind]) for column in columns])
    for name, columns in TABLES.items()
}


def write(path: Path, table: str, rows: Sequence[dict]) -> None:
    """Write rows of one night as one file; keys that the table has not are left out."""
    columns = {
        field.name: _column([row.get(field.name) for row in rows], field.type)
        for field in SCHEMAS[table]
    }
    found = pa.table(columns, schema=SCHEMAS[table])
    many = len(rows) > _FEW
    pq.write_table(
        found,
        path,
        compression="zstd" if many else "none",
        use_dictionary=many,
        write_statistics=False,
        store_schema=False,
    )


def _column(values: list, kind: pa.DataType) -> pa.Array:
    """One column; a moment may be ISO 8601 text."""
    if pa.types.is_timestamp(kind) and any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string()).cast(kind)
    if pa.types.is_list(kind) and None not in values:  # a number at a time it takes twice as long
        ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
        flat = np.fromiter(chain.from_iterable(values), np.int16, ends[-1])
        return pa.ListArray.from_arrays(pa.array(ends), pa.array(flat), type=kind)
    return pa.array(values, kind)


def check(path: Path, table: str) -> None:
    """Raise Damaged unless the file holds that table, all of it readable."""
    try:
        schema = pq.ParquetFile(path).read().schema
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"{path.name} of table {table} cannot be read: {error}") from None
    if schema.remove_metadata() != SCHEMAS[table]:
        raise Damaged(f"{path.name} has other columns than table {table} of this library")


def dataset(root: Path, table: str, paths: Iterable[Path]) -> "ds.Dataset":
    """A table over these files below `root / table`; `device` and `night` are in their names."""
    import pyarrow.dataset as ds  # noqa: PLC0415 - takes as long as all else, and few need it
    import pyarrow.fs as pafs  # noqa: PLC0415

    schema = pa.unify_schemas([SCHEMAS[table], _FOLDERS])
    listed = [path.as_posix() for path in paths]
    if not listed:
        return ds.dataset(schema.empty_table())
    options = ds.FileSystemFactoryOptions(
        partitioning=ds.partitioning(_FOLDERS, flavor="hive"),
        partition_base_dir=(root / table).as_posix(),
    )
    factory = ds.FileSystemDatasetFactory(
        pafs.LocalFileSystem(), listed, ds.ParquetFileFormat(), options
    )
    return factory.finish(schema)


def rows(root: Path, table: str, paths: Sequence[Path]) -> list[dict]:
    """All rows, in the order of their nights; `night` is a date, a moment a datetime in UTC."""
    out = _own(table, paths)
    if out is None:
        out = dataset(root, table, paths).to_table().to_pylist()
    return sorted(out, key=lambda row: (row["night"], row["device"]))


def _own(table: str, paths: Sequence[Path]) -> list[dict] | None:
    """The rows of files that are just as `write` writes them; None where any is not.

    A dataset asks of each what it might be, which takes as long again as reading it.
    """
    try:
        found = [pq.ParquetFile(path, pre_buffer=False).read(use_threads=False) for path in paths]
        if not found or any(one.schema != SCHEMAS[table] for one in found):
            return None
        folders = [
            {"device": device, "night": date.fromisoformat(night)}
            for path, one in zip(paths, found, strict=True)
            for device, night in [[part.partition("=")[2] for part in path.parts[-3:-1]]]
            for _ in range(one.num_rows)
        ]
    except (pa.ArrowException, OSError, ValueError):
        return None
    every = pa.concat_tables(found).to_pylist()
    return [{**row, **folder} for row, folder in zip(every, folders, strict=True)]
