"""wiping and selftest: what is asked first, what is read back, what each outcome is called."""

import io
import json

import pytest

from cribtrace import cli, ports, wiping
from cribtrace.client import Client
from cribtrace.conversation import Refused
from cribtrace.errors import CribtraceError, Usage
from cribtrace.link import Link
from tests.support.peer import DEVICE, Peer, segment

LOG = {n: segment(n, 500 + n) for n in (3, 4, 5)}


@pytest.fixture
def peer(monkeypatch):
    with Peer(LOG) as peer:
        monkeypatch.setattr(ports, "serial_ports", list)
        monkeypatch.setenv("CRIBTRACE_PORT", peer.port)
        yield peer


@pytest.fixture
def client(peer):
    with Client(Link(peer.port), wait_s=0.15, repeats=2) as client:
        client.hello()
        yield client


def test_what_was_wiped_is_read_back_as_gone(peer, client):
    assert wiping.wipe(client, DEVICE.hex()) == 3
    assert peer.segments == {}
    asked = [line for line in peer.asked if " read " in line]
    assert [int(line.split()[2]) for line in asked] == [3, 4, 5]


def test_a_log_that_opens_again_meanwhile_is_flushed_again(peer, client):
    peer.records_before_wipe = 2
    assert wiping.wipe(client, DEVICE.hex()) == 3
    assert sum(" flush*" in line for line in peer.asked) == 3


def test_a_log_that_is_always_open_is_given_up_by_name(peer, client):
    peer.records_before_wipe = 99
    with pytest.raises(Refused, match="log_open"):
        wiping.wipe(client, DEVICE.hex())
    assert set(peer.segments) == set(LOG)


def test_a_board_that_only_says_so_is_not_believed(peer, client):
    peer.unwilling = (4,)
    with pytest.raises(CribtraceError, match="still holds 1 of 3 segments"):
        wiping.wipe(client, DEVICE.hex())


def test_a_board_that_hides_a_segment_from_the_list_is_not_believed(peer, client):
    peer.unwilling = (4,)
    real, lists = peer.do_list, iter([True])

    def hiding(number, *words):
        return real(number, *words) if next(lists, False) else "count=0"

    peer.do_list = hiding
    with pytest.raises(CribtraceError, match="still holds 1 of 3 segments"):
        wiping.wipe(client, DEVICE.hex())


def test_another_board_by_then_is_not_wiped(peer, client):
    with pytest.raises(Usage, match="nothing was deleted"):
        wiping.wipe(client, "00" * 8)
    assert set(peer.segments) == set(LOG)


def typed(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.parametrize("text", ["no\n", "y\n", "9f001122\n", "\n", ""])
def test_only_the_typed_device_id_deletes(peer, monkeypatch, capsys, text):
    typed(monkeypatch, text)
    assert cli.run(["wipe"]) in (2, 130)
    assert set(peer.segments) == set(LOG)
    assert capsys.readouterr().out == ""


def test_the_typed_device_id_deletes(peer, monkeypatch, capsys):
    typed(monkeypatch, DEVICE.hex() + "\n")
    assert cli.run(["wipe", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"type": "wiped", "device": DEVICE.hex(), "segments": 3}
    assert "3 of them were never pulled" in said.err
    assert peer.segments == {}


def test_yes_asks_nothing(peer, monkeypatch, capsys):
    typed(monkeypatch, "")
    peer.acked = [3]
    assert cli.run(["wipe", "--yes"]) == 0
    assert "2 of them were never pulled" in capsys.readouterr().err
    assert peer.segments == {}


def test_a_sensor_that_passes(peer, capsys):
    assert cli.run(["selftest"]) == 0
    assert capsys.readouterr().out == (
        "selftest result=passed least_mg=50 most_mg=1700 x_mg=300 y_mg=299 z_mg=301\n"
    )


def test_a_sensor_that_fails_is_exit_code_1_and_its_numbers_are_shown(peer, capsys):
    peer.tested = "result=failed least_mg=50 most_mg=1700 x_mg=300 y_mg=0 z_mg=301"
    assert cli.run(["selftest"]) == 1
    said = capsys.readouterr()
    assert "y_mg=0" in said.out
    assert "each axis is to move by 50 to 1700 mg" in said.err
