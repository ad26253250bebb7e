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
    """Let a board live through `rec`: (night, sensor's own count, what the board says of itself)."""
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
