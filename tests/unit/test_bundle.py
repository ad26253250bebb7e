"""bundle: what must not be in it, looked for in every form, and what must still come out of it."""

import base64
import json
import platform
import shutil
import struct
import zipfile
import zlib
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from cribtrace import analysis, bundle, cli, log_records, logfile, nights, redaction, scenario
from cribtrace.device import framing, records, segment_header, settings
from tests.support import logged
from tests.support.peer import encoded, record

DEVICE = bytes.fromhex("9f3c00a1e07b48d6")  # a zero in it: COBS takes that one out
OWN_BOARD = b"kims_crib"
MARK, NOTE = "Kim lifted", "aunt Ada rang"
HOME = "/".join(("", "home", "kim"))
CRASH = (
    f"what=crash error=OSError('{HOME}/x.py on ttyUSB0 or COM7 of kim@laptop,"
    f" {DEVICE.hex()} a4:cf:12:6d:90:3e')"
)
FOLDER = "kims night"
SECRETS = (
    "kims_crib", "Kim lifted", "aunt Ada", HOME, "ttyUSB0", "COM7", "kim@laptop",
    "a4:cf:12:6d:90:3e", FOLDER, "kims-laptop", "user-kim",
)  # fmt: skip


def rewritten(raw: bytes, **changes) -> bytes:
    header = log_records.unpack_header(raw)
    assert header
    return log_records.pack_header({**header, **changes}) + raw[header["bytes"] :]


@pytest.fixture(scope="session")
def telling(tmp_path_factory) -> Path:
    """A log that tells as much of its owner as a log can."""
    folder = tmp_path_factory.mktemp("home") / FOLDER
    rec = scenario.generate("ten_minutes", 7)
    logged.log(rec, folder)
    (folder / "00000002w.crib").rename(folder / "00000002.crib")  # as a pull names it
    facts = folder / "00000001.crib"
    last = logfile.parse(facts.read_bytes(), "").records[-1]
    texts = [(records.MARK, MARK.encode()), (records.MARK, b"button"), (records.MARK, DEVICE),
             (records.TEXT, CRASH.encode()),
             (records.TEXT, b"what=fault fault=bus_error")]  # fmt: skip
    more = [encoded(record(kind, last["seq"] + k, last["frame"], rest=rest))
            for k, (kind, rest) in enumerate(texts, 1)]  # fmt: skip
    strange = bytearray(record(records.STOP, last["seq"] + 6, last["frame"], (1, 1, 1, 1)))
    strange[0], strange[10:] = 99, DEVICE + b"Kim lifted"
    facts.write_bytes(facts.read_bytes() + b"".join(more) + encoded(strange))
    for path in sorted(folder.iterdir()):
        path.write_bytes(rewritten(path.read_bytes(), device=DEVICE, board=OWN_BOARD))
    notes = [{"type": "note", "tags": ["filmed"], "text": NOTE, "t_s": 61.0, "owner": "Kim",
              "utc": "2023-11-14T22:14:21+00:00", "of": "2023-11-14"}]  # fmt: skip
    (folder / "notes.jsonl").write_text("".join(json.dumps(n) + "\n" for n in notes))
    return folder


@pytest.fixture
def pack(tmp_path, monkeypatch, capsys):
    """Bundle a log by the command; give the unpacked folder, fail unless it ended with `code`."""
    monkeypatch.setenv("HOME", HOME)
    monkeypatch.setenv("USER", "user-kim")
    monkeypatch.setenv("LOGNAME", "user-kim")
    monkeypatch.setattr(platform, "node", lambda: "kims-laptop")

    def run(source, *more, code=0):
        path = tmp_path / "bundle.zip"
        given = ["bundle", str(source), "-o", str(path), "--overwrite", "--whole", *more]
        found = cli.run(given)
        run.said = capsys.readouterr().err  # pyright: ignore[reportFunctionMemberAccess]
        assert found == code, run.said
        shutil.rmtree(tmp_path / "bundle", ignore_errors=True)
        zipfile.ZipFile(path).extractall(tmp_path)
        run.packed = path  # pyright: ignore[reportFunctionMemberAccess]
        return tmp_path / "bundle"

    return run


