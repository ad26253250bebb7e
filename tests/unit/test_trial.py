"""Scenario files with faults and expectations: what they may say, and what is held against it."""

import ast
import json
import re
from pathlib import Path

import pytest

from cribtrace import cli, tree, trial
from cribtrace.errors import CribtraceError
from cribtrace.rig import Rig
from cribtrace.trial import Outcome

GOOD = """about = "A test."
duration_s = 90
empty = true
seed = 5
[[fault]]
kind = "stuck"
at_s = 40
for_s = 5.5
[[expect]]
gap = "bus_error"
within_s = 4
[[expect]]
event = "any"
between_s = [10, 30]
count = 0
[[expect]]
lost_frames = [100, 200]
"""
LOST = GOOD.replace('kind = "stuck"', 'kind = "lost"').replace("for_s = 5.5", "frames = 150")
LOST = LOST.replace("bus_error", "fifo_overrun")


def written(folder, text):
    path = folder / "mine.crib.toml"
    path.write_text(text)
    return path


def read(folder, text):
    return trial.read(written(folder, text))


def test_a_file_is_read_whole(tmp_path):
    one = read(tmp_path, GOOD)
    assert (one.plan.name, one.seed, one.of_hardware) == ("mine", 5, True)
    assert one.orders() == [{"kind": "stuck", "at_ms": 40_000, "for_ms": 5500}]
    assert one.unfit("virtual") == ""
    assert "no hardware" in one.unfit("cpython") and "(stuck)" in one.unfit("board")
    assert one.recording().gaps == []
    assert all(read(tmp_path, LOST).unfit(t) == "" for t in ("cpython", "virtual", "board"))


def listed(path, name):
    """A constant of the virtual board's, whose modules only MicroPython imports."""
    for node in ast.parse((tree.BOARDS / "virtual" / "hardware" / path).read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return set(ast.literal_eval(node.value))
    raise AssertionError(name)


def test_every_fault_of_the_virtual_board_can_be_ordered_and_no_other():
    kinds = set.union(
        *(listed("faults.py", name) for name in ("_ON_THE_BUS", "_LASTING", "_AT_ONCE")),
        listed("flash_faults.py", "FLASH_KINDS"),
    )
    # What is cut stays off until somebody switches it on, as the soak does.
    assert set(trial.FAULTS) - {trial.LOST} == kinds - {"cut"}


def test_the_documents_table_of_faults_is_the_codes():
    page = (Path(__file__).parents[2] / "docs" / "SCENARIOS.md").read_text()
    rows = re.findall(
        r"^\| `(\w+)` \| (.*?) \| (.*?)\| ", page.split("| `kind` of a fault")[1], re.M
    )
    named = {
        kind: tuple(set(re.findall("`(\\w+)`", cell)) for cell in cells) for kind, *cells in rows
    }
    known = {kind: (set(must), set(may)) for kind, (must, may) in trial.FAULTS.items()}
    assert {kind: named[kind] for kind in known} == known


@pytest.mark.parametrize(
    ("old", "new", "line", "cause"),
    [
        ("seed = 5", "sead = 5", 4, "there is no field 'sead': did you mean seed"),
        ("seed = 5", "seed = -1", 4, "seed is -1: write a number from 0"),
        ('kind = "stuck"', 'kind = "stuk"', 6, "fault 1: no kind 'stuk': choose one of lost"),
        ('kind = "stuck"', "", 5, "fault 1: no kind ''"),
        ("at_s = 40", "at_s = 91", 7, "fault 1: at_s is 91, after the end at 90 s: make it earl"),
        ("at_s = 40", "", 5, "fault 1: there is no at_s: add it"),
        ("at_s = 40", "at_ms = 40000", 7, "there is no field 'at_ms': it is at_s, its unit is in"),
        ("for_s = 5.5", "for_ms = 5500", 8, "fault 1: there is no field 'for_ms': it is for_s,"),
        ("for_s = 5.5", 'for_s = "5 s"', 8, "fault 1: for_s is '5 s': write a number"),
        ("for_s = 5.5", "count = 1.5", 8, "fault 1: count is 1.5: write a whole number"),
        ("for_s = 5.5", "degrees = 5", 8, "fault 1: there is no field 'degrees': choose from ki"),
        ('gap = "bus_error"', 'gap = "bus"', 10, "expect 1: no gap 'bus': choose one of any"),
        ('gap = "bus_error"', "", 9, "expect 1: 0 of event, gap, fault, lost_frames: give exact"),
        ("within_s = 4", "within_s = 4\nbetween_s = 9", 11, "expect 1: within_s beside between_s"),
        ("within_s = 4", "within_ms = 4000", 11, "expect 1: there is no field 'within_ms': it is"),
        ('event = "any"', 'event = "kick"', 13, "expect 2: no event 'kick': choose one of any"),
        ("[10, 30]", "[95, 99]", 14, "expect 2: between_s is 95, after the end at 90 s"),
        ("[10, 30]", "[30, 10]", 14, "expect 2: between_s is .30, 10.: write a number or .from"),
        ("count = 0", "count = -1", 15, "expect 2: count is -1: stay within 0"),
        (
            "count = 0",
            "counts = 1",
            15,
            "expect 2: there is no field 'counts': did you mean count",
        ),
        ("[100, 200]", "many", 17, "is no TOML: Invalid value"),
        ("duration_s = 90", "duration_s = 5", 2, "duration_s is 5: write a number from 60"),
        ("[[fault]]", "[fault]", 1, "`fault` is no list: open each with ..fault.."),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_the_reason(tmp_path, old, new, line, cause):
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(CribtraceError, match=cause) as caught:
        trial.read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{line}") and "\n" not in said


def test_what_does_not_go_together_is_refused(tmp_path):
    both = '[[fault]]\nkind = "lost"\nat_s = 1\nframes = 5\n'
    with pytest.raises(CribtraceError, match=r":5, fault 1: `lost` beside other faults"):
        read(tmp_path, GOOD + both)
    with pytest.raises(CribtraceError, match=r"no ..fault.. is one of the hardware"):
        read(tmp_path, LOST + '[[expect]]\nfault = "any"\n')
    without = GOOD.replace('[[fault]]\nkind = "stuck"\nat_s = 40\nfor_s = 5.5\n', "")
    with pytest.raises(CribtraceError, match=r":7, expect 1: within_s without a fault"):
        read(tmp_path, without)


def gap(onset_s, frames=150, reason="bus_error"):
    return {"type": "gap", "onset_s": onset_s, "frames": frames, "reason": reason}


def event(onset_s, kind="gross"):
    return {"type": "event", "onset_s": onset_s, "kind": kind}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome([], [gap(39.5)], [], None), []),
        (Outcome([event(9.9), event(30.1)], [gap(44)], [], True), []),
        (Outcome([], [gap(44.1)], [], None), ["1 or more gap bus_error between 38 and 44 s"]),
        (Outcome([], [gap(37.9)], [], None), ["1 or more gap bus_error"]),
        (
            Outcome([], [gap(40, reason="no_sensor")], [], None),
            ["there were 0 (no_sensor at 40.0"],
        ),
        (
            Outcome([event(10), event(30)], [gap(41)], [], None),
            ["2 (gross at 10.0 s, gross at 30"],
        ),
        (
            Outcome([], [gap(41), gap(60, 51)], [], None),
            ["100 to 200 lost frames: there were 201"],
        ),
        (Outcome([], [gap(41)], [], False), ["not the replay's"]),
        (Outcome([], [], [], None), ["none at all", "there were 0 (0 frames)"]),
    ],
)
def test_what_came_is_held_against_what_was_expected(tmp_path, outcome, said):
    unmet = read(tmp_path, GOOD).unmet(outcome)
    assert len(unmet) == len(said), unmet
    for line, part in zip(unmet, said, strict=True):
        assert part in line and line.startswith("mine.crib.toml, expect") | ("replay" in line)


