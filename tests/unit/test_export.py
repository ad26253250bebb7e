"""export: each format is read back by a reader that did not write it, value by value."""

import csv
import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from cribtrace import (
    bundle,
    captured,
    cli,
    log_records,
    logfile,
    nights,
    notes,
    recording,
    scenario,
    wording,
)
from cribtrace.cli import exports
from cribtrace.columns import FLAG, MOMENT, REAL, TEXT, WHOLE, Column
from cribtrace.errors import Usage
from cribtrace.export import columns, contents, text
from cribtrace.replay import replay
from tests.support import logged, mcap_walk

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1")
GAP_AT = 20_000
TABLES = [name for name in columns.LOG_TABLES if name != "frames"]


@pytest.fixture(scope="session")
def rec() -> recording.Recording:
    return scenario.generate("ten_minutes", 7)


@pytest.fixture(scope="session")
def log(rec, tmp_path_factory) -> Path:
    folder = logged.log(rec, tmp_path_factory.mktemp("night") / "log", gap_at=GAP_AT)
    notes.add(folder, notes.Note(("swaddled", "awake")))
    notes.add(folder, notes.Note(("filmed",), "left arm", 60.5))
    return folder


@pytest.fixture(scope="session")
def held(log) -> contents.Contents:
    return contents.of_log(log, None, timezone.utc, True)


@pytest.fixture
def export(tmp_path, capsys):
    """Export and give the file; fails unless the command ended with `code`."""

    def run(source, form, *more, code=0):
        path = tmp_path / f"out.{form}"
        given = ["export", source, "--format", form, "-o", path, "--overwrite", *more]
        found = cli.run([str(word) for word in given])
        said = capsys.readouterr()
        assert (found, said.out) == (code, f"{path}\n" if code in (0, 3) else ""), said.err
        run.said = said.err  # pyright: ignore[reportFunctionMemberAccess]
        return path

    return run


def values(held, table) -> list[dict]:
    """What a table should say: moments as datetimes to the microsecond, texts as they are."""
    kinds = {c.name: c.kind for c in held.columns[table]}
    return [
        {name: expected(kinds[name], value) for name, value in row.items()}
        for row in contents.rows(held, table)
    ]


def expected(kind, value):
    if value is None:
        return None
    if kind == MOMENT:
        return datetime.fromtimestamp(round(value * 1e6) / 1e6, timezone.utc)
    return text.plain(value) if kind == TEXT else value


def of_csv(kind, cell):
    """A cell as the documentation says to read it; nothing of ours is used."""
    if cell == "":
        return None
    if kind == MOMENT:
        return datetime.strptime(cell, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc)
    if kind == FLAG:
        return {"true": True, "false": False}[cell]
    return {TEXT: str, WHOLE: int, REAL: float}[kind](cell)


def same(found, wanted) -> bool:
    if isinstance(wanted, datetime):
        return abs((found - wanted).total_seconds()) < 2e-6
    return found == wanted or (wanted == "" and found is None)


@pytest.mark.parametrize("table", [*TABLES, "frames"])
def test_csv_holds_every_value(export, log, held, table):
    path = export(log, "csv", "--whole", "--what", table)
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    kinds = [c.kind for c in columns.LOG_TABLES[table]]
    wanted = values(held, table)
    assert names == [c.name for c in columns.LOG_TABLES[table]]
    assert len(rows) == len(wanted)
    for row, want in zip(rows, wanted, strict=True):
        read = map(of_csv, kinds, row)
        assert all(map(same, read, want.values())), (row, want)


def test_there_is_something_in_every_table_that_is_compared(held):
    assert {name for name in TABLES if not held.tables[name]} <= {"marks", "patterns"}
    assert len(held.tables["events"]) > 10
    assert len(held.tables["seconds"]) > 590


