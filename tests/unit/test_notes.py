"""What an observer notes lies beside the log, and is shown as it was written."""

import json
from datetime import date
from pathlib import Path

import pytest

from cribtrace import cli, notes, scenario
from cribtrace import profile as infant
from cribtrace.errors import CribtraceError, Usage
from cribtrace.notes import LONGEST_TEXT, TAGS, Note
from cribtrace.report import content, plain, render, sheet
from cribtrace.report.recorder import observed
from tests.support import logged
from tests.support.example_night import HOSTILE, empty, example_night


def test_the_tags_are_these():
    assert list(TAGS.values()) == [
        "filmed", "awake", "swaddled", "soothed", "vibrating pillow", "new place",
        "eye movements", "tongue or sucking movements", "other",
    ]  # fmt: skip


def test_notes_lie_beside_the_segments_and_change_none(tmp_path):
    segment = tmp_path / "00000001.crib"
    segment.write_bytes(b"as it was pulled")
    first, second = Note(("filmed", "awake"), "left arm", 10.5), Note(("other",), "x\ny", None)
    assert notes.read(tmp_path) == []
    notes.add(tmp_path, first)
    path = notes.add(tmp_path, second)
    assert notes.read(tmp_path) == notes.read(segment) == [first, second]
    assert segment.read_bytes() == b"as it was pulled"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["00000001.crib", path.name]
    assert json.loads(path.read_text().splitlines()[0])["type"] == "note"


def test_a_line_that_somebody_cut_costs_no_other(tmp_path):
    (tmp_path / notes.FILE).write_text('{"type": "note", "tags": ["awake"]}')
    notes.add(tmp_path, Note(("filmed",)))
    assert [note.tags for note in notes.read(tmp_path)] == [("awake",), ("filmed",)]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"tags": "awake"}', '{"tags": [1]}',
                                  '{"tags": [], "t_s": "soon"}'])  # fmt: skip
def test_a_file_that_is_none_names_the_line(tmp_path, line):
    (tmp_path / notes.FILE).write_text(f'{{"tags": ["awake"]}}\n{line}\n')
    with pytest.raises(CribtraceError, match="line 2 is no note: mend or delete it"):
        notes.read(tmp_path)


def test_what_cannot_be_noted_is_refused_with_what_can(tmp_path):
    night = example_night()
    with pytest.raises(Usage, match="no such tag: happy; there are filmed, awake, swaddled"):
        notes.made(night, ["awake", "happy"], "", None)
    with pytest.raises(Usage, match="a note needs a tag"):
        notes.made(night, [], "text alone", None)
    with pytest.raises(Usage, match=f"write {LONGEST_TEXT} at most"):
        notes.made(night, ["other"], "x" * (LONGEST_TEXT + 1), None)
    with pytest.raises(Usage, match="is no moment"):
        notes.made(night, ["other"], "", "soon")
    with pytest.raises(Usage, match="name its folder"):
        notes.add(tmp_path / "none", Note(("other",)))


def test_words_of_ones_own_are_shown_their_option():
    with pytest.raises(Usage, match=r"no such tag: left arm.* go behind --text"):
        notes.made(empty(), ["left arm"], "", None)


def test_a_time_is_kept_on_the_logs_own_line_and_as_utc():
    night = example_night()
    night.from_s, night.of = 5000.0, date(2026, 1, 2)
    note = notes.made(night, ["filmed"], "", "1042.3")
    assert (note.t_s, note.of) == (6042.3, "2026-01-02")
    assert note.utc == "2026-01-02T21:57:34+00:00"
    (shown,) = notes.within([note], night, 36_000.0)
    assert shown.t_s == pytest.approx(1042.3)
    night.from_s = 6100.0
    assert notes.within([note], night, 36_000.0) == []


def test_a_note_without_a_time_belongs_to_its_night():
    night = example_night()
    night.of = date(2026, 1, 2)
    found = [
        Note(("awake",), of="2026-01-02"),
        Note(("filmed",), of="2026-01-03"),
        Note(("eyes",)),
    ]
    assert [note.tags[0] for note in notes.within(found, night, 1.0)] == ["awake", "eyes"]
    night.of = None
    assert len(notes.within(found, night, 1.0)) == 3


def test_a_library_gets_a_nights_tags_each_once():
    found = [Note(("awake", "filmed"), of="2026-01-02"), Note(("eyes",), of="2026-01-03"),
             Note(("filmed", "new-place"), of="2026-01-02"), Note(("other",))]  # fmt: skip
    assert notes.tags_of(found, date(2026, 1, 2)) == "awake,filmed,new-place"
    assert notes.tags_of([], date(2026, 1, 2)) == ""


