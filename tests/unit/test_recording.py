"""Recordings come back as they were saved; what is none is refused in one line."""

import json
import os
import random
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cribtrace import recording
from cribtrace.errors import CribtraceError, Usage
from cribtrace.recording import Recording, load, save
from cribtrace.sensors import SENSORS

REAL = Path(__file__).resolve().parents[3] / "shared" / "recordings"
TRUTH = (
    {"kind": "twitch", "onset_s": 0.5, "duration_s": 0.2, "snr": 7.25, "rate_hz": None},
    {"kind": "handling", "onset_s": 0, "duration_s": 3.5},
)
GOOD = {
    "accel": np.array([[1, -2, 16384], [0, 32767, -32768]], np.int16),
    "rate_hz": 104.0,
    "lsb_per_g": 16393.4,
}


def write(path: Path, **changes) -> Path:
    """A good recording with some entries changed, or left out where None."""
    entries = {k: v for k, v in (GOOD | changes).items() if v is not None}
    np.savez(path, **entries)
    return path


def refused(path: Path, error=CribtraceError, **arguments) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error) as caught:
            load(path, **arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_was_saved_is_loaded(tmp_path):
    before = Recording(GOOD["accel"], 104.0, 16393.4, TRUTH, "by hand; µg")
    save(tmp_path / "a.npz", before)
    after = load(tmp_path / "a.npz")
    assert after.accel.dtype == np.int16
    assert after.accel.tolist() == before.accel.tolist()
    assert (after.rate_hz, after.lsb_per_g) == (104.0, 16393.4)
    assert after.truth == TRUTH
    assert after.source == "by hand; µg"
    assert after.duration_s == pytest.approx(2 / 104)


def test_the_same_recording_gives_the_same_bytes_and_the_interchange_form(tmp_path):
    recording = Recording(GOOD["accel"], 104.0, 16393.4, TRUTH, "x")
    save(tmp_path / "a.npz", recording)
    save(tmp_path / "b.npz", recording)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["accel"].shape == (2, 3)
        lines = str(archive["truth"]).splitlines()
    assert [json.loads(line) for line in lines] == list(TRUTH)


def test_truth_and_source_may_be_absent(tmp_path):
    recording = load(write(tmp_path / "a.npz"))
    assert recording.truth == ()
    assert recording.source == "a.npz"


def test_int16_of_the_other_byte_order_is_int16(tmp_path):
    recording = load(write(tmp_path / "a.npz", accel=GOOD["accel"].astype(">i2")))
    assert recording.accel.dtype == np.dtype(np.int16)
    assert recording.accel.tolist() == GOOD["accel"].tolist()


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"accel": None}, "no `accel`"),
        ({"rate_hz": None}, "no `rate_hz`"),
        ({"lsb_per_g": None}, "no `lsb_per_g`"),
        ({"accel": np.zeros((5, 2), np.int16)}, "accel is 5 x 2"),
        ({"accel": np.zeros((3, 5), np.int16)}, "accel is 3 x 5"),
        ({"accel": np.zeros(6, np.int16)}, "accel is 6,"),
        ({"accel": np.int16(3)}, "a single number"),
        ({"accel": np.zeros((5, 3))}, "accel is float64"),
        ({"accel": np.zeros((5, 3), np.int32)}, "accel is int32"),
        ({"accel": np.zeros((5, 3), np.uint16)}, "accel is uint16"),
        ({"accel": np.zeros((0, 3), np.int16)}, "no samples"),
        ({"accel": np.array([[None] * 3])}, "damaged or not an .npz"),
        ({"rate_hz": np.nan}, "rate_hz is nan"),
        ({"rate_hz": np.inf}, "rate_hz is inf"),
        ({"rate_hz": 0.0}, "rate_hz is 0"),
        ({"rate_hz": -104}, "rate_hz is -104"),
        ({"rate_hz": "104"}, "rate_hz is not one number"),
        ({"rate_hz": [104.0, 104.0]}, "rate_hz is not one number"),
        ({"lsb_per_g": np.nan}, "lsb_per_g is nan"),
        ({"lsb_per_g": 0}, "lsb_per_g is 0"),
        ({"lsb_per_g": -1.0}, "lsb_per_g is -1"),
        ({"truth": "{not json"}, "truth, line 1 is no JSON"),
        (
            {"truth": '{"kind":"twitch","onset_s":1,"duration_s":1}\n[]'},
            "truth, line 2 has no kind",
        ),
        ({"truth": '{"kind":3,"onset_s":1,"duration_s":1}'}, "has no kind"),
        ({"truth": '{"kind":"twitch","onset_s":1}'}, "duration_s must be"),
        ({"truth": '{"kind":"twitch","onset_s":NaN,"duration_s":1}'}, "onset_s must be"),
        ({"truth": '{"kind":"twitch","onset_s":-1,"duration_s":1}'}, "onset_s must be"),
        ({"truth": '{"kind":"twitch","onset_s":true,"duration_s":1}'}, "onset_s must be"),
        ({"truth": "[" * 100_000}, "no JSON"),
        ({"truth": 7}, "truth is not one text"),
        ({"source": ["a", "b"]}, "source is not one text"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, changes, cause):
    message = refused(write(tmp_path / "a.npz", **changes))
    assert cause in message
    assert "a.npz" in message