@pytest.mark.parametrize("table", [*TABLES, "frames"])
def test_parquet_holds_every_value(export, log, held, table):
    polars = pytest.importorskip("polars")
    path = export(log, "parquet", "--whole", "--what", table)
    found = polars.read_parquet(path)
    assert found.columns == [c.name for c in columns.LOG_TABLES[table]]
    for row, want in zip(found.to_dicts(), values(held, table), strict=True):
        assert row.keys() == want.keys()
        assert all(map(same, row.values(), want.values())), (row, want)


def test_parquet_says_what_it_is(export, log):
    import pyarrow.parquet as pq

    schema = pq.read_schema(export(log, "parquet", "--whole"))
    assert schema.metadata[b"cribtrace.sensor"] == b"LSM6DSO"
    assert schema.metadata[b"cribtrace.injected"] == b"no"
    assert schema.field("peak_mg").metadata == {b"meaning": b"mg"}


def test_json_lines_are_those_of_decode_and_the_notes(export, log, capsys):
    path = export(log, "jsonl", "--whole")
    cli.run(["decode", str(log), "--json"])
    header, *lines = path.read_text().splitlines()
    assert [header, *lines[2:]] == capsys.readouterr().out.splitlines()
    noted = [json.loads(line) for line in lines[:2]]
    assert {line["type"] for line in noted} == {"note"}
    assert [(line["tags"], line["text"], line["t_s"]) for line in noted] == [
        (["swaddled", "awake"], "", None), (["filmed"], "left arm", 60.5),
    ]  # fmt: skip


def test_json_lines_of_a_table(export, log, held):
    path = export(log, "jsonl", "--whole", "--what", "events")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row, want in zip(rows, values(held, "events"), strict=True):
        at = datetime.fromisoformat(row["utc"].replace("Z", "+00:00"))
        assert abs((at - want["utc"]).total_seconds()) < 2e-6
        assert {**row, "utc": 0, "vetoes": 0} == {**want, "utc": 0, "vetoes": 0}


def test_edf_holds_every_second_and_every_event(export, log, held):
    pyedflib = pytest.importorskip("pyedflib")
    path = export(log, "edf", "--whole")
    with pyedflib.EdfReader(str(path)) as edf:
        assert edf.getSignalLabels() == ["Level", "Floor"]
        assert edf.getPhysicalDimension(1) == "mg"
        codes, floors = edf.readSignal(0, digital=True), edf.readSignal(1)
        step_s = 1 / edf.getSampleFrequency(0)
        onsets, lengths, texts = edf.readAnnotations()
        start = edf.getStartdatetime().replace(microsecond=0)  # it tells a tenth of them
    assert start == datetime.fromtimestamp(held.begins_s, timezone.utc).replace(
        tzinfo=None, microsecond=0
    )
    slots = {}
    for row in held.tables["seconds"]:
        slot = round(row["onset_s"] / step_s)
        slots[slot] = max(slots.get(slot, (-1,)), (row["code"], row["floor_mg"]))
    for slot, code in enumerate(codes):
        assert code == slots.get(slot, (-1,))[0]
        if slot in slots:
            assert floors[slot] == pytest.approx(slots[slot][1], abs=6e-4)
    assert (codes == -1).sum() >= 1  # where the frames of the gap would be, and behind the end
    told = {(round(on, 3), round(float(d), 3), said.split(",")[0])
            for on, d, said in zip(onsets, lengths, texts, strict=True)}  # fmt: skip
    for event in held.tables["events"]:
        assert (event["onset_s"], event["duration_s"], event["kind"]) in told
    (gap,) = held.tables["gaps"]
    assert (gap["onset_s"], gap["duration_s"], "gap: fifo_overrun") in told


