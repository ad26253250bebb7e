"""The sentences people read: numbers, and none of the words that sound like a verdict."""

import ast
from pathlib import Path

import pytest

from cribtrace import (
    analysis,
    criteria,
    facts,
    injected_boots,
    log_records,
    missing,
    veto_wording,
    wording,
)
from cribtrace.configuration import MEANINGS
from cribtrace.device import records, settings
from cribtrace.wording import ALLOWED, NOT_THIS, explain, forbidden, headline, length, since_start

HOST = Path(wording.__file__).parent
# The simulated world names what it simulates, in files and to developers; all else may be read by
# anybody.
TEXTS = sorted(path for path in HOST.rglob("*.py") if "world" not in path.parts)
DRAWN = sorted(p for name in ("report", "trend") for p in (HOST / name / "assets").iterdir())
PAGES_FOR_READERS = ("GETTING-STARTED.md", "NUMBERS.md", "REPORT.md")
# Of the board, the tool and a person's own hand, and never of a sleeper: whole strings alone.
OF_THE_MACHINE = {
    " This is not a medical device.",
    "heartbeat",
    "jitter",
    " not what was copied: deploy again; if it stays so, the flash is bad or full",
    "the noise floor has not settled: ",
    " is full: free some space and run it again; the board still holds what is missing",
    "`: expected accel, rate_hz, lsb_per_g",
    "set MICROPYTHON to a micropython of at least 1.24, best a 32-bit one",
    "; still waiting",
    "a tap did not die away within its waveform: hold still after each",
    "the board still holds ",
}

NUMBERS = {"twitch": 204, "limb_move": 1, "gross": 0}


