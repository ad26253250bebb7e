"""cli: what is printed where, and with which exit code it ends."""

import dataclasses
import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from unittest.mock import MagicMock

import numpy as np
import pytest

from cribtrace import cli, ports, recording, runtime, scenario, virtual_ports
from cribtrace.cli.output import progress
from cribtrace.device import protocol, records, segment_header
from cribtrace.errors import CribtraceError, Damaged, NoDevice, Usage
from tests.support.peer import DEVICE, Peer, packet, record, segment, wait_for

PROGRAM = [sys.executable, "-m", "cribtrace.cli"]
COMMANDS = (
    "sim", "ports", "info", "tail", "list", "pull", "decode", "replay", "report", "deploy",
    "runtime", "scenario", "why", "calibrate", "tap-test", "selftest", "wipe", "live",
    "export", "bundle", "note", "library", "trend", "query", "score", "check", "setup", "flash",
)  # fmt: skip


@pytest.fixture
def peers(monkeypatch):
    """A function that makes the ports of this machine be those of these peers."""
    made = []

    def plug_in(*boards):
        made.extend(boards)
        monkeypatch.setattr(ports, "serial_ports", lambda: [(b.port, "test") for b in boards])
        monkeypatch.setattr(virtual_ports, "virtual_ports", list)
        return boards[0] if boards else None

    yield plug_in
    for board in made:
        board.close()


def log_segment(number, *texts, device=DEVICE):
    """A segment with a BOOT record and one mark for each text, as the board writes it."""
    bodies = [record(records.BOOT, 0, 0, (1, 1))]
    bodies += [record(records.MARK, 1 + i, 104, rest=t.encode()) for i, t in enumerate(texts)]
    coded = b"".join(packet(b[0], b[1], b[2:])[1:] for b in bodies)
    return segment(number, segment_header.BYTES, device=device) + coded


def test_every_command_is_there_and_explains_itself(run):
    code, out, _ = run("--help")
    assert code == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", out)
        assert run(name, "--help")[0] == 0
    assert run("--version")[1].startswith("cribtrace, version 0.")


def test_one_board_is_used_without_naming_its_port(run, peers):
    board = peers(Peer(), Peer(mode="silent"))
    code, out, err = run("info", "--json")
    line = json.loads(out)
    assert (code, err) == (0, "")
    assert (line["type"], line["port"], line["device"]) == ("info", board.port, DEVICE.hex())
    assert line["frame"] == 6240
    assert re.search(r"^device +9f00112233445566$", run("info")[1], re.MULTILINE)


def test_several_boards_are_listed_and_one_must_be_chosen(run, peers):
    one, two = Peer(), Peer()
    peers(one, two)
    code, out, err = run("info")
    assert (code, out) == (2, "")
    assert one.port in err
    assert two.port in err
    assert run("info", "--port", two.port)[0] == 0


def test_no_board_is_exit_code_4_and_says_what_to_do(run, peers):
    peers()
    code, out, err = run("list")
    assert (code, out) == (4, "")
    assert "cribtrace sim" in err
    peers(Peer(mode="repl"))
    code, _, err = run("pull", "nowhere")
    assert code == 4
    assert "MicroPython prompt" in err


@pytest.mark.parametrize(
    "mode, says",
    [
        ("silent", "is silent"),
        ("garbage", "garbage"),
        ("repl", "Ctrl-D"),
        ("raw_repl", "raw REPL"),
    ],
)
def test_ports_says_what_is_at_each_within_its_time(run, peers, mode, says):
    peers(Peer(), Peer(mode=mode))
    begin = time.monotonic()
    code, out, _ = run("ports", "--json")
    assert time.monotonic() - begin < 2.0
    good, bad = map(json.loads, out.splitlines())
    assert code == 0
    assert (good["device"], good["problem"]) == (DEVICE.hex(), None)
    assert says in bad["problem"]


def test_a_driver_that_breaks_hides_no_other_port(run, peers, monkeypatch):
    board = peers(Peer())
    monkeypatch.setattr(ports, "serial_ports", lambda: [("bad", ""), (board.port, "")])
    real = ports.Link

    def broken(port):
        if port == "bad":
            raise RuntimeError("driver")
        return real(port)

    monkeypatch.setattr(ports, "Link", broken)
    _, out, _ = run("ports", "--json")
    assert [json.loads(line)["problem"] for line in out.splitlines()] == ["driver", None]


