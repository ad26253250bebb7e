"""Settings are changed on a board that goes on recording: simulated mattress, real firmware."""

import time
import zlib

import pytest

from cribtrace import analysis, criteria, log_records, logfile, recording, scenario
from cribtrace.conversation import Refused
from cribtrace.device import records, settings
from cribtrace.link import Link
from cribtrace.pull import pull
from tests.e2e.test_night import unseen
from tests.support import golden

SET = {"high_16": 130, "hold_ms": 400}
CHANGED = settings.check(SET, settings.DEFAULTS)
SPOILT = {
    ("crib/identity.py", '_FILE = "/device"'): (
        '_FILE = "/device"\n'
        'with open("/settings", "wb") as f:\n'
        '    f.write(b"%s")\n'
    )
}  # fmt: skip


@pytest.fixture
def rec():
    return recording.load(golden.RECORDING)


def spoilt(content):
    """A firmware that finds this in the file of its settings."""
    return {where: text % content for where, text in SPOILT.items()}


def crc_of(values):
    return f"{settings.crc(values):08x}"


def in_log(segment):
    """(hash in the header, [text of CONFIG records]) of a segment."""
    configs = [bytes(r["rest"]).decode() for r in segment.records if r["type"] == records.CONFIG]
    return segment.header["config_crc"], configs


STALL = "self.server.text(words.heartbeat(self))"
ONE_GAP = {
    ("crib/app.py", STALL): STALL + "\n"
    "        if self._minute == 1:\n"
    "            from hardware import parts\n"
    "            parts.clock.charge(6_000_000)"
}  # fmt: skip


def test_a_change_takes_effect_at_once_and_loses_no_frame(bench, rec, tmp_path):
    with bench(rec, patch=ONE_GAP, speed=20) as b:
        with b.client() as client:
            assert client.info()["config_crc"] == crc_of(settings.DEFAULTS)
            while (before := client.info())["frame"] < 80 * 104:
                time.sleep(0.1)
            assert client.configure(SET) == crc_of(CHANGED)
            after = client.info()
            assert after["config_crc"] == crc_of(CHANGED)
            assert after["in_gaps"] == before["in_gaps"] > 0
            assert {s.name: s.value for s in client.config()} == CHANGED
        assert b.ended.wait(60)
        with b.client() as client:
            client.stop()
            sensor = b.told("sensor_off")
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    assert night.faults == []
    assert night.summary["frames_in_gaps"] == before["in_gaps"] == sensor["frames_overwritten"]
    assert unseen(night, sensor) == 0
    told = logfile.read(tmp_path / "log")
    first, *later = [s for s in told if s.header["stream"] == records.FACTS]
    assert in_log(first) == (settings.crc(settings.DEFAULTS), [settings.text(settings.DEFAULTS)])
    assert in_log(later[0]) == (settings.crc(CHANGED), [settings.text(CHANGED)])
    assert {s.header["config_crc"] for s in later} == {settings.crc(CHANGED)}
    state = next(r for r in later[0].records if r["type"] == records.STATE)
    assert log_records.STATE_REASONS[state["reason"]] == "settings changed"
    assert before["frame"] <= state["first"] <= after["frame"]
    assert state["frames"] == pytest.approx(settings.DEFAULTS["warm_up_ms"] * 0.104, abs=1)
    every = [r for s in (first, *later) for r in s.records]
    epochs = [r for r in every if r["type"] == records.EPOCH]
    assert sum(epoch["seen"] for epoch in epochs) == night.summary["frames_seen"]
    parts = [r for r in every if r["type"] in (records.EPOCH, records.GAP)]
    ends = [0] + [part["first"] + part["frames"] for part in parts]
    assert [part["first"] for part in parts] == ends[:-1]
    assert state["first"] in [epoch["first"] + epoch["frames"] for epoch in epochs]
    later_s = state["first"] / 104
    needed = {e["why"]["threshold"] for e in night.events if e["onset_s"] > later_s}
    assert needed == {round(criteria.needed(SET["high_16"]), 2)}


def test_settings_can_be_changed_for_as_long_as_one_likes(bench, tmp_path):
    """Each change needs a new detector, and the heap is in pieces."""
    with bench(scenario.generate("nap", 5), speed=20) as b, b.client() as client:
        for k in range(60):
            client.configure({"hold_ms": 400 + k})
            client.info()
            assert client.hello()["boot"] == "1"
            time.sleep(0.05 * (k % 5))
        client.stop()
        pull(client, tmp_path / "log")
    found = [r for s in logfile.read(tmp_path / "log") for r in s.records]
    told = {bytes(r["rest"]) for r in found if r["type"] == records.TEXT}
    assert all(text.startswith(b"what=late ") for text in told), "no fault, no crash"
    assert [r["type"] for r in found].count(records.CONFIG) == 61