def forms(device: bytes) -> dict[str, bytes]:
    """Every form in which a board's number could stand in a file."""
    pairs = [f"{byte:02x}" for byte in device]
    found = {"raw": device, "reversed": device[::-1], "base64": base64.b64encode(device)[:10],
             "in COBS": device.split(b"\0")[-1], "repr": repr(device)[2:-1].encode(),
             "wide": device.hex().encode("utf-16-le")}  # fmt: skip
    for joint in ("", ":", "-", " "):
        text = joint.join(pairs)
        found |= {f"hex{joint}": text.encode(), f"HEX{joint}": text.upper().encode()}
    for order in ("little", "big"):
        found[order] = str(int.from_bytes(device, order)).encode()
    return found


def haystacks(packed: Path) -> dict[str, bytes]:
    """All bytes of an archive: its own, those of its files, and those that COBS hides."""
    out = {"the archive": packed.read_bytes()}
    with zipfile.ZipFile(packed) as archive:
        for info in archive.infolist():
            raw = archive.read(info)
            out[info.filename] = raw + info.filename.encode()
            decoded = [framing.decode(piece) or b"" for piece in raw.split(b"\0")]
            out[f"{info.filename}, decoded"] = b"\n".join(map(bytes, decoded))
    return out


def told(packed: Path, *needles: str) -> list[str]:
    """What of the board's number and of these stands in an archive, and where."""
    wanted = {**forms(DEVICE), **{needle: needle.encode() for needle in needles}}
    return [f"{name} in {place}" for place, raw in haystacks(packed).items()
            for name, form in wanted.items() if form in raw]  # fmt: skip


def test_the_search_finds_what_it_looks_for(telling, tmp_path):
    """An archive of the log as it is: all of it stands there."""
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in telling.iterdir():
            archive.write(path, f"{FOLDER}/{path.name}")
        archive.writestr("x", "kims-laptop user-kim")
    found = told(packed, *SECRETS)
    assert {"raw in kims night/00000001.crib", "raw in kims night/00000001.crib, decoded"} <= set(
        found
    )
    assert {line.split(" in ")[0] for line in found} >= {"raw", "hex", *SECRETS}


@pytest.mark.parametrize("more", [(), ("--shift-times",)])
def test_nothing_of_board_person_or_machine_is_in_it(pack, telling, more):
    pack(telling, *more)
    assert told(pack.packed, *SECRETS, str(telling)) == []


def test_no_file_in_it_says_when_it_was_made(pack, telling):
    pack(telling)
    with zipfile.ZipFile(pack.packed) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not archive.comment and not any(info.extra for info in archive.infolist())
        names = {info.filename for info in archive.infolist()}
    assert names == {f"bundle/{name}" for name in
                     ("README.txt", "about.json", "00000001.crib", "00000002.crib")}  # fmt: skip


def without(line: dict, *keys: str) -> dict:
    return {key: value for key, value in line.items() if key not in keys}


def test_it_decodes_to_the_same_night(pack, telling):
    one, two = analysis.read_night(telling), analysis.read_night(pack(telling))
    assert two.header["device"] == b"redacted".hex() and two.header["board"] == "other"
    assert without(two.header, "device", "board") == without(one.header, "device", "board")
    for name in ("events", "epochs", "gaps", "states", "patterns", "likely", "clocks", "faults"):
        assert getattr(two, name) == getattr(one, name), name
    assert two.summary == one.summary
    assert two.snippets.keys() == one.snippets.keys() and len(one.snippets) > 5
    assert all((two.snippets[k].mg == one.snippets[k].mg).all() for k in one.snippets)