NOTED = [Note(("swaddled", "new-place")), Note(("filmed",), "left arm", 3000.0)]


def test_notes_stand_beside_the_boards_marks():
    told = content.content(example_night(), notes=NOTED)
    assert observed(told) == [
        ("all night", "swaddled, new place", ""),
        ("22:30:12", "filmed", "left arm"),
        ("01:50:22", "mark", "button"),
    ]


def test_every_format_shows_them():
    told = content.content(example_night(), notes=NOTED)
    assert "22:30:12   filmed               left arm" in plain.text(told)
    assert "| 22:30:12 | filmed | left arm |" in plain.markdown(told)
    assert json.loads(plain.as_json(told))["notes"][1]["text"] == "left arm"
    page = render(example_night(), notes=NOTED)
    assert "<td>filmed</td><td><bdi>left arm</bdi></td>" in page
    assert "<bdi>filmed: left arm</bdi>" in sheet.sheet(told)


def test_foreign_text_stays_text_in_every_format():
    told = content.content(empty(summary={"hours": 1.0}), notes=[Note(("x" + HOSTILE,), HOSTILE)])
    for page in (sheet.sheet(told), render(told.night, notes=told.notes)):
        assert "<img" not in page and "<script>alert" not in page
    assert r"\<img src=x" in plain.markdown(told)
    for written in (plain.text(told), plain.markdown(told), plain.as_json(told)):
        assert "\u202e" not in written
    assert HOSTILE in json.loads(plain.as_json(told))["notes"][0]["text"]


def written(folder: Path, text: str) -> Path:
    (folder / "profile.toml").write_text(text)
    return folder / "profile.toml"


def test_the_age_is_told_in_whole_weeks(tmp_path):
    born = infant.born(written(tmp_path, "[infant]\nborn = 2025-11-01\n"))
    assert infant.weeks(born, date(2026, 1, 2)) == 8
    assert infant.weeks(born, date(2025, 10, 31)) is None
    assert infant.weeks(None, date(2026, 1, 2)) is None
    told = content.content(example_night(), born=born)
    assert "<dt>Age</dt><dd><b>8 weeks</b>" in sheet.sheet(told)
    assert json.loads(plain.as_json(told))["age_weeks"] == 8
    assert "<b>not given</b>" in sheet.sheet(content.content(example_night()))


def test_the_users_own_profile_is_read_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_config_dir", lambda _: str(tmp_path))
    assert infant.born(None) is None
    written(tmp_path, "[infant]\nborn = 2025-11-01\n")
    assert infant.born(None) == date(2025, 11, 1)


@pytest.fixture
def noted(tmp_path) -> Path:
    for of, tag in (("2026-11-19", "filmed"), ("2026-11-20", "awake"), ("2026-11-20", "other")):
        notes.add(tmp_path, Note((tag,), of=of))
    return tmp_path


def test_the_notes_of_one_night_are_listed_by_their_numbers(noted, capsys):
    assert cli.run(["note", str(noted), "--night", "2026-11-20"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2  2026-11-20  awake", "3  2026-11-20  other",
    ]  # fmt: skip


def test_no_notes_are_a_line_too(tmp_path, capsys):
    assert cli.run(["note", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    made = f"`cribtrace note {tmp_path} swaddled` makes one"
    assert said.err == f"cribtrace: no notes on {tmp_path} yet: {made}\n"
    assert cli.run(["note", str(tmp_path / "nosuch")]) == 2


def test_a_note_is_taken_back_by_its_number(noted, capsys):
    assert cli.run(["note", str(noted), "--delete", "2"]) == 0
    assert [note.tags for note in notes.read(noted)] == [("filmed",), ("other",)]
    assert "deleted: 2026-11-20 awake" in capsys.readouterr().err
    for number in ("3", "0", "-1"):
        assert cli.run(["note", str(noted), "--delete", number]) == 2
    assert "there are 1 to 2" in capsys.readouterr().err
    assert cli.run(["note", str(noted), "awake", "--delete", "1"]) == 2
    assert len(notes.read(noted)) == 2


def test_a_moment_is_of_the_zone_that_is_asked_for(tmp_path):
    logged.log(scenario.generate("ten_minutes", 7), tmp_path)  # from 22:13:20 UTC
    said = ["note", str(tmp_path), "awake", "--at", "23:15", "--zone", "Europe/Berlin"]
    assert cli.run(said) == 0
    assert notes.read(tmp_path)[0].t_s == pytest.approx(99.75, abs=0.1)