def test_list_and_pull_and_decode(run, peers, tmp_path):
    log = {1: log_segment(1, "door"), 2: log_segment(2, "bottle")}
    board = peers(Peer(log))
    code, out, _ = run("list", "--json")
    assert code == 0
    assert [json.loads(line)["bytes"] for line in out.splitlines()] == [len(log[1]), len(log[2])]
    code, out, err = run("pull", tmp_path / "log", "--json")
    line = json.loads(out)
    assert (code, err) == (0, "")
    assert (line["type"], line["new_segments"]) == ("pulled", 2)
    assert line["seconds"] == round(line["seconds"], 3) > 0
    assert line["link"]["bad_packets"] == 0
    assert board.acked == [1, 2]
    path = tmp_path / "log" / "00000001.crib"
    code, out, err = run("decode", path, "--json")
    types = [json.loads(line)["type"] for line in out.splitlines()]
    assert code == 0
    assert (types[0], types[-1]) == ("header", "summary")
    assert '"text":"door"' in out
    assert "complete" in err


def test_a_pull_ends_with_what_the_line_was_like(run, peers, tmp_path):
    peers(Peer({1: segment(1, 20_000)}))
    _, _, err = run("pull", tmp_path / "log")
    told = re.search(
        r"20000 bytes in (\d+\.\d) s, (\d+\.\d) kB/s, (1\.\d{3}) on the line for each;"
        r" 0 requests repeated, 0 packets damaged",
        err,
    )
    assert told, err
    assert 1 < float(told[3]) < 1.1
    assert "0 bytes in" in run("pull", tmp_path / "log")[2]


def test_a_terminal_sees_a_bar_with_rate_and_time_left(monkeypatch):
    shown = io.StringIO()
    shown.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress("pulling") as bar:
        for here in range(0, 90_000, 1000):
            bar(here, 100_000)
            time.sleep(0.005)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())
    assert re.search(r"pulling \S+ \d+\.\d/100\.0 kB \d+\.\d [kM]B/s 0:00:0\d", text), text