def test_a_report_comes_out_of_it_and_every_event_again(pack, telling, tmp_path, capsys):
    folder = pack(telling)
    assert cli.run(["report", str(folder), "-o", str(tmp_path / "r.html")]) == 0
    counts = []
    for log in (telling, folder):
        capsys.readouterr()
        assert cli.run(["replay", str(log), "--json"]) == 0
        counts.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert counts[0] == counts[1] and counts[0]["same"] > 2


def test_no_mark_is_in_it_nor_when_there_was_one(pack, telling):
    """Texts stand in their places, at the record before: numbers go on, and nothing is missing."""
    one, two = analysis.read_night(telling), analysis.read_night(pack(telling))
    assert [mark["text"] for mark in one.marks][:2] == [MARK, "button"]
    assert two.marks == []
    assert sum(line.get("text") == "what=redacted" for line in two.recorder) == len(one.marks)
    assert two.gaps == one.gaps


def test_a_mark_s_place_is_the_record_before_it(telling):
    raw = (telling / "00000001.crib").read_bytes()
    told = logfile.parse(raw, "").records
    seq, at = told[-1]["seq"] + 1, told[-1]["frame"] + 99_999
    late = encoded(record(records.MARK, seq, at, rest=b"button"))
    out = redaction.redacted(raw + late, redaction.Redaction())
    assert out is not None
    last = logfile.parse(out, "").records[-1]
    assert (last["type"], last["frame"]) == (records.TEXT, told[-1]["frame"])


def test_a_fault_stays_readable(pack, telling):
    recorder = analysis.read_night(pack(telling)).recorder
    texts = [line["text"] for line in recorder if line["what"] == "text"]
    assert texts[-1] == "what=fault fault=bus_error"
    assert texts[-2] == (
        "what=crash error=OSError('redacted on redacted or redacted of"
        " redacted redacted redacted')"
    )


def test_marks_and_notes_stay_where_they_are_asked_for(telling, tmp_path, pack):
    plain = tmp_path / FOLDER
    shutil.copytree(telling, plain)
    raw = (plain / "00000001.crib").read_bytes()
    cut = raw.replace(encoded(record_of(raw, DEVICE)), b"")
    (plain / "00000001.crib").write_bytes(cut)
    folder = pack(plain, "--with-marks", "--with-notes", code=3)  # a record is missing now
    assert [m["text"] for m in analysis.read_night(folder).marks] == [MARK, "button"]
    note = json.loads((folder / "notes.jsonl").read_text())
    assert note == {"type": "note", "tags": ["filmed"], "text": NOTE, "t_s": 61.0,
                    "utc": "2023-11-14T22:14:21+00:00", "of": "2023-11-14"}  # fmt: skip
    pack(plain, "--with-notes", "--shift-times", code=3)
    assert "utc" not in (folder / "notes.jsonl").read_text()


def record_of(raw: bytes, rest: bytes) -> bytes:
    bodies = [framing.decode(piece) or b"" for piece in raw[128:].split(b"\0")]
    return next(bytes(body) for body in bodies if bytes(body).endswith(rest))


def test_a_number_that_somebody_typed_for_a_mark_stops_it(telling, tmp_path, capsys):
    """`--with-marks` leaves texts in, and here one is the board's own number."""
    out = tmp_path / "b.zip"
    given = ["bundle", str(telling), "--whole", "--with-marks", "-o", str(out)]
    assert cli.run(given) == 1
    assert "would hold the board's number" in capsys.readouterr().err
    assert not out.exists()


def test_shifted_times_begin_where_all_begin_and_keep_their_distances(pack, telling):
    one = analysis.read_night(telling)
    two = analysis.read_night(pack(telling, "--shift-times"))
    assert two.clocks[0]["utc"] == "2000-01-01T20:00:00.250Z"
    assert [e["onset_s"] for e in two.events] == [e["onset_s"] for e in one.events]
    assert not any("2023" in json.dumps(line) for line in analysis.lines(two))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :]


