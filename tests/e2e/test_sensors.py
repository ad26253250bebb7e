"""The firmware on every sensor's register model: events as in a replay, every frame counted."""

import time

import numpy as np
import pytest

from cribtrace import analysis, bmi270, logfile, recording, scenario, virtual_parts
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.link import Link
from cribtrace.pull import pull
from cribtrace.replay import replay
from cribtrace.sensors import SENSORS

OTHERS = [name for name in SENSORS if name != "lsm6dso"]


@pytest.fixture(scope="module")
def rec():
    """Four minutes with movements, on a chip that is 4 % fast and has 16384 LSB in a g."""
    made = scenario.generate("ten_minutes", 3)
    assert made.truth
    accel = np.ascontiguousarray(made.accel[: 104 * 240])
    return recording.Recording(accel, 104.0, 16384.0, (), "four minutes")


def lived(bench, rec, tmp_path, **options):
    """The night that the board recorded, what its sensor counted, and the firmware's heap."""
    with bench(rec, **options) as b:
        assert b.ended.wait(60)
        with Client(Link(b.board.port)) as client:
            client.hello()
            info = client.info()
            client.stop()
            sensor = b.told("sensor_off")
            pull(client, tmp_path / "log")
    heap_bytes = int(info["heap_high"]) - int(info["heap_before"])
    return analysis.read_night(tmp_path / "log"), sensor, heap_bytes


def accounted(night, sensor):
    stop = next(line for line in night.recorder if line["what"] == "stop")
    return sensor["frames_produced"] - stop["seen"] - stop["in_gaps"]


def texts(log):
    """What the log says in words; without a sensor it has no time line."""
    found = logfile.records_of(logfile.read(log), records.FACTS)
    return " ".join(r["rest"].decode() for r in found if r["type"] == records.TEXT)


@pytest.mark.parametrize("sensor", OTHERS)
def test_the_board_finds_what_a_replay_finds(bench, rec, tmp_path, flash_for, sensor):
    image = flash_for(sensor)
    night, counted, heap_bytes = lived(bench, rec, tmp_path, sensor=sensor, flash=image)
    assert night.faults == [] and accounted(night, counted) == 0 == counted["frames_overwritten"]
    events = [{k: v for k, v in event.items() if k != "utc"} for event in night.events]
    assert len(events) >= 2 and events == replay(rec)
    assert night.header["sensor"] == SENSORS[sensor].name
    assert 30_000 < heap_bytes <= 64 * 1024, "between two requests (see docs/HARDWARE.md)"
    assert (night.header["rate_hz"], night.header["lsb_per_g"]) == (104.0, 16384.0)


def until_seen(client, frames):
    for _ in range(200):
        if int(client.info()["seen"]) > frames:
            return
        time.sleep(0.05)
    raise AssertionError(f"fewer than {frames} frames came in 10 s")


@pytest.mark.parametrize("sensor", OTHERS)
def test_a_self_test_passes_and_the_recording_goes_on(bench, rec, tmp_path, flash_for, sensor):
    image = flash_for(sensor)
    with bench(rec, sensor=sensor, flash=image, speed=10) as b, b.client() as client:
        until_seen(client, 2000)
        assert client.request("selftest")["result"] == "passed"
        until_seen(client, int(client.info()["seen"]) + 1500)
        assert client.info()["fault"] == "none"
        client.stop()
        pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    (gap,) = [gap for gap in night.gaps if gap["reason"] == "self_test"]
    # At 10x the interpreter's own time counts tenfold.
    assert 0.3 < gap["duration_s"] < 10, gap
    assert not any(event["peak_mg"] > 100 for event in night.events)


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "stuck", "at_ms": 60_000, "for_ms": 5000}, "bus_error"),
        ({"kind": "nack", "at_ms": 60_000, "count": 1, "byte": 3}, "bus_error"),
        ({"kind": "reset", "at_ms": 60_000}, None),
    ],
    ids=["stuck", "nack", "reset"],
)
def test_a_fault_is_a_gap_and_sampling_goes_on(
    bench, rec, tmp_path, flash_for, sensor, fault, reason
):
    image = flash_for(sensor)
    night, *_ = lived(bench, rec, tmp_path, sensor=sensor, flash=image, faults=[fault])
    (gap,) = [g for g in night.gaps if g["reason"] not in ("restarted", "power_cut")]
    assert gap["reason"] in ((reason,) if reason else ("sensor_silent", "bus_error"))
    assert 55 < gap["onset_s"] < 61 and gap["duration_s"] < 12, gap
    assert night.summary["coverage"] > 0.7


def test_a_bmi270_without_its_configuration_says_what_to_do(bench, rec, tmp_path, micropython):
    image, files = tmp_path / "bare.bin", virtual_parts.firmware_files("bmi270")
    del files[bmi270.ON_THE_BOARD[1:]]
    virtual_parts.install_firmware(image, files, micropython.path)
    with bench(rec, sensor="bmi270", flash=image, speed=1) as b, b.client() as client:
        assert client.info()["fault"] == "no_sensor"
        client.flush()
        pull(client, tmp_path / "log")
    told = texts(tmp_path / "log")
    assert "/bmi270.cfg is missing" in told and "--bmi270-config" in told


def test_a_driver_for_another_chip_names_the_one_that_answers(bench, rec, tmp_path, micropython):
    wrong = {("board.py", '"crib.imu." + parts.facts["module"]'): '"crib.imu.icm42688p"',
             ("board.py", 'SENSOR.replace("-", "")'): '"ICM42688P"'}  # fmt: skip
    with bench(rec, patch=wrong, sensor="bmi270", speed=1) as b, b.client() as client:
        client.flush()
        pull(client, tmp_path / "log")
    assert "BMI270 answers, not ICM-42688-P" in texts(tmp_path / "log")


def test_a_fault_that_there_is_not_is_refused(bench, rec, tmp_path, micropython):
    with bench(rec, faults=[{"kind": "nak", "at_ms": 0}]) as b:
        assert b.board.wait_off(10)
        assert "no fault 'nak': use nack, stuck" in b.board.crash
