"""The figures of bench/detector, from answers made by hand whose sums are known."""

import numpy as np
import pytest

from cribtrace.scoring import score
from cribtrace.scoring.kinds import Found, Truth


def truth(onset_s, duration_s=0.3, kind="twitch", snr=8.0, **more):
    return Truth(onset_s, duration_s, kind, snr, more.pop("cause", kind), **more)


def found(onset_s, duration_s=0.3, kind="twitch", snr=8.0, rate_hz=None):
    return Found(onset_s, duration_s, kind, onset_s + duration_s + 0.5, rate_hz, snr)


def figures(truths, detections, length_s=3630.0, label="made by hand"):
    return score.figures([score.judged(label, length_s, truths, detections)])


def test_sensitivity_precision_and_f1_count_what_they_say():
    truths = [truth(50), truth(60), truth(70), truth(80)]
    detections = [found(50), found(60), found(65), found(70)]
    row = figures(truths, detections)["movements"][">=3"]
    assert (row["truths"], row["right"], row["false"]) == (4, 3, 1)
    assert (row["sensitivity"], row["precision"], row["f1"]) == (0.75, 0.75, 0.75)
    row = figures(truths, detections[:2])["movements"][">=3"]
    assert (row["sensitivity"], row["precision"], row["f1"]) == (0.5, 1.0, 0.6667)


def test_a_share_of_nothing_is_none():
    row = figures([], [])["movements"][">=3"]
    assert (row["sensitivity"], row["precision"], row["f1"]) == (None, None, None)
    assert figures([truth(50)], [])["movements"][">=3"]["f1"] == 0


def test_bands_hold_their_lower_end_and_not_their_upper():
    truths = [truth(50, snr=snr) for snr in (2.9,)]
    truths += [truth(60 + k, 0.01, snr=snr) for k, snr in enumerate((3, 4.9, 5, 9.9, 10, 500))]
    rows = figures(truths, [])["movements"]
    counts = {band: row["truths"] for band, row in rows.items()}
    assert counts == {">=3": 6, "3-5": 2, "5-10": 2, ">10": 2, ">=4": 5, ">=5": 4, "8-12": 2}


def test_a_false_event_belongs_to_the_band_of_its_strength_and_a_piece_to_its_truths():
    whole = truth(50, 4, "gross", snr=30)
    pieces = [found(50, 3.5, "gross"), found(53.9, 0.1, snr=3.1)]
    rows = figures([whole], [*pieces, found(90, snr=6), found(95, snr=0.5)])["movements"]
    assert [rows[band]["false"] for band in ("3-5", "5-10", ">10", ">=3")] == [1, 1, 1, 3]
    assert rows[">10"]["split"] == 1
    assert rows["3-5"]["split"] == 0


def test_a_kind_is_right_only_by_its_name():
    truths = [truth(50, 1.0, "limb_move"), truth(60, 1.0, "limb_move"), truth(70, 5, "gross")]
    detections = [found(50, 1, "limb_move"), found(60, 0.2), found(70, 2, "limb_move")]
    answer = figures(truths, detections)
    limb = answer["kinds"]["limb_move"][">=3"]
    assert (limb["truths"], limb["right"], limb["false"], limb["detected"]) == (2, 1, 1, 2)
    gross = answer["kinds"]["gross"][">=3"]
    assert (gross["right"], gross["false"], gross["detected_share"]) == (0, 0, 1.0)
    assert "twitch" not in answer["kinds"]
    assert answer["kind_right"][">=3"] == {
        "found": 3,
        "right": 1,
        "share": 0.3333,
        "wrong": {"limb_move as twitch": 1, "gross as limb_move": 1},
    }


def test_near_a_boundary_the_neighbours_name_is_no_error():
    answer = figures([truth(50, 0.45)], [found(50, 0.55, "limb_move")])
    assert answer["kinds"]["twitch"][">=3"]["f1"] == 1.0
    assert answer["kind_right"][">=3"]["share"] == 1.0


def test_onset_error_and_latency():
    truths = [truth(50 + 10 * k, snr=10) for k in range(4)]
    shifts = (0.01, -0.02, 0.03, 0.4)
    detections = [found(50 + 10 * k + shift) for k, shift in enumerate(shifts)]
    times = figures(truths, detections)["times"]["8-12"]
    assert times["onset_error_s"]["median"] == pytest.approx(0.025)
    assert times["onset_error_s"]["p95"] == pytest.approx(
        np.quantile(np.abs(shifts), 0.95), abs=1e-4
    )
    assert times["latency_s"]["median"] == pytest.approx(0.82)
    assert times["latency_after_end_s"]["median"] == pytest.approx(0.52)


def test_a_bouts_rate_is_compared_where_it_is_told():
    bouts = [truth(50 + 40 * k, 20, "rhythmic_bout", rate_hz=2.0, jerks=40) for k in range(3)]
    told = [found(50, 20, "gross", rate_hz=2.1), found(90, 20, "gross")]
    rates = figures(bouts, told)["rates"]
    assert (rates["bouts"], rates["told"], rates["error"]["median"]) == (3, 1, 0.05)


