"""A night through the detector on the host: how long it takes. Run by `make bench`."""

import time

import numpy as np
import pytest

from cribtrace import recording, replay
from tests.support import golden

pytestmark = pytest.mark.bench

NIGHT_S = 10 * 3600
MOST_S = 10.0  # the project's goal


def test_a_ten_hour_night_replays_in_ten_seconds(micropython, tmp_path):
    short = recording.load(golden.RECORDING)
    times = int(np.ceil(NIGHT_S * short.rate_hz / len(short.accel)))
    accel = np.tile(short.accel, (times, 1))[: round(NIGHT_S * short.rate_hz)]
    night = recording.Recording(accel, short.rate_hz, short.lsb_per_g, source="ten hours")
    begin = time.perf_counter()
    events = replay.replay(night, "micropython")
    took_s = time.perf_counter() - begin
    print(f"\n10 h at {short.rate_hz:.0f} Hz: {took_s:.2f} s, {len(events)} events")
    assert len(accel) >= NIGHT_S * 104 and len(events) > 100
    assert took_s <= MOST_S
