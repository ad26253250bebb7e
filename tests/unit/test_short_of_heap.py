"""A heap in pieces: an answer may find no room, and the recording goes on; its end is written."""

import errno
import importlib
import sys
from types import SimpleNamespace

import pytest

from cribtrace import logfile
from cribtrace.conversation import request
from cribtrace.device import protocol, records
from cribtrace.stream import PACKET, Decoder
from tests.fuzz.requests import Board, app_on

FIRMWARE = "cribtrace.firmware.crib."
SELDOM = {"request_line", "segments", "segment_header", "verbs", "in_force", "status", "room"}


@pytest.fixture
def short(monkeypatch):
    """Has a function of a module raise MemoryError until `seldom` has let go of its modules."""
    there = SimpleNamespace()
    seldom = importlib.import_module(FIRMWARE + "seldom")
    monkeypatch.setattr(seldom, "forget", lambda: vars(there).update(room=True))

    def of(module, name):
        owner = importlib.import_module(FIRMWARE + module)
        whole = getattr(owner, name)

        def tight(*arguments):
            if not there.room:
                raise MemoryError
            return whole(*arguments)

        there.room = False
        monkeypatch.setattr(owner, name, tight)

    return of


def ask(app, verb):
    """Types of the packets that answer."""
    app.board.heard, app.board.said = request(7, verb).encode() + b"\n", bytearray()
    while app.board.heard or app.answers.tasks:
        app._turn()
    return [body[0] for kind, body in Decoder().feed(bytes(app.board.said)) if kind == PACKET]


def test_an_answer_without_room_is_given_when_it_is_asked_for_again(tmp_path, short):
    app = app_on(Board(), tmp_path)
    short("status", "info")
    assert ask(app, "info") == []
    assert ask(app, "info") == [protocol.REPLY]


def test_one_of_many_packets_too(tmp_path, short):
    app = app_on(Board(), tmp_path)
    app.journal.close()
    short("segments", "facts")
    assert ask(app, "list") == []
    assert ask(app, "list") == [protocol.ITEM, protocol.REPLY]


@pytest.fixture
def forgets(monkeypatch):
    """Lets go of modules as `seldom.forget` does on a board; afterwards they are there again."""
    package = sys.modules[FIRMWARE.rstrip(".")]
    emptied = []

    def forget():
        for name in SELDOM & vars(package).keys():
            module = sys.modules[FIRMWARE + name]
            emptied.append((module, dict(vars(module))))
            monkeypatch.delitem(sys.modules, FIRMWARE + name)
            monkeypatch.delattr(package, name)
            vars(module).clear()

    yield forget
    for module, whole in emptied:
        vars(module).update(whole)


@pytest.mark.parametrize(("verb", "words"), [("read", (2, 0, 16384)), ("list", ())])
def test_what_is_being_sent_goes_on_where_its_modules_were_let_go_of(
    tmp_path, forgets, verb, words
):
    app = app_on(Board(), tmp_path)
    for _ in range(3):
        for _ in range(100):
            app.recorder.text("x" * 99)
        app.journal.close()
    app.board.heard, app.board.said = request(7, verb, *words).encode() + b"\n", bytearray()
    app._turn()
    forgets()
    turns = 0
    while app.answers.tasks:
        app._turn()
        forgets()
        turns += 1
    told = [body[0] for kind, body in Decoder().feed(bytes(app.board.said)) if kind == PACKET]
    assert turns > 3
    each = protocol.DATA if verb == "read" else protocol.ITEM
    assert told == [each] * (turns - 1) + [protocol.REPLY]


def test_a_person_is_told(tmp_path, short):
    app = app_on(Board(), tmp_path)
    short("status", "info")
    app.board.heard = b"info\r"
    app._turn()
    assert app.board.said.endswith(b"refused=no_memory next=again\r\n")


def test_flash_that_does_not_give_what_answers_is_no_end(tmp_path, monkeypatch):
    app = app_on(Board(), tmp_path)
    there = sys.modules[FIRMWARE + "request_line"]

    def unreadable(*_):
        raise OSError(errno.EIO)

    monkeypatch.setattr(there, "take", unreadable)
    app.board.heard = b"info\r"
    app._turn()
    assert app.board.said.endswith(b"refused=flash_error next=again\r\n")


def test_the_end_is_written_whatever_an_answer_has_left_in_the_way(tmp_path, short):
    def interrupted():
        short("floor", "keep")
        raise KeyboardInterrupt

    app = app_on(Board(), tmp_path)
    app.board.watchdog = lambda: SimpleNamespace(feed=int, park=int)
    app._start = int
    app._turn = interrupted
    app.run()
    (*_, last) = logfile.read(tmp_path / "log")[-1].records
    assert last["type"] == records.STOP
