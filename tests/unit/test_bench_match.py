"""Which detection is which truth: each rule of bench/detector/README.md by a case made by hand."""

from dataclasses import replace

import pytest

from cribtrace.scoring.kinds import Found, Truth, accepted
from cribtrace.scoring.match import judge


def truth(onset_s, duration_s=0.3, kind="twitch", snr=8.0, **more):
    return Truth(onset_s, duration_s, kind, snr, more.pop("cause", kind), **more)


def found(onset_s, duration_s=0.3, kind="twitch"):
    return Found(onset_s, duration_s, kind, onset_s + duration_s + 0.5)


def fates(truths, detections):
    judged_truths, judged_found = judge(truths, detections)
    return [t.fate for t in judged_truths], [f.fate for f in judged_found]


def test_nothing_at_all():
    assert fates([], []) == ([], [])
    assert fates([truth(50)], []) == (["missed"], [])
    assert fates([], [found(50)]) == ([], ["false"])


@pytest.mark.parametrize(
    ("onset_s", "duration_s", "fate"),
    [
        (50.0, 0.3, "found"),
        (50.79, 0.2, "found"),  # begins within half a second of the end
        (50.81, 0.2, "missed"),
        (49.0, 0.51, "found"),  # ends within half a second of the onset
        (49.0, 0.49, "missed"),
        (45.0, 20.0, "found"),
    ],
)
def test_the_tolerance_is_half_a_second_at_either_end(onset_s, duration_s, fate):
    assert fates([truth(50)], [found(onset_s, duration_s)])[0] == [fate]


def test_a_split_is_found_once_and_its_other_pieces_are_false():
    pieces = [found(50, 0.5), found(51.2, 2.7, "limb_move"), found(54, 0.2)]
    whole = truth(50, 4.2, "gross")
    assert fates([whole], pieces) == (["found"], ["split", "match", "split"])
    (judged,), _ = judge([whole], pieces)
    assert judged.found is pieces[1]  # the one that overlaps most
    assert not judged.right


def test_a_merge_finds_one_and_misses_the_other():
    both = [truth(50), truth(52)]
    assert fates(both, [found(50, 2.3, "limb_move")]) == (["found", "merged"], ["match"])
    assert fates([*both, truth(60)], [found(50, 2.3)])[0] == ["found", "merged", "missed"]


def test_as_many_pairs_as_can_be_come_before_the_closest():
    # The second detection is all but the first truth, but the first fits no other.
    truths = [truth(50, 0.4), truth(50.9)]
    detections = [found(49.4, 0.2), found(50, 0.45)]
    judged, _ = judge(truths, detections)
    assert [j.found for j in judged] == detections


def test_order_does_not_matter():
    truths = [truth(50), truth(52), truth(50.8, 1.0, "limb_move")]
    detections = [found(52.1), found(50.05), found(50.9, 0.8), found(70)]
    forwards, _ = judge(truths, detections)
    backwards, _ = judge(truths[::-1], detections[::-1])
    assert forwards == backwards[::-1]


def test_inside_a_bout_there_is_one_detection_and_no_other_truth():
    bout = truth(100, 20, "rhythmic_bout", rate_hz=2.0, jerks=40)
    whole, piece = found(100.1, 19, "rhythmic_bout"), found(105)
    assert fates([bout], [whole, piece]) == (["found"], ["match", "split"])
    # A twitch inside it may be found or not.
    inside = truth(105)
    assert fates([bout, inside], [whole]) == (["found", "ignored"], ["match"])
    assert fates([bout, inside], [whole, piece])[1] == ["match", "ignored"]
    # One that merely follows counts.
    assert fates([bout, truth(121)], [whole])[0] == ["found", "missed"]


def test_what_is_faint_is_neither_missed_nor_false():
    faint = truth(50, snr=2.9)
    assert fates([faint], []) == (["ignored"], [])
    assert fates([faint], [found(50), found(50.6, 0.1)]) == (["ignored"], ["ignored", "ignored"])
    assert fates([replace(faint, snr=3.0)], []) == (["missed"], [])


def test_a_detection_of_a_faint_truth_still_finds_the_one_that_counts():
    assert fates([truth(50, snr=2), truth(50.6)], [found(50.2)])[0] == ["ignored", "found"]


def test_before_a_method_has_settled_nothing_counts():
    assert fates([truth(29)], [found(20), found(29)]) == (["ignored"], ["ignored", "ignored"])
    assert fates([truth(30)], [found(30.7, 0.1)]) == (["found"], ["match"])


WASHER = truth(100, 60, "environment", cause="washer")


def test_a_disturbance_reported_as_one_is_right_whichever_it_is_called():
    for kind in ("environment", "handling"):
        assert fates([WASHER], [found(110, 5, kind)]) == (["reported"], ["disturbance"])
    assert fates([WASHER], []) == (["unreported"], [])