def test_a_pickle_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    for name in ("accel", "truth"):
        refused(write(tmp_path / "a.npz", **{name: np.array([Trap()], object)}))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"hello", b"\x93NUMPY\x01\x00", b"\x80\x04K\x01."]
)
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    assert "not an .npz recording" in refused(tmp_path / "a.npz")


def test_a_single_array_is_not_a_recording(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, GOOD["accel"])
    assert "not an .npz recording" in refused(tmp_path / "a.npz")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    assert "no such file" in refused(tmp_path / "a.npz")
    assert "is a folder" in refused(tmp_path)


def test_every_truncation_is_refused(tmp_path):
    whole = write(tmp_path / "a.npz", truth=json.dumps(TRUTH[0])).read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        assert "cut short" in refused(tmp_path / "cut.npz")


def test_a_changed_byte_gives_a_recording_or_one_line(tmp_path):
    whole = write(tmp_path / "a.npz", truth=json.dumps(TRUTH[0])).read_bytes()
    chance, outcomes = random.Random(1), {True: 0, False: 0}
    for _ in range(400):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / "b.npz").write_bytes(damaged)
        try:
            recording = load(tmp_path / "b.npz")
        except CribtraceError as error:
            assert "\n" not in str(error)
            outcomes[False] += 1
        else:
            # The zip holds a CRC of each entry: what loads is what was saved, bar the optional.
            assert recording.accel.tolist() == GOOD["accel"].tolist()
            outcomes[True] += 1
    assert min(outcomes.values()) > 0


def test_rate_and_unit_are_for_csv(tmp_path):
    path = write(tmp_path / "a.npz")
    assert "states its own rate" in refused(path, Usage, rate_hz=100.0)
    assert "states its own rate" in refused(path, Usage, unit="g")


@pytest.mark.parametrize(
    ("unit", "cells"),
    [("g", "1,-0.5,0.00006"), ("mg", "1000,-500,0.06"), ("m/s2", "9.80665,-4.903325,0.000588")],
)
def test_csv_becomes_lsb_at_16384_a_g(tmp_path, unit, cells):
    (tmp_path / "a.csv").write_text(f"x,y,z\n{cells}\n0,0,0\n")
    recording = load(tmp_path / "a.csv", rate_hz=100, unit=unit)
    assert recording.accel.tolist() == [[16384, -8192, 1], [0, 0, 0]]
    assert recording.accel.dtype == np.int16
    assert (recording.rate_hz, recording.lsb_per_g) == (100.0, 16384.0)


def test_csv_of_lsb_is_taken_as_it_is(tmp_path):
    (tmp_path / "a.csv").write_text("x,y,z\n1,-32768,32767\n")
    recording = load(tmp_path / "a.csv", rate_hz=52, unit="lsb", lsb_per_g=8192)
    assert recording.accel.tolist() == [[1, -32768, 32767]]
    assert recording.lsb_per_g == 8192.0


def test_csv_columns_go_by_name(tmp_path):
    text = '\ufeffZ ,"t",y,X\r\n"3",0.01,2,1\r\n\r\n6,0.02,5,4\r\n'
    (tmp_path / "A.CSV").write_bytes(text.encode())
    recording = load(tmp_path / "A.CSV", rate_hz=100, unit="lsb", lsb_per_g=1)
    assert recording.accel.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("x,y\n1,2\n", "no column z"),
        ("1,2,3\n4,5,6\n", "no column x, y, z"),
        ("", "no column x, y, z"),
        ("x;y;z\n1;2;3\n", "no column x, y, z"),
        ("x,y,z\n", "no samples"),
        ("x,y,z\n\n\n", "no samples"),
        ("x,y,z\n1,2,3\n1,two,3\n", "line 3: y is 'two'"),
        ("x,y,z\n\n1,2,nan\n", "line 3: z is 'nan'"),
        ("x,y,z\n1,inf,3\n", "line 2: y is 'inf'"),
        ("x,y,z\n1,2,3\n1,,3\n", "line 3: y is ''"),
        ("x,y,z\n1,2,3\n1,2\n", "line 3: z is ''"),
        ("x,y,z\n# a comment\n1,2,3\n", "line 2: x is '# a comment'"),
        ("x,y,z\n0,0,1\n0,0,2.5\n", "1 of 2 frames, first number 2"),
    ],
)
def test_a_wrong_csv_is_named(tmp_path, text, cause):
    (tmp_path / "a.csv").write_text(text)
    message = refused(tmp_path / "a.csv", rate_hz=100, unit="g")
    assert cause in message
    assert "a.csv" in message


