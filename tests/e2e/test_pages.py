"""The pages for people, typed from top to bottom: each command does what the page says it does.

tests/unit/test_shown_commands.py holds the rest, for a board or with hands, to its options.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cribtrace import cli, demo
from tests.support import golden
from tests.support.shown_commands import Command, File, shown
from tests.unit.test_docs import DOCS, ROOT

PAGES = (
    ROOT / "README.md",
    *(DOCS / f"{name}.md" for name in ("GETTING-STARTED", "TAIL", "TEST-AUTHORS", "REPORT",
                                       "EXPORTS", "NUMBERS")),
)  # fmt: skip
FOLLOWING = {"tail", "live"}  # until Ctrl-C
AT_A_BOARD = {*FOLLOWING, "ports", "info", "list", "pull", "hil"}
ELSEWHERE = {  # what runs them, and why not here
    "make": "`make demo` is the fixture `evening`, which lives through less",
    "tap-test": "tests/e2e/test_guided.py: it waits for taps",
    "check": "tests/e2e/test_check.py: it listens for a while",
    "calibrate": "tests/e2e/test_guided.py: it measures for a minute",
    "runtime": "the fixture `micropython`: it may fetch",
    "pip": "tests/e2e/test_plugin.py: it installs",
    "python -m pytest": "tests/e2e/test_plugin.py; its tests run here with `--target cpython`, and"
    " its scenario file with `hil run`",
}
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def evening(micropython, tmp_path_factory):
    """What somebody has who made the demo before: its folder, a log, and a recording."""
    build = tmp_path_factory.mktemp("evening") / "build"
    build.mkdir()
    assert demo.run(golden.RECORDING, build / "demo") == 0
    shutil.copytree(build / "demo" / "log", build / "night")
    shutil.copyfile(golden.RECORDING, build / "ten.npz")
    return build


def shape(one: Command) -> tuple[str, ...]:
    """A command without the names of its files: what another page shows with others."""
    return tuple(Path(word).suffix if "/" in word or "." in word else word for word in one.words)


class Reader:
    """Somebody who types what a page shows, in a folder of his own, with a second terminal.

    What another page had typed at a board already, as `known` says, is not typed again.
    """

    def __init__(self, folder: Path, flash: Path, capsys, known: set) -> None:
        self._folder, self._flash, self._capsys, self._known = folder, flash, capsys, known
        self._boards: list[subprocess.Popen] = []
        self._sim: Command | None = None  # to be typed when somebody needs it
        self._port = ""
        self.typed = 0

    def follow(self, page: Path) -> None:
        for one in shown(page):
            if isinstance(one, File):
                (self._folder / one.path).parent.mkdir(exist_ok=True)
                (self._folder / one.path).write_text(one.text)
            elif not (one.needs_board or ELSEWHERE.keys() & {*one.words, " ".join(one.words)}):
                self._type(one)
                self.typed += 1

    def _type(self, one: Command) -> None:
        if one.words[1] in {"sim", *AT_A_BOARD} - {"pull"}:  # what was pulled is read afterwards
            if shape(one) in self._known:
                self._sim = one if one.words[1] == "sim" else self._sim
                return
            self._known.add(shape(one))
        if self._sim and one.words[1] in AT_A_BOARD:
            self._board(self._sim)
        if ("cribtrace", "info") in self._known - {shape(one)}:
            os.environ["CRIBTRACE_PORT"] = self._port  # that one has found it by itself
        if one.words[1] == "sim":
            self._board(one)
        elif one.words[1] in FOLLOWING:
            self._interrupt(one)
        elif one.words[0] == "python":
            done = subprocess.run(
                [sys.executable, *one.words[1:], "-p", "no:cacheprovider"], cwd=self._folder,
                capture_output=True, text=True, timeout=PATIENCE_S,
            )  # fmt: skip
            assert done.returncode == 0, (one, done.stdout, done.stderr)
        else:
            code = cli.run(list(one.words[1:]))
            said = self._capsys.readouterr()
            assert code == 0, (one, said)
            if one.to:
                (self._folder / one.to).write_text(said.out)

    def _started(self, words) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "cribtrace.cli", *words], cwd=self._folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _board(self, one: Command) -> None:
        self.end()
        self._sim = None
        image = shutil.copyfile(self._flash, self._folder / "flash.bin")
        board = self._started([*one.words[1:], "--flash", str(image)])
        self._boards.append(board)
        self._port = board.stdout.readline().strip()
        assert self._port, one

    def _interrupt(self, one: Command) -> None:
        program = self._started(one.words[1:])
        line = program.stderr.readline()
        while "following" not in line:
            assert line, one
            line = program.stderr.readline()
        time.sleep(0.3)
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=PATIENCE_S)
        assert program.returncode == 0, (one, err)
        assert "followed for" in err

    def end(self) -> None:
        while self._boards:
            board = self._boards.pop()
            board.terminate()
            board.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def known():
    """What the pages so far have had typed at a board."""
    return set()


@pytest.fixture
def reader(evening, known, flashed, micropython, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MICROPYTHON", str(micropython.path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CRIBTRACE_PORT", "")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(evening, tmp_path / "build")
    made = Reader(tmp_path, flashed(), capsys, known)
    yield made
    made.end()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_reader_comes_through(reader, page):
    if page.stem in ("README", "GETTING-STARTED"):  # these make what they need themselves
        shutil.rmtree(Path("build/night"))
        Path("build/ten.npz").unlink()
    reader.follow(page)
    assert reader.typed > 1