def test_an_infant_kind_within_a_disturbance_is_false():
    assert fates([WASHER], [found(110)]) == (["unreported"], ["under"])
    _, (judged,) = judge([WASHER], [found(110)])
    assert judged.truth.cause == "washer"
    assert fates([], [found(110, 5, "handling")])[1] == ["no disturbance"]


def test_a_movement_within_a_disturbance_counts():
    inside = truth(120)
    both = [found(100, 60, "environment"), found(120)]
    assert fates([WASHER, inside], both) == (["reported", "found"], ["disturbance", "match"])
    assert fates([WASHER, inside], both[:1]) == (["reported", "missed"], ["disturbance"])


def test_a_faint_disturbance_need_not_be_reported_but_hides_no_false_event():
    faint = replace(WASHER, snr=2.9)
    assert fates([faint], []) == (["faint"], [])
    assert fates([faint], [found(110, 5, "environment")]) == (["faint"], ["disturbance"])
    assert fates([faint], [found(110)]) == (["faint"], ["under"])


def test_a_disturbance_from_before_a_method_has_settled_counts_from_then_on():
    throughout = truth(0, 3600, "environment", cause="fan")
    detections = [found(20), found(110)]
    assert fates([throughout], detections) == (["unreported"], ["ignored", "under"])
    assert fates([truth(5, 20, "environment")], [found(25.1)]) == (["ignored"], ["ignored"])


def test_what_is_false_beside_two_disturbances_is_the_louders():
    fan, step = truth(0, 3600, "environment", 9.0, cause="fan"), truth(50, 6, "environment", 40.0)
    faint = replace(step, snr=4.0)
    for truths, louder in (([fan, step], step), ([step, fan], step), ([fan, faint], fan)):
        _, (judged,) = judge(truths, [found(52)])
        assert judged.truth is louder


PATTING = truth(100, 60, "rhythmic_bout", cause="patting", by="hands", rate_hz=2.0, jerks=120)


def test_a_bout_by_hands_may_be_called_one_and_is_no_movement_of_the_infant():
    pieces = [found(100, 30, "rhythmic_bout"), found(140, 10, "rhythmic_bout")]
    assert fates([PATTING], pieces) == (["reported"], ["disturbance", "disturbance"])
    assert fates([PATTING], [found(100, 60, "handling")]) == (["reported"], ["disturbance"])
    assert fates([PATTING], [found(120)]) == (["unreported"], ["under"])
    assert fates([PATTING], []) == (["unreported"], [])
    assert fates([replace(PATTING, by="infant")], pieces)[0] == ["found"]


@pytest.mark.parametrize(
    ("label", "right"),
    [
        (truth(50, 0.39), {"twitch"}),
        (truth(50, 0.41), {"twitch", "limb_move"}),
        (truth(50, 0.59, "limb_move"), {"twitch", "limb_move"}),
        (truth(50, 0.61, "limb_move"), {"limb_move"}),
        (truth(50, 2.45, "limb_move"), {"limb_move", "gross"}),
        (truth(50, 3.5, "gross"), {"limb_move", "gross"}),
        (truth(50, 3.7, "gross"), {"gross"}),
        (truth(50, 0.8, "startle_like"), {"startle_like"}),
        (truth(50, 1.3, "startle_like"), {"startle_like", "limb_move"}),
        (truth(50, 15, "rhythmic_bout", rate_hz=2.0, jerks=30), {"rhythmic_bout"}),
        (truth(50, 15, "rhythmic_bout", rate_hz=1.1, jerks=17), {"rhythmic_bout", "handling"}),
        (truth(50, 4, "rhythmic_bout", rate_hz=1.1, jerks=5), {"rhythmic_bout"}),
        (truth(50, 2, "rhythmic_bout", rate_hz=2.0, jerks=4), {"rhythmic_bout", "limb_move"}),
        (truth(50, 5, "rhythmic_bout", rate_hz=4.5), {"rhythmic_bout", "fast_oscillation"}),
        (truth(50, 5, "fast_oscillation", rate_hz=5.5), {"fast_oscillation", "rhythmic_bout"}),
        (truth(50, 5, "fast_oscillation", rate_hz=7), {"fast_oscillation"}),
        (truth(50, 30, "handling", rate_hz=0.85), {"handling", "rhythmic_bout"}),
        (truth(50, 30, "handling", rate_hz=0.6), {"handling"}),
        (truth(50, 9, "handling", rate_hz=0.6), {"handling", "gross"}),
        (truth(50, 30, "handling"), {"handling"}),
    ],
)  # fmt: skip
def test_within_a_fifth_of_a_boundary_either_kind_is_right(label, right):
    assert accepted(label) == right


def test_rocking_near_one_hertz_may_be_called_a_bout():
    rocking = truth(50, 30, "handling", rate_hz=0.85, cause="rocking")
    bout = found(50, 30, "rhythmic_bout")
    assert fates([rocking], [bout]) == (["reported"], ["disturbance"])
    assert fates([replace(rocking, rate_hz=0.6)], [bout]) == (["unreported"], ["under"])
