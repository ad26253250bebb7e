"""The MPU family on the virtual board: small FIFOs without watermark, numbers or time."""

from dataclasses import replace

import pytest

from cribtrace import analysis, replay, scenario
from cribtrace.pull import pull
from tests.support import golden

RATE_HZ = 104
MINUTES = 20


@pytest.fixture(scope="module")
def twenty_minutes():
    rec = scenario.generate("nap", 3)
    return replace(rec, accel=rec.accel[: MINUTES * 60 * RATE_HZ], truth=[])


def lived(bench, rec, log, **options):
    """Let a board live through `rec`: (night, sensor's own count, info)."""
    with bench(rec, **options) as b:
        assert b.ended.wait(100)
        with b.client() as client:
            info = client.info()
            client.stop()
            sensor = b.told("sensor_off")
            pull(client, log)
    return analysis.read_night(log), sensor, info


@pytest.mark.parametrize("chip", ["mpu6050", "mpu6500", "mpu6886"])
def test_twenty_minutes_lose_nothing_and_are_told_as_the_host_tells_them(
    bench, tmp_path, twenty_minutes, chip
):
    night, sensor, info = lived(bench, twenty_minutes, tmp_path / "log", sensor=chip)
    assert night.gaps == []
    assert sensor["frames_overwritten"] == 0
    assert night.summary["frames_seen"] == sensor["frames_produced"]
    assert sensor["frames_produced"] >= len(twenty_minutes.accel)
    events = golden.as_text(night.events)
    assert events == golden.as_text(replay.replay(twenty_minutes, "cpython"))
    assert len(night.events) > 5
    share = int(info["heap_high"]) - int(info["heap_before"])
    assert 30_000 < share <= 64 * 1024


def test_512_bytes_outlast_the_worst_erase_wherever_it_falls(bench, tmp_path, twenty_minutes):
    # Every second erase takes the worst time, 400 ms, and the one between 45.
    night, sensor, _ = lived(
        bench, twenty_minutes, tmp_path / "log", sensor="mpu6500", worst_every=2
    )
    assert night.gaps == [] and sensor["frames_overwritten"] == 0
    assert night.summary["frames_seen"] == sensor["frames_produced"]


HOLDS = {"mpu6050": 170, "mpu6500": 85, "mpu6886": 128}


def stalled(stall_s):
    """The firmware, which at its first heartbeat does nothing for so long."""
    said = "self.server.text(words.heartbeat(self))"
    stall = (
        f"{said}\n        if self._minute == 1:\n            from hardware import parts\n"
        f"            parts.clock.charge({int(stall_s * 1e6)})"
    )
    return {("crib/app.py", said): stall}


@pytest.mark.parametrize("stall_s", [1.3, 2.2, 7.3, 20])
@pytest.mark.parametrize("chip", HOLDS)
def test_a_stall_is_a_gap_and_the_frames_behind_it_keep_their_numbers(
    bench, tmp_path, twenty_minutes, chip, stall_s
):
    rec = replace(twenty_minutes, accel=twenty_minutes.accel[: 6 * 60 * RATE_HZ])
    night, sensor, _ = lived(
        bench, rec, tmp_path / "log", sensor=chip, patch=stalled(stall_s), worst_every=0
    )
    came = stall_s * RATE_HZ
    assert [gap["reason"] for gap in night.gaps] == ["fifo_overrun"] * (came > HOLDS[chip])
    if not night.gaps:
        assert night.summary["frames_seen"] == sensor["frames_produced"]
        return
    (gap,) = night.gaps
    assert came <= gap["frames"] <= came + 40
    # While the FIFO is off to be emptied a frame may pass by it: counted by the driver alone.
    assert 0 <= gap["frames"] - sensor["frames_overwritten"] <= 1
    behind = [
        wave for i, wave in night.snippets.items() if wave.onset_s > gap["onset_s"] + stall_s
    ]
    assert behind
    for wave in behind:
        first = round(wave.onset_s * rec.rate_hz)
        raw = rec.accel[first : first + len(wave.mg)] / rec.lsb_per_g * 1000
        assert abs(wave.mg - raw).max() < 0.01


def test_the_sensor_tests_itself_while_it_records(bench, tmp_path, twenty_minutes):
    rec = replace(twenty_minutes, accel=twenty_minutes.accel[: 60 * RATE_HZ])
    with bench(rec, sensor="mpu6050", speed=20) as b, b.client() as client:
        found = client.selftest()
        assert found["result"] == "passed"
        assert found["least_mg"] < found["x_mg"] < found["most_mg"]
        client.stop()
        sensor = b.told("sensor_off")
        pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    (gap,) = night.gaps
    assert gap["reason"] == "self_test" and 30 < gap["frames"] < 85
    assert night.summary["frames_seen"] + gap["frames"] == sensor["frames_produced"]
