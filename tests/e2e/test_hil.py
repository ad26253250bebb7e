"""A recording through a board's own detector, in the place of its sensor."""

import json
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cribtrace import (
    analysis,
    captured,
    cli,
    hil,
    logfile,
    recording,
    report,
    virtual,
    virtual_parts,
)
from cribtrace.cli import hil as cli_hil
from cribtrace.client import Client
from cribtrace.conversation import Refused
from cribtrace.device import records
from cribtrace.errors import NoDevice
from cribtrace.link import Link
from cribtrace.pull import pull
from tests.support import golden

BAUD = 115_200
HZ = 104


@pytest.fixture(scope="module")
def rec():
    return recording.load(golden.RECORDING)


@pytest.fixture
def board(micropython, rec, tmp_path):
    """A virtual board whose sensor plays something else: `with board(...) as b`."""

    def start(**options):
        flash = tmp_path / "flash.bin"
        if not flash.exists():
            files = virtual_parts.firmware_files()
            virtual_parts.install_firmware(flash, files, micropython.path)
        still = golden.still(rec)
        options = {"speed": 1.0, "baud": BAUD, **options}
        return virtual.VirtualBoard(still, flash=flash, micropython=micropython.path, **options)

    return start


def in_session(b):
    client = Client(Link(b.port), wait_s=2.0)
    client.hello()
    return client


def after_restart(b, boot):
    """A session with the board in a later boot than this one."""
    deadline = time.monotonic() + 20
    while True:
        client = in_session(b)
        if int(client.hello()["boot"]) > boot:
            return client
        client.close()
        assert time.monotonic() < deadline, "the board never came back"
        time.sleep(0.2)


def head(rec, seconds, begin=0):
    return replace(rec, accel=rec.accel[begin * HZ : (begin + seconds) * HZ], truth=())


def test_the_board_finds_what_the_replay_finds_and_its_sensor_comes_back(board, rec, tmp_path):
    with board() as b:
        with in_session(b) as client:
            hello = client.hello()
            hil.refuse_other(b.port, hello)
            client.mark("before")
            lived = hil.run(client, rec)
        assert lived.same and len(lived.events) > 5
        assert lived.gaps == [] and lived.kept.seen == len(rec.accel)
        shown = lived.shown()
        # Five times faster than real time, by the board and by what the line has to carry.
        assert shown["times_real"] > 5 and shown["times_real_by_line"] > 5
        assert shown["bytes_per_frame"] < 22 and shown["us_per_frame"] > 0
        with after_restart(b, lived.kept.boot) as client:
            assert client.hello()["sensor"] == hello["sensor"] != "injected"
            time.sleep(1)
            info = client.info()
            assert info["state"] == "sampling" and info["seen"] > 0
            pull(client, tmp_path / "log")
    found = {}
    for s in logfile.read(tmp_path / "log"):
        found.setdefault(s.header["boot"], []).append(s)
    marked = {(sensor(s), s.header["recording_frames"]) for s in found[2]}
    assert marked == {("injected", len(rec.accel))}
    for boot in (1, 3):
        assert {sensor(s) for s in found[boot]} == {hello["sensor"]}
    night = analysis.read_night(tmp_path / "log")
    assert night.injected == [2] and "INJECTED" in night.notes[0]
    assert "<b>Injected.</b> In boot 2 a file" in report.render(night)
    facts = logfile.records_of(found[2], records.FACTS)
    logged = [r for r in facts if r["type"] == records.EVENT]
    assert [r["closed"] for r in logged] == [e[15] for e in lived.events]
    assert any(s.header["stream"] == records.WAVEFORMS for s in found[2])
    # What was injected is no floor of this sensor's.
    texts = [r["rest"] for s in found[3] for r in s.records if r["type"] == records.TEXT]
    assert not any(text.startswith(b"floor=") for text in texts), texts


def sensor(segment):
    return segment.header["sensor"].rstrip(b"\0").decode()


def damaging(share):
    """Change one bit of some pieces on their way up."""
    rng = random.Random(5)

    def tamper(piece):
        if len(piece) > 60 and rng.random() < share:
            bad = bytearray(piece)
            bad[rng.randrange(30, len(bad) - 10)] ^= 4
            return bytes(bad)
        return piece

    return tamper


def test_a_bad_line_costs_time_and_no_frame(board, rec):
    some = head(rec, 60)
    with board(tamper_up=damaging(0.1)) as b, in_session(b) as client:
        lived = hil.run(client, some)
        assert client.stats.retries > 5
    assert lived.same and lived.gaps == []
    assert lived.kept.seen == len(some.accel)


def test_gaps_of_the_recording_are_gaps_of_the_board(board, rec):
    some = head(rec, 90, begin=60)
    gaps = [captured.Gap(3000, 900), captured.Gap(4100, 1), captured.Gap(4200, 700)]
    some = replace(some, truth=tuple(captured.gap_line(gap, HZ) for gap in gaps))
    with board(tamper_up=damaging(0.05)) as b, in_session(b) as client:
        lived = hil.run(client, some)
    assert [(g["first"], g["frames"]) for g in lived.gaps] == [gap[:2] for gap in gaps]
    assert lived.same and len(lived.events) > 1
    assert lived.lost == 0 and lived.kept.seen == len(some.accel) - 1601


