"""How bench/detector hears, tunes and compares; its recordings, its hashes, its tables."""

import dataclasses
import io
import json
import os

import numpy as np
import pytest

from bench.detector import bench, contrary, definition, goals, methods, ours, real, table, train
from bench.detector.baselines import dual_threshold
from bench.detector.each import each
from bench.detector.heard import Heard
from bench.detector.progress import EVERY_S, Progress, silent
from cribtrace.recording import Recording, save
from cribtrace.scoring.kinds import Found, Truth
from cribtrace.world import benchmark
from cribtrace.world.figures import SENSORS

LSB_PER_MG = 16.384
MAIN = os.getpid()


def recording(mg, rate_hz=104.0, truth=()):
    return Recording(np.rint(mg * LSB_PER_MG).astype(np.int16), rate_hz, 16384.0, truth)


def tone(hz, size_mg, seconds=40, rate_hz=104.0):
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    mg = np.zeros((len(at_s), 3))
    mg[:, 0] = size_mg * np.sin(2 * np.pi * hz * at_s)
    mg[:, 2] = 1000
    return mg


@pytest.mark.parametrize("rate_hz", [25.0, 30.0, 52.0])
def test_what_would_fold_back_is_filtered_out(rate_hz):
    folding = Heard(recording(tone(rate_hz - 3, 100))).mg(rate_hz)
    assert np.abs(folding[200:-200, 0]).max() < 1
    passing = Heard(recording(tone(3, 100))).mg(rate_hz)
    assert np.std(passing[200:-200, 0]) * 2**0.5 == pytest.approx(100, abs=1)
    assert passing[:, 2] == pytest.approx(1000, abs=0.5)
    assert len(passing) == pytest.approx(40 * rate_hz, abs=1)


@pytest.mark.parametrize("true_hz", [102.3, 104.0, 106.9])
def test_the_rate_that_is_asked_for_is_the_one_that_comes(true_hz):
    heard = Heard(recording(tone(3, 100, rate_hz=true_hz), true_hz)).mg(25.0)
    crossings = np.flatnonzero(np.diff(np.sign(heard[50:-50, 0])) > 0)
    assert 25 / np.diff(crossings).mean() == pytest.approx(3, rel=0.002)


def test_a_detections_strength_is_the_peak_over_the_noise():
    rng = np.random.default_rng(1)
    mg = tone(7, 0, 100) + rng.normal(0, 0.5, (10400, 3))
    mg[5200:5304] += tone(7, 20, 1)[:, [0, 1, 2]] * [1, 0, 0]
    loud, quiet = Heard(recording(mg)).measured(
        [Found(50, 1, "twitch", 51), Found(70, 0.1, "twitch", 71)]
    )
    band = 0.5 * (19 / 52) ** 0.5  # rms that white noise of 0.5 mg has left between 1 and 20 Hz
    assert loud.snr == pytest.approx(20 / band, rel=0.2)
    assert quiet.snr < 5


def test_every_method_may_try_as_many_points():
    assert len({m.name for m in methods.METHODS}) == len(methods.METHODS) == 6
    for method in methods.METHODS:
        tried = [json.dumps(point, sort_keys=True) for point in method.grid]
        assert len(set(tried)) == len(tried) == methods.BUDGET, method.name


def threshold_method(grid):
    """Finds a movement of a second wherever x exceeds a threshold in the training recording."""

    def hear(heard, least_mg):
        above = np.flatnonzero(heard.mg(104.0)[:, 0] > least_mg)
        starts = above[np.diff(above, prepend=-1000) > 104]
        return [Found(k / 104, 1.0, "limb_move", k / 104 + 1) for k in starts]

    return methods.Method("stand-in", hear, {"least_mg": 500}, grid, "mg", "limb_move")


def entry(label="made"):
    mg = tone(1, 0, 100)
    for at_s, size_mg in ((40, 50), (60, 50), (80, 20)):
        mg[at_s * 104 : (at_s + 1) * 104, 0] = size_mg
    lines = tuple(
        {"kind": "limb_move", "onset_s": at_s, "duration_s": 1.0, "snr": 9} for at_s in (40, 60)
    )
    return bench.Entry.of(label, recording(mg, truth=lines))


