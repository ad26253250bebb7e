"""The library as it is, read by Dask and Spark; DuckDB and polars do so in `make test`."""

import shutil
from datetime import date, datetime, timezone

import pytest

from cribtrace.library import adding, parquet
from cribtrace.library.store import Library
from cribtrace.library.tables import TABLES
from tests.support.night_log import DEVICE, write_nights

pytestmark = pytest.mark.readers


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    nights = [
        (datetime(2026, 6, 1, 20), 3.0, [120.0 * k for k in range(2, 88)]),
        (datetime(2026, 6, 2, 21), 3.5, [600.0 * k for k in range(1, 13)]),
    ]
    log = write_nights(folder / "log", *nights)
    found = Library(folder / "library")
    adding.add(found, log, timezone.utc, "attic")
    return found


@pytest.fixture(scope="module")
def spark():
    if not shutil.which("java"):
        pytest.skip("no Java: apt install default-jre-headless")
    sql = pytest.importorskip("pyspark.sql")
    builder = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    yield session
    session.stop()


def ours(library, table):
    return parquet.dataset(library.folder, table, library.files(table)).to_table()


def values(rows, column):
    return sorted(str(row[column]) for row in rows)


@pytest.mark.parametrize("table", TABLES)
def test_dask_reads_a_table_as_it_is(library, table):
    frames = pytest.importorskip("dask.dataframe")
    seen, wanted = frames.read_parquet(library.folder / table).compute(), ours(library, table)
    assert list(seen.columns) == wanted.column_names
    assert len(seen) == wanted.num_rows
    rows = wanted.to_pylist()
    for column in ("device", "night"):
        assert sorted(map(str, seen[column])) == values(rows, column)


@pytest.mark.parametrize("table", TABLES)
def test_spark_reads_a_table_as_it_is(library, spark, table):
    seen, wanted = spark.read.parquet(str(library.folder / table)), ours(library, table)
    assert seen.columns == wanted.column_names
    kinds = dict(seen.dtypes)
    assert (kinds["device"], kinds["night"]) == ("string", "date")
    found, rows = [row.asDict() for row in seen.collect()], wanted.to_pylist()
    for column in ("device", "night"):
        assert values(found, column) == values(rows, column)


def test_they_see_the_same_numbers(library, spark):
    """One column of each kind of number, and a time, through every reader."""
    frames = pytest.importorskip("dask.dataframe")
    rows = sorted(ours(library, "events").to_pylist(), key=lambda row: row["utc"])
    seen = frames.read_parquet(library.folder / "events").compute().sort_values("utc")
    asked = spark.read.parquet(str(library.folder / "events")).orderBy("utc").collect()
    for column in ("onset_s", "peak_mg", "kind"):
        wanted = [row[column] for row in rows]
        assert seen[column].tolist() == wanted == [row[column] for row in asked]
    times = [row["utc"].timestamp() for row in rows]
    assert [moment.timestamp() for moment in seen["utc"]] == times
    assert [row["utc"].replace(tzinfo=timezone.utc).timestamp() for row in asked] == times
    assert asked[0]["device"] == DEVICE.hex()
    assert asked[0]["night"] == date(2026, 6, 1)