def test_edf_of_a_recording_holds_every_frame(export, rec, tmp_path):
    pyedflib = pytest.importorskip("pyedflib")
    recording.save(tmp_path / "rec.npz", rec)
    path = export(tmp_path / "rec.npz", "edf", "--begins", "2026-11-20T19:40Z")
    with pyedflib.EdfReader(str(path)) as edf:
        found = np.stack([edf.readSignal(k, digital=True) for k in range(3)], axis=1)
        in_g = edf.readSignal(2)
        assert edf.getSampleFrequency(0) == pytest.approx(rec.rate_hz, rel=1e-6)
        assert edf.getStartdatetime() == datetime(2026, 11, 20, 19, 40)
        assert len(edf.readAnnotations()[0]) == len(rec.truth)
    assert (found == rec.accel).all()
    assert np.abs(in_g - rec.accel[:, 2] / rec.lsb_per_g).max() < 2e-5


def test_a_length_that_nobody_can_have_recorded_fills_no_memory(held):
    from cribtrace.export import edf

    far = {**held.night.epochs[-1], "onset_s": 4e12}
    with pytest.raises(Usage, match="told to last"):
        edf._of_seconds([*held.night.epochs, far])


@pytest.fixture
def gapped(rec, tmp_path) -> Path:
    """As `hil record` would leave it: 500 frames are missing, and it knows when it began."""
    accel = rec.accel[:10_000].copy()
    accel[3000:3500] = accel[2999]
    gap = captured.gap_line(captured.Gap(3000, 500, "line"), rec.rate_hz)
    known = captured.Captured({}, ((0, 77),), (), 1_790_000_000.5)
    path = tmp_path / "gapped.npz"
    recording.save(path, replace(rec, accel=accel, truth=(gap,), captured=known))
    return path


