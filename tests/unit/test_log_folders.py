"""Which log is meant where none is named: as `pull` names it, and what is said where none is."""

import os

import pytest

from cribtrace import cli, log_folders
from cribtrace.errors import Usage
from tests.support.peer import Peer
from tests.unit.test_cli import log_segment


def log(folder, age=0):
    folder.mkdir(parents=True)
    (folder / "00000001.crib").write_bytes(log_segment(1, "one"))
    os.utime(folder / "00000001.crib", (1000 - age, 1000 - age))
    return folder


def test_it_is_the_one_pulled_last_or_the_folder_itself(tmp_path):
    log(tmp_path / "cribtrace-aa", age=9)
    assert log_folders.newest(tmp_path) == tmp_path / "cribtrace-aa"
    new = log(tmp_path / "cribtrace-bb")
    (tmp_path / "cribtrace-empty").mkdir()
    assert log_folders.newest(tmp_path) == new
    assert log_folders.newest(new) == new


def test_where_it_looked_and_what_to_type_is_said(tmp_path):
    with pytest.raises(Usage, match=rf"{tmp_path}, .*cribtrace-<device id>.*run `cribtrace pull`"):
        log_folders.newest(tmp_path)
    log(tmp_path / "build" / "first", age=9)
    log(tmp_path / "build" / "night", age=5)
    with pytest.raises(Usage, match=r"behind the command, as .*build/night$"):
        log_folders.newest(tmp_path)
    log(tmp_path / "build" / "demo" / "log")
    with pytest.raises(Usage, match=r"behind the command, as .*build/demo/log$"):
        log_folders.newest(tmp_path)


def test_why_of_a_log_without_a_moment_says_so(tmp_path, capsys):
    folder = log(tmp_path / "night")
    assert cli.run(["why", str(folder)]) == 2
    assert f"which moment of it? `cribtrace why 03:12 {folder}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["report", "--format", "text"], ["library", "add"], ["why", "1"], ["bundle"],
     ["export", "--format", "csv"]],
    ids=" ".join,
)  # fmt: skip
def test_commands_look_where_pull_writes(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with Peer({1: log_segment(1, "one")}) as peer:
        logs = tmp_path / "nights"
        assert cli.run(["pull", "--port", peer.port, "--logs", str(logs)]) == 0
    assert cli.run(words) == 2
    assert f"no pulled log in {tmp_path}" in capsys.readouterr().err
    cli.run([*words, "--logs", str(logs)])
    (made,) = logs.iterdir()
    assert f"{made}: the log pulled last" in capsys.readouterr().err