def test_frames_that_are_lost_are_lost_under_cpython_too(tmp_path):
    one = read(tmp_path, LOST)
    (hole,) = one.recording().gaps
    assert hole.rows == 150
    outcome = Rig(tmp_path / "rig").undergo(one)
    assert [(g["reason"], g["frames"]) for g in outcome.gaps] == [("fifo_overrun", 150)]
    assert outcome.gaps[0]["onset_s"] == pytest.approx(40, abs=0.01)
    assert one.unmet(outcome) == []
    wrong = read(tmp_path, LOST.replace("[100, 200]", "149"))
    assert "149 lost frames: there were 150" in wrong.unmet(outcome)[0]


def test_the_command_runs_a_file_and_its_exit_code_tells(tmp_path, capsys):
    path = str(written(tmp_path, LOST))
    assert cli.run(["hil", "run", path, "--target", "cpython", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "type": "trial", "name": "mine", "seed": 5, "target": "cpython",
        "expectations": 3, "unmet": 0,
    }  # fmt: skip
    written(tmp_path, LOST.replace("[100, 200]", "7"))
    assert cli.run(["hil", "run", path, "--target", "cpython"]) == 1
    assert "1 of 3 expectations were not met" in capsys.readouterr().err
    written(tmp_path, GOOD)
    assert cli.run(["hil", "run", path, "--target", "cpython", "--json"]) == 2
    said = capsys.readouterr()
    assert "no hardware" in json.loads(said.out)["skipped"] and "was not run" in said.err
    written(tmp_path, GOOD + "more = 1\n")
    assert cli.run(["hil", "run", path, "--target", "cpython"]) == 1
    assert f"{path}:18, expect 3: there is no field 'more'" in capsys.readouterr().err
    assert cli.run(["hil", "run", "night.npz", "--target", "cpython"]) == 2