def strings_of(path: Path) -> list[str]:
    """Every string of a module but its docstrings, the keys it reads and the never-say list."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    } | {
        id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)
    } | {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NEVER_SAY"
        for part in ast.walk(node)
    }  # fmt: skip
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in silent
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(HOST).as_posix())
def test_no_string_of_the_source_says_what_must_never_be_said(path):
    said = [text for text in strings_of(path) if text not in OF_THE_MACHINE]
    assert [text for text in said if forbidden(text)] == []


def test_the_strings_are_found():
    assert len(TEXTS) > 80
    assert {text for path in TEXTS for text in strings_of(path)} >= OF_THE_MACHINE
    assert all(len(strings_of(HOST / name)) > 20 for name in ("wording.py", "report/parts.py"))


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.name)
def test_nothing_the_page_is_made_of_says_it_either(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) > 500
    assert forbidden(text) == []


@pytest.mark.parametrize("page", PAGES_FOR_READERS)
def test_no_page_for_a_reader_of_reports_says_it(page):
    text = (HOST.parents[1] / "docs" / page).read_text(encoding="utf-8")
    for sentence in NOT_THIS:
        assert sentence in text or page != "NUMBERS.md"
    assert forbidden(text) == []


@pytest.mark.parametrize(
    "said",
    [
        "A quiet night.", "All normal", "abnormal", "BETTER than before", "more than usual",
        "BNSM detected", "myoclonus", "possible seizure", "benign", "PLMI 7", "PLM index",
        "REM sleep", "stage N3", "breathing rate 30", "heart rate", "apnoea", "apnea", "SIDS",
        "the child is safe", "alarm", "a diagnosis", "healthy", "still asleep", "No concerns.",
    ],
)  # fmt: skip
def test_each_verdict_is_found(said):
    assert forbidden(said)


@pytest.mark.parametrize("said", ["a rem2 unit", "remark", "recorded", "premium", "n30"])
def test_a_word_that_only_contains_another_is_let_through(said):
    assert forbidden(said) == []


def test_the_disclaimer_is_let_through_only_whole():
    assert forbidden(" ".join(NOT_THIS)) == []
    assert forbidden("Cribtrace is a medical device.") == ["medical"]
    assert forbidden(NOT_THIS[0] + " It shows breathing.") == ["breathing"]
    assert set(ALLOWED) == set(NOT_THIS)


def test_the_disclaimer_says_all_that_it_must():
    text = " ".join(NOT_THIS).lower()
    for part in (
        "not a medical device", "does not show breathing or heart",
        "cannot rule anything in or out",
        "film it", "ask your clinician", "trouble breathing", "colour change", "unresponsive",
        "call emergency services", "empty crib and a very still infant look the same",
    ):  # fmt: skip
        assert part in text


def test_the_headline_is_made_of_numbers():
    assert headline(NUMBERS, 9.5 * 3600, 36000.0) == (
        "205 movements in 9.50 covered hours of 10.00 recorded: 204 twitches and 1 limb movement."
    )


def test_the_headline_counts_disturbances_apart():
    assert headline({"gross": 2, "handling": 3, "environment": 1}, 3600.0, 3600.0) == (
        "2 movements in 1.00 covered hours of 1.00 recorded: 2 gross movements; apart from these"
        " 3 handlings of the crib and 1 disturbance from outside."
    )


def test_the_headline_of_nothing():
    assert headline({"twitch": 0, "handling": 0}, 0.0, 0.0) == (
        "0 movements in 0.00 covered hours of 0.00 recorded."
    )


def test_a_kind_this_version_does_not_know_is_named_as_it_is():
    text = headline({"twitch": 1, "hop": 2}, 3600.0, 3600.0)
    assert text == "3 movements in 1.00 covered hours of 1.00 recorded: 1 twitch and 2 hop."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4038, "0.40 s"), (10.0, "10.0 s"), (840.0, "14 min 00 s"), (3599.6, "1 h 00 min"),
     (36840, "10 h 14 min"), (59.97, "1 min 00 s"), (0.9999, "1.0 s"),
     (None, "–"), (float("nan"), "–"), (float("inf"), "–")],
)  # fmt: skip
def test_lengths(seconds, said):
    assert length(seconds) == said


def test_times_since_the_start_carry_over():
    assert since_start(59.96, 1) == "0:01:00.0"
    assert since_start(3599.6) == "1:00:00"
    assert since_start(36840.25, 1) == "10:14:00.2"
    assert since_start(-1.5, 1) == "-0:00:01.5"
    assert since_start(None) == "–"


CONSIDERED = [
    {"veto": "rocking", "of": "slow_share", "value": 0.41, "when": "from", "limit": 0.75,
     "applies": False},
    {"veto": "tone", "of": "evenness", "value": None, "when": "from", "limit": 0.55,
     "applies": False},
    {"veto": "shaken", "of": "slow_share", "value": 0.41, "when": "below", "limit": 0.365,
     "applies": True},
]  # fmt: skip
WHOLE = {
    "kind": "twitch", "onset_s": 1042.31, "duration_s": 0.21, "peak_mg": 6.2, "jerks": 1,
    "rate_hz": None, "snr": 7.1, "axis": "z",
    "why": {"rule": "short at 30 % of its peak", "floor_mg": 0.31, "threshold_mg": 0.79,
            "strength": 70.1, "threshold": 6.44, "margin": 10.88, "span_s": 0.4,
            "energy_mg_s": 0.45, "slow_share": 0.41, "cut": False, "joined": False,
            "vetoes": ["shaken"], "considered": CONSIDERED},
}  # fmt: skip


def test_why_in_words():
    assert explain(WHOLE) == [
        "It reached strength 70.10, 10.88 times the 6.44 at which a movement counts;"
        " 0.79 mg on one axis would have been enough;"
        " its peak was 6.20 mg on axis z; its energy 0.45 mg s; the noise floor was 0.31 mg.",
        "It lasted 0.21 s, 1 jerk, signal to noise 7.1.",
        "Rule: short at 30 % of its peak.",
        "Could something else have moved the crib?"
        " slow rocking: no (the share of its motion below 3 Hz was 0.41; it takes 0.75 or more);"
        " a steady vibration: not looked at;"
        " motion through the floor: yes (the share of its motion below 3 Hz was 0.41; it takes"
        " less than 0.365).",
        "Also recorded: time above the low threshold 0.4 s, share of its motion below 3 Hz 0.41.",
    ]


def considered(veto, value, limit, *, applies) -> dict:
    of = {"tilt": "tilt_axis_mg", "strength": "peak_mg", "clipping": "clipped"}[veto]
    return {"veto": veto, "of": of, "value": value, "when": "from", "limit": limit,
            "applies": applies}  # fmt: skip


def test_a_lean_says_with_what_it_tells_handling():
    """Its criterion asks for the strength of hands too: both sentences are true together."""
    looked = [considered("strength", 60.5, 210, applies=False),
              considered("tilt", 11.16, 4, applies=True)]  # fmt: skip
    said = " ".join(explain({**WHOLE, "why": {**WHOLE["why"], "considered": looked}}))
    assert (
        "a lasting lean: yes (the tilt of an axis was 11.16 mg; it takes 4 mg or more;"
        " with a peak of 37.6 mg or more it tells handling)" in said
    )
    assert "the strength that hands have" in facts.RULES[records.LEANED]
    assert "half" in MEANINGS["tilt_mg"].what


def test_clipping_is_told_as_the_flag_it_is():
    for value, said in ((0, "no (no frame was at its end)"), (1, "yes (a frame was at its end)")):
        looked = [considered("clipping", value, 1, applies=bool(value))]
        assert f"the sensor’s range: {said}." in " ".join(
            explain({**WHOLE, "why": {**WHOLE["why"], "considered": looked}})
        )


def test_everything_a_veto_is_measured_by_has_words():
    header = {"mlsb_per_g": 16_393_443, "rate_mhz": 104_000}
    record = dict.fromkeys(log_records.NAMES[records.EVENT], 1)
    for one in criteria.considered(record, header, settings.DEFAULTS):
        assert one.of == "clipped" or one.of in veto_wording.MEASURED


def test_vetoes_are_named_where_their_numbers_are_not_known():
    why = {**WHOLE["why"], "considered": None}
    assert "What speaks for something else: motion through the floor." in explain(
        {**WHOLE, "why": why}
    )


def test_slow_motion_reached_nothing_and_says_so():
    why = {**WHOLE["why"], "strength": 0.0, "margin": 0.0}
    assert explain({**WHOLE, "why": why})[0].startswith("Slow motion, told by how long it lasts;")


@pytest.mark.parametrize(
    ("flag", "said"),
    [("cut", "before it could be seen to be over"), ("joined", "rest of a movement")],
)
def test_a_flag_is_told_only_when_it_is_set(flag, said):
    for value in (True, False):
        event = {**WHOLE, "why": {**WHOLE["why"], flag: value}}
        assert (said in " ".join(explain(event))) is value


def test_everything_the_board_can_name_has_words():
    assert set(records.KINDS) <= set(wording.KINDS)
    found_by_the_host = {missing.RECORDS_MISSING, missing.LOG_FULL, analysis.TOO_LOUD}
    found_by_the_host.add(injected_boots.INJECTED)
    by_the_board = {*records.GAP_REASONS, *log_records.STATE_REASONS}
    assert by_the_board | found_by_the_host == set(wording.REASONS)
    assert set(log_records.VETOES) - {"cut", "joined"} == set(wording.VETOES)
    assert len(facts.RULES) == len(records.KIND_OF_RULE)
    assert forbidden(" ".join(facts.RULES)) == []
    assert set(wording.KINDS) == {
        *wording.MOVEMENTS,
        *wording.DISTURBANCES,
        *wording.DEVELOPERS,
    }


@pytest.mark.parametrize("missing", [*WHOLE, *(f"why.{key}" for key in WHOLE["why"])])
@pytest.mark.parametrize("instead", [None, "text", [], 10**400, float("nan")])
def test_any_field_may_be_missing_or_foreign(missing, instead):
    event = {**WHOLE, "why": dict(WHOLE["why"])}
    (event["why"] if "." in missing else event)[missing.removeprefix("why.")] = instead
    said = explain(event)
    assert said and all(isinstance(sentence, str) for sentence in said)
    assert not any("nan" in sentence.split(" ") for sentence in said)


def test_an_event_without_reasons_says_that():
    assert explain({}) == ["The log holds no reason."]