def test_tuning_takes_the_best_of_the_training_half_and_keeps_every_score():
    method = threshold_method([{"least_mg": size_mg} for size_mg in range(5, 5 + methods.BUDGET)])
    best, tried = bench.tuned(method, [bench.tried(method, entry()) for _ in range(2)])
    assert best == {"tuned": {"least_mg": 21}}  # the first at which the third is not heard
    assert len(tried) == methods.BUDGET + 1
    assert tried[0] == {"parameters": {"least_mg": 500}, "tuned": 0.0, "tuned for bouts": None}
    assert {one["tuned"] for one in tried} == {0.0, 0.8, 1.0}


def measured(method, parameters, entries):
    return bench.measured(parameters, [bench.run(method, parameters, one) for one in entries])


def items(*entries):
    return [
        definition.Item(one.label, f"{k}", lambda one=one: one.heard.recording)
        for k, one in enumerate(entries)
    ]


def test_what_suits_a_baseline_stands_apart():
    method = threshold_method([{"least_mg": 5}] * methods.BUDGET)
    figures = measured(method, {"least_mg": 5}, [entry(), entry("slow_movement")])
    assert figures["movements"][">=3"]["truths"] == 2
    assert figures["by_label"]["slow_movement"]["truths"] == 2
    assert figures["contrary"]["slow_movement"]["kind"] == "limb_move"


def test_tuning_hears_the_training_half_and_measuring_the_other():
    grid = [{"least_mg": size_mg} for size_mg in range(5, 5 + methods.BUDGET)]
    method = threshold_method(grid)
    train, test = items(entry(), entry()), items(entry(), entry(), entry("five_hertz"))
    answer = bench.compare([method], train, test, silent)["stand-in"]
    assert answer["variants"]["tuned"]["parameters"] == {"least_mg": 21}
    assert answer["variants"]["tuned"]["movements"][">=3"]["truths"] == 4
    assert answer["variants"]["tuned"]["contrary"]["five_hertz"]["movements"]["truths"] == 2
    assert answer["variants"]["as published"]["movements"][">=3"]["right"] == 0
    contrary_alone = bench.compare([method], items(entry("slow_movement")), test, silent)
    assert list(contrary_alone["stand-in"]["variants"]) == ["as published"]


def disturbed():
    """An entry whose three movements are knocks at the crib."""
    one = entry()
    knocks = [{**line, "kind": "handling", "by": "hands", "cause": "bump"}
              for line in one.heard.recording.truth]  # fmt: skip
    return dataclasses.replace(one, truths=tuple(Truth.of(line) for line in knocks))


def test_trials_of_disturbances_take_no_part_in_tuning_nor_in_rows_of_movements():
    method = threshold_method([{"least_mg": 5}] * methods.BUDGET)
    best, tried = bench.tuned(method, [bench.tried(method, one) for one in (entry(), disturbed())])
    assert best == {"tuned": {"least_mg": 5}}
    assert tried[1]["tuned"] == 0.8  # two movements and one that is none, but no knock
    figures = measured(method, {"least_mg": 5}, [entry(), disturbed()])
    alone = measured(method, {"least_mg": 5}, [entry()])
    assert figures["movements"] == alone["movements"]
    assert figures["kinds"] == alone["kinds"]
    assert figures["disturbances"]["bump"]["events"] == 2
    assert figures["movements_with_trials"]["under"] == 2
    assert alone["movements_with_trials"] == alone["movements"][">=3"]


@pytest.mark.parametrize("processes", [1, 2])
def test_the_answers_stand_in_the_items_order(processes):
    assert each(lambda item: (item, os.getpid() == MAIN), range(5), processes) == [
        (item, processes == 1) for item in range(5)
    ]