HARMS = {
    "in a record": lambda raw: flipped(raw, len(raw) // 2),
    "at a zero": lambda raw: flipped(raw, raw.index(b"\0", 400)),
    "in the header": lambda raw: flipped(raw, 40),
    "in the magic": lambda raw: flipped(raw, 3),
    "cut short": lambda raw: raw[:-7],
    "bytes before": lambda raw: DEVICE + b"Kim lifted" + raw,
    "bytes within": lambda raw: raw[:700] + DEVICE + b"Kim lifted" + raw[700:],
}


@pytest.mark.parametrize("harm", HARMS)
def test_damage_stays_damage_and_hands_nothing_on(telling, harm):
    raw = HARMS[harm]((telling / "00000001.crib").read_bytes())
    out = redaction.redacted(raw, redaction.Redaction())
    assert out is not None
    one, two = logfile.parse(raw, "x"), logfile.parse(out, "x")
    assert two.verdict == one.verdict != logfile.COMPLETE
    assert [r["seq"] for r in two.records] == [r["seq"] for r in one.records]
    packed = Path(telling).parent / f"{harm}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x", out)
    assert told(packed, *SECRETS) == []


def test_a_damaged_log_is_packed_and_is_exit_code_3(pack, telling, tmp_path):
    folder = tmp_path / FOLDER
    shutil.copytree(telling, folder)
    facts = folder / "00000001.crib"
    facts.write_bytes(HARMS["in a record"](facts.read_bytes()))
    found = pack(folder, code=3)
    assert len(analysis.read_night(found).faults) == len(analysis.read_night(folder).faults) > 0


def test_a_segment_of_another_format_is_left_out(telling):
    raw = (telling / "00000001.crib").read_bytes()
    other = bytearray(raw[:128])
    other[8] = 77
    other[124:] = struct.pack("<I", zlib.crc32(other[:124]))
    assert redaction.redacted(bytes(other) + raw[128:], redaction.Redaction()) is None


def test_file_names_are_the_board_s_own(pack, telling, tmp_path):
    folder = tmp_path / "named"
    folder.mkdir()
    for name in ("00000001.crib", "00000002.crib"):
        shutil.copy(telling / name, folder / f"kims night {name}")
    assert {p.name for p in pack(folder).glob("*.crib")} == {"00000001.crib", "00000002.crib"}


@pytest.fixture(scope="session")
def two_boots(tmp_path_factory) -> Path:
    """Two boots of ten minutes, a day apart, and a note in each."""
    folder = tmp_path_factory.mktemp("two")
    rec = scenario.generate("ten_minutes", 7)
    logged.log(rec, folder)
    first = {path.name for path in folder.iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logged, "ANCHOR", (1_700_086_400, 250, 0, 2, 0, 0))
        logged.log(rec, folder)
    for path in [path for path in folder.iterdir() if path.name not in first]:
        path.write_bytes(rewritten(path.read_bytes(), boot=2))
    for path in folder.iterdir():
        path.rename(path.with_name(path.name.replace("w", "")))
    notes = [{"type": "note", "tags": ["awake"], "text": of, "t_s": t_s, "of": of}
             for of, t_s in (("2023-11-14", 5.0), ("2023-11-15", 607.0))]  # fmt: skip
    (folder / "notes.jsonl").write_text("".join(json.dumps(n) + "\n" for n in notes))
    return folder


def test_one_night_s_boots_and_notes_alone_are_in_it(two_boots):
    read = analysis.read_night(two_boots)
    first, second = read.clocks
    begins = datetime.fromtimestamp(1_700_086_400, timezone.utc)
    ends_s = second["onset_s"] + second["duration_s"]
    session = nights.Session(
        nights.NIGHT, begins.date(), second["onset_s"], ends_s, begins, begins, False
    )
    night = replace(read, sessions=[session], of=begins.date())
    made = bundle.make(two_boots, night, with_notes=True)
    names = [name for name in made.files if name.endswith(".crib")]
    assert names == sorted(path.name for path in two_boots.glob("*.crib"))[2:]
    assert json.loads(made.files["notes.jsonl"])["t_s"] == 7.0
    assert made.about["segments_left_out"] == 2
    assert [first["boot"], second["boot"]] == [1, 2]


