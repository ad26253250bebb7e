"""The demo's folder: what an earlier run left stays until there is something to take its place."""

import pytest

from cribtrace import analysis, cli, demo
from cribtrace.errors import CribtraceError
from tests.support.logged import log
from tests.unit.test_rerun import bumps


@pytest.fixture
def out(tmp_path):
    """A folder with an earlier result, and a file that is none of the demo's."""
    folder = tmp_path / "demo"
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "00000001.crib").write_text("earlier")
    for name in ("report.html", "summary.json", "notes.txt"):
        (folder / name).write_text("earlier")
    return folder


def content(folder) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("stop", [CribtraceError("the line fell silent"), KeyboardInterrupt()])
def test_a_run_that_ends_early_leaves_the_earlier_result(out, monkeypatch, stop):
    def lived(source, folder, shown, sensor):
        (folder / "report.html").write_text("half")
        raise stop

    before = content(out)
    monkeypatch.setattr(demo, "_result", lived)
    with pytest.raises(type(stop)):
        demo.run(None, out)
    assert content(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["demo"]


def test_a_recording_that_is_not_there_leaves_the_earlier_result(out):
    before = content(out)
    with pytest.raises(CribtraceError, match="nosuch"):
        demo.run(out / "nosuch.npz", out)
    assert content(out) == before


def test_a_run_that_comes_through_takes_the_place_of_the_earlier_one(out, monkeypatch):
    def lived(source, folder, shown, sensor):
        (folder / "log").mkdir()
        (folder / "log" / "00000002.crib").write_text("new")
        (folder / "report.html").write_text("new")
        return 0, "told", "next"

    monkeypatch.setattr(demo, "_result", lived)
    assert demo.run(None, out) == 0
    assert content(out) == {"log/00000002.crib": "new", "notes.txt": "earlier",
                            "report.html": "new"}  # fmt: skip
    assert [path.name for path in out.parent.iterdir()] == ["demo"]


@pytest.mark.parametrize("onsets_s", [(), (20,)])
def test_it_names_a_command_that_can_be_run_next(tmp_path, capsys, onsets_s):
    night = analysis.read_night(log(bumps(*onsets_s), tmp_path / "log"))
    command = demo.next_command(night, tmp_path)
    assert command.startswith(".venv/bin/cribtrace why ")
    assert command.endswith(str(tmp_path / "log"))
    assert cli.run(command.split()[1:]) == 0
    assert ("Event at " in capsys.readouterr().out) == bool(onsets_s)