def test_without_flow_control_what_a_line_loses_is_a_gap_of_exactly_its_frames(board, rec):
    some = head(rec, 12)
    told = []
    with board(tamper_up=damaging(0.2)) as b, in_session(b) as client:
        lived = hil.run(client, some, paced=True, on_gap=told.append)
    assert 11.5 < lived.kept.took_s < 16
    assert lived.gaps and told[-len(lived.gaps) :] == lived.gaps
    reason = records.GAP_REASONS.index("fifo_overrun")
    assert {gap["reason"] for gap in lived.gaps} == {reason}
    assert sum(gap["frames"] for gap in lived.gaps) == lived.kept.in_gaps
    behind = len(some.accel) - lived.kept.seen - lived.kept.in_gaps
    assert 0 <= behind < 40  # the last line may have been the damaged one


def test_a_host_that_goes_leaves_the_board_to_its_sensor(board, rec):
    with board() as b:
        client = in_session(b)
        client.request("inject", "begin", 104_000, 16_393_443, 1000, 512, 0)
        with pytest.raises(Refused, match="restart"):
            client.request("inject", "begin", 104_000, 16_393_443, 1000, 512, 0)
        client.link.close()
        time.sleep(11)  # a word from a new host would keep it waiting
        with after_restart(b, 2) as client:
            assert client.hello()["sensor"] != "injected"


@pytest.mark.parametrize(
    "numbers", [(), (20_000, 16_393_443, 9, 512, 0), (104_000, 0, 9, 512, 0),
                (104_000, 16_393_443, 9, 9999, 0), (104_000, 16_393_443, 0, 512, 0)],
)  # fmt: skip
def test_what_cannot_be_injected_disturbs_nothing(board, numbers):
    with board() as b, in_session(b) as client:
        with pytest.raises(Refused, match="bad_argument"):
            client.request("inject", "begin", *numbers)
        with pytest.raises(Refused, match="no_injection"):
            client.request("inject", 0, "!!!")
        with pytest.raises(Refused, match="no_injection"):
            client.request("inject", "end")
        assert client.info()["state"] == "sampling" and client.hello()["boot"] == "1"


def test_the_command_tells_and_compares(board, rec, tmp_path, capsys):
    path = tmp_path / "some.npz"
    recording.save(path, head(rec, 90, begin=60))
    with board() as b:
        assert cli.run(["hil", "run", str(path), "--port", b.port, "--json"]) == 0
    out, err = capsys.readouterr()
    line = json.loads(out)
    assert line["injected"] and line["same"] and line["lost"] == 0 and line["seen"] == 90 * HZ
    assert line["heap_bytes"] > 30_000 and line["late_ms"] > 0
    assert "INJECTED" in err


def test_what_a_board_that_stands_still_loses_is_told_as_it_happens(
    board, rec, tmp_path, monkeypatch, capsys
):
    # Its movement is recorded after 7 s, and flushed 28 s later by the board's fast clock.
    some = replace(rec, accel=rec.accel[round(40.5 * HZ) :][: 15 * HZ], truth=())
    path = tmp_path / "some.npz"
    recording.save(path, some)
    told = []
    tell = cli_hil._tell
    monkeypatch.setattr(
        cli_hil, "_tell", lambda gap: tell(gap) or told.append((time.monotonic(), gap))
    )
    stall = {"kind": "erase", "at_ms": 56_000, "ms": 24_000}  # 3 s, and 7 s from its start on
    with board(speed=8.0, faults=[stall]) as b:
        with in_session(b) as client:
            client.configure({"warm_up_ms": 3000})
        assert cli.run(["hil", "run", str(path), "--port", b.port, "--pace", "1", "--json"]) == 3
        ended_s = time.monotonic()
    out, err = capsys.readouterr()
    line = json.loads(out)
    gaps = [gap for _, gap in told]
    assert f"overrun: {gaps[0]['frames']} frames lost from frame {gaps[0]['first']} on" in err
    assert told[0][0] < ended_s - 2, "long before its end"
    assert {gap["reason"] for gap in gaps} == {records.GAP_REASONS.index("fifo_overrun")}
    assert sum(gap["frames"] for gap in gaps) == line["lost"]
    assert 100 < line["lost"] < 3.5 * HZ, "but for what the receive ring held"
    assert 0 <= len(some.accel) - line["seen"] - line["lost"] < 40
    assert line["late_ms"] > 23_000


def test_a_scenario_with_a_loss_runs_on_a_port(board, capsys):
    path = Path(__file__).parents[1] / "hil" / "lost_frames.crib.toml"
    with board() as b:
        assert cli.run(["hil", "run", str(path), "--port", b.port, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unmet"] == 0


def test_events_that_are_not_the_replays_are_an_error(board, rec, tmp_path, monkeypatch, capsys):
    from cribtrace import replay

    path = tmp_path / "some.npz"
    recording.save(path, head(rec, 60))
    monkeypatch.setattr(replay, "as_logged", lambda *_, **__: [[1] * 23])
    with board() as b:
        assert cli.run(["hil", "run", str(path), "--port", b.port]) == 1
    assert "are not the replay's 1" in capsys.readouterr().err


def test_another_firmware_than_the_checkouts_is_refused():
    hello = {"board": "virtual", "build": "1"}
    with pytest.raises(NoDevice, match="cribtrace deploy"):
        hil.refuse_other("/dev/x", hello)
    with pytest.raises(NoDevice, match="nothing is known"):
        hil.refuse_other("/dev/x", {"board": "../gone", "build": "1"})