@pytest.fixture(scope="session")
def long_boot(tmp_path_factory) -> Path:
    """One boot of 26 h 40 min in ten segments, told its clock at their end; from 06:00 UTC."""
    folder = tmp_path_factory.mktemp("long") / "log"
    folder.mkdir()
    rate_hz, each_s, seq = 104, 9600, 0
    facts = logged.boot_facts(rate_hz * 1000, 16_393_443, settings.DEFAULTS)
    for k in range(10):
        body = segment_header.pack(facts, k + 1, seq, records.FACTS)
        told = []
        if k == 0:
            said = settings.text(settings.DEFAULTS).encode()
            told = [(records.BOOT, 0, (1, 1), b""), (records.CONFIG, 0, (), said)]
        for j in range(1, 17):
            at = (k * each_s + j * 600) * rate_hz
            told.append((records.EPOCH, at, (600 * rate_hz, 0, 1, 0, 0, 0, 0, 0, 0), b""))
        if k == 9:
            told.append((records.ANCHOR, at, (1_700_028_000 + 10 * each_s, 0, 0, 1, 0, 0), b""))
        for kind, frame, fields, rest in told:
            body += encoded(record(kind, seq, frame, fields, rest))
            seq += 1
        (folder / f"{k + 1:08d}.crib").write_bytes(body)
    return folder


def test_of_a_long_boot_only_the_night_goes_out(long_boot):
    """06:00 to noon: the settings are in the first segment, the clock in the last."""
    read = analysis.read_night(long_boot)
    chosen = nights.choose(read, timezone.utc, date(2023, 11, 14))
    assert [one.begins.hour for one in chosen.sessions] == [6]
    made = bundle.make(long_boot, chosen)
    names = [name[:8] for name in made.files if name.endswith(".crib")]
    assert names == ["00000001", "00000002", "00000003", "00000010"]
    assert made.about["segments_left_out"] == 6
    assert made.about["span"].startswith("2023-11-15 06:00 to 2023-11-16 08:40 UTC")


@pytest.mark.parametrize(("evening", "hour"), [("2023-11-14", 20), ("2023-11-15", 12)])
def test_a_shifted_night_is_whole_however_late_its_clock_was_told(
    long_boot, tmp_path, evening, hour
):
    packed = tmp_path / "b.zip"
    given = ["--night", evening, "--zone", "UTC", "--shift-times", "-o", str(packed)]
    assert cli.run(["bundle", str(long_boot), *given]) in (0, 3)
    zipfile.ZipFile(packed).extractall(tmp_path)
    begun = datetime(2000, 1, 1, hour, tzinfo=timezone.utc)
    found = nights.sessions(analysis.read_night(tmp_path / "bundle"), timezone.utc)
    one = next(one for one in found if one.of == begun.date() and one.end_s > 6 * 3600)
    if hour == 12:  # before it the segment of the settings
        assert (one.begins, round((one.end_s - one.onset_s) / 3600, 2)) == (begun, 20.67)
    else:
        assert one.begins == begun


def test_what_is_there_stays(telling, tmp_path):
    path = tmp_path / "b.zip"
    path.write_text("mine")
    assert cli.run(["bundle", str(telling), "-o", str(path)]) == 2
    assert path.read_text() == "mine"


def test_a_leak_is_noticed_before_anything_is_written(telling, monkeypatch):
    """As if redacting a header had been forgotten."""
    monkeypatch.setattr(redaction, "_header", lambda header: header)
    night = analysis.read_night(telling)
    with pytest.raises(bundle.CribtraceError, match="would hold the board's number"):
        bundle.make(telling, night)


def test_the_same_log_gives_the_same_archive(telling):
    night = analysis.read_night(telling)
    made = [bundle.make(telling, night) for _ in range(2)]
    assert made[0] == made[1]
