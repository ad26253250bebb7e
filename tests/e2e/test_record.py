"""What a board's sensor delivers, recorded over the line: frame by frame what it was fed."""

import json
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
    with bench(rec, speed=10.0) as b:
        time.sleep(2)
        told = capture.record(connect(b.board.port), path, connect, seconds=100)
        with b.client() as client:
            pull(client, tmp_path / "log")
    kept = recording.load(path)
    first = first_of(kept)
    assert told.missing == 0 and kept.gaps == [] and len(kept.accel) >= 100 * HZ
    assert (kept.accel == rec.accel[first : first + len(kept.accel)]).all()
    assert (kept.rate_hz, kept.lsb_per_g) == (rec.rate_hz, pytest.approx(rec.lsb_per_g, abs=1e-3))
    assert not list(tmp_path.glob("*.part"))
    events, _ = logged(tmp_path / "log")
    began = kept.captured.states[0].row + first + 3 * HZ
    heard = [e for e in events if e[11] > began and e[15] < first + len(kept.accel)]
    again = replay.as_logged(kept, configuration.in_force({}))
    assert len(heard) > 2 and [e for e in again if e[11] > began] == heard


def start(port, path, *arguments):
    command = [sys.executable, "-m", "cribtrace.cli", "hil", "record", str(path), "--port", port]
    return subprocess.Popen(
        [*command, "--json", *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_gap_is_marked_and_replayed_and_ctrl_c_keeps_what_came(bench, rec, tmp_path):
    path = tmp_path / "night.npz"
    stuck = [{"kind": "value", "for_ms": 9000, "at_ms": 70_000}]
    with bench(rec, speed=10.0, faults=stuck) as b:
        process = start(b.board.port, path)
        b.told("fault", 30)
        time.sleep(9)
        assert [p.name for p in tmp_path.glob("night*")] == ["night.npz.frames.part"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        with b.client() as client:
            pull(client, tmp_path / "log")
    assert process.returncode == 3, err
    kept = recording.load(path)
    told, missing = json.loads(out), sum(gap.rows for gap in kept.gaps)
    assert told["missing"] == missing > 0 and told["frames"] == len(kept.accel) - missing
    assert "the recording marks where" in err
    first = first_of(kept)
    events, gaps = logged(tmp_path / "log")
    assert {gap.reason for gap in kept.gaps} == {"sensor_stuck"}
    of_log = [(g["first"] - first, g["frames"]) for g in gaps]
    assert of_log == [(gap.row, gap.rows) for gap in kept.gaps]
    last = kept.gaps[-1].row + kept.gaps[-1].rows
    before, behind = (
        kept.gaps[0].row - 6 * HZ,
        last + 64,
    )  # what is stuck goes by as sound at first
    assert (kept.accel[:before] == rec.accel[first : first + before]).all()
    # A sensor that was started anew meanwhile is counted by the board's clock.
    rest = len(kept.accel) - behind
    fed = [rec.accel[first + behind + off :][:rest] for off in (-2, -1, 0, 1, 2)]
    assert any(np.array_equal(kept.accel[behind:], there) for there in fed)
    began = kept.captured.states[0].row + first + 3 * HZ
    heard = [e for e in events if e[11] > began and e[15] < first + len(kept.accel)]
    again = replay.as_logged(kept, configuration.in_force({}))
    assert [e for e in again if e[11] > began] == heard and heard[-1][11] > first + last
    assert cli.run(["replay", str(path), "--json"]) == 0


def test_a_line_too_slow_costs_the_recording_frames_and_the_board_none(bench, rec, tmp_path):
    path = tmp_path / "night.npz"
    with bench(rec, speed=8.0, baud=2400) as b:  # 240 bytes a second, where 104 frames take 340
        told = capture.record(connect(b.board.port), path, connect, seconds=40)
        with b.client() as client:
            info = client.info()
    assert info["in_gaps"] == 0 and info["fault"] == "none" and info["seen"] > 40 * HZ
    kept = recording.load(path)
    first = first_of(kept)
    assert {gap.reason for gap in kept.gaps} == {"line"} and told.missing > 10 * HZ
    whole = np.ones(len(kept.accel), bool)
    for gap in kept.gaps:
        whole[gap.row : gap.row + gap.rows] = False
    fed = rec.accel[first : first + len(kept.accel)]
    assert whole.sum() > 5 * HZ and (kept.accel[whole] == fed[whole]).all()


def test_a_restart_is_a_gap_and_the_recording_goes_on(bench, rec, tmp_path):
    path, said = tmp_path / "night.npz", []
    with bench(rec, speed=4.0) as b:
        threading.Timer(4, b.board.restart).start()
        told = capture.record(connect(b.board.port), path, connect, seconds=45, say=said.append)
    kept = recording.load(path)
    (gap,) = kept.gaps
    assert told.missing == gap.rows > 0 and gap.reason == "restart"
    assert any("this is boot 2" in line for line in said)
    (_, first), (row, again) = kept.captured.boots
    assert row == gap.row + gap.rows
    assert (kept.accel[: gap.row] == rec.accel[first : first + gap.row]).all()
    rest = len(kept.accel) - row
    assert rest > 5 * HZ and np.array_equal(kept.accel[row:], rec.accel[again : again + rest])
    assert replay.replay(kept) is not None


def test_what_cannot_be_recorded_is_refused_in_a_line(bench, rec, tmp_path, capsys):
    with bench(rec, speed=1.0) as b:
        wrong = tmp_path / "no" / "night"
        assert cli.run(["hil", "record", str(wrong), "--port", b.board.port]) == 1
        assert "cannot write" in capsys.readouterr().err
        with b.client() as client:
            client.stop()
        path = tmp_path / "night"
        assert cli.run(["hil", "record", str(path), "--port", b.board.port]) == 1
    assert "no frame came" in capsys.readouterr().err
    assert not list(tmp_path.glob("night*"))
