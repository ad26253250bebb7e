"""The demo's night, and its folder: what an earlier run left stays until something replaces it."""

from datetime import datetime, timedelta

import pytest

from cribtrace import analysis, cli, demo, nights, notes
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


def test_a_log_with_notes_beside_it_is_kept_as_it_is(out, monkeypatch, capsys):
    def lived(source, folder, shown, sensor):
        (folder / "log").mkdir()
        return 0, "told", "next"

    monkeypatch.setattr(demo, "_result", lived)
    for count in (1, 2):
        (out / "log" / notes.FILE).write_text(f"mine {count}")
        demo.run(None, out)
        assert (out / f"log-{count}" / notes.FILE).read_text() == f"mine {count}"
        assert f"{out / f'log-{count}'}: the log before, for its notes" in capsys.readouterr().err
    assert (out / "log-1" / "00000001.crib").exists()


@pytest.mark.parametrize("onsets_s", [(), (20,)])
def test_it_names_a_command_that_can_be_run_next(tmp_path, capsys, onsets_s):
    night = analysis.read_night(log(bumps(*onsets_s), tmp_path / "log"))
    command = demo.next_command(night, tmp_path)
    assert command.startswith(".venv/bin/cribtrace why ")
    assert command.endswith(str(tmp_path / "log"))
    assert cli.run(command.split()[1:]) == 0
    assert ("Event at " in capsys.readouterr().out) == bool(onsets_s)


@pytest.mark.parametrize("hours", [0.1, 10.0, 15.5])
@pytest.mark.parametrize("now_h", range(0, 24, 3))
def test_its_night_is_one_night_whenever_it_is_made(now_h, hours):
    now = datetime(2026, 11, 21, now_h, 30).astimezone()
    began = datetime.fromtimestamp(demo.began_s(hours * 3600, now.timestamp())).astimezone()
    over = began + timedelta(hours=hours)
    assert now - timedelta(days=2) < began < over <= now
    assert (began.hour, began.minute) == (20, 0)
    assert nights.next_noon(began, None) >= over


@pytest.fixture
def kolkata(in_zone):
    in_zone("Asia/Kolkata")


@pytest.mark.usefixtures("kolkata")
def test_its_page_is_what_report_makes_of_its_log(tmp_path, capsys):
    night = analysis.read_night(log(bumps(20), tmp_path / "log"))
    demo._write(tmp_path, night, {**night.summary, "frames_lost": 0})
    made = tmp_path / "again.html"
    assert cli.run(["report", str(tmp_path / "log"), "-o", str(made)]) == 0
    assert made.read_text("utf-8") == (tmp_path / "report.html").read_text("utf-8")
