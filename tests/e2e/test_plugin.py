"""The pytest plugin in somebody else's repository: no checkout round it, no network."""

import os
import subprocess
import sys
from functools import partial

import pytest

from cribtrace import recording, tree
from tests.support import golden, wheel

FOREIGN = """
from pathlib import Path

import pytest

import cribtrace

FILE = {path!r}


def test_it_lives(board, recording):
    found = board.live(recording(FILE, seconds=60))
    assert board.target == {target!r}
    assert found.events and not found.gaps


@pytest.mark.xfail(reason="the figures say so", strict=True)
def test_it_is_wrong(board, recording):
    assert not board.live(recording(FILE, seconds=60)).events


def test_it_is_what_was_installed():
    assert Path(cribtrace.__file__).parents[1] == Path({site!r})
    assert cribtrace.tree.CHECKOUT is None


def test_it_takes_time(board, clock):
    assert clock() > 0
"""
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def start(tmp_path_factory, micropython):
    """Starts pytest in a folder of its own, as its own process, with the wheel installed."""
    site = wheel.unpacked(tmp_path_factory.mktemp("wheel"))
    ours = {**OFFLINE, "PYTHONPATH": str(site), "MICROPYTHON": str(micropython.path)}
    return partial(_start, site, {**os.environ, **ours})


def _start(site, env, folder, *arguments, target="virtual", text=FOREIGN, more=()):
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_mine.py").write_text(
        text.format(path=str(golden.RECORDING), target=target, site=str(site))
    )
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    return subprocess.Popen(
        [*command, "--basetemp", str(folder / "tmp"), *arguments],
        cwd=folder, env={**env, **dict(more)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_a_foreign_repository_runs_the_same_bodies_in_parallel(start, tmp_path):
    running = [
        start(tmp_path / "one"),
        start(tmp_path / "two"),
        start(tmp_path / "three", "--cribtrace-target", "cpython", target="cpython"),
    ]
    for process in running:
        said, _ = process.communicate(timeout=100)
        assert process.returncode == 0, said
        assert "2 passed, 1 skipped, 1 xfailed" in said
        assert "only a real board's time tells anything" in said


BROKEN = """
def test_it_is_wrong(board, recording):
    assert not board.live(recording({path!r}, seconds=60)).events, {target!r}
"""


def test_nothing_is_downloaded_in_anybodys_test_run(start, tmp_path):
    """A folder of its own for what is fetched, and no MicroPython anywhere."""
    nowhere = {"MICROPYTHON": "", "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "/nowhere"}
    process = start(tmp_path / "mine", more=nowhere)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "no MicroPython: it was not fetched yet (`cribtrace runtime` does)" in said
    assert "Traceback" not in said and "pytest_virtual.py" not in said
    assert not (tmp_path / "cache").exists()


def test_a_failure_leaves_recording_transcript_and_log(start, tmp_path):
    process = start(tmp_path / "mine", text=BROKEN)
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 1, said
    folder = tmp_path / "mine" / "tmp" / "test_it_is_wrong0" / "cribtrace"
    assert len(recording.load(folder / "recording.npz").accel) == 60 * 104
    transcript = (folder / "transcript.bin").read_bytes()
    assert b"inject begin" in transcript and transcript.startswith(b"up   ")
    assert list((folder / "log").rglob("*.crib"))
    for what, name in ("recording", ".npz"), ("transcript", ".bin"), ("log", ""):
        assert f"\n{what}: {folder / what}{name}\n" in said
    assert not (folder / "flash.bin").exists()


def test_a_board_with_another_firmware_is_refused(start, bench, tmp_path):
    other = {("crib/clock.py", "that wrap"): "that turn over"}  # and not stamped: build 0
    with bench(recording.load(golden.RECORDING), speed=1.0, patch=other) as b:
        process = start(tmp_path / "mine", "--cribtrace-port", b.board.port)
        said, _ = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "runs firmware 0, and here lies" in said and "cribtrace deploy" in said


@pytest.mark.parametrize("wrong", [["--cribtrace-target", "board"], ["--cribtrace-port"]])
def test_a_target_that_is_none_is_refused(start, tmp_path, wrong):
    process = start(tmp_path / "mine", *wrong)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 4 and wrong[0] in said


OTHER_PLUGIN = """
def pytest_addoption(parser):
    parser.addoption("--port", default="8080")
    parser.addoption("--target", default="staging")
"""


def test_another_plugin_may_have_port_and_target(start, tmp_path):
    (tmp_path / "other_plugin.py").write_text(OTHER_PLUGIN)
    path = os.pathsep.join([str(tmp_path), start.args[1]["PYTHONPATH"]])
    options = "-p", "other_plugin", "--cribtrace-target", "cpython"
    process = start(tmp_path / "mine", *options, target="cpython", more={"PYTHONPATH": path})
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--port", "/nowhere"], "/nowhere"), (["--target", "board"], "invalid choice"),
     (["-p", "other_plugin", "--cribtrace-port", "/nowhere"], "/nowhere")],
)  # fmt: skip
def test_our_own_tests_know_the_short_names(tmp_path, words, told):
    (tmp_path / "other_plugin.py").write_text(OTHER_PLUGIN)
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/hil/test_targets.py", "-x", "--basetemp", str(tmp_path / "tmp"), *words],
        cwd=tree.CHECKOUT, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode in (1, 4) and told in done.stdout + done.stderr, done.stdout


QUIET = """about = "Nothing."
duration_s = 60
empty = true
[[expect]]
event = "any"
count = {count}
"""


def test_a_scenario_file_is_a_test_without_a_word_of_code(start, tmp_path):
    folder = tmp_path / "mine"
    process = start(folder, "--cribtrace-target", "cpython", text="")
    assert process.wait(60) == 5  # no test at all
    for name, text in {
        "quiet": QUIET.format(count=0), "loud": QUIET.format(count="[2, 3]"),
        "wrong": QUIET.format(count=0) + "knut = 3\n",
        "held": QUIET.format(count=0) + '[[fault]]\nkind = "reset"\nat_s = 30\n',
    }.items():  # fmt: skip
        (folder / f"{name}.crib.toml").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    command += ["--cribtrace-target", "cpython", "--continue-on-collection-errors"]
    done = subprocess.run(
        [*command, "--basetemp", "tmp"], cwd=folder, text=True, capture_output=True
    )
    assert "1 failed, 1 passed, 1 skipped, 1 error" in done.stdout, done.stdout
    assert "wrong.crib.toml:7, expect 1: there is no field 'knut': choose from" in done.stdout
    assert "loud.crib.toml, expect 1: 2 to 3 event any: there were 0 (none at all)" in done.stdout
    assert "no hardware that could be told to fail (reset)" in done.stdout
    assert (folder / "tmp" / "loud0" / "cribtrace" / "recording.npz").exists()


def test_a_scenario_that_fails_leaves_the_same(micropython, tmp_path):
    reset = '[[fault]]\nkind = "reset"\nat_s = 30\n'
    (tmp_path / "held.crib.toml").write_text(QUIET.format(count="[2, 3]") + reset)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", "tmp"]
    done = subprocess.run(
        command, cwd=tmp_path, text=True, capture_output=True,
        env={**os.environ, "MICROPYTHON": str(micropython.path)},
    )  # fmt: skip
    folder = tmp_path / "tmp" / "held0" / "cribtrace"
    for what, name in ("recording", ".npz"), ("transcript", ".bin"), ("log", ""):
        assert f"\n{what}: {folder / what}{name}\n" in done.stdout, done.stdout
    assert b"up   " in (folder / "transcript.bin").read_bytes()
