"""What the pytest plugin tells of a failure: a sentence for a mistake, and where all is kept."""

import subprocess
import sys

import pytest

from cribtrace import recording
from tests.support import golden

MINE = f"""
def test_a_movement_is_there(board, recording):
    assert not board.live(recording({str(golden.RECORDING)!r}, seconds=60)).events
"""
LOUD = """about = "Nothing."
duration_s = 60
empty = true
[[expect]]
event = "any"
count = 2
"""


@pytest.fixture
def run(tmp_path):
    """Runs pytest in a folder of its own; what it says."""

    def run(*arguments, name="test_mine.py", text=MINE):
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / name).write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, "--basetemp", "tmp", *arguments],
            cwd=tmp_path, text=True, capture_output=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize(("name", "text"), [("test_mine.py", MINE), ("loud.crib.toml", LOUD)])
def test_a_port_that_is_not_there_is_one_sentence(run, name, text):
    said = run("--cribtrace-port", "/dev/none", name=name, text=text)
    told = said.split("\n____", 1)[1].split("\n", 1)[1].split("\n=====")[0]
    assert told.startswith("no port /dev/none; the ports of this machine: ")
    assert told.count("\n") == 0
    assert told.endswith("plug the board in")


def test_a_failure_names_each_file_that_it_leaves(run, tmp_path):
    said = run("--cribtrace-target", "cpython")
    kept = tmp_path / "tmp" / "test_a_movement_is_there0" / "cribtrace" / "recording.npz"
    assert f"\nrecording: {kept}\n" in said
    assert len(recording.load(kept).accel) == 60 * 104
    assert "transcript: " not in said and "log: " not in said


def test_a_scenarios_failure_names_each_file_too(run, tmp_path):
    said = run("--cribtrace-target", "cpython", name="loud.crib.toml", text=LOUD)
    kept = tmp_path / "tmp" / "loud0" / "cribtrace" / "recording.npz"
    assert f"\nrecording: {kept}\n" in said and kept.exists()


@pytest.mark.parametrize("fault", ["KeyError('gone')", "NoDevice('gone: plug it in')"])
def test_a_log_that_cannot_be_left_is_told_with_the_tests_own_failure(run, fault):
    broken = f"""
from cribtrace import rig
from cribtrace.errors import NoDevice


def leave_log(_):
    raise {fault}


rig.Rig.leave_log = leave_log
"""
    said = run("--cribtrace-target", "cpython", text=broken + MINE)
    assert "1 failed" in said and "INTERNALERROR" not in said
    assert f"no log: {fault.split('(')[0]}: " in said and "\nrecording: " in said


@pytest.mark.parametrize("fault", ["NoDevice('gone: plug it in')", "KeyError('gone')"])
def test_a_scenario_that_cannot_go_on_names_what_it_leaves(run, tmp_path, fault):
    (tmp_path / "conftest.py").write_text(f"""
from cribtrace import trial
from cribtrace.errors import NoDevice


def unmet(*_):
    raise {fault}


trial.Trial.unmet = unmet
""")
    said = run("--cribtrace-target", "cpython", name="loud.crib.toml", text=LOUD)
    kept = tmp_path / "tmp" / "loud0" / "cribtrace" / "recording.npz"
    assert "gone" in said and f"\nrecording: {kept}\n" in said and kept.exists()
