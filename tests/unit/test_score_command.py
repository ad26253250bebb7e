"""`cribtrace score`: events in a file, held against truth in another."""

import json

import pytest

from cribtrace import cli, recording
from tests.support import golden


@pytest.fixture
def truth(tmp_path):
    path = tmp_path / "truth.jsonl"
    lines = [
        {"kind": "twitch", "onset_s": 50.0, "duration_s": 0.3, "snr": 8},
        {"kind": "limb_move", "onset_s": 60.0, "duration_s": 1.0, "snr": 8},
        {"kind": "gross", "onset_s": 70.0, "duration_s": 5.0, "snr": 8},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def events(tmp_path, *rows):
    path = tmp_path / "events.jsonl"
    lines = [{"type": "event", "kind": k, "onset_s": s, "duration_s": d} for k, s, d in rows]
    path.write_text("".join(json.dumps(line) + "\n\n" for line in [{"type": "header"}, *lines]))
    return path


def test_files_that_are_not_there_are_named_with_what_makes_them(truth, tmp_path, capsys):
    none = tmp_path / "none.jsonl"
    said = scored(capsys, truth, none, "--seconds", 60, code=1)
    made = f"`cribtrace replay RECORDING --json >{none}` makes events"
    assert said.err == f"cribtrace: no such file: {none}: check the name; {made}\n"


def scored(capsys, *arguments, code=0):
    assert cli.run(["score", *map(str, arguments)]) == code
    return capsys.readouterr()


def test_found_missed_misnamed_and_false_are_counted(truth, tmp_path, capsys):
    found = events(tmp_path, ("twitch", 50.1, 0.3), ("twitch", 60.1, 0.2), ("gross", 90.0, 4.0))
    said = scored(capsys, truth, found, "--seconds", 3630, "--json")
    answer = json.loads(said.out)
    row = answer["movements"][">=3"]
    assert (row["truths"], row["right"], row["false"]) == (3, 2, 1)
    assert answer["kinds"]["limb_move"][">=3"]["right"] == 0
    assert answer["kinds"]["twitch"][">=3"]["right"] == 1
    assert answer["hours"] == 1.0
    said = scored(capsys, truth, found, "--seconds", 3630)
    assert "movements truths=3 right=2 false=1" in said.out


def test_a_recording_states_its_own_length_and_the_replay_is_taken_as_it_is(tmp_path, capsys):
    rec = recording.load(golden.RECORDING)
    assert cli.run(["replay", str(golden.RECORDING), "--json", "--on", "cpython"]) == 0
    path = tmp_path / "replayed.jsonl"
    path.write_text(capsys.readouterr().out)
    answer = json.loads(scored(capsys, golden.RECORDING, path, "--json").out)
    assert answer["hours"] == round((rec.duration_s - 30) / 3600, 3)
    assert answer["movements"][">=3"]["right"] >= 3


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "line 1 is no JSON"), ("3", "line 1 is no JSON object"),
     ('{"type":"event"}', "line 1: give each kind, onset_s and duration_s"),
     ('{"kind":"x","onset_s":"a","duration_s":1}', "line 1: give each")],
)  # fmt: skip
def test_a_wrong_line_is_named(truth, tmp_path, capsys, text, said):
    path = tmp_path / "events.jsonl"
    path.write_text(text)
    assert said in scored(capsys, truth, path, "--seconds", 99, code=1).err


def test_truth_without_a_length_asks_for_it(truth, tmp_path, capsys):
    assert "--seconds" in scored(capsys, truth, events(tmp_path), code=2).err