@pytest.mark.parametrize("processes", [1, 2])
def test_each_item_that_is_ready_is_told(processes):
    told = []
    each(abs, range(4), processes, told.append)
    assert told == [1, 2, 3, 4]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def said(stream):
    """A stage of 91 recordings, one a second, 10 s after the start: the lines of it."""
    now_s = [0.0]
    progress = Progress(stream, lambda: now_s[0])
    now_s[0] = 10.0
    done = progress("hearing", 91)
    for count in range(1, 92):
        now_s[0] += 1
        if done:
            done(count)
    return stream.getvalue().splitlines()


def test_progress_is_a_line_every_few_seconds_on_a_terminal_and_one_a_stage_elsewhere():
    lines = said(Terminal())
    assert lines[0] == "0:10 hearing: 0 of 91 recordings"
    assert lines[1] == "0:13 hearing: 3 of 91 recordings"
    assert lines[-1] == "1:41 hearing: 91 of 91 recordings"
    assert len(lines) == 1 + 90 / EVERY_S + 1
    assert said(io.StringIO()) == lines[:1]


def test_every_stage_is_told(tmp_path):
    stages = []

    def stage(what, of):
        stages.append(f"{what}: {of}")

    method = threshold_method([{"least_mg": 5}] * methods.BUDGET)
    bench.compare([method], items(entry()), items(entry(), entry()), stage)
    train.answered(method, items(entry()), tmp_path, stage)
    assert stages == [
        "trying 37 points of each of 1 methods, to train: 1",
        "measuring what is best of each, to test: 2",
        "hearing what is to train on: 1",
    ]


def test_a_grid_of_another_size_is_refused():
    with pytest.raises(ValueError, match="has 1 points to try, not 36"):
        bench.tried(threshold_method([{"least_mg": 5}]), entry())


def test_a_series_is_scored_as_one():
    at_s = (40, 60, 80, 100, 120)
    truths = [Truth(t, 1.0, "limb_move", 9) for t in at_s]
    seen = [Found(t, 1.0, "limb_move", t + 1) for t in at_s]
    for detections, answer in ((seen, (1, 1, 0)), (seen[:3], (1, 0, 0)), ([], (1, 0, 0))):
        row = bench.series([bench.judged("x", 300, truths, detections)])
        assert (row["truths"], row["right"], row["false"]) == answer
    assert bench.series([bench.judged("x", 300, [], seen)])["false"] == 1


def test_training_and_testing_share_no_recording():
    train, test = (definition.listed(half) for half in definition.SPLITS)
    assert len(train) == len(benchmark.half("train")) + len(contrary.NAMES)
    assert set(contrary.NAMES) < {item.label for item in test}
    every = [item.name for item in (*train, *test)]
    assert len(set(every)) == len(every)
    seeds = {half: {item.name.rpartition("-")[2] for item in definition.listed(half)}
             for half in definition.SPLITS}  # fmt: skip
    assert seeds["train"].isdisjoint(seeds["test"])
    retired = (*range(341, 347), *range(541, 547))
    assert seeds["test"].isdisjoint(map(str, retired))


def test_a_recording_without_movements_is_labelled_by_its_sensor():
    for half in definition.SPLITS:
        labels = {item.label for item in definition.listed(half)}
        assert {f"empty {sensor}" for sensor in SENSORS} < labels
        assert {"still_night LSM6DSO", "mixture", "washer"} < labels
        assert "empty" not in labels
        assert "mixture BMI270" not in labels


def test_only_events_are_truth():
    item = next(i for i in definition.listed("train") if i.label == "series")
    assert {line["type"] for line in item.make().truth} == {"event", "group", "state"}
    assert {line["type"] for line in item.recording().truth} == {"event"}


def test_the_committed_hash_is_the_definitions():
    recorded = json.loads(definition.RECORDED.read_text())
    assert recorded["definition"] == definition.definition_sha256(), (
        "run python -m bench.detector --record"
    )
    assert set(recorded) == {"definition", *definition.SPLITS}


