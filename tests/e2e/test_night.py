"""The whole path, from a moving mattress to a page: simulated, but for nothing else left out."""

import json

import pytest

from cribtrace import analysis, demo, logfile, nights, recording, replay, rerun, scenario, tree
from cribtrace.device import records
from cribtrace.pull import pull
from tests.support import golden

NIGHT_FRAMES = 36_000 * 104


def lived(bench, rec, log, **options):
    """Let a board live through `rec`, stop it, pull: (night, sensor's own count)."""
    with bench(rec, **options) as b:
        assert b.ended.wait(60)
        with b.client() as client:
            client.stop()
            sensor = b.told("sensor_off")
            pull(client, log)
    return analysis.read_night(log), sensor


def unseen(night, sensor):
    """Frames that are neither seen nor in a gap record."""
    known = night.summary["frames_seen"] + night.summary["frames_in_gaps"]
    return sensor["frames_produced"] - known


@pytest.fixture(scope="module")
def demo_folder(micropython, tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    assert demo.run(None, out) == 0
    return out


def test_a_ten_hour_night_loses_nothing(demo_folder):
    summary = json.loads((demo_folder / "summary.json").read_text())
    assert summary["hours"] == 10.0
    assert summary["frames_produced"] >= NIGHT_FRAMES
    assert summary["frames_produced"] == summary["frames_seen"] + summary["frames_in_gaps"]
    assert summary["frames_lost"] == 0
    assert summary["records_pulled"] == summary["records_written"] > 1200
    assert 0.99 < summary["coverage"] < 1
    assert summary["wire_bytes"] > 0
    assert list(summary["counts"]) == list(records.KINDS)
    assert {"cribtrace", "firmware", "format", "micropython"} <= set(summary["versions"])


def test_the_firmware_fits_beside_everything_else(demo_folder):
    summary = json.loads((demo_folder / "summary.json").read_text())
    assert 30_000 < summary["firmware_heap_bytes"] <= 64 * 1024


def test_the_demo_writes_what_it_promises(demo_folder):
    lines = [json.loads(line) for line in (demo_folder / "events.jsonl").read_text().splitlines()]
    assert lines[0]["type"] == "header"
    assert lines[-1]["type"] == "summary"
    truth = recording.load(demo_folder / "night.npz").truth
    assert len(truth) > 100
    assert "<html" in (demo_folder / "report.html").read_text()
    assert all(s.verdict == logfile.COMPLETE for s in logfile.read(demo_folder / "log"))
    (session,) = nights.sessions(analysis.read_night(demo_folder / "log"), None)
    assert f"{session.begins:%H:%M}" in ("19:59", "20:00"), "whatever the hour now"


def test_an_hour_gives_the_same_events_on_the_board_and_under_both_interpreters(bench, tmp_path):
    rec = scenario.generate("nap", 3)
    night, sensor = lived(bench, rec, tmp_path / "log")
    pulled = golden.as_text(night.events)
    assert pulled == golden.as_text(replay.replay(rec, "cpython"))
    assert pulled == golden.as_text(replay.replay(rec, "micropython"))
    assert len(night.events) > 10
    assert unseen(night, sensor) == 0
    assert len(night.snippets) > len(night.events) / 2
    for i, wave in night.snippets.items():
        onset_s = night.events[i]["onset_s"]
        assert wave.onset_s < onset_s < wave.onset_s + len(wave.mg) / wave.rate_hz
        first = round(wave.onset_s * rec.rate_hz)
        raw = rec.accel[first : first + len(wave.mg)] / rec.lsb_per_g * 1000
        assert abs(wave.mg - raw).max() < 0.01
    verdicts = [one.verdict for one in rerun.verdicts(tmp_path / "log")]
    assert rerun.DIFFERS not in verdicts
    assert verdicts.count(rerun.SAME) > 10


BYTECODE = {("crib/kernels.py", "@micropython.viper"): "@micropython.bytecode"}


@pytest.mark.parametrize("patch", [{}, BYTECODE], ids=["viper", "bytecode"])
def test_golden_events_come_out_of_the_board(bench, tmp_path, patch):
    rec = recording.load(golden.RECORDING)
    night, _ = lived(bench, rec, tmp_path / "log", patch=patch)
    assert golden.as_text(night.events) == golden.EVENTS.read_text()


def test_the_count_of_lost_frames_is_not_made_of_what_it_checks(bench, tmp_path):
    """A firmware that passes over a frame of each burst, and does not know it."""
    silent = {("crib/sampler.py", "step(self.buffer, n)"): "step(self.buffer, n - 1)"}
    rec = recording.load(golden.RECORDING)
    night, sensor = lived(bench, rec, tmp_path / "log", patch=silent)
    assert night.summary["frames_in_gaps"] == 0
    assert unseen(night, sensor) >= len(rec.accel) // 64


@pytest.mark.parametrize("stall_s", [4, 5, 7.3, 20])
def test_a_stall_longer_than_the_fifo_is_a_gap_of_exactly_what_was_overwritten(
    bench, tmp_path, stall_s
):
    stall = (
        "self.server.text(words.heartbeat(self))\n"
        "        if self._minute == 1:\n"
        "            from hardware import parts\n"
        f"            parts.clock.charge({int(stall_s * 1e6)})"
    )
    patch = {("crib/app.py", "self.server.text(words.heartbeat(self))"): stall}
    rec = recording.load(golden.RECORDING)
    night, sensor = lived(bench, rec, tmp_path / "log", patch=patch)
    assert unseen(night, sensor) == 0
    gaps = [gap["frames"] for gap in night.gaps if gap["reason"] == "fifo_overrun"]
    assert sum(gaps) == sensor["frames_overwritten"]
    # The FIFO holds 512 of the frames that a stall makes: 4.92 s at 104 Hz.
    assert len(gaps) == (stall_s * 104 > 512)
    if gaps:
        assert abs(gaps[0] - (stall_s * 104 - 512)) < 66
        assert night.summary["coverage"] < 1 - gaps[0] / len(rec.accel)


def test_real_recordings_go_the_same_way(recordings, bench, tmp_path):
    for path in sorted(recordings.glob("*.npz")):
        rec = recording.load(path)
        log = tmp_path / path.stem
        night, sensor = lived(bench, rec, log, flash=tmp_path / (path.stem + ".bin"))
        assert unseen(night, sensor) == 0, path.name
        assert golden.as_text(night.events) == golden.as_text(replay.replay(rec, "cpython"))


def test_the_firmware_that_ran_is_the_one_in_the_tree():
    assert (tree.FIRMWARE / "crib" / "kernels.py").is_file()
