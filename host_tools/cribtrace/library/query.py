"""SQL over a library, by DuckDB, which itself reaches no file and no network.

pyarrow reads the tables' files, those that lie in the library and nothing else, and DuckDB scans
what it gives. So DuckDB's own way to files can be shut altogether, and writing with it. Of SQL one
SELECT is let through.
"""

from typing import Any, NamedTuple

from cribtrace.errors import CribtraceError, Usage
from cribtrace.library import parquet
from cribtrace.library.store import Library
from cribtrace.library.tables import TABLES

try:
    import duckdb
except ImportError:
    raise CribtraceError(
        "the library needs pyarrow and duckdb: pip install 'cribtrace[library]'"
    ) from None

_SHUT: dict[str, Any] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # names in a query are no variables of this program
    "temp_directory": "",  # nothing is spilled beside the caller's files
}


class Answer(NamedTuple):
    """What a query gives: names of its columns, and its rows."""

    columns: list[str]
    rows: list[tuple]


def ask(library: Library, sql: str) -> Answer:
    """Answer one SELECT over the tables of docs/LIBRARY.md. Raises Usage for anything else."""
    with duckdb.connect(":memory:", config=_SHUT) as connection:
        for table in TABLES:
            found = parquet.dataset(library.folder, table, library.files(table))
            connection.register(table, found)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise Usage("a query is one SELECT: the library is only read")
            answer = connection.sql(statements[0]).to_arrow_table()
            columns = [column.to_pylist() for column in answer.columns]
            return Answer(answer.column_names, list(zip(*columns, strict=True)))
        except duckdb.Error as error:
            raise Usage(f"{_first_line(error)}: the tables are {', '.join(TABLES)}") from None


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")