def test_the_hashes_notice_another_seed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "half", lambda split: ())

    def hashed(train, test):
        path = tmp_path / "definition.json"
        halves = {"train": {"five_hertz": train}, "test": {"plain_series": test}}
        path.write_text(json.dumps(halves))
        return definition.hashes(path)

    first, again = hashed([1], [2]), hashed([1], [2])
    assert first == again
    for half, other in (("train", hashed([9], [2])), ("test", hashed([1], [3]))):
        assert {name for name in first if first[name] != other[name]} == {"definition", half}


@pytest.mark.parametrize("half", definition.SPLITS)
def test_the_definition_covers_both_halves(half, monkeypatch):
    before = definition.definition_sha256()
    entries = benchmark.entries()
    changed = next(e for e in entries if e.half == half)
    other = (*(e for e in entries if e is not changed), dataclasses.replace(changed, seed=7))
    monkeypatch.setattr(benchmark, "entries", lambda: other)
    assert definition.definition_sha256() != before


@pytest.mark.parametrize("name", contrary.NAMES)
def test_what_suits_a_baseline_is_labelled(name):
    made = contrary.generate(name, 1)
    assert made.duration_s == contrary.LENGTH_S
    assert len(made.truth) >= 8
    for line in made.truth:
        assert line["snr"] == pytest.approx(line["peak_mg"] / 0.3, rel=0.3)
    if name == "plain_series":
        spans = [(t["onset_s"], t["onset_s"] + t["duration_s"]) for t in made.truth]
        assert len(dual_threshold.series(spans)) == 2


def test_our_detector_is_run_with_the_settings_it_is_given():
    mg = tone(7, 0, 60) + np.random.default_rng(1).normal(0, 0.5, (60 * 104, 3))
    mg[40 * 104 : 41 * 104] += tone(7, 60, 1) * [1, 0, 0]
    heard = Heard(recording(mg))
    (one,) = ours.detect(heard)
    assert one.onset_s == pytest.approx(40, abs=0.05)
    assert one.end_s < one.told_s < one.end_s + 3
    assert ours.detect(heard, high_16=4000, floor_min_ug=10_000) == []


def test_real_recordings_are_named_where_they_are_absent(tmp_path):
    here, absent = real.present(tmp_path)
    assert here == {}
    assert set(absent) == {*real.NOISE, *real.RHYTHM}


def test_real_recordings_give_false_events_and_rates(recordings):
    here, absent = real.present(recordings)
    assert absent == []
    assert here["shaker-2hz-nexus-4"].recording.duration_s == pytest.approx(149.4, abs=0.1)

    def hear(heard, told_hz):
        return [Found(70, 20, "rhythmic_bout", 91, told_hz), Found(20, 1, "twitch", 21)]

    method = methods.Method("stand-in", hear, {}, [], "", "")
    answer = real.measured(method, {"told_hz": 1.9}, here)
    assert answer["shaker-2hz-nexus-4"]["error"] == 0.05
    assert answer["muse-under-mattress-adult"]["events"] == 1
    assert answer["mpu6050-ambient"]["events"] == 0  # a join of its blocks lies at 70.5 s


def test_what_a_real_recording_is_asked(tmp_path):
    shaken = recording(
        tone(2, 100), truth=({"kind": "x", "onset_s": 0, "duration_s": 40, "rate_hz": 2},)
    )
    still = recording(tone(2, 0, 90))
    save(tmp_path / "shaker-2hz-nexus-4.npz", shaken)
    save(tmp_path / "mpu6050-ambient.npz", still)
    here, absent = real.present(tmp_path)
    led = here["shaker-2hz-nexus-4"].recording
    assert len(led.accel) == len(shaken.accel) + 60 * 104
    assert led.accel[: 60 * 104].std(axis=0) == pytest.approx(real.LEAD_RMS_LSB, rel=0.05)
    assert len(absent) == 4

    def hear(heard):
        rates = (None, 1.8, 1.9, 4.0)
        return [Found(20 + 20 * k, 5, "twitch", 0, rate) for k, rate in enumerate(rates)]

    answer = real.measured(methods.Method("stand-in", hear, {}, [], "", ""), {}, here)
    assert answer == {
        # The last lies on a join of its blocks, five of which take 1.25 s each.
        "mpu6050-ambient": {"seconds": 53.8, "events": 2, "per_hour": 133.95},
        "shaker-2hz-nexus-4": {"true_hz": 2, "events": 4, "told_hz": 1.9, "error": 0.05},
    }


