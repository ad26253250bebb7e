"""When the light of a board is dark: only while what happens goes into the log."""

import importlib
from types import SimpleNamespace

import pytest

from cribtrace.device import protocol, request_line

manners = importlib.import_module("cribtrace.firmware.crib.manners")


@pytest.fixture
def app():
    importlib.reload(manners)
    made = SimpleNamespace(
        board=SimpleNamespace(),
        clock=SimpleNamespace(seconds=100),
        sensing=SimpleNamespace(fault="none"),
        journal=SimpleNamespace(lost=0, written=50, facts=SimpleNamespace(at_risk=0)),
        answers=SimpleNamespace(),
    )
    made.blinks = []
    made.board.blink = lambda: made.blinks.append(made.clock.seconds)
    return made


def minute(app):
    """The blinks of the next minute."""
    app.blinks.clear()
    for _ in range(60):
        app.clock.seconds += 1
        manners.poll(app)
    return len(app.blinks)


def test_it_blinks_while_the_log_takes_nothing_and_is_dark_once_it_does(app):
    assert minute(app) == 0
    app.journal.lost += 1  # an epoch that a full log leaves out
    assert minute(app) == 12
    app.journal.written += 1
    app.journal.facts.at_risk = 1
    assert minute(app) == 12, "what is not committed may be lost, too"
    app.journal.lost += 1
    app.journal.written -= 1  # and was
    app.journal.facts.at_risk = 0
    assert minute(app) == 12
    app.journal.written += 1
    assert minute(app) == 0
    app.journal.facts.at_risk = 2
    assert minute(app) == 0


def test_a_press_that_the_log_does_not_take_is_no_single_blink(app, monkeypatch):
    pressed = [True]
    app.board.button = lambda: bool(pressed and pressed.pop())

    def refuses(*_):
        app.journal.lost += 1
        raise protocol.Refused("log_full")

    monkeypatch.setattr(request_line, "answer", refuses)
    app.clock.seconds += 1
    manners.poll(app)
    assert not pressed and app.blinks == [], "a blink now would say that it is in the log"
    assert minute(app) == 12


def test_a_press_that_finds_no_room_makes_some_for_the_next(app, monkeypatch):
    let_go = []
    monkeypatch.setattr(manners.seldom, "forget", lambda: let_go.append(True))

    def without_room(*_):
        if not let_go:
            raise MemoryError

    app.board.button = lambda: True
    monkeypatch.setattr(request_line, "answer", without_room)
    manners.poll(app)
    assert app.blinks == [] and let_go
    manners.poll(app)
    assert app.blinks == [100]


def test_a_press_is_one_blink(app, monkeypatch):
    app.board.button = lambda: app.clock.seconds == 130
    monkeypatch.setattr(request_line, "answer", lambda *_: "marked")
    assert minute(app) == 1
