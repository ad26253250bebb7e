"""What `time`, `tail` and `report` do with clocks, as a user meets them."""

import importlib
import json
import threading
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cribtrace import facts, log_records, tail
from cribtrace.asides import Asides
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.link import Link
from tests.support import peer
from tests.support.peer import Peer, record

recorder = importlib.import_module("cribtrace.firmware.crib.recorder")

RATE_HZ = 104
HOUR = 3600 * RATE_HZ


def anchor(seq, frame, utc_s, boot, within_ms=3):
    fields = utc_s, 0, records.UNKNOWN, boot, within_ms, 0
    return record(records.ANCHOR, seq, frame, fields)


def epochs(seq, frames):
    gains = (recorder.rounded(1 << 20),) * 3
    return [
        record(records.EPOCH, seq + k, first + 3120,
               (3120, 3120, 9, 9, 0, 0, *gains), recorder.half_bytes(b"\x28" * 30))
        for k, first in enumerate(range(0, frames, 3120))
    ]  # fmt: skip


def written(folder, boots):
    """A log of boots, each a list of record bodies; `real` sensors."""
    folder.mkdir()
    for number, bodies in enumerate(boots, 1):
        header = {**peer.header(number, number), "config_crc": 0}
        content = log_records.pack_header(header) + b"".join(map(peer.encoded, bodies))
        (folder / f"{number:08d}.crib").write_bytes(content)
    return folder


def two_nights(folder):
    """Two nights with a desk hour between them, the second across the change to summer time."""
    zone = ZoneInfo("Europe/Berlin")
    boots = []
    for begun, hours in (
        (datetime(2026, 3, 27, 21, tzinfo=zone), 8),
        (datetime(2026, 3, 28, 18, tzinfo=zone), 1),
        (datetime(2026, 3, 28, 21, tzinfo=zone), 9),
    ):
        number = len(boots) + 1
        start = record(records.BOOT, 0, 0, (1, number))
        clock = anchor(1, 0, int(begun.timestamp()), number)
        boots.append([start, clock, *epochs(2, hours * HOUR)])
    return written(folder, boots)


def test_report_without_arguments_says_which_log_and_which_night_it_took(
    run, tmp_path, monkeypatch
):
    two_nights(tmp_path / "cribtrace-9f00112233445566")
    monkeypatch.chdir(tmp_path)
    code, out, err = run("report", "--zone", "Europe/Berlin")
    assert (code, out) == (0, "report.html\n")
    assert (
        "cribtrace-9f00112233445566: the night of 2026-03-28: 2026-03-28 21:00 to 07:00 CEST"
        in err
    )
    assert "9 h 00 min" in err
    assert "apart: night, 2026-03-27 21:00 to 05:00 CET" in err
    assert "apart: desk, 2026-03-28 18:00 to 19:00 CET" in err
    page = (tmp_path / "report.html").read_text()
    assert "Recording of 2026-03-28, from 21:00 CET" in page
    assert "apart: desk" in page
    # The ninth hour begins at 5:00 by the old clock.
    assert '<span data-hour="8">8–9</span></th><td>06:00</td>' in page
    assert '"offsets":[[0.0,3600.0],[18000.0,7200.0]]' in page
    _, _, err = run("report", "--zone", "Europe/Berlin", "--night", "2026-03-27")
    assert "the night of 2026-03-27" in err
    _, _, err = run("report", "--zone", "Europe/Berlin", "--whole")
    assert "the whole log" in err


