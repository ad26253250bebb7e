"""The host's clock against the board's frames: which exchange counts, and how far off it is."""

import pytest

from cribtrace import exchange
from cribtrace.client import Client
from cribtrace.conversation import Asked
from cribtrace.errors import NoDevice
from cribtrace.link import Link
from tests.support.peer import Peer


class Wire:
    """A board whose counter is right and whose line takes (up, down) ms, None: an answer lost."""

    wait_s = 1.0

    def __init__(self, trips_ms):
        self.trips_ms = iter(trips_ms)
        self.now_s = 1_800_000_000.0
        self.asked = 0

    def ask(self, verb):
        self.asked += 1
        return Asked(self.asked, verb, b"")

    def reply(self, asked, items, wait_s):
        trip = next(self.trips_ms)
        if trip is None:
            self.now_s += wait_s
            return None
        self.now_s += trip[0] / 1000
        frame = round((self.now_s - 1_800_000_000) * 104)
        uptime_ms = round((self.now_s - 1_800_000_000) * 1000)
        self.now_s += trip[1] / 1000
        return f"frame={frame} uptime_ms={uptime_ms}"

    def silent(self, verb):
        return NoDevice("silent")


def best(wire, count):
    def clock():
        return wire.now_s

    return exchange.best(wire, exchanges=count, utc_s=clock, monotonic_s=clock)


def test_the_shortest_round_trip_counts_and_half_of_it_is_the_doubt():
    wire = Wire([(400, 9), (3, 5), (2, 80), None, (5, 5)])
    found = best(wire, 5)
    assert wire.asked == 5
    assert found.trip_ms == pytest.approx(8, abs=0.01)
    assert found.within_ms in (4, 5)
    board_ms = found.utc_ms - 1_800_000_000_000 - found.uptime_ms
    assert abs(board_ms) <= found.within_ms, "the true offset is 0"
    assert best(Wire([(400, 9)]), 1).within_ms == 205


def test_a_board_that_never_answers_is_no_device():
    with pytest.raises(NoDevice):
        best(Wire([None, None]), 2)


def test_an_anchor_carries_the_best_exchange_its_boot_and_its_source():
    with Peer() as peer, Client(Link(peer.port)) as client:
        used = exchange.anchor(client, client.hello())
        ((frame, utc_s, utc_ms, uptime_ms, boot, within_ms, source),) = peer.anchors
        asked = sum(" time" in line for line in peer.asked)
    assert (frame, uptime_ms, boot, source) == (6240, 60000, 1, 0)
    assert utc_s * 1000 + utc_ms == round(used.utc_ms)
    assert within_ms == used.within_ms
    assert asked == exchange.EXCHANGES + 1


@pytest.mark.parametrize("boot", [None, "", "-1", "1e3", "x"])
def test_a_board_without_a_boot_is_named(boot):
    hello = {} if boot is None else {"boot": boot}
    error = pytest.raises(NoDevice, match="gives no number of its boot")
    with Peer() as peer, Client(Link(peer.port)) as client, error:
        exchange.anchor(client, hello)


def test_an_unknown_form_of_time_is_named(monkeypatch):
    monkeypatch.setattr(Peer, "do_time", lambda self, number, *_: "frame=soon")
    error = pytest.raises(NoDevice, match="unknown form: frame=soon")
    with Peer() as peer, Client(Link(peer.port)) as client, error:
        exchange.best(client)
