"""What a host injected stands in the log, and enters nothing that is counted of a night."""

from dataclasses import replace

import pytest

from cribtrace import analysis, logfile, nights, recording, report, tally
from cribtrace.analysis import read_night
from tests.support import golden, logged

SENSOR, INJECTED = b"LSM6DSO", b"injected"


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Folders of logs: of a sensor alone, of what was injected alone, of both."""
    rec = recording.load(golden.RECORDING)
    two = replace(rec, accel=rec.accel[: 104 * 120], truth=())
    one = replace(rec, accel=rec.accel[104 * 120 : 104 * 200], truth=())

    def made(name, *boots):
        folder = tmp_path_factory.mktemp(name)
        for number, (sensor, lived) in enumerate(boots, 1):
            logged.log(lived, folder, boot=number, sensor=sensor, anchored=False)
        return folder

    return {
        "sensor": made("sensor", (SENSOR, two), (SENSOR, one)),
        "both": made("both", (SENSOR, two), (INJECTED, rec), (SENSOR, one)),
        "begun": made("begun", (INJECTED, rec), (SENSOR, two)),
        "injected": made("injected", (INJECTED, two)),
    }


def counted(night):
    keys = ("hours", "coverage", "counts", "frames_seen", "frames_in_gaps")
    return {key: night.summary[key] for key in keys}


def test_a_night_counts_the_same_with_and_without_what_was_injected_in_it(logs):
    alone, both = read_night(logs["sensor"]), read_night(logs["both"])
    assert sum(alone.summary["counts"].values()) > 0
    assert counted(both) == counted(alone)
    assert both.events == alone.events and both.epochs == alone.epochs
    assert both.patterns == alone.patterns
    assert [line["state"] for line in both.likely] == [line["state"] for line in alone.likely]
    assert both.contexts == alone.contexts and list(both.snippets) == list(alone.snippets)
    assert tally.tally(both).covered_s == tally.tally(alone).covered_s
    assert both.injected == [2] and "INJECTED" in both.notes[0]
    # Where it was played, the sensor was not listened to, for nobody knows how long.
    (gap,) = [gap for gap in both.gaps if gap not in alone.gaps]
    at_s = alone.clocks[0]["duration_s"]
    assert gap == {"type": "gap", "onset_s": at_s, "duration_s": None, "frames": None,
                   "reason": "injected"}  # fmt: skip


def test_its_lines_stand_apart_and_say_so(logs):
    lines = list(analysis.lines(read_night(logs["both"])))
    marked = [line for line in lines if "injected" in line]
    assert {line["injected"] for line in marked} == {True}
    events = [line for line in marked if line["type"] == "event"]
    assert len(events) > len(read_night(logs["injected"]).events) > 0
    assert {"event", "epoch", "recorder", "clock"} <= {line["type"] for line in marked}
    assert not any("by" in line for line in marked)
    # Apart: behind all that the sensor gave, before the summary.
    assert lines[-1 - len(marked) : -1] == marked and lines[-1]["type"] == "summary"


def test_a_log_that_begins_with_what_was_injected_is_its_sensors(logs):
    night = read_night(logs["begun"])
    assert night.header["sensor"] == "LSM6DSO" and night.header["boot"] == 2
    assert night.injected == [1]
    assert [clock["boot"] for clock in night.clocks] == [2]
    assert night.clocks[0]["onset_s"] == 0.0


def test_a_log_of_nothing_else_is_told_whole_and_marked(logs):
    night = read_night(logs["injected"])
    assert night.injected == [1] and night.events and night.epochs
    assert sum(night.summary["counts"].values()) == len(night.events)
    assert night.summary["hours"] > 0 and night.gaps == []
    lines = list(analysis.lines(night))
    assert all(line.get("injected") for line in lines if line.get("by") != "host"
               and line["type"] != "header")  # fmt: skip
    assert "<b>Injected.</b> In boot 1 a file" in report.render(night)


def test_one_segment_of_it_can_be_looked_at_by_itself(logs):
    paths = logfile.segment_paths(logs["both"])
    (path, *_) = [p for p in paths if logfile.read(p)[0].header["boot"] == 2]
    night = read_night(path)
    assert night.injected == [2] and night.events
    assert "<b>Injected.</b>" in report.render(nights.choose(night, None))


def test_a_log_without_any_has_no_such_mark(logs):
    night = read_night(logs["sensor"])
    assert night.injected == [] == night.played
    assert not any("injected" in line for line in analysis.lines(night))
