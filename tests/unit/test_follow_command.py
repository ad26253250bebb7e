"""The command `tail`: what it prints in a terminal and off one; the page says the same."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from cribtrace import cli
from cribtrace.asides import Asides
from cribtrace.cli import follow
from cribtrace.device import protocol, records
from cribtrace.errors import Silent
from cribtrace.heard import Decoded, Note
from tests.support.frame_peer import FramePeer
from tests.support.peer import Peer, record, wait_for

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "TAIL.md").read_text()
PROGRAM = [sys.executable, "-m", "cribtrace.cli", "tail"]
NOISE = np.random.default_rng(4).integers(-90, 90, (700, 3)).astype(np.int16)
ESC = "\x1b["
ENDINGS = [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
NO_BOARD = "cribtrace: ended before a board was there\n"


def shown_in_a_terminal(board, wanted, **environment):
    """What `tail` shows on a terminal until `wanted` is there and Ctrl-C was pressed."""
    master, slave = pty.openpty()
    around = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    tail = subprocess.Popen(
        [*PROGRAM, "--port", board.port], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL,
        start_new_session=True, env={**around, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(slave)
    wait_for(lambda: board.tail, 15)
    board.push(protocol.RECORD, record(records.MARK, 1, 6240, rest=b"door"))
    shown = b""
    while wanted not in shown:
        assert select.select([master], [], [], 10)[0]
        shown += os.read(master, 4096)
    tail.send_signal(signal.SIGINT)
    assert tail.wait(10) == 0
    os.close(master)
    return shown.decode()


def test_in_a_terminal_lines_are_coloured_and_short():
    with Peer() as board:
        shown = shown_in_a_terminal(board, b"door")
    assert ESC in shown
    plain = re.sub(r"\x1b\[\d*m", "", shown)
    assert re.match(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d mark {12}", plain)


def test_in_a_window_a_record_is_cut_and_a_note_of_the_hosts_is_not(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "50")
    printer = follow._Printer(Asides(), lambda line: True, as_json=False, whole=False)
    printer.item(Decoded({"type": "mark", "t_s": 1.0, "text": "door " * 9}))
    printer.item(Note("away " * 9))
    record_line, note = capsys.readouterr().out.splitlines()
    assert len(record_line) == 50 and record_line.endswith("…")
    assert note.endswith("away " * 8 + "away")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_where_nobody_wants_colours_there_are_none(environment):
    with Peer() as board:
        assert ESC not in shown_in_a_terminal(board, b"door", **environment)


def following(board):
    """A `tail` that has said hello; its notes stand among its lines."""
    tail = subprocess.Popen(
        [*PROGRAM, "--port", board.port], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    wait_for(lambda: board.tail, 15)
    return tail


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_at_the_end_come_the_last_records_then_the_summary_and_all_is_well(number, code):
    many = 400
    with Peer() as board:
        tail = following(board)
        time.sleep(0.3)  # it is in its loop
        for seq in range(1, many + 1):
            board.push(protocol.RECORD, record(records.MARK, seq, 104 * seq, rest=b"%d." % seq))
        tail.send_signal(number)
        told = tail.communicate(timeout=10)[0]
        wait_for(lambda: any(" bye*" in line for line in board.asked))
    assert tail.returncode == code
    *lines, last = told.splitlines()
    assert last.startswith("cribtrace: followed for 0:00:0") and f" {many} marks," in last
    assert re.findall(r"(\d+)\.$", "\n".join(lines), re.M) == list(map(str, range(1, many + 1)))


@pytest.mark.parametrize(
    ("shown", "options"),
    [("in it", ["--long"]), ("in a file", ["--filter", "all"]), ("in a file", ["--json"])],
)
def test_a_terminal_that_goes_ends_it_and_takes_away_only_what_it_would_show(
    shown, options, tmp_path
):
    """It is told twice, by the kernel and by its shell; with --json it would show the notes."""
    master, slave = pty.openpty()
    with Peer() as board, (tmp_path / "lines").open("wb") as lines:
        command = ["sh", "-c", 'exec "$@" <"$0"', os.ttyname(slave)]  # so it is its terminal
        tail = subprocess.Popen(
            [*command, *PROGRAM, "--port", board.port, *options], stderr=slave,
            stdout=slave if shown == "in it" else lines, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        wait_for(lambda: board.tail, 15)
        time.sleep(0.3)
        for seq in range(1, 401):
            board.push(protocol.RECORD, record(records.MARK, seq, 104 * seq, rest=b"%d." % seq))
            if seq == 200:
                board.say(b"E (12) flash\r\n")
        os.close(master)
        time.sleep(0.02)
        tail.send_signal(signal.SIGHUP)
        assert tail.wait(10) in (129, -signal.SIGHUP)  # a shell calls both 129
        wait_for(lambda: any(" bye*" in line for line in board.asked))
    told = (tmp_path / "lines").read_text()
    assert len(re.findall(r"\bmark\b", told)) == (400 if shown == "in a file" else 0)


def test_what_nohup_keeps_a_terminal_from_ending_goes_on():
    with Peer() as board:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            tail = following(board)
        finally:
            signal.signal(signal.SIGHUP, before)
        tail.send_signal(signal.SIGHUP)
        time.sleep(0.6)
        board.push(protocol.RECORD, record(records.MARK, 1, 104, rest=b"after it"))
        time.sleep(0.6)
        tail.send_signal(signal.SIGINT)
        assert "after it" in tail.communicate(timeout=10)[0]
    assert tail.returncode == 0


def test_the_end_does_not_wait_for_a_board_that_has_fallen_silent():
    with Peer() as board:
        tail = following(board)
        board._deaf = 1.1
        time.sleep(2.5)  # so that it asks, and waits for the answer
        began_s = time.monotonic()
        tail.send_signal(signal.SIGINT)
        told = tail.communicate(timeout=10)[0]
    assert time.monotonic() - began_s < 3
    assert tail.returncode == 0
    assert told.splitlines()[-1].startswith("cribtrace: followed for")


@pytest.mark.parametrize("where", ["in its midst", "at its end"])
def test_a_reader_that_dies_of_the_same_ctrl_c_takes_no_summary_away(where, monkeypatch, capsys):
    def said(*_):
        signal.raise_signal(signal.SIGINT)
        yield Decoded({"type": "mark", "t_s": 60.0, "text": "in its midst"})

    def broken(item):
        if item.line["text"] == where:
            raise BrokenPipeError

    inferred = [Decoded({"text": "at its end"})]
    monkeypatch.setattr("cribtrace.tail.Live.finish", lambda live: inferred)
    monkeypatch.setattr(follow, "open_client", lambda port: Mock())
    monkeypatch.setattr("cribtrace.tail.follow", said)
    printer = Mock(item=broken)
    with contextlib.suppress(BrokenPipeError):
        follow._follow(None, Asides(), printer)
    assert "followed for 0:00:00: " in capsys.readouterr().err.splitlines()[-1]


def test_a_board_that_is_starting_is_waited_for(tmp_path):
    port = tmp_path / "port"
    tail = subprocess.Popen(
        [*PROGRAM, "--port", str(port)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert tail.stderr
    assert re.search(
        r"no port .*; waiting \d+ s for a board that is starting", tail.stderr.readline()
    )
    with Peer() as board:
        port.symlink_to(board.port)
        wait_for(lambda: board.tail, 15)
        tail.send_signal(signal.SIGINT)
        assert "following" in tail.communicate(timeout=10)[1]
    assert tail.returncode == 0


@pytest.mark.parametrize("command", ["tail", "live"])
def test_a_board_that_does_not_come_is_an_error_after_a_while(command, monkeypatch, capsys):
    monkeypatch.setattr(follow, "_STARTING_S", 0.3)
    monkeypatch.setattr(follow, "_at_terminal", lambda: True)
    assert cli.run([command, "--port", "/dev/none"]) == 4
    waiting, error = capsys.readouterr().err.splitlines()
    assert "`cribtrace sim` makes a virtual one" in waiting
    assert error.startswith("cribtrace: no port /dev/none; the ports of this machine: ")


def silent():
    raise Silent("no board answers")


def hangs():
    for _ in range(900):
        time.sleep(0.01)  # as between two reads


@pytest.mark.parametrize(("number", "code"), ENDINGS)
@pytest.mark.parametrize("command", ["tail", "live"])
@pytest.mark.parametrize("board", [silent, hangs, Mock])
def test_who_ends_it_while_it_waits_for_a_board_gets_the_same_code(
    command, number, code, board, monkeypatch, capsys
):
    pressed = iter([number])

    def opened(_port):
        for once in pressed:
            signal.raise_signal(once)
        return board()

    others = (signal.SIGTERM, signal.SIGHUP)
    before = {other: signal.signal(other, lambda *_: sys.exit(15)) for other in others}
    monkeypatch.setattr(follow, "_PATIENCE_S", 0.1 if board is hangs else 60)
    monkeypatch.setattr(follow, "_AGAIN_S", 0.01)
    monkeypatch.setattr(follow, "_STARTING_S", 0.5)
    monkeypatch.setattr(follow, "_at_terminal", lambda: True)
    monkeypatch.setattr(follow, "_screen", lambda: lambda *_, **__: pytest.fail("it goes on"))
    monkeypatch.setattr("cribtrace.tail.follow", lambda *_: (item for item in ()))
    monkeypatch.setattr(follow, "open_client", opened)
    try:
        assert cli.run([command]) == code
    finally:
        for other, handler in before.items():
            signal.signal(other, handler)
    assert capsys.readouterr().err.endswith(NO_BOARD) == (board is not Mock or command == "live")


@pytest.mark.parametrize("mode", ["repl", "gps"])
def test_nobody_waits_for_what_is_there_and_is_no_board(mode):
    with Peer(mode=mode) as other:
        command = [*PROGRAM, "--port", other.port]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "waiting" not in done.stderr


def first_line(board, *options):
    """The first line of a `tail` whose board lives on by 60 frames."""
    tail = subprocess.Popen(
        [*PROGRAM, "--port", board.port, *options], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: any(" frames " in line for line in board.asked), 15)
    board.raw = NOISE[:560]
    assert tail.stdout
    line = tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    tail.communicate()
    assert tail.returncode == 0
    return line


def test_raw_is_a_line_a_frame_in_mg():
    with FramePeer(NOISE[:500]) as board:
        word, *numbers = first_line(board, "--raw").split()
    at_s, *mg = map(float, numbers)
    first = round(at_s * 104)
    assert (word, first) == ("raw", 500)
    assert mg == pytest.approx(NOISE[first] * 1e6 / 16_393_443, abs=0.006)


def test_raw_as_json_is_what_the_page_shows():
    with FramePeer(NOISE[:500]) as board:
        line = json.loads(first_line(board, "--raw", "--json"))
    (example,) = (json.loads(text) for text in re.findall(r'^\{"type":"frames".*', PAGE, re.M))
    assert list(line) == list(example)
    assert (line["first"], line["lost"], len(line["mg"])) == (500, 0, 60)
    assert line["onset_s"] == pytest.approx(500 / 104, abs=1e-4)


def test_a_wrong_filter_and_a_wrong_moment_are_refused_before_the_board_is_asked():
    wrong = ["twich", "peakmg>=5", "frames"]  # frames come with --raw alone
    for options in (*(["--filter", name] for name in wrong), ["--since", "then"]):
        done = subprocess.run([*PROGRAM, *options], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