def test_why_of_a_night_that_nobody_timed_gives_the_bracket(run, tmp_path):
    def boot(number, *anchors):
        return [record(records.BOOT, 0, 0, (1, number)), *anchors, *epochs(1 + len(anchors), HOUR)]

    begun = 1_800_000_000  # 2027-01-15 08:00 UTC
    first, last = anchor(1, 0, begun, 1), anchor(1, 0, begun + 36_000, 3)
    log = written(tmp_path / "log", [boot(1, first), boot(2), boot(3, last)])
    code, out, _ = run("why", "4000", log)
    assert code == 0
    assert ", about " in out
    assert "(about right: by its neighbours it began after 2027-01-15" in out
    _, out, _ = run("why", "4000", log, "--json")
    clock = json.loads(out)["clock"]
    assert (clock["source"], clock["about"]) == ("bracket", True)
    assert clock["earliest"] < clock["latest"]
    _, out, _ = run("why", "100", log)
    assert "about" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--night", "yesterday"), "write the evening's date"),
        (("--zone", "Europe/Nowhere"), "no time zone of that name"),
        (("--night", "2026-03-30"), "it has 2026-03-27, 2026-03-28"),
    ],
)
def test_a_wrong_night_or_zone_is_named(run, tmp_path, arguments, said):
    log = two_nights(tmp_path / "log")
    code, _, err = run("report", log, "-o", tmp_path / "r.html", *arguments)
    assert code == 2
    assert said in err
    assert not (tmp_path / "r.html").exists()


def test_time_of_a_log_prints_the_drift_and_its_residual(run, tmp_path):
    start = record(records.BOOT, 0, 0, (1, 1))
    # 200 ppm fast: 20.8 frames more in 1000 s.
    fast = [anchor(1 + k, round(k * 104_020.8), 1_800_000_000 + 1000 * k, 1) for k in range(9)]
    log = written(tmp_path / "log", [[start, *fast]])
    code, out, _ = run("time", log, "--json")
    (line,) = map(json.loads, out.splitlines())
    assert code == 0
    assert line["drift_ppm"] == pytest.approx(200, abs=2)
    assert 0 < line["residual_ms"] < 5
    assert (line["source"], line["anchors"]) == ("host", 9)
    code, out, _ = run("time", log)
    assert "drift_ppm=" in out and "residual_ms=" in out and "source=host" in out


@pytest.mark.parametrize("command", ["time", "decode", "report"])
def test_a_sensor_6_percent_off_is_named_wherever_the_log_is_read(run, tmp_path, command):
    start = record(records.BOOT, 0, 0, (1, 1))
    slow = [
        anchor(1 + k, round(k * 104_000 * 0.94), 1_800_000_000 + 1000 * k, 1) for k in range(9)
    ]
    log = written(tmp_path / "log", [[start, *slow]])
    more = ("-o", tmp_path / "r.html") if command == "report" else ()
    code, _, err = run(command, log, *more)
    assert code == 3
    assert "sensor_rate: in boot 1 the sensor gave -6.0 % of frames" in err


def test_time_of_a_board_ties_it_to_this_machines_clock(run):
    with Peer() as board:
        before = time.time()
        code, out, _ = run("time", "--port", board.port, "--json")
        ((frame, utc_s, utc_ms, *_, source),) = board.anchors
    line = json.loads(out)
    assert code == 0
    assert (line["type"], line["frame"], line["boot"]) == ("time", frame, 1)
    assert before - 1 < utc_s + utc_ms / 1000 < time.time() + 1
    assert source == 0 and line["trip_ms"] < 1000


def tailed(board, enough, asides=None):
    """Tail a board that says something 20 times a second, until `enough()`."""

    def connect(port):
        return Client(Link(port), wait_s=0.3, repeats=2)

    heard = threading.Event()

    def speak():
        while not heard.is_set():
            board.say(b"t_s=60 what=heartbeat\r\n")
            time.sleep(0.05)

    talker = threading.Thread(target=speak, daemon=True)
    talker.start()
    for _ in tail.follow(connect(board.port), connect, facts.json_line, asides):
        if enough():
            break
    heard.set()
    talker.join(2)


def test_a_tail_anchors_at_once_and_each_minute(monkeypatch):
    monkeypatch.setattr(tail, "_ANCHOR_S", 0.4)
    with Peer() as board:
        tailed(board, lambda: len(board.anchors) >= 3)
        assert {(one[4], one[-1]) for one in board.anchors} == {(1, 0)}, "its boot, the host"


