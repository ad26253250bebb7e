"""A short run of every campaign of tests/fuzz, and that those notice what they look for."""

import pytest

from tests.fuzz import frames, segments
from tests.fuzz.campaign import TARGETS, campaigns

CASES = 500
SEED = 4
FLOOR = {"frame": 0.4, "request": 0.4, "segment": 0.6, "npz": 0.3, "csv": 0.05}


@pytest.mark.parametrize("unguarded", [False, True])
@pytest.mark.parametrize("kind", TARGETS, ids=lambda kind: kind.name)
def test_no_crash_no_hang_and_bounded_memory(kind, unguarded):
    if unguarded and not kind.check:
        return
    ((_, _, tally),) = campaigns([(kind, unguarded, CASES)], SEED, workers=1)
    print(f"{kind.name}: {tally.past} of {tally.cases} got past")
    assert tally.failures == []
    assert tally.cases == CASES and tally.traced >= 4
    assert tally.past / tally.cases > FLOOR[kind.name], "too few cases get far"


def failures(kind) -> str:
    ((_, _, tally),) = campaigns([(kind, False, 300)], SEED, workers=1)
    return " ".join(tally.failures)


def test_what_a_parser_does_wrong_is_noticed(monkeypatch):
    def wrong(_self, _case):
        raise KeyError("what nobody named")

    monkeypatch.setattr(frames.Frames, "run", wrong)
    assert "what nobody named" in failures(frames.Frames)


def test_a_false_record_is_noticed(monkeypatch):
    monkeypatch.setattr(
        segments.Segments, "_sealed_body", lambda self, _rng, body: segments.encoded(body)
    )
    assert "false record" in failures(segments.Segments)


def test_memory_is_noticed(monkeypatch):
    def greedy(_self, _case):
        return len(bytes(1_000_000)) > 0

    monkeypatch.setattr(frames.Frames, "run", greedy)
    assert "allowed are" in failures(frames.Frames)


def test_a_hang_is_noticed(monkeypatch):
    def endless(_self, _case):
        while True:
            pass

    monkeypatch.setattr("tests.fuzz.campaign._HANG_S", 1)
    monkeypatch.setattr(frames.Frames, "run", endless)
    monkeypatch.setattr(frames.Frames, "CASE_MOST_S", 0.5)
    ((_, _, tally),) = campaigns([(frames.Frames, False, 1)], SEED, workers=1)
    assert "Hang" in " ".join(tally.failures)