class Terminal(io.StringIO):
    """What a person sees who has stderr on a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    "words, what",
    [
        (["scenario", "ten_minutes", "-o", "made.npz"], "simulating"),
        (["decode", "log"], "reading"),
        (["report", "log", "--whole"], "reporting"),
        (["export", "log", "--whole", "--format", "csv"], "exporting"),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_a_long_task_is_seen_on_a_terminal_alone(capsys, tmp_path, monkeypatch, words, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "00000001.crib").write_bytes(log_segment(1, "door"))
    assert cli.run([*words]) == 0
    off = capsys.readouterr()
    assert what not in off.err and "\x1b" not in off.err
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    (tmp_path / "events.csv").unlink(missing_ok=True)
    again = [*words, "--overwrite"] if words[0] in ("export", "scenario") else words
    assert cli.run(again) == 0
    on = capsys.readouterr().out
    assert what in seen.getvalue()
    assert seen.getvalue().count("\x1b[2K"), "the line is taken away again"
    assert on == off.out, "results are what they are without a terminal"


def test_a_board_that_is_asked_is_waited_for_in_sight(peers, monkeypatch):
    board = peers(Peer())
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    assert cli.run(["info", "--port", board.port]) == 0
    assert "asking the board" in seen.getvalue()


def test_pull_names_its_folder_by_the_device(run, peers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    peers(Peer({1: log_segment(1, "door")}))
    assert run("pull")[0] == 0
    assert (tmp_path / f"cribtrace-{DEVICE.hex()}" / "00000001.crib").exists()


def test_a_segment_damaged_on_the_board_is_exit_code_3(run, peers, tmp_path):
    board = peers(Peer({1: log_segment(1, "door")}))
    honest = board.do_list

    def lying(number, *_):
        true, board.segments = board.segments, {1: board.segments[1][:-1] + b"?"}
        count = honest(number)
        board.segments = true
        return count

    board.do_list = lying
    code, out, err = run("pull", tmp_path, "--json")
    assert code == 3
    assert json.loads(out)["damaged"] == [1]
    assert "segment 1" in err


@pytest.mark.parametrize(
    "harm, code, says",
    [
        (lambda b: b, 0, "complete"),
        (lambda b: b[:-3], 3, "ends within a record at byte"),
        (lambda b: b[:-6] + bytes((b[-6] ^ 1,)) + b[-5:], 3, "at byte"),
        (lambda b: b"PK\3\4" + b, 3, "4 bytes before the header"),
        (lambda b: b"PK\3\4" * 99, 1, "not a Cribtrace segment"),
        (lambda b: b"", 1, "not a Cribtrace segment"),
    ],
)
def test_decode_gives_a_verdict_and_says_where(run, tmp_path, harm, code, says):
    path = tmp_path / "00000001.crib"
    path.write_bytes(harm(log_segment(1, "door", "bottle")))
    got, out, err = run("decode", path, "--json")
    assert got == code
    assert says in err
    assert all(line.startswith("cribtrace: ") for line in err.splitlines())
    assert ('"door"' in out) == (code != 1)


def test_report_writes_one_file_or_none(run, tmp_path):
    (tmp_path / "00000001.crib").write_bytes(log_segment(1, "door"))
    page = tmp_path / "night.html"
    code, out, _ = run("report", tmp_path, "-o", page)
    assert (code, out) == (0, f"{page}\n")
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    page.unlink()
    code, out, err = run("report", tmp_path / "none", "-o", page)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert not page.exists()


def test_a_page_of_its_own_goes_and_nothing_else_does(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "log"
    log.mkdir()
    (log / "00000001.crib").write_bytes(log_segment(1, "door"))
    page, named = tmp_path / "report.html", ("report", log, "-o", "named.html")
    for _ in range(2):
        assert run("report", log)[:2] == (0, "report.html\n")
    assert run(*named)[0] == 0
    code, out, err = run(*named)
    assert (code, out) == (2, "")
    assert "named.html is there already: name another with -o, or add --overwrite" in err
    assert run(*named, "--overwrite")[0] == 0
    code, _, err = run("report", log, "-o", tmp_path)
    assert code == 2 and "is a folder: name a file in it" in err
    page.write_text("<title>mine</title>")
    assert run("report", log)[0] == 2
    assert page.read_text() == "<title>mine</title>"
    assert run("report", log, "--format", "text")[0] == 0


def test_scenario_and_replay(run, tmp_path):
    path = tmp_path / "night.npz"
    assert "ten_minutes" in run("scenario")[1]
    code, out, _ = run("scenario", "ten_minutes", "--seed", 3, "-o", path, "--json")
    assert code == 0
    assert json.loads(out)["duration_s"] == pytest.approx(600, abs=1)
    code, out, err = run("replay", path, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, f"cribtrace: {path}: 600.0 s, {len(events)} events\n")
    assert events
    assert {event["type"] for event in events} == {"event"}
    assert run("replay", path, "--set", "tell_events=0")[1:] == (
        "", f"cribtrace: {path}: 600.0 s, 0 events\n",
    )  # fmt: skip
    code, out, err = run("scenario", "earthquake")
    assert (code, out) == (2, "")
    assert "ten_minutes" in err


def test_scenario_takes_a_file_of_ones_own(run, tmp_path):
    path, made = tmp_path / "mine.toml", tmp_path / "made.npz"
    path.write_text('duration_s = 300\n[[ingredient]]\nwhat = "twitch"\ncount = 3\n')
    code, out, _ = run("scenario", path, "--seed", 9, "-o", made, "--json")
    assert code == 0
    assert json.loads(out)["truths"] == 4  # the sleeper's state is one, too
    assert made.exists()
    code, _, err = run("scenario", path, "-o", made)
    assert (code, "add --overwrite" in err) == (2, True)
    path.write_text("duration_s = 3")
    code, out, err = run("scenario", path, "-o", made, "--overwrite")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "write a number from 60" in err


def test_a_recording_shorter_than_the_warm_up_says_so(run, tmp_path):
    rec = scenario.generate("ten_minutes", 1)
    path = tmp_path / "short.npz"
    recording.save(path, dataclasses.replace(rec, accel=rec.accel[:1040], truth=()))
    code, out, err = run("replay", path)
    assert (code, out) == (0, "")
    assert (
        " s are the warm-up, in which the noise floor is measured" in err
        and "give it a longer recording" in err
    )
    assert "warm-up" not in run("replay", path, "--set", "warm_up_ms=5000")[2]


def test_what_was_taken_for_a_log_is_named_with_its_command(run, tmp_path):
    rec, bundle, other = (tmp_path / name for name in ("nap.npz", "night.zip", "x.zip"))
    np.savez(rec, accel=np.zeros((9, 3), np.int16), rate_hz=104.0, lsb_per_g=16384.0)
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bundle/00000001.crib", log_segment(1, "door"))
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("a.txt", "a")
    for words in (["decode"], ["report"], ["why", "3"]):
        code, out, err = run(*words, rec)
        assert (code, out) == (1, "")
        assert f"{rec} is a recording, no log: `cribtrace replay {rec}` finds its events" in err
    assert f"python3 -m zipfile -e {bundle} {bundle.with_suffix('')}`" in run("decode", bundle)[2]
    assert "is an archive without a log" in run("decode", other)[2]


def test_a_board_that_is_not_named_has_those_there_are(run):
    for command in ("setup", "flash", "deploy"):
        code, _, err = run(command)
        assert code == 2
        assert err.startswith("cribtrace: which board? --board NAME: esp32_devkitc_gy521, ")


def test_a_scenario_is_written_as_npz_whatever_its_name(run, tmp_path):
    code, out, _ = run("scenario", "ten_minutes", "-o", tmp_path / "v1.2", "--json")
    assert (code, json.loads(out)["path"]) == (0, str(tmp_path / "v1.2.npz"))
    assert [path.name for path in tmp_path.iterdir()] == ["v1.2.npz"]


def test_a_log_is_found_in_the_demos_folder(run, tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "00000001.crib").write_bytes(log_segment(1, "one"))
    whole = run("decode", tmp_path / "log")
    assert whole[0] == 0
    assert run("decode", tmp_path)[:2] == whole[:2]
    (tmp_path / "log" / "00000002.crib.part").write_bytes(b"")
    assert "00000002.crib.part: not wholly pulled" in run("decode", tmp_path)[2]


@pytest.mark.parametrize("when", ["-5", "-0:05"])
def test_a_negative_time_is_named(run, tmp_path, when):
    code, out, err = run("why", when, tmp_path)
    assert (code, out) == (2, "")
    assert f"{when} is before the start" in err


@pytest.mark.parametrize(
    "error, code",
    [
        (CribtraceError("no"), 1), (Usage("no"), 2), (Damaged("no"), 3), (NoDevice("no"), 4),
        (OSError(28, "No space left", "x"), 1), (KeyboardInterrupt(), 130),
    ],
)  # fmt: skip
def test_every_error_is_one_line_with_its_exit_code(run, monkeypatch, error, code):
    def fails(**_):
        raise error

    monkeypatch.setattr(runtime, "find", fails)
    got, out, err = run("runtime")
    assert (got, out) == (code, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    monkeypatch.setenv("CRIBTRACE_TRACEBACK", "1")
    if code in (1, 2, 3, 4):
        assert "Traceback" in run("runtime")[2]


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["frobnicate"], 2), (["pull", "--nope"], 2), (["replay"], 2),
        (["sim", "--speed", "0"], 2), (["sim", "--speed", "nan"], 2),
        (["deploy", "--board", "no"], 2),
        (["deploy"], 2),
        (["info", "--port", "/dev/nope"], 4), (["replay", "/nope.npz"], 1),
        (["decode", "/nope"], 1), (["sim", "/nope.npz"], 1),
        (["replay", "x", "--on", "abacus"], 2),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_line_without_a_traceback(run, arguments, code):
    got, out, err = run(*arguments)
    assert (got, out) == (code, "")
    assert err.startswith("cribtrace: ")
    assert err.count("\n") == 1


def test_text_of_a_device_cannot_drive_the_terminal(run, tmp_path):
    (tmp_path / "1.crib").write_bytes(log_segment(1, "\x07\x9b2Jgone"))
    for arguments in (["decode", tmp_path / "1.crib"], ["decode", tmp_path / "1.crib", "--json"]):
        code, out, _ = run(*arguments)
        assert code == 0
        assert "gone" in out
        assert "\x07" not in out
        assert "\x9b" not in out


def test_tail_ends_with_0_at_ctrl_c_and_its_results_are_alone_on_stdout():
    with Peer() as board:
        command = [*PROGRAM, "tail", "--port", board.port, "--json"]
        tail = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        killer = threading.Timer(20, tail.kill)
        killer.start()
        wait_for(lambda: board.tail, 15)
        board.say(b"some text\r\n")
        board.push(protocol.RECORD, record(records.MARK, 1, 104, rest=b"door"))
        assert tail.stdout
        line = json.loads(tail.stdout.readline())
        assert line.pop("utc").endswith("Z")
        assert line == {"type": "mark", "t_s": 1.0, "text": "door"}
        tail.send_signal(signal.SIGINT)
        out, err = tail.communicate()
        killer.cancel()
        assert (tail.returncode, out) == (0, "")
        assert err.splitlines()[1] == "cribtrace: some text"
        assert re.fullmatch(r"cribtrace: followed for 0:00:\d\d: 0 events, .*, 1 marks, .*",
                            err.splitlines()[2])  # fmt: skip
        assert err.startswith("cribtrace: following ")
        wait_for(lambda: any(" bye*" in line for line in board.asked))


@pytest.mark.parametrize("as_json", [True, False])
def test_tail_tells_what_it_inferred(as_json):
    def epochs(board):
        for i in range(12):
            first = 3120 * i
            fields = (3120, 3120, 7, 400, 0, 0, 0x8927, 0x8927, 0x8927)
            still = b"\x0d" + b"\x77" * 15  # 30 times 20
            body = record(records.EPOCH, i + 1, first + 3120, fields, rest=still)
            board.push(protocol.RECORD, body)

    with Peer() as board:
        how = ["--json"] if as_json else ["--filter", "all"]
        command = [*PROGRAM, "tail", "--port", board.port, *how]
        tail = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        killer = threading.Timer(20, tail.kill)
        killer.start()
        wait_for(lambda: board.tail, 15)
        epochs(board)
        assert tail.stdout
        for _ in range(12):
            tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        out, _ = tail.communicate()
        killer.cancel()
    assert tail.returncode == 0
    if as_json:
        lines = [json.loads(line) for line in out.splitlines()]
        assert [line["state"] for line in lines] == ["unknown", "asleep_likely"]
        assert {line["by"] for line in lines} == {"host"}
    else:
        assert re.search(r"\+179\.0s asleep_likely +181s: 3 min with little movement\n", out)


def test_a_context_is_part_of_a_row(capsys):
    from cribtrace.cli.output import emit_found

    line = {"type": "event", "by": "host", "kind": "bout", "context": {"asleep_min": 3.7}}
    emit_found(line, False)
    assert capsys.readouterr().out == "event by=host kind=bout asleep_min=3.7\n"
    emit_found(line, True)
    assert json.loads(capsys.readouterr().out) == line


def test_a_reader_that_has_had_enough_is_no_error(tmp_path):
    (tmp_path / "1.crib").write_bytes(log_segment(1, *("x" * 200 for _ in range(400))))
    decode = subprocess.Popen(
        [*PROGRAM, "decode", str(tmp_path / "1.crib")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert decode.stdout
    assert decode.stdout.readline().startswith("header")
    decode.stdout.close()
    assert decode.stderr
    assert decode.stderr.read() == ""
    assert decode.wait(20) == 0


def test_a_board_that_another_boot_answers_from_was_reset_by_the_opening(run, peers):
    board = peers(Peer())
    board.do_bye = lambda number, *_: setattr(board, "boot", board.boot + 1) or ""
    code, _, err = run("info")
    assert code == 0
    assert f"opening {board.port} reset the board: boot 1 ended, boot 2 began" in err


@pytest.mark.parametrize(("uptime_ms", "was_reset"), [(0, True), (60_000, False)])
def test_a_board_younger_than_the_opening_was_reset_by_it(run, peers, uptime_ms, was_reset):
    board = peers(Peer())
    told = board.do_info(0).replace("uptime_ms=60000", f"uptime_ms={uptime_ms}")
    board.do_info = lambda number, *_: told
    code, _, err = run("list", "--port", board.port)
    assert code == 0
    assert ("reset the board: boot 1 began" in err) is was_reset


@pytest.mark.parametrize("kept", [True, False])
def test_sim_says_what_to_type_next_and_ctrl_c_ends_it_with_a_word(
    run, tmp_path, monkeypatch, kept
):
    board = MagicMock(link=None, port="/dev/pts/9")
    board.__enter__.return_value = board
    board.wait_off.side_effect = [False, KeyboardInterrupt]
    monkeypatch.setattr("cribtrace.virtual.VirtualBoard", lambda *_, **__: board)
    monkeypatch.setattr("cribtrace.runtime.find", MagicMock())
    monkeypatch.setattr("cribtrace.scenario.generate", MagicMock())
    monkeypatch.setattr("signal.signal", MagicMock())
    image = tmp_path / "flash.bin"
    image.touch()
    monkeypatch.setattr("cribtrace.virtual_parts.firmware_files", MagicMock())
    monkeypatch.setattr("cribtrace.virtual_parts.install_firmware", MagicMock())
    code, out, err = run("sim", "--speed", "20", *(["--flash", str(image)] if kept else []))
    assert (code, out) == (130, "/dev/pts/9\n")
    first, last = err.splitlines()
    assert "`cribtrace tail`" in first and "Ctrl-C" in first
    assert "power is cut" in last and ("flash.bin" in last) is kept
