"""When the light of a board is dark: only while what happens goes into the log."""

import importlib
import sys
from types import ModuleType, SimpleNamespace

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


@pytest.mark.parametrize("loading", [True, False])
def test_a_press_that_finds_no_room_makes_some_for_the_next(app, monkeypatch, loading):
    let_go = []
    monkeypatch.setattr(manners.seldom, "forget", lambda: let_go.append(True))

    def found_room():
        if not let_go:
            raise MemoryError

    class Package(ModuleType):
        @property
        def request_line(self):
            if loading:
                found_room()
            return SimpleNamespace(answer=lambda *_: found_room())

    package = Package("cribtrace.firmware.crib")
    monkeypatch.setitem(sys.modules, package.__name__, package)
    app.board.button = lambda: True
    manners.poll(app)
    assert app.blinks == [] and let_go
    manners.poll(app)
    assert app.blinks == [100]


def test_a_press_is_one_blink(app, monkeypatch):
    app.board.button = lambda: app.clock.seconds == 130
    monkeypatch.setattr(request_line, "answer", lambda *_: "marked")
    assert minute(app) == 1