def test_what_is_refused_changes_nothing(bench, rec, tmp_path):
    bad = [
        ({"high": 36}, "high=36 is no setting"),
        ({"high_16": 9999}, "high_16=9999 must be 32 to 4000"),
        ({"hold_ms": 400, "pre_ms": -1}, "pre_ms=-1 must be 0 to 500"),
        ({"hold_ms": "4e2"}, "hold_ms=4e2 must be a whole number"),
        ({"low_16": 1600}, "low_16=1600 must be below high_16="),
    ]
    with bench(rec, speed=20) as b, b.client() as client:
        before = client.info()["records"]
        for changes, says in bad:
            with pytest.raises(Refused, match=says):
                client.configure(changes)
        with pytest.raises(Refused, match="bad_argument config takes: name=value"):
            client.request("config", "hold_ms=400", "pre_ms")
        assert client.configure({"hold_ms": settings.DEFAULTS["hold_ms"]})
        assert client.info()["config_crc"] == crc_of(settings.DEFAULTS)
        assert {s.name: s.value for s in client.config()} == settings.DEFAULTS
        assert client.info()["records"] < before + 5
        client.stop()
        with pytest.raises(Refused, match="stopped"):
            client.configure(SET)
        pull(client, tmp_path / "log")
    found = [in_log(segment) for segment in logfile.read(tmp_path / "log")]
    assert found == [(settings.crc(settings.DEFAULTS), [settings.text(settings.DEFAULTS)])]


def test_settings_outlive_a_power_cut_and_can_be_taken_back(bench, rec):
    with bench(rec, speed=20) as b:
        with b.client() as client:
            client.configure(SET)
        b.board.kill()
        b.board.start()
        with b.client() as client:
            assert client.info()["config_crc"] == crc_of(CHANGED)
            assert client.configure({"hold_ms": "default"}) == crc_of({**CHANGED, "hold_ms": 500})
            assert client.configure({"all": "default"}) == crc_of(settings.DEFAULTS)
        b.board.kill()
        b.board.start()
        with b.client() as client:
            assert client.info()["config_crc"] == crc_of(settings.DEFAULTS)


@pytest.mark.parametrize(
    "content, why",
    [
        (r"hold_ms=400\nschema=2\ncrc=00000000\n", "damaged"),
        ("", "damaged"),
        (r"hold_ms=1\nschema=2\ncrc=%08x\n", "hold_ms=1 must be 200 to 5000"),
        (r"old_name=1\nschema=2\ncrc=%08x\n", "old_name=1 is no setting"),
        (r"low_gain_8=30\nschema=1\ncrc=%08x\n", "of another schema than 2"),
        (r"hold_ms=400\nschema=99\ncrc=%08x\n", "of another schema than 2"),
        (r"hold_ms=400\ncrc=%08x\n", "of another schema than 2"),
    ],
)
def test_a_file_that_is_refused_is_named_and_the_defaults_hold(bench, rec, tmp_path, content, why):
    if "%08x" in content:
        body = content.partition("crc=")[0].replace(r"\n", "\n").encode()
        content %= zlib.crc32(body)
    with bench(rec, patch=spoilt(content), speed=20) as b, b.client() as client:
        assert client.info()["config_crc"] == crc_of(settings.DEFAULTS)
        pull(client, tmp_path / "log")
    texts = [r["rest"] for s in logfile.read(tmp_path / "log") for r in s.records]
    assert f"what=settings_refused in_force=defaults why='{why}'".encode() in texts


def test_a_start_with_a_refused_file_says_so_on_the_line(bench, rec):
    with bench(rec, patch=spoilt("x"), speed=1) as b, Link(b.board.port) as link:
        link.write(b"\x03")
        time.sleep(0.5)
        link.write(b"\x04")
        heard = b""
        while b"what=settings_refused in_force=defaults why='damaged'\r\n" not in heard:
            more = link.read(5)
            assert more, heard
            heard += more


def test_a_refused_file_goes_with_the_next_change(bench, rec, tmp_path):
    once = {
        ("crib/identity.py", '_FILE = "/device"'): (
            '_FILE = "/device"\n'
            "if '/settings'[1:] not in os.listdir('/'):\n"
            '    with open("/settings", "wb") as f:\n'
            '        f.write(b"x")\n'
        )
    }
    with bench(rec, patch=once, speed=20) as b:
        with b.client() as client:
            client.configure({"all": "default"})
        b.board.restart()
        with b.client() as client:
            pull(client, tmp_path / "log")
    told = [
        segment.header["boot"]
        for segment in logfile.read(tmp_path / "log")
        for record in segment.records
        if b"settings_refused" in record["rest"]
    ]
    assert told == [1]


def test_settings_can_be_changed_while_no_sensor_answers(bench, rec, tmp_path):
    deaf = {("board.py", "parts.imu.address,"): "0x44,"}
    with bench(rec, patch=deaf) as b, b.client() as client:
        assert client.configure(SET) == crc_of(CHANGED)
        pull(client, tmp_path / "log")
    *_, last = logfile.read(tmp_path / "log")
    assert in_log(last) == (settings.crc(CHANGED), [settings.text(CHANGED)])


def test_a_person_may_read_the_settings_and_not_set_them(bench, rec):
    with bench(rec, speed=20) as b:
        with Link(b.board.port) as link:
            link.write(b"config\rconfig hold_ms=400\r")
            heard = b""
            while b"refused=config" not in heard or b"name=pre_ms" not in heard:
                more = link.read(5)
                assert more, heard
                heard += more
        assert b"name=hold_ms value=500 default=500 least=200 most=5000 unit=ms\r\n" in heard
        with b.client() as client:
            assert client.info()["config_crc"] == crc_of(settings.DEFAULTS)