def test_a_bout_of_the_goal_is_regular_long_and_loud_enough():
    def bout(onset_s, **changed):
        figure = {"snr": 4.0, "rate_hz": 2.0, "jerks": 4, **changed}
        return truth(onset_s, 5, "rhythmic_bout", **figure)

    truths = [bout(50), bout(70, snr=3.9), bout(90, rate_hz=5.1), bout(110, jerks=3)]
    truths += [bout(130, rate_hz=1.0, jerks=9), bout(150, rate_hz=5.0)]
    detections = [found(t.onset_s, 5, "rhythmic_bout", rate_hz=2.2) for t in truths[:4]]
    row = figures(truths, [*detections, found(200, 5, "rhythmic_bout")])["bouts"]
    assert (row["truths"], row["right"], row["false"]) == (3, 1, 1)
    assert (row["rates"]["bouts"], row["rates"]["told"]) == (3, 1)
    assert row["rates"]["error"]["median"] == 0.1


def test_counts_of_recordings_add_up_to_those_of_all():
    one = score.judged("a", 300, [truth(50), truth(60)], [found(50), found(90)])
    two = score.judged("b", 300, [truth(50)], [found(50), found(70), found(80)])
    rows = [score.objectives(recording)["tuned"] for recording in (one, two)]
    whole = score.figures([one, two])["movements"][">=3"]
    for name, value in score.summed(rows).items():
        assert value == whole[name], name
    assert score.summed([]) == {}


def test_disturbances_by_cause():
    truths = [truth(k, 36, "environment", cause="washer") for k in (100, 200)]
    truths.append(truth(300, 10, "handling", cause="hands"))
    detections = [found(100, 30, "environment"), found(210), found(220), found(300, 9, "gross")]
    answer = figures(truths, detections)
    washer = answer["disturbances"]["washer"]
    assert (washer["count"], washer["hours"], washer["reported"]) == (2, 0.02, 1)
    assert (washer["events"], washer["per_hour"], washer["called"]) == (2, 100.0, {"twitch": 2})
    assert answer["disturbances"]["hands"]["reported_share"] == 0
    assert answer["movements_with_trials"]["under"] == 3
    assert answer["movements_with_trials"]["precision"] == 0
    beside = figures([*truths, truth(400)], detections)["movements"][">=3"]
    assert (beside["under"], beside["precision"]) == (3, 0)


def test_a_faint_disturbance_gives_its_hours_and_asks_for_no_report():
    truths = [truth(100, 36, "environment", snr=2.0, cause="fan")]
    truths.append(truth(0, 66, "environment", snr=9.0, cause="fan"))
    answer = figures(truths, [found(110)])["disturbances"]["fan"]
    assert (answer["count"], answer["faint"], answer["reported_share"]) == (1, 1, 0.0)
    assert (answer["hours"], answer["events"], answer["per_hour"]) == (0.02, 1, 50.0)


def test_a_bout_by_hands_is_a_line_of_its_own_and_no_row_of_the_infants():
    truths = [
        truth(100, 36, "rhythmic_bout", cause="rocking", by="hands", rate_hz=1.3, jerks=47),
        truth(200, 36, "handling", cause="rocking", by="hands", rate_hz=0.5, jerks=18),
    ]
    answer = figures(truths, [found(100, 36, "rhythmic_bout"), found(210)])
    assert answer["disturbances"]["rocking as rhythmic_bout"]["reported"] == 1
    assert answer["disturbances"]["rocking as rhythmic_bout"]["events"] == 0
    assert answer["disturbances"]["rocking"]["called"] == {"twitch": 1}
    assert "rhythmic_bout" not in answer["kinds"]
    assert answer["kind_right"][">=3"]["found"] == 0
    assert (answer["rates"]["bouts"], answer["movements"][">=3"]["truths"]) == (0, 0)


def test_false_events_per_hour_where_nothing_was():
    quiet = score.judged("still", 3630, [], [found(50), found(90), found(100, 5, "handling")])
    moved = score.judged(
        "night", 7230, [truth(500, 1800, "gross")], [found(100), found(500, 1800)]
    )
    answer = score.figures([quiet, moved])["false"]
    assert answer["still"] == {"hours": 1.0, "events": 2, "per_hour": 2.0, "disturbances": 1}
    assert answer["between movements"]["hours"] == 1.5
    assert answer["between movements"]["per_hour"] == pytest.approx(0.667)


def test_what_overlaps_takes_its_time_once():
    fan = truth(0, 1830, "environment", cause="fan")
    inside = [truth(100, 60), truth(1800, 90, "gross"), truth(2000, 36)]
    row = figures([fan, *inside], [])["false"]["between movements"]
    assert row["hours"] == pytest.approx(1 - (1800 + 60 + 36) / 3600, abs=1e-3)