def test_a_tail_whose_own_clock_is_set_gives_an_anchor_at_once(monkeypatch):
    found = [0.0, 1.5, -1.5, 31.5]  # then: a second and a half are no clock that was set
    monkeypatch.setattr(tail, "_ahead_s", lambda: found.pop(0) if found[1:] else found[0])
    turns, asides = iter(range(12)), Asides()
    asides.clock.of(peer.header())
    asides.clock.set(10_400, 1e9)  # by the clock as it was
    with Peer() as board:
        tailed(board, lambda: next(turns, None) is None, asides)
        assert len(board.anchors) == 2
    assert asides.clock.utc_s(60.0) == pytest.approx(time.time(), abs=60)


def test_a_note_s_evening_is_one_of_its_zone(run, tmp_path):
    log = two_nights(tmp_path / "log")
    words = ("note", log, "swaddled", "--night", "2026-03-27", "--zone")
    code, out, _ = run(*words, "Europe/Berlin")
    assert (code, out.split()[0]) == (0, "2026-03-27")
    code, _, err = run(*words, "Atlantis")
    assert code == 2
    assert "--zone Atlantis: no time zone of that name" in err


def test_nights_before_it_in_the_same_log_stand_beside_it(run, tmp_path):
    log = two_nights(tmp_path / "log")
    zone = ("--zone", "Europe/Berlin")
    code, out, _ = run("report", log, "--format", "text", *zone)
    assert code == 0
    assert "1 previous night: the median of the same rate" in out
    _, out, _ = run("report", log, "--format", "json", *zone, "--night", "2026-03-27")
    assert json.loads(out)["previous"]["nights"] == 0
    (tmp_path / "first.json").write_text(out)
    code, out, err = run("report", log, "--format", "json", *zone, "--previous",
                         tmp_path / "first.json")  # fmt: skip
    assert json.loads(out)["previous"]["nights"] == 1, "the same night counts once"
    assert "not told beside it: 1 (later, the same" in err


def test_a_note_is_made_and_shown(run, tmp_path):
    log = two_nights(tmp_path / "log")
    segments = {path.name: path.read_bytes() for path in log.iterdir()}
    assert run("note", log, "filmed", "awake", "--at", "100", "--text", "left arm")[0] == 0
    code, out, err = run("note", log, "swaddled", "--night", "2026-03-27")
    assert (code, out) == (0, "2026-03-27  swaddled\n")
    assert err == f"cribtrace: noted in {log / 'notes.jsonl'}\n"
    assert segments.items() <= {path.name: path.read_bytes() for path in log.iterdir()}.items()
    assert "filmed, awake  left arm" in run("note", log)[1]
    _, out, _ = run("report", log, "--format", "md", "--night", "2026-03-27")
    assert "| all night | swaddled |" in out and "filmed" not in out
    code, _, err = run("note", log, "happy")
    assert code == 2 and "no such tag: happy" in err


def test_the_sheet_for_a_clinician_has_a_file_of_its_own(run, tmp_path, monkeypatch):
    log = two_nights(tmp_path / "log")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.toml").write_text("[infant]\nborn = 2026-01-01\n")
    code, out, _ = run("report", log, "--for", "clinician", "--profile", "p.toml")
    assert (code, out) == (0, "sheet.html\n")
    assert "<b>12 weeks</b>" in (tmp_path / "sheet.html").read_text()
    code, _, err = run("report", log, "--for", "clinician", "--format", "json")
    assert code == 2 and "leave out --format" in err


def test_why_takes_the_night_and_the_zone_that_report_takes(run, tmp_path):
    log = two_nights(tmp_path / "log")
    zone = ("--zone", "Europe/Berlin")
    for more, day in (((), "2026-03-29T01"), (("--night", "2026-03-27"), "2026-03-28T02")):
        code, out, err = run("why", "03:12", log, *zone, *more, "--json")
        assert (code, json.loads(out)["utc"][:13]) == (0, day), err
        assert "log: the night of" in err
    assert run("why", "100", log, *zone, "--night", "2026-03-20")[0] == 2
    _, out, err = run("why", "0", log, *zone, "--whole", "--json")
    assert json.loads(out)["utc"].startswith("2026-03-27T20:00")
    assert "the night of" not in err