def test_no_frame_stands_in_a_gap_of_a_recording(export, gapped, rec):
    with export(gapped, "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert "500 frames are missing" in export.said
    numbers = [n for n in range(10_000) if not 3000 <= n < 3500]
    assert len(rows) == len(numbers)
    for number, row in zip(numbers, rows, strict=True):
        at = datetime.strptime(row["time"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc)
        assert abs(at.timestamp() - 1_790_000_000.5 - number / rec.rate_hz) < 2e-6
        g = [float(row[axis]) for axis in "xyz"]
        assert (np.rint(np.array(g) * rec.lsb_per_g) == rec.accel[number]).all()
    assert [row["waveform"] for row in rows].count("1") == 6500
    assert len(read_mcap(export(gapped, "mcap"))["/acceleration"]) == 9500


def test_edf_says_where_a_recording_has_a_gap(export, gapped, rec):
    pyedflib = pytest.importorskip("pyedflib")
    with pyedflib.EdfReader(str(export(gapped, "edf"))) as edf:
        assert edf.getNSamples()[0] == 10_000
        (onset_s,), (length_s,), (said,) = edf.readAnnotations()
    told = (float(onset_s), float(length_s), said)
    assert told == (pytest.approx(3000 / 104, abs=1e-3), pytest.approx(500 / 104, abs=1e-3),
                    "gap: line")  # fmt: skip


def test_edf_leaves_frames_out_aloud_that_fill_no_record(export, tmp_path):
    pyedflib = pytest.importorskip("pyedflib")
    rng = np.random.default_rng(1)
    odd = recording.Recording(rng.integers(-99, 99, (4099, 3), np.int16), 104.0, 16384.0)
    recording.save(tmp_path / "odd.npz", odd)
    with pyedflib.EdfReader(str(export(tmp_path / "odd.npz", "edf"))) as edf:
        assert edf.getNSamples()[0] == 4056
        assert "43 frames at the end" in edf.readAnnotations()[2][0]


def read_mcap(path) -> dict[str, list[tuple]]:
    """Topic: (schema's name, its properties, nanoseconds, message) of each, by another reader."""
    found = mcap_walk.read(path.read_bytes())
    out: dict[str, list[tuple]] = {}
    for channel, log_ns, message in found.messages:
        assert (channel.schema_encoding, channel.encoding) == ("jsonschema", "json")
        said, schema = json.loads(message), json.loads(channel.schema_text)
        assert schema["title"] == channel.schema and schema["type"] == "object"
        known = schema["properties"]
        assert set(said) <= set(known)
        out.setdefault(channel.topic, []).append((channel.schema, known, log_ns, said))
    out["metadata"] = list(found.metadata.items())
    return out


def test_two_readers_of_mcap_find_the_same(export, log):
    from mcap.reader import make_reader

    path = export(log, "mcap", "--whole")
    with path.open("rb") as file:
        theirs = [
            (channel.topic, schema.name if schema else "", message.log_time, message.data)
            for schema, channel, message in make_reader(file).iter_messages(log_time_order=False)
        ]
    ours = mcap_walk.read(path.read_bytes())
    assert ours.library.startswith("cribtrace ")
    assert theirs == [(c.topic, c.schema, log_ns, said) for c, log_ns, said in ours.messages]


def test_the_other_reader_of_mcap_notices_every_changed_byte(export, log):
    raw = export(log, "mcap", "--whole").read_bytes()
    rng = random.Random(5)
    for at in [*range(60), *rng.sample(range(len(raw)), 60), *range(len(raw) - 60, len(raw))]:
        bad = raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]
        with pytest.raises(Exception):  # noqa: B017
            mcap_walk.read(bad)


def test_mcap_holds_every_value_in_the_order_of_time(export, log, held):
    found = read_mcap(export(log, "mcap", "--whole"))
    for table in (name for name in TABLES if name != "waveforms" and held.tables[name]):
        said = [(at_ns, row) for _, _, at_ns, row in found[f"/{table}"]]
        for (at_ns, row), want in zip(said, values(held, table), strict=True):
            if (utc := want.pop("utc")) is None:
                assert table == "notes" and abs(at_ns / 1e9 - held.begins_s) < 2e-6
                assert row == {"tags": "swaddled,awake", "text": ""}
                continue
            parts = row.pop("utc")
            assert abs(parts["sec"] + parts["nsec"] / 1e9 - utc.timestamp()) < 2e-6
            assert at_ns == parts["sec"] * 10**9 + parts["nsec"]
            assert row == {key: value for key, value in want.items() if value is not None}
    logs = found["/log"]
    assert {name for name, *_ in logs} == {"foxglove.Log"}
    assert any("fifo_overrun" in said["message"] and said["level"] == 3 for *_, said in logs)
    assert all(said["timestamp"]["sec"] == at_ns // 10**9 for *_, at_ns, said in logs)
    vectors = found["/acceleration"]
    assert {name for name, *_ in vectors} == {"foxglove.Vector3"}
    told = np.array([[said[axis] for axis in "xyz"] for *_, said in vectors])
    assert (told == np.concatenate([s.g for s in held.stretches])).all()
    assert found["metadata"][0][1]["sensor"] == "LSM6DSO"


IN_JSON = {"string": str, "number": int | float, "integer": int, "boolean": bool, "object": dict}
# What Foxglove requires of its own schemas (foxglove-sdk, schemas/jsonschema).
FOXGLOVE = {
    "foxglove.Log": {"timestamp": "object", "level": "integer", "message": "string",
                     "name": "string", "file": "string", "line": "integer"},
    "foxglove.Vector3": {"x": "number", "y": "number", "z": "number"},
}  # fmt: skip


def test_every_message_of_mcap_is_what_its_schema_and_foxglove_say(export, log):
    found = read_mcap(export(log, "mcap", "--whole"))
    del found["metadata"]
    for name, known, _, said in (message for told in found.values() for message in told):
        if name.startswith("foxglove."):
            assert {key: spec["type"] for key, spec in known.items()} == FOXGLOVE[name]
            assert set(said) == set(known)
        for key, value in said.items():
            assert isinstance(value, IN_JSON[known[key]["type"]]), (name, key, value)
            assert isinstance(value, bool) == (known[key]["type"] == "boolean")
            if isinstance(value, dict):
                assert known[key]["title"] == "time" and set(known[key]["properties"]) == set(
                    value
                )
                assert 0 <= value["nsec"] < 10**9
    assert {said["level"] for *_, said in found["/log"]} == {2, 3}


def test_npz_holds_every_value_and_every_frame(export, log, held):
    with np.load(export(log, "npz", "--whole"), allow_pickle=False) as found:
        for table in TABLES:
            for column in columns.LOG_TABLES[table]:
                array = found[f"{table}.{column.name}"]
                wanted = [row[column.name] for row in contents.rows(held, table)]
                assert len(array) == len(wanted)
                for value, want in zip(array.tolist(), wanted, strict=True):
                    assert same_in_numpy(column.kind, value, want), (column, value, want)
        raw = np.concatenate([s.lsb for s in held.stretches])
        assert (found["frames.lsb"] == raw).all() and len(raw) > 1000
        assert "accel" not in found


def same_in_numpy(kind, value, want) -> bool:
    if want is None:
        nothing = {TEXT: "", FLAG: -1, MOMENT: None}
        return value == nothing[kind] if kind in nothing else value != value
    if kind == MOMENT:
        return abs(value.replace(tzinfo=timezone.utc).timestamp() - want) < 2e-6
    return value == (text.plain(want) if kind == TEXT else want)


def test_waveforms_with_nothing_between_them_are_no_recording(export, log):
    path = export(log, "npz", "--whole")
    with pytest.raises(Exception, match="no `accel`"):
        recording.load(path)


def test_one_waveform_is_a_recording_that_can_be_played(export, log, held, tmp_path):
    event = next(e for e in held.tables["events"] if e["kind"] == "limb_move")
    path = export(log, "npz", "--whole", "--at", str(event["onset_s"]))
    found = recording.load(path)
    assert found.truth[0]["kind"] == "limb_move"
    assert replay(found) is not None
    (stretch,) = [s for s in held.stretches if len(s.lsb) == len(found.accel)
                  and (s.lsb == found.accel).all()]  # fmt: skip
    assert stretch.t_s[0] <= event["onset_s"] <= stretch.t_s[-1]
    export(log, "npz", "--whole", "--at", "0:01", code=2)


def test_the_raw_frames_are_those_that_the_sensor_gave(held, rec):
    """By their numbers: 200 were lost at GAP_AT, and none is told twice or made up."""
    for stretch in held.stretches:
        numbers = np.rint(stretch.t_s * rec.rate_hz).astype(int)
        assert (np.diff(numbers) == 1).all()
        assert (rec.accel[numbers] == stretch.lsb).all()
        assert np.abs(stretch.utc_s - (1_700_000_000.25 + numbers / rec.rate_hz)).max() < 1e-5


def read_like_ggir(path):
    """What GGIR's read.myacc.csv makes of it with the arguments in docs/EXPORTS.md.

    rmc.firstrow.acc = 2, rmc.col.time = 1, rmc.col.acc = 2:4, rmc.unit.acc = "g",
    rmc.format.time = "%Y-%m-%d %H:%M:%OS", in UTC. skdh.io.ReadCSV takes the same columns by name.
    """
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    assert names[:4] == ["time", "x", "y", "z"]
    zone = timezone.utc
    times = [datetime.strptime(r[0], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=zone) for r in rows]
    return np.array([t.timestamp() for t in times]), np.array([r[1:4] for r in rows], float)


def test_ggir_reads_a_whole_recording(export, rec, tmp_path):
    recording.save(tmp_path / "rec.npz", rec)
    path = export(tmp_path / "rec.npz", "csv", "--begins", "2026-11-20T19:40Z")
    times, g = read_like_ggir(path)
    begins = datetime(2026, 11, 20, 19, 40, tzinfo=timezone.utc).timestamp()
    assert np.abs(times - begins - np.arange(len(rec.accel)) / rec.rate_hz).max() < 2e-6
    assert (np.rint(g * rec.lsb_per_g) == rec.accel).all()


def test_what_is_raw_of_a_log_is_said(export, log):
    export(log, "csv", "--whole", "--what", "frames")
    assert "raw acceleration: 19 waveforms round events, 47 of 600 s" in export.said


@pytest.mark.parametrize("said", HOSTILE)
def test_no_text_is_a_formula(said):
    column = Column("text", TEXT, "")
    found = text.cell(said, column)
    assert found == "'" + said


def test_numbers_stay_numbers():
    assert text.cell(-1.5, Column("x", REAL, "")) == -1.5
    assert text.cell("a=b", Column("text", TEXT, "")) == "a=b"


@pytest.fixture
def damaged(log, tmp_path) -> Path:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in logfile.segment_paths(log):
        (folder / path.name).write_bytes(path.read_bytes())
    first = sorted(folder.iterdir())[0]
    raw = bytearray(first.read_bytes())
    raw[len(raw) // 2] ^= 0x55
    first.write_bytes(raw)
    return folder


@pytest.mark.parametrize("form", ["csv", "jsonl", "edf", "mcap", "parquet", "npz"])
def test_a_damaged_log_is_exported_and_is_exit_code_3(export, damaged, form):
    path = export(damaged, form, "--whole", code=3)
    assert path.stat().st_size > 100


def test_what_is_there_stays(log, tmp_path, capsys):
    path = tmp_path / "there.csv"
    path.write_text("mine")
    given = ["export", str(log), "--format", "csv", "-o", str(path)]
    assert cli.run(given) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_the_recording_itself_is_never_replaced(rec, tmp_path):
    path = tmp_path / "rec.npz"
    recording.save(path, rec)
    before = path.read_bytes()
    given = ["export", str(path), "--format", "csv", "-o", str(path), "--overwrite"]
    assert cli.run(given) == 2
    assert path.read_bytes() == before


def test_a_write_that_fails_leaves_nothing(log, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(text, "write_csv", full)
    given = ["export", str(log), "--format", "csv", "-o", str(tmp_path / "x.csv")]
    assert cli.run(given) == 1
    assert "make room" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--format", "edf", "--what", "events"), "edf holds all there is"),
        (("--format", "csv", "--at", "10"), "--at is for npz"),
        (("--format", "csv", "--what", "dreams"), "there are events"),
        (("--format", "csv", "--begins", "2026-11-20T19:40Z"), "--begins is for recordings"),
    ],
)
def test_what_cannot_be_meant_is_exit_code_2(log, tmp_path, capsys, more, says):
    assert cli.run(["export", str(log), "-o", str(tmp_path / "x"), *more]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "needs"), [("edf", "edfio"), ("mcap", "mcap"), ("parquet", "pyarrow")]
)
def test_a_missing_library_is_named_with_what_brings_it(log, tmp_path, form, needs):
    program = (
        f"import sys; sys.modules['{needs}'] = None; from cribtrace import cli; "
        "sys.exit(cli.run(sys.argv[1:]))"
    )
    out = tmp_path / "x"
    done = subprocess.run(
        [sys.executable, "-c", program, "export", log, "--format", form, "-o", out],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"needs {needs}: `{sys.executable} -m pip install 'cribtrace[export]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_format_loads_its_own_library_alone(log, tmp_path):
    program = (
        "import sys; from cribtrace import cli; cli.run(sys.argv[1:]);"
        "sys.exit(any(name in sys.modules for name in ('edfio', 'mcap', 'pyarrow')))"
    )
    out = tmp_path / "x.csv"
    given = ["export", log, "--format", "csv", "-o", out]
    done = subprocess.run([sys.executable, "-c", program, *given], capture_output=True)
    assert done.returncode == 0 and out.exists()


def injected(log, folder) -> Path:
    """The same log, its frames from a host."""
    folder.mkdir()
    for path in logfile.segment_paths(log):
        raw = path.read_bytes()
        header = log_records.unpack_header(raw)
        assert header
        (folder / path.name).write_bytes(
            log_records.pack_header({**header, "sensor": b"injected"}) + raw[header["bytes"] :]
        )
    return folder


def test_what_a_host_played_is_marked_in_every_format(export, log, tmp_path):
    pyedflib = pytest.importorskip("pyedflib")
    source = injected(log, tmp_path / "injected")
    with export(source, "csv", "--whole").open(newline="") as file:
        assert {row["injected"] for row in csv.DictReader(file)} == {"true"}
    with pyedflib.EdfReader(str(export(source, "edf", "--whole"))) as edf:
        assert any(said.startswith("INJECTED") for said in edf.readAnnotations()[2])
        assert "injected" in edf.getRecordingAdditional()
    found = read_mcap(export(source, "mcap", "--whole"))
    assert any("INJECTED" in said["message"] for *_, said in found["/log"])
    with np.load(export(source, "npz", "--whole")) as arrays:
        assert (arrays["events.injected"] == 1).all()
        assert "injected=0.0 s" in str(arrays["about"])


def test_one_night_is_cut_out_of_the_log(log, held, rec, monkeypatch):
    """From 100 s to 400 s, as if that were a night: everything is told from its beginning."""

    def choose(read, zone, wanted):
        begins = datetime.fromtimestamp(1_700_000_100.25, timezone.utc)
        part = nights._between(read, 100.0, 400.0)
        session = nights.Session(nights.NIGHT, begins.date(), 100.0, 400.0, begins, begins, False)
        part.sessions = [session]
        return part

    monkeypatch.setattr(nights, "choose", choose)
    part = contents.of_log(log, None, timezone.utc, False)
    assert part.begins_s == 1_700_000_100.25
    events = [row for row in held.tables["events"] if 100 <= row["onset_s"] < 400]
    assert [row["kind"] for row in part.tables["events"]] == [row["kind"] for row in events]
    for row, want in zip(part.tables["events"], events, strict=True):
        assert row["onset_s"] == pytest.approx(want["onset_s"] - 100, abs=1e-9)
        assert row["utc"] == pytest.approx(want["utc"], abs=1e-5)
    assert 0 < len(part.stretches) < len(held.stretches)
    for stretch in part.stretches:
        numbers = np.rint((stretch.t_s + 100) * rec.rate_hz).astype(int)
        assert stretch.t_s[0] >= 0 and (rec.accel[numbers] == stretch.lsb).all()


def test_notes_are_annotations_too(export, log):
    edfio = pytest.importorskip("edfio")
    found = edfio.read_edf(export(log, "edf", "--whole")).annotations
    said = {a.text: a.onset for a in found if a.text.startswith("note")}
    assert said == {"note: swaddled, awake": 0.0, "note: filmed; left arm": 60.5}


def test_a_note_that_is_none_costs_the_notes_and_nothing_else(export, log, tmp_path):
    beside = tmp_path / "beside"
    shutil.copytree(log, beside)
    with (beside / notes.FILE).open("a") as f:
        f.write('{"bad')
    found = export(beside, "csv", "--whole", code=3).read_text()
    assert "without its notes" in export.said
    assert found == export(log, "csv", "--whole").read_text()


def test_the_docs_name_every_column_of_every_table():
    page = (ROOT / "docs" / "EXPORTS.md").read_text(encoding="utf-8")
    for name, listed in {**columns.LOG_TABLES, **columns.RECORDING_TABLES}.items():
        section = page.split(f"\n### {name}\n")[1].split("\n#")[0]
        for column in listed:
            assert f"| `{column.name}` | {column.kind} | {column.meaning} |" in section, column


def test_nothing_that_is_written_says_what_must_never_be_said():
    meanings = [c.meaning for t in columns.LOG_TABLES.values() for c in t]
    said = [*meanings, *bundle.STILL_THERE, *map(str, (exports.export.help, exports.bundle.help))]
    assert [line for line in said if wording.forbidden(line)] == []
