"""What a board's sensor delivers, recorded over the line: frame by frame what it was fed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cribtrace import capture, cli, configuration, logfile, recording, replay
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.link import Link
from cribtrace.pull import pull
from tests.support import golden

HZ = 104


@pytest.fixture(scope="module")
def rec():
    return recording.load(golden.RECORDING)


def connect(port):
    return Client(Link(port))


def first_of(kept):
    return kept.captured.boots[0][1]


def logged(folder):
    """Events of a log as a board writes them, and its gaps."""
    facts = logfile.records_of(logfile.read(folder), records.FACTS)
    names = replay.log_records.NAMES[records.EVENT]
    events = [[r[name] for name in names] for r in facts if r["type"] == records.EVENT]
    return events, [r for r in facts if r["type"] == records.GAP]


def test_every_frame_is_there_and_the_replay_is_the_log(bench, rec, tmp_path):
    path = tmp_path / "night.npz"
    with bench(rec, speed=8.0) as b:
        time.sleep(2)
        told = capture.record(connect(b.board.port), path, connect, seconds=130)
        with b.client() as client:
            pull(client, tmp_path / "log")
    kept = recording.load(path)
    first = first_of(kept)
    assert told.missing == 0 and kept.gaps == [] and len(kept.accel) >= 130 * HZ
    assert (kept.accel == rec.accel[first : first + len(kept.accel)]).all()
    assert (kept.rate_hz, kept.lsb_per_g) == (rec.rate_hz, pytest.approx(rec.lsb_per_g, abs=1e-3))
    assert not list(tmp_path.glob("*.part"))
    events, _ = logged(tmp_path / "log")
    began = kept.captured.states[0].row + first + 3 * HZ
    heard = [e for e in events if e[11] > began and e[15] < first + len(kept.accel)]
    again = replay.as_logged(kept, configuration.in_force({}))
    assert len(heard) > 2 and [e for e in again if e[11] > began] == heard
