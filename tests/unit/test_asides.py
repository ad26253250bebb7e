"""What a session asks for beside the records: frames each once, health, marks, an end."""

import itertools
import threading
import time

import numpy as np
import pytest

from cribtrace import facts, tail
from cribtrace.asides import Asides
from cribtrace.client import Client
from cribtrace.heard import Began, Decoded, Frames, Health, Note
from cribtrace.link import Link
from tests.support.frame_peer import FramePeer
from tests.support.peer import Peer, wait_for

NOISE = np.random.default_rng(4).integers(-300, 300, (2000, 3)).astype(np.int16)


def connect(port):
    return Client(Link(port), wait_s=0.15, repeats=2)


def follow(peer, asides):
    return tail.follow(connect(peer.port), connect, facts.json_line, asides)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("cribtrace.asides._PAUSE_S", 0.02)


def kept(items, kind):
    return (item for item in items if isinstance(item, kind))


def test_frames_come_each_once_from_the_moment_on_at_which_one_listens():
    with FramePeer(NOISE[:500]) as peer:
        items = kept(follow(peer, Asides(frames=True)), Frames)
        threading.Timer(0.7, lambda: setattr(peer, "raw", NOISE[:900])).start()
        found = list(itertools.islice(items, 3))
        items.close()
    assert [(f.first, len(f.raw), f.lost) for f in found] == [
        (500, 160, 0), (660, 160, 0), (820, 80, 0),
    ]  # fmt: skip
    assert (np.concatenate([f.raw for f in found]) == NOISE[500:900]).all()


def test_frames_that_the_ring_no_longer_has_are_counted_as_lost():
    with FramePeer(NOISE[:500]) as peer:
        items = kept(follow(peer, Asides(frames=True)), Frames)

        def much():
            peer.raw = NOISE[:1500]  # 1000 at once, of which the ring holds 512

        threading.Timer(0.7, much).start()
        found = next(items)
        items.close()
    assert (found.first, found.lost) == (1500 - 512, 488)
    assert (found.raw == NOISE[988:1148]).all()


def test_what_lies_in_a_gap_of_the_boards_is_left_out_and_the_line_is_not_blamed():
    with FramePeer(NOISE[:500]) as peer:
        items = kept(follow(peer, Asides(frames=True)), Frames)

        def gap():
            peer.ring_from, peer.in_gaps, peer.raw = 560, 60, NOISE[:600]

        threading.Timer(0.7, gap).start()
        found = next(items)
        items.close()
    assert found.first == 560
    assert (found.raw == NOISE[560:600]).all()


def test_a_state_is_asked_for_until_it_is_told():
    with FramePeer(NOISE[:500]) as peer:
        items = kept(follow(peer, Asides(frames=True)), Frames)
        threading.Timer(0.5, lambda: setattr(peer, "raw", NOISE[:560])).start()
        without = next(items)
        peer.filters = range(15)
        peer.raw = NOISE[:620]
        told = next(items)
        peer.raw = NOISE[:680]
        after = next(items)
        items.close()
    assert without.state is None
    assert told.state == (620, tuple(range(15)))
    assert after.state is None
    assert [line.split(" ")[-1][0] for line in peer.asked if " frames " in line][-1] == "0"


def test_a_board_without_that_verb_is_asked_once_and_named_once():
    with Peer() as peer:
        peer.do_frames = lambda number, *_: peer._send(2, number, b"unknown_verb none")
        asides = Asides(frames=True)
        items = follow(peer, asides)
        found = list(itertools.islice(items, 2))
        threading.Timer(0.5, asides.end).start()
        rest = list(items)
    assert isinstance(found[0], Began)
    assert isinstance(found[1], Note)
    assert "older than this cribtrace" in found[1].line
    assert rest == []
    assert sum(" frames " in line for line in peer.asked) == 1


def test_health_is_asked_for_as_often_as_wished():
    with Peer() as peer:
        items = kept(follow(peer, Asides(health_s=0.2)), Health)
        first, second = itertools.islice(items, 2)
        items.close()
    assert first.info["fifo_high"] == 9
    assert 0.15 < second.at_s - first.at_s < 2
    assert second.link.bytes_in > first.link.bytes_in


def test_a_mark_of_another_thread_reaches_the_board_and_says_its_age_when_it_is_late():
    with Peer() as peer:
        asides = Asides()
        asides.mark("door")
        asides._marks.put((time.monotonic() - 9, "bottle"))
        items = follow(peer, asides)
        threading.Thread(target=lambda: list(items), daemon=True).start()
        wait_for(lambda: len(peer.marks) == 2)
        asides.end()
        wait_for(lambda: any(" bye*" in line for line in peer.asked))
    assert peer.marks == ["door", "bottle (9 s ago)"]


def test_a_mark_of_the_last_moment_is_put_before_the_end_and_one_that_cannot_be_is_counted():
    with Peer() as peer:
        asides = Asides(health_s=60)
        items = follow(peer, asides)
        assert isinstance(next(kept(items, Health)), Health)  # in the midst of a turn
        asides.mark("door")
        asides.end()
        list(items)
        assert peer.marks == ["door"]
        assert asides.marks_left() == 0
        asides.mark("bottle")
        assert asides.marks_left() == 1


def test_a_mark_that_no_line_can_carry_is_told_and_harms_nothing():
    with Peer() as peer:
        asides, found = Asides(), []
        asides.mark("gähn")
        asides.mark("after")
        items = follow(peer, asides)
        listening = threading.Thread(target=lambda: found.extend(items), daemon=True)
        listening.start()
        wait_for(lambda: peer.marks == ["after"])
        asides.end()
        listening.join(5)
    (note,) = kept(found, Note)
    assert "short ASCII text only" in note.line


def test_an_end_while_the_board_is_away_ends_it(monkeypatch):
    monkeypatch.setattr("cribtrace.tail._RETRY_S", 0.02)
    peer = Peer()
    asides = Asides(health_s=0.05)
    items = follow(peer, asides)
    next(kept(items, Health))
    peer.close()
    note = next(kept(items, Note))
    assert "went away" in note.line
    asides.end()
    assert list(items) == []


def test_lines_are_stamped_by_the_anchor_of_their_session():
    with Peer() as peer:
        asides = Asides(health_s=0.05)
        items = follow(peer, asides)
        next(kept(items, Health))
        items.close()
    # The peer says that it is at frame 6240, which is second 60.
    assert asides.clock.utc_s(60.0) == pytest.approx(time.time(), abs=5)
    stamped = asides.clock.stamped({"type": "mark", "t_s": 60.0, "text": ""})
    assert stamped["utc"].endswith("Z")
    asides.clock.clear()
    assert asides.clock.stamped({"type": "mark", "t_s": 60.0}) == {"type": "mark", "t_s": 60.0}


def test_without_wishes_nothing_is_asked_beside_the_records():
    with Peer() as peer:
        items = follow(peer, Asides())
        began = next(items)
        items.close()
        assert isinstance(began, Began) and not isinstance(began, Decoded)
        assert not any(" frames " in line for line in peer.asked)