def variant(f1):
    figures = measured(threshold_method([]), {"least_mg": 5}, [entry(), entry("five_hertz")])
    figures["movements"]["3-5"] |= {"truths": 1, "f1": f1}
    return {**figures, "real": {}}


def compared(ours_f1, rivals_f1):
    kept = {"input": "mg", "kinds": "limb_move", "grid": []}
    return {
        methods.OURS: {**kept, "variants": {"as shipped": variant(ours_f1)}},
        "rival": {**kept, "variants": {"as published": variant(0.1), "tuned": variant(rivals_f1)}},
    }


def test_a_row_in_which_a_baseline_is_ahead_is_named():
    rows = {row["row"]: row for row in goals.ahead(compared(0.5, 0.6))}
    assert rows["any movement, 3-5"] == {
        "row": "any movement, 3-5", "truths": 1, "ours": 0.5, "f1": 0.6, "baseline": "rival, tuned"
    }  # fmt: skip
    assert "any movement, 3-5" not in {row["row"] for row in goals.ahead(compared(0.7, 0.6))}


def reached(figures, behind=None):
    return {one["goal"]: one for one in goals.goals(figures, behind)}


def test_a_goal_is_reached_by_its_bound_only():
    faint = "any movement, 3-5 times noise: F1"
    assert reached(variant(0.9))[faint]["reached"]
    assert not reached(variant(0.89))[faint]["reached"]
    regular = "rhythmic_bout, 1-5 Hz, >= 4 jerks, >= 4 times noise: F1"
    assert not reached(variant(0.9))[regular]["reached"]  # nothing measured


def test_being_ahead_everywhere_is_a_goal_where_baselines_were_measured():
    name = "higher F1 than every baseline: rows behind or level"
    assert name not in reached(variant(0.9))
    assert reached(variant(0.9), 0)[name]["reached"]
    assert not reached(variant(0.9), 1)[name]["reached"]
    ahead = [{"row": "any movement, 3-5"}, {"row": "five_hertz: any movement"}]
    assert goals.behind(ahead) == 1


def test_an_empty_crib_is_a_goal_for_each_sensor_and_says_its_hours():
    figures = variant(0.9)
    row = {"hours": 9.992, "events": 1, "per_hour": 0.1, "disturbances": 0}
    figures["false"] |= {"empty LSM6DSO": row, "empty BMI270": {**row, "events": 2},
                         "empty MPU-6050": {**row, "hours": 5.0}}  # fmt: skip
    one = {sensor: reached(figures)[f"false events in 10 h, empty {sensor}"] for sensor in SENSORS}
    assert {sensor: row["reached"] for sensor, row in one.items()} == {
        "LSM6DSO": True, "BMI270": False, "MPU-6050": False, "ICM-42688-P": False
    }  # fmt: skip
    assert one["LSM6DSO"]["rests_on"] == "1 in 9.992 h, less than 10 h"
    assert one["MPU-6050"]["measured"] == 2.0
    assert one["ICM-42688-P"]["rests_on"] == "no hours"


def test_a_disturbance_is_a_goal_over_all_its_causes():
    row = {"count": 9, "faint": 1, "hours": 2.0, "reported": 9, "events": 2}
    figures = variant(0.9)
    figures["disturbances"] = {"hands": row, "bump": {**row, "reported": 0}, "patting": row}
    found = reached(figures)
    assert found["false events per hour of handling"]["measured"] == 1.0
    assert found["false events per hour of handling"]["reached"]
    share = found["handling: share reported as a disturbance"]
    assert (share["measured"], share["reached"]) == (0.5, False)
    assert share["rests_on"] == "9 of 18, 2 fainter than 3 times noise"
    assert not any("patting" in name for name in found)
    assert found["false events per hour of fan"]["measured"] is None


