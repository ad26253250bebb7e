"""The command `tail`: what it prints in a terminal and off one; the page says the same."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cribtrace.device import protocol, records
from tests.support.frame_peer import FramePeer
from tests.support.peer import Peer, record, wait_for

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "TAIL.md").read_text()
PROGRAM = [sys.executable, "-m", "cribtrace.cli", "tail"]
NOISE = np.random.default_rng(4).integers(-90, 90, (700, 3)).astype(np.int16)
ESC = "\x1b["


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


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_where_nobody_wants_colours_there_are_none(environment):
    with Peer() as board:
        assert ESC not in shown_in_a_terminal(board, b"door", **environment)


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