def test_a_binary_csv_and_broken_lsb_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"x,y,z\n\xff\xfe\x00,1,2\n")
    assert "not a text file" in refused(path, rate_hz=100, unit="g")
    path.write_text("x,y,z\n0.5,0,1\n")
    assert "whole numbers" in refused(path, rate_hz=100, unit="lsb", lsb_per_g=16384)
    path.write_text("x,y,z\n40000,0,1\n")
    assert "outside the int16 range" in refused(path, rate_hz=100, unit="lsb", lsb_per_g=16384)


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ({}, "--rate and --unit"),
        ({"unit": "g"}, "does not state --rate"),
        ({"rate_hz": 100}, "does not state --unit: add it, a unit of g, mg, m/s2, lsb"),
        ({"rate_hz": 100, "unit": "G"}, "no unit 'G'"),
        ({"rate_hz": 100, "unit": "lsb"}, "--lsb-per-g"),
        ({"rate_hz": 100, "unit": "g", "lsb_per_g": 5}, "--lsb-per-g"),
        ({"rate_hz": 0, "unit": "g"}, "the rate is 0"),
        ({"rate_hz": float("nan"), "unit": "g"}, "the rate is nan"),
        ({"rate_hz": 100, "unit": "lsb", "lsb_per_g": -1}, "lsb_per_g is -1"),
    ],
)
def test_a_csv_needs_its_rate_and_unit(tmp_path, arguments, cause):
    (tmp_path / "a.csv").write_text("x,y,z\n1,0,0\n")
    assert cause in refused(tmp_path / "a.csv", Usage, **arguments)


@pytest.mark.parametrize(
    ("rate_hz", "odr", "fine"),
    [(104.0, 104, -1), (20000 / 192, 104, 0), (100.0, 104, -27), (52.0, 52, -1), (208.0, 208, -1)],
)
def test_the_virtual_sensor_is_trimmed_to_the_recording(rate_hz, odr, fine):
    assert SENSORS["lsm6dso"].rate_for(rate_hz) == (odr, fine)


@pytest.mark.parametrize("rate_hz", [20.0, 42.0, 70.0, 84.0, 150.0, 250.0, 1000.0])
def test_a_rate_out_of_reach_is_refused_with_what_to_do(rate_hz):
    with pytest.raises(CribtraceError, match=r"42\.1-62\.0.*84\.2-124\.0.*resample"):
        SENSORS["lsm6dso"].rate_for(rate_hz)


def test_every_trim_is_its_own_rate():
    for odr, coefficient in ((52, 128), (104, 64), (208, 32)):
        for fine in range(-128, 128):
            rate_hz = 20000 / 3 / coefficient * (1 + 0.0015 * fine)
            assert SENSORS["lsm6dso"].rate_for(rate_hz) == (odr, fine)


def test_real_recordings_load_and_survive_a_round_trip(recordings, tmp_path):
    paths = sorted(recordings.glob("*.npz"))
    assert paths
    for path in paths:
        recording = load(path)
        assert SENSORS["lsm6dso"].rate_for(recording.rate_hz) == (104, -27)
        assert recording.lsb_per_g == 16384.0
        assert recording.source
        save(tmp_path / "again.npz", recording)
        again = load(tmp_path / "again.npz")
        assert np.array_equal(again.accel, recording.accel)
        assert again.truth == recording.truth
    shaken = load(recordings / "shaker-2hz-nexus-4.npz").truth
    assert [(entry["kind"], entry["rate_hz"]) for entry in shaken] == [("rhythmic_bout", 2.0)]


def zipped(path: Path, kind=zipfile.ZIP_STORED, **changes: bytes) -> Path:
    """A good recording with the raw bytes of some entries changed."""
    write(path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in (entries | {f"{k}.npy": v for k, v in changes.items()}).items():
            archive.writestr(name, content)
    return path


def claiming(shape: str, descr: str = "'<i2'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(60)


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_entry_takes_no_more_memory_than_it_has_bytes(tmp_path, kind):
    for changes in (
        {"accel": claiming("(1000000000, 3)")},
        {"accel": claiming("(10,)", "('<i2', (99999999,))")},
        {"truth": claiming("()", "'<U999999999'")},
    ):
        path = zipped(tmp_path / "a.npz", kind, **changes)
        tracemalloc.start()
        assert "damaged" in refused(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()


def test_an_entry_of_more_than_anybody_records_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_ENTRY_MOST_BYTES", 1000)
    assert load(zipped(tmp_path / "a.npz")).duration_s > 0
    path = zipped(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, source=bytes(1_000_000))
    assert path.stat().st_size < 5000
    assert "damaged" in refused(path)


def test_an_entry_that_is_no_array_is_refused(tmp_path):
    for content in (b"", b"PK\3\4", b"\x93NUMPY\x09\x00", b"text"):
        for name in ("source", "truth", "accel", "rate_hz"):
            assert "damaged" in refused(zipped(tmp_path / "a.npz", **{name: content}))
    assert "damaged" in refused(zipped(tmp_path / "a.npz", zipfile.ZIP_LZMA))