def test_the_tables_say_that_they_are_simulated():
    found = compared(0.5, 0.6)
    text = table.markdown(
        {
            "sha256": {"definition": "0" * 64, "train": "1" * 64, "test": "2" * 64},
            "same": {"definition": True, "train": True, "test": False},
            "methods": found,
            "goals": {
                "as shipped": goals.goals(variant(0.5), 1),
                "tuned": goals.goals(variant(0.6)),
            },
            "ahead": goals.ahead(found),
            "skipped": ["muse-desk"],
        }
    )
    assert text.startswith("# Detector benchmark (simulated)\n")
    assert "test NO" in text
    assert f"ours has {table.constants()} named constants" in text
    assert "| any movement, 3-5 | 1 | 0.5 | 0.6 | rival, tuned |" in text
    assert "skipped: muse-desk" in text
    for part in text.split("\n\n"):
        assert len({line.count("|") for line in part.splitlines()}) == 1, part


def test_the_page_counts_the_constants_that_no_baseline_has():
    assert table.constants() > 2 * len(table.NAMING)
    page = (definition.RECORDED.parent / "README.md").read_text(encoding="utf-8")
    assert f"ours has {table.constants()} named constants" in " ".join(page.split())


def test_the_training_tool_simulates_once_and_knows_old_recordings(tmp_path, monkeypatch):
    method = threshold_method([])
    made = []

    def make():
        made.append(1)
        return entry().heard.recording

    one = [definition.Item("made", "train-made-1", make)]
    first, again = (train.answered(method, one, tmp_path) for _ in range(2))
    assert len(made) == 1
    assert first == again
    assert len(first[0].truths) == 2
    (tmp_path / "somebody's").mkdir()
    monkeypatch.setattr(train, "_version", lambda: "0" * 16)
    assert train.answered(method, one, tmp_path) == first
    assert len(made) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"0" * 16, "somebody's"}


def test_the_version_of_kept_recordings_is_that_of_their_sources(tmp_path, monkeypatch):
    before = train._version()
    assert train._version() == before
    monkeypatch.setattr(train, "_SOURCES", (tmp_path, train._SOURCES[1]))
    assert train._version() != before


def test_the_training_tool_opens_no_recording_that_tests(tmp_path, monkeypatch):
    asked = []
    (few,) = items(entry())
    monkeypatch.setattr(train, "listed", lambda split: asked.append(split) or [few])
    monkeypatch.setattr(train, "further", lambda: asked.append("further") or [])
    text = train.report(tmp_path)
    assert asked == ["further", "train"]
    assert "| any movement, >=5 times noise: F1 | >= 0.97 |" in text
    assert text.startswith("# Training recordings (simulated)")


def test_what_went_wrong_is_counted_by_name():
    truths = [
        Truth(40, 0.3, "twitch", 4, "hiccups"),
        Truth(50, 0.3, "twitch", 12, "twitch"),
        Truth(60, 0.3, "twitch", 12, "twitch"),
        Truth(70, 5.0, "gross", 12, "gross"),
        Truth(90, 30.0, "environment", 12, "fan", by="surroundings"),
    ]
    spans = [(50, 2, "limb_move"), (60, 2, "limb_move"), (70, 4, "gross")]
    spans += [(74.6, 0.2, "twitch"), (95, 2, "limb_move")]
    seen = [Found(onset_s, length_s, kind, 0) for onset_s, length_s, kind in spans]
    answers = [bench.judged("made", 300, truths, seen)]
    text = train.markdown(bench.measured({}, answers), answers)
    for line in (
        "- twitch as limb_move 2",
        "- twitch of hiccups, from 3, missed 1",
        "- gross of gross: twitch 1",
        "| fan | 0.008 | 0 of 1 | 1 | limb_move 1 |",
    ):
        assert line in text.splitlines(), line
