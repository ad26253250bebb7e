"""The two requests that reach deepest: deleting the log, and the sensor's test of itself."""

import time

import pytest

from cribtrace import analysis, logfile, missing, recording, scenario
from cribtrace.conversation import Refused
from cribtrace.device import records
from cribtrace.pull import pull
from tests.support import golden


@pytest.fixture(scope="module")
def rec():
    return recording.load(golden.RECORDING)


def logged(client, folder):
    pull(client, folder)
    return analysis.read_night(folder)


def test_the_sensors_push_is_measured_and_its_frames_are_a_gap_counted_exactly(
    bench, rec, tmp_path
):
    with bench(golden.still(rec), speed=30) as b:
        time.sleep(1.5)  # 45 s of the board's: the warm-up is over
        with b.client() as client:
            told = client.request("selftest")
            assert told["result"] == "passed"
            # The virtual chip pushes 300 mg (boards/virtual/hardware/lsm6dso.py).
            assert all(abs(int(told[f"{axis}_mg"]) - 300) <= 2 for axis in "xyz")
            time.sleep(0.5)
            client.stop()
            night = logged(client, tmp_path / "log")
        sensor = b.told("sensor_off")
    (gap,) = [gap for gap in night.gaps if gap["reason"] == "self_test"]
    assert 0.3 < gap["duration_s"] < 2  # 0.46 at 1x: an interpreter at 30x polls more rarely
    stop = next(line for line in night.recorder if line["what"] == "stop")
    assert sensor["frames_produced"] == stop["seen"] + stop["in_gaps"]
    assert any("what=selftest result=passed" in line.get("text", "") for line in night.recorder)
    # Nothing of the push of 300 mg is taken for a movement.
    assert not any(event["peak_mg"] > 100 for event in night.events)


@pytest.mark.parametrize(("push_mg", "result"), [(48, "failed"), (52, "passed")])
def test_a_push_too_weak_is_a_sensor_that_fails(bench, rec, push_mg, result):
    stricter = {  # the virtual chip pushes 300 mg, so the bound moves instead
        ("crib/imu/push.py", "0x14, 0x01, 50, 1700"): (f"0x14, 0x01, {350 - push_mg}, 1700")
    }
    with bench(rec, patch=stricter) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            assert client.request("selftest")["result"] == result


def test_without_a_sensor_or_after_the_end_there_is_nothing_to_test(bench, rec):
    with (
        bench(rec, patch={("board.py", "parts.imu.address,"): "0x44,"}) as b,
        b.client() as client,
        pytest.raises(Refused, match="no_sensor"),
    ):
        client.request("selftest")
    with bench(rec) as b, b.client() as client:
        client.stop()
        with pytest.raises(Refused, match="stopped"):
            client.request("selftest")


def test_wipe_needs_this_starts_nonce_and_a_closed_log(bench, rec):
    with bench(rec) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            nonce = client.hello()["nonce"]
            client.mark("here")
            with pytest.raises(Refused, match="log_open"):
                client.request("wipe", nonce)
            client.flush()
            before = client.list()
            for wrong in ("", "00000000", nonce.upper() + "0"):
                with pytest.raises(Refused, match="wrong_nonce"):
                    client.request("wipe", *([wrong] if wrong else []))
            assert client.list() == before
        b.board.restart()
        with b.client() as client:
            client.flush()
            with pytest.raises(Refused, match="wrong_nonce"):
                client.request("wipe", nonce)
            assert client.list()[: len(before)] == before


def sequence(log, boot):
    """The numbers of a boot's facts."""
    found = [s for s in logfile.read(log) if s.header["boot"] == boot]
    return [r["seq"] for r in logfile.records_of(found, records.FACTS)]


def test_a_wiped_log_is_gone_and_goes_on_in_a_new_segment(bench, rec, tmp_path):
    with bench(rec) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            nonce = client.hello()["nonce"]
            for _ in range(3):
                client.mark("to be forgotten")
                client.flush()
            before = client.list()
            told = client.request("wipe", nonce)
            assert told == {"deleted": str(len(before)), "left": "0"}
            assert client.list() == ()
            client.mark("after")
            pull(client, tmp_path / "log")
            with pytest.raises(Refused, match="no_segment"):
                list(client.read(before[0].number, 0, 16))
            seq = max(sequence(tmp_path / "log", boot=1))
            waves = logfile.read(tmp_path / "log")[-1].header
        b.board.restart()
        with b.client() as client:
            assert client.hello()["boot"] == "2"
            pull(client, tmp_path / "log")
    segments = logfile.read(tmp_path / "log")
    assert min(s.header["segment"] for s in segments) == before[-1].number + 1
    texts = [r["rest"] for s in segments for r in s.records]
    assert b"after" in texts and b"to be forgotten" not in texts
    assert f"what=wiped segments={len(before)}".encode() in texts
    assert min(sequence(tmp_path / "log", boot=2)) > seq
    # Of waveforms nothing is left but where their numbers go on.
    assert waves["stream"] == records.WAVEFORMS and waves["first_seq"] > 0
    # The hours before are a hole, not hours without movements.
    gap = analysis.read_night(tmp_path / "log").gaps[0]
    assert gap["reason"] == missing.RECORDS_MISSING
    assert gap["duration_s"] == pytest.approx(240, abs=2)


def test_wiping_a_full_night_loses_no_frame(bench, tmp_path):
    with bench(scenario.generate("nap", 5), speed=None) as b:
        assert b.ended.wait(60)
        with b.client() as client:
            nonce = client.hello()["nonce"]
            for _ in range(40):
                client.mark("one more segment")
                client.flush()
            begin = time.monotonic()
            told = client.request("wipe", nonce)
            assert time.monotonic() - begin < 5
            assert int(told["deleted"]) >= 40
            time.sleep(1)
            assert client.info()["in_gaps"] == 0
            client.stop()
            # After the end too; the log must still say that it was an end and no power cut.
            assert int(client.request("wipe", nonce)["deleted"]) == len(logfile.STREAMS)
            pull(client, tmp_path / "log")
        b.board.restart()
        with b.client() as client:
            pull(client, tmp_path / "log")
    gaps = analysis.read_night(tmp_path / "log").gaps
    assert "restarted" in [gap["reason"] for gap in gaps]
    assert "power_cut" not in [gap["reason"] for gap in gaps]
