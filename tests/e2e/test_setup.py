"""`cribtrace setup --board virtual`: the whole way, left and gone on with."""

import json
import re

import platformdirs
import pytest

from cribtrace import cli, logfile, virtual, virtual_parts
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.link import Link
from tests.e2e.test_guided import crib

SKIPPED = "flash: skipped: it has no chip to flash"


@pytest.fixture
def board(micropython, tmp_path):
    """A crib that is still for minutes, then struck every seven seconds, on and on."""
    flash = tmp_path / "flash.bin"
    virtual_parts.install_firmware(flash, virtual_parts.firmware_files(), micropython.path)
    lies = crib(1200, [420 + 7 * k for k in range(110)])
    with virtual.VirtualBoard(lies, flash=flash, micropython=micropython.path, speed=8) as board:
        yield board


@pytest.fixture
def run(board, tmp_path, monkeypatch, capsys):
    """`cribtrace setup` on it, with these answers to its questions."""
    monkeypatch.setattr(platformdirs, "user_state_dir", lambda name: str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    answers = []

    def prompt(*_, **__):
        return answers.pop(0)

    monkeypatch.setattr("cribtrace.cli.setup._answer", prompt)

    def run(*arguments, answer=""):
        answers[:] = list(answer)
        code = cli.run(["setup", "--board", "virtual", "--port", board.port, *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err, len(answers)

    return run


def test_the_whole_way_on_the_virtual_board(board, run, tmp_path):
    code, out, err, _ = run("--yes", "--out", "first", "--minutes", "1")
    assert code == 0, (out, err)
    assert SKIPPED in out
    done = re.findall(r"^(\S+): done$", out, flags=re.MULTILINE)
    assert done == ["deploy", "check", "calibrate", "tap-test", "record"]
    assert not re.search("FINDING", out) and "errors in 10000 reads" in out
    marks = [
        r["rest"].decode()
        for s in logfile.read(tmp_path / "first")
        for r in s.records
        if r["type"] == records.MARK
    ]
    assert [mark.split(" ")[0] for mark in marks] == ["calibrate", "tap-test", "setup"]
    with Client(Link(board.port)) as client:
        device = client.hello()["device"]
        assert {s.name: s.value for s in client.config()}["ring_ms"] > 0
    # Done is done.
    code, out, err, _ = run("--yes")
    assert code == 0 and out.count("done before") == 5
    assert json.loads((tmp_path / "cribtrace" / "setup.json").read_text()) == {
        f"virtual {device}": ["deploy", "check", "calibrate", "tap-test", "record"]
    }


def test_it_is_left_anywhere_gone_on_with_and_asks_before_each_step(board, run, tmp_path):
    before = board.port
    code, out, err, left = run("--out", "first", answer="sq")
    assert code == 1 and left == 0 and "left: run this again" in err
    assert "deploy: skipped" in out and "check: done" not in out
    skip = ("--skip", "check", "--skip", "calibrate", "--skip", "tap-test", "--skip", "deploy")
    code, out, err, left = run(*skip, "--out", "first", answer="y")
    assert code == 0 and left == 0, err
    assert "record: done" in out and "calibrate: skipped, as asked" in out
    code, out, *_ = run(*skip, answer="")
    assert code == 0 and "record: done before" in out
    code, out, _, left = run(*skip, "--again", "--out", "first", answer="s")
    assert code == 0 and "record: skipped" in out and left == 0
    assert before == board.port


def test_a_step_that_fails_says_why_and_is_offered_again(board, run):
    code, out, err, left = run(
        "--skip", "deploy", "--skip", "check", "--skip", "calibrate", "--skip", "tap-test",
        "--out", "/proc/nowhere", answer="ys",
    )  # fmt: skip
    assert code == 0 and left == 0
    assert "record: skipped" in out and "/proc/nowhere" in err


def test_a_file_of_another_kind_and_an_unknown_step_are_refused(run, tmp_path):
    assert run("--skip", "flesh")[0] == 2
    (tmp_path / "cribtrace").mkdir()
    (tmp_path / "cribtrace" / "setup.json").write_text("[")
    code, _, err, _ = run()
    assert code == 2 and "delete it to begin anew" in err
