"""A log with something missing never reads as a night without movements."""

import os
import shutil
import zlib

import numpy as np
import pytest

from cribtrace import analysis, cli, logfile, recording, scenario
from cribtrace.atomic import replacing
from cribtrace.device import records
from cribtrace.errors import CribtraceError
from cribtrace.pull import pull
from tests.support import golden


@pytest.fixture(scope="module")
def log(micropython, tmp_path_factory):
    """A pulled log of eight hours, in several segments."""
    from cribtrace import virtual, virtual_parts
    from cribtrace.client import Client
    from cribtrace.link import Link

    folder = tmp_path_factory.mktemp("hour")
    flash = folder / "flash.bin"
    virtual_parts.install_firmware(flash, virtual_parts.firmware_files(), micropython.path)
    naps = [scenario.generate("nap", seed) for seed in (5, 6, 7, 8)]
    accel = np.concatenate([nap.accel for nap in naps + naps])
    rec = recording.Recording(accel, naps[0].rate_hz, naps[0].lsb_per_g)
    board = virtual.VirtualBoard(rec, flash=flash, micropython=micropython.path, speed=None)
    with board:
        assert board.wait_status("recording_end")
        with Client(Link(board.port)) as client:
            client.hello()
            client.stop()
            pull(client, folder / "log")
    assert len(list((folder / "log").glob("*.crib"))) >= 3
    return folder / "log"


@pytest.fixture
def copy(log, tmp_path):
    return shutil.copytree(log, tmp_path / "log")


def test_a_whole_log_has_no_faults(copy):
    night = analysis.read_night(copy)
    assert night.faults == []
    assert night.summary["coverage"] > 0.99


def of_stream(folder, stream):
    """The files of facts or of waveforms, in their order."""
    found = sorted(folder.glob("*.crib"))
    return [p for p in found if (logfile.read_segment(p).header or {})["stream"] == stream]


@pytest.mark.parametrize("index", [0, -1])
def test_waveforms_that_are_missing_say_nothing_against_the_facts(copy, index):
    whole = analysis.read_night(copy)
    path = of_stream(copy, records.WAVEFORMS)[index]
    count = len(logfile.read_segment(path).records)
    path.unlink()
    night = analysis.read_night(copy)
    assert night.events == whole.events and night.gaps == whole.gaps
    assert len(night.snippets) < len(whole.snippets)
    assert [fault.split(":")[0] for fault in night.faults] == [f"{count} waveforms are not here"]


@pytest.mark.parametrize("index", [0, 1])
def test_a_missing_segment_is_a_gap_and_a_fault(copy, index, capsys):
    whole = analysis.read_night(copy).summary
    of_stream(copy, records.FACTS)[index].unlink()
    night = analysis.read_night(copy)
    hole = next(gap for gap in night.gaps if gap["reason"] == "records_missing")
    assert hole["duration_s"] > 60
    assert hole["frames"] is None
    lost_share = hole["duration_s"] / (whole["hours"] * 3600)
    assert night.summary["coverage"] == pytest.approx(whole["coverage"] - lost_share, abs=0.02)
    assert night.summary["frames_in_gaps"] == 0
    assert night.summary["records_written"] == whole["records_written"]
    assert any("records are missing" in fault for fault in night.faults)
    assert cli.run(["report", str(copy), "-o", str(copy / "r.html")]) == 3
    assert cli.run(["decode", str(copy)]) == 3
    assert "records are missing" in capsys.readouterr().err


def test_a_segment_of_another_board_is_refused_by_name(copy):
    path = copy / "00000002.crib"
    content = bytearray(path.read_bytes())
    content[16:24] = b"\1" * 8
    content[124:128] = zlib.crc32(content[:124]).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(CribtraceError, match="0101010101010101") as refused:
        analysis.read_night(copy)
    assert analysis.read_night(copy / "00000001.crib").header["device"] in str(refused.value)


def test_a_foreign_file_among_the_segments_is_named_by_the_report(copy):
    (copy / "00000099.crib").write_bytes(b"what is this")
    night = analysis.read_night(copy)
    assert any("00000099.crib: not a Cribtrace segment" in fault for fault in night.faults)


def test_an_unfinished_pull_is_named(copy):
    (copy / "00000044.crib.part").write_bytes(b"half")
    assert any("00000044.crib.part" in fault for fault in analysis.read_night(copy).faults)


def test_motion_from_end_to_end_is_not_a_covered_hour_without_events(bench, tmp_path):
    rec = recording.load(golden.RECORDING)
    shaken = rec.accel.astype(np.int32)
    shaken[:, 0] += (3000 * np.sin(2 * np.pi * 2 * np.arange(len(shaken)) / 104)).astype(np.int32)
    loud = recording.Recording(np.clip(shaken, -32768, 32767).astype("<i2"), 104.0, rec.lsb_per_g)
    with bench(loud) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            client.stop()
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    assert {state["reason"] for state in night.states} >= {"noise floor above 10 mg"}
    assert night.summary["coverage"] < 0.1


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CribtraceError, match="not a regular file"), replacing(pipe) as f:
        f.write(b"x")
    target = tmp_path / "target"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)
    with replacing(link) as f:
        f.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
