"""The pages for people, typed from top to bottom: each command does what the page says it does.

tests/unit/test_shown_commands.py holds the rest, for a board or with hands, to its options.
"""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cribtrace import check, cli, demo, recording, scenario
from tests.support.shown_commands import Command, File, shown
from tests.unit.test_docs import DOCS, ROOT

PAGES = (
    ROOT / "README.md",
    *(DOCS / f"{name}.md" for name in ("GETTING-STARTED", "TAIL", "TEST-AUTHORS", "REPORT",
                                       "EXPORTS", "NUMBERS")),
)  # fmt: skip
FOLLOWING = {"tail", "live"}  # until Ctrl-C
ELSEWHERE = {  # what runs them, and why not here
    "make": "`make demo` is the fixture `evening`, which lives through less",
    "tap-test": "tests/e2e/test_guided.py: it waits for taps",
    "calibrate": "tests/e2e/test_guided.py: it measures for a minute",
    "runtime": "the fixture `micropython`: it may fetch",
    "pip": "tests/e2e/test_plugin.py: it installs",
}
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def evening(micropython, tmp_path_factory):
    """What somebody has who made the demo before: its folder, a log, and a recording."""
    build = tmp_path_factory.mktemp("evening") / "build"
    rec = scenario.generate("ten_minutes", 4)
    source = tmp_path_factory.mktemp("source") / "ten_minutes.npz"
    recording.save(source, rec)
    build.mkdir()
    assert demo.run(source, build / "demo") == 0
    shutil.copytree(build / "demo" / "log", build / "night")
    recording.save(build / "ten.npz", rec)
    return build


class Reader:
    """Somebody who types what a page shows, in a folder of his own, with a second terminal."""

    def __init__(self, folder: Path, flash: Path, capsys) -> None:
        self._folder, self._flash, self._capsys = folder, flash, capsys
        self._boards: list[subprocess.Popen] = []
        self.typed = 0

    def follow(self, page: Path) -> None:
        for one in shown(page):
            if isinstance(one, File):
                (self._folder / one.path).parent.mkdir(exist_ok=True)
                (self._folder / one.path).write_text(one.text)
            elif not (one.needs_board or ELSEWHERE.keys() & {*one.words}):
                self._type(one)
                self.typed += 1

    def _type(self, one: Command) -> None:
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
        image = shutil.copyfile(self._flash, self._folder / "flash.bin")
        board = self._started([*one.words[1:], "--flash", str(image)])
        self._boards.append(board)
        assert board.stdout.readline().strip(), one

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


@pytest.fixture
def reader(evening, flashed, micropython, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check, "SPAN_S", 1.0)
    monkeypatch.setenv("MICROPYTHON", str(micropython.path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(evening, tmp_path / "build")
    made = Reader(tmp_path, flashed(), capsys)
    yield made
    made.end()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_reader_comes_through(reader, page):
    if page.stem in ("README", "GETTING-STARTED"):  # these make what they need themselves
        shutil.rmtree(Path("build/night"))
        Path("build/ten.npz").unlink()
    reader.follow(page)
    assert reader.typed > 1
