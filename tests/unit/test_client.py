"""client: whatever the line does, the answers come out bit for bit or the error has a name."""

import itertools
import random
import struct

import pytest

from cribtrace.client import Client
from cribtrace.conversation import Refused, printable
from cribtrace.device import framing, protocol, records, request_line
from cribtrace.errors import CribtraceError, NoDevice, Usage
from cribtrace.link import Link
from cribtrace.window import WINDOW_BYTES, Stretch
from tests.support.peer import DEVICE, Peer, nasty, packet, record, segment, wait_for

WAIT_S = 0.15


def client_of(peer, **settings):
    return Client(Link(peer.port), **{"wait_s": WAIT_S, **settings})


def no_hello(**peer_settings):
    with Peer(**peer_settings) as peer, client_of(peer, repeats=2) as client:
        with pytest.raises(NoDevice) as raised:
            client.hello()
        line = str(raised.value)
        assert peer.port in line
        assert "\n" not in line
        assert line.isprintable()
        return line


def test_hello_info_list_and_the_small_verbs():
    with Peer({4: segment(4, 300), 5: segment(5, 900)}) as peer, client_of(peer) as client:
        hello = client.hello()
        assert hello["device"] == DEVICE.hex()
        assert hello["protocol"] == str(protocol.VERSION)
        info = client.info()
        assert info["frame"] == 6240
        assert info["config_crc"] == "1a2b3c4d"
        assert info["state"] == "sampling"
        assert client.flush() == {"records": 9}
        assert [(s.number, s.size_bytes, s.acked) for s in client.list()] == [
            (4, 300, False), (5, 900, False),
        ]  # fmt: skip
        assert client.time()["uptime_ms"] == 60000
        client.mark("turned onto her side")
        client.keep()
        client.tail(True)
        assert peer.tail
        client.ack(4, client.list()[0].crc)
        assert peer.acked == [4]
        assert client.stop()["seen"] == 6240
        client.bye()
        assert peer.marks == ["turned onto her side"]
        assert client.stats.retries == client.stats.bad_packets == 0
        sent = sum(len(line) + 1 for line in peer.asked)
        assert client.stats.bytes_out == sent


def test_a_board_that_is_silent_is_called_silent():
    assert "is silent" in no_hello(mode="silent")


@pytest.mark.parametrize("mode", ["garbage", "babble"])
def test_a_board_that_talks_garbage_is_said_to(mode):
    assert "talks garbage" in no_hello(mode=mode)


def test_a_board_at_the_prompt_is_told_how_to_start():
    line = no_hello(mode="repl")
    assert "MicroPython prompt" in line
    assert "Ctrl-B, Ctrl-D" in line


def test_firmware_that_stopped_with_an_error_is_quoted():
    with Peer(mode="repl") as peer, client_of(peer, repeats=2) as client:
        peer.say(b"Traceback (most recent call last):\r\nOSError: 19\r\n>>> ")
        with pytest.raises(NoDevice, match="the firmware stopped with OSError: 19;"):
            client.hello()


def test_one_old_prompt_is_not_taken_for_a_board_at_the_prompt():
    with Peer() as peer, client_of(peer) as client:
        peer.say(b"MPY: soft reboot\r\n>>> ")
        first = iter([True])
        peer._mangle = lambda raw: b"" if next(first, False) else raw
        assert client.hello()["device"] == DEVICE.hex()


def test_a_board_in_the_raw_repl_is_told_from_a_silent_one():
    line = no_hello(mode="raw_repl")
    assert "raw REPL" in line
    assert "Ctrl-D" in line


def test_another_device_is_quoted():
    assert "GPGGA" in no_hello(mode="gps")


def test_another_protocol_version_names_both():
    assert "speaks protocol 7, this cribtrace speaks 1" in no_hello(version=7)


def test_an_error_packet_is_an_error_with_a_name():
    with Peer({1: segment(1, 300)}) as peer, client_of(peer) as client:
        with pytest.raises(Refused) as raised:
            client.ack(1, 5)
        assert raised.value.name == "wrong_crc"
        with pytest.raises(Refused, match="no_segment"):
            list(client.read(9, 0, 100))


@pytest.mark.parametrize("text", ["zu warm: 21 °C", "x" * 200, "two\nlines"])
def test_a_note_that_the_line_cannot_carry_is_a_usage_error(text):
    with Peer() as peer, client_of(peer) as client:
        with pytest.raises(Usage):
            client.mark(text)
        assert peer.asked == []


@pytest.mark.parametrize(
    "size, offset", [(1, 0), (1024, 0), (1025, 1), (16384, 0), (32724, 0), (32724, 20000)]
)
def test_a_segment_is_read_bit_for_bit(size, offset):
    content = segment(3, size)
    with Peer({3: content}) as peer, client_of(peer) as client:
        assert b"".join(client.read(3, offset, size - offset)) == content[offset:]
        assert client.stats.retries == 0


@pytest.mark.parametrize("seed", range(6))
def test_on_a_nasty_line_every_byte_and_every_answer_still_arrives(seed):
    content = {n: segment(n, 20_000) for n in (1, 2)}
    with (
        Peer(content, mangle=nasty(seed), deaf=0.05) as peer,
        client_of(peer, repeats=20, wait_s=0.1) as client,
    ):
        client.hello()
        listed = client.list()
        assert [s.number for s in listed] == [1, 2]
        for s in listed:
            assert b"".join(client.read(s.number, 0, s.size_bytes)) == content[s.number]
            client.ack(s.number, s.crc)
        assert set(peer.acked) == {1, 2}
        assert client.stats.retries > 0


def test_only_holes_are_asked_for_again():
    lost = iter([True])

    def lose_one(raw):
        return b"" if len(raw) > 1000 and next(lost, False) else raw

    content = segment(1, 32_000)
    with Peer({1: content}, mangle=lose_one) as peer, client_of(peer) as client:
        assert b"".join(client.read(1, 0, 32_000)) == content
        asked = [request_line.parse(line) for line in peer.asked]
        assert [a and a[2] for a in asked] == [
            "1 0 16384", "1 16384 15616", f"1 0 {protocol.DATA_BYTES}",
        ]  # fmt: skip


def test_reads_go_on_across_segments_while_one_is_still_under_way():
    content = {n: segment(n, size) for n, size in ((1, 20_000), (2, 180), (4, 33_000))}
    wanted = [Stretch(1, 5_000, 15_000), Stretch(2, 180, 0), Stretch(4, 0, 33_000)]
    with Peer(content) as peer, client_of(peer) as client:
        pieces = list(client.read_all(wanted))
        asked = [request_line.parse(line) for line in peer.asked]
    assert [number for number, _ in itertools.groupby(number for number, _ in pieces)] == [1, 4]
    for number, offset in ((1, 5_000), (4, 0)):
        assert b"".join(p for n, p in pieces if n == number) == content[number][offset:]
    assert [a and a[2] for a in asked] == [
        "1 5000 15000", "4 0 16384", "4 16384 16384", "4 32768 232",
    ]  # fmt: skip


def test_of_a_segment_that_is_gone_no_more_is_asked_for():
    content = {n: segment(n, 60_000) for n in (1, 3)}
    wanted = [Stretch(n, 0, 60_000) for n in (1, 2, 3)]
    with Peer(content) as peer, client_of(peer) as client:
        pieces = list(client.read_all(wanted, skip_gone=True))
        asked = [line for line in peer.asked if " read 2 " in line]
        with pytest.raises(CribtraceError, match="no_segment"):
            list(client.read_all(wanted))
    assert 1 <= len(asked) <= 2, "no more than are under way at a time"
    assert [piece for number, piece in pieces if number == 2] == [b""]
    for n in (1, 3):
        assert b"".join(piece for number, piece in pieces if number == n) == content[n]


def test_a_refusal_overtakes_the_read_that_is_under_way():
    """The board refuses at once, and sends what it reads a packet a turn."""
    content = segment(1, 9_000)

    class Busy(Peer):
        reading = None

        def do_read(self, number, segment, offset, length):
            if segment == "1":
                self.reading = number, segment, offset, length
                return
            self.push(protocol.ERROR, b"no_segment ask for the list", number)
            number, *what = self.reading
            self.push(protocol.REPLY, super().do_read(number, *what).encode(), number)
            return

    with Busy({1: content}) as peer, client_of(peer) as client:
        wanted = [Stretch(1, 0, 9_000), Stretch(2, 0, 9_000)]
        pieces = list(client.read_all(wanted, skip_gone=True))
        assert len(peer.asked) == 2
    assert b"".join(piece for _, piece in pieces) == content
    assert pieces[-1] == (2, b"")


def test_a_request_whose_bytes_all_came_is_not_asked_again_when_its_reply_is_lost():
    """A hole lies behind what was given away: the lost reply's request ends before that hole."""
    content = segment(1, 49_000)
    lost = {"reply": True, "hole": True}

    def lose(raw):
        body = framing.decode(raw[1:-1]) or b""
        if body[0] == protocol.REPLY and lost.pop("reply", False):
            return b""
        hole = struct.pack("<II", 1, 16_384 + protocol.DATA_BYTES)
        if body[0] == protocol.DATA and body[2:10] == hole and lost.pop("hole", False):
            return b""
        return raw

    with Peer({1: content}, mangle=lose) as peer, client_of(peer) as client:
        assert b"".join(client.read(1, 0, len(content))) == content
        asked = [request_line.parse(line) for line in peer.asked]
    assert [a and a[2] for a in asked] == [
        "1 0 16384", "1 16384 16384", f"1 {16_384 + protocol.DATA_BYTES} {protocol.DATA_BYTES}",
        "1 32768 16232",
    ]  # fmt: skip


def test_beyond_a_hole_no_more_than_a_window_is_asked_for():
    """One packet is lost again and again: what came behind it is held, and that is bounded."""
    content = segment(1, 200_000)
    lost = iter(range(4))
    asked_behind = []

    def lose_the_first(raw):
        hole = struct.pack("<II", 1, 0)
        found = framing.decode(raw[1:-1]) or b""
        if found[2:10] == hole and next(lost, None) is not None:
            return b""
        return raw

    with Peer({1: content}, mangle=lose_the_first) as peer, client_of(peer) as client:
        given = 0
        for piece in client.read(1, 0, len(content)):
            assert content[given : given + len(piece)] == piece
            if not given:
                asked = [request_line.parse(line) for line in peer.asked]
                asked_behind = [sum(map(int, a[2].split()[1:])) for a in asked if a]
            given += len(piece)
    assert given == len(content)
    assert len(asked_behind) > 4 and max(asked_behind) <= WINDOW_BYTES


def test_packets_in_any_order_under_any_number_are_put_where_they_belong():
    content = segment(1, 16_000)
    with Peer({1: content}) as peer, client_of(peer) as client:

        def shuffled(number, segment, offset, length):
            peer.push(protocol.DATA, struct.pack("<II", 2, 0) + b"of another segment", number)
            peer.push(protocol.DATA, struct.pack("<II", 1, 15_999) + b"beyond", number)
            peer.push(protocol.DATA, b"short", number)
            offsets = list(range(0, 16_000, 1000))
            random.Random(5).shuffle(offsets)
            offsets.remove(0)
            for at in [*offsets, offsets[3]]:
                head = struct.pack("<II", 1, at)
                peer.push(protocol.DATA, head + content[at : at + 1000], (number + at) % 200)
            peer.push(protocol.DATA, struct.pack("<II", 1, 18) + content[18:1000], number)
            peer.push(protocol.DATA, struct.pack("<II", 2, 0) + b"of another segment", number)
            peer.push(protocol.DATA, struct.pack("<II", 1, 0) + content[:18], number)
            return ""

        peer.do_read = shuffled
        assert b"".join(client.read(1, 0, 16_000)) == content


def test_a_segment_shorter_than_listed_ends_in_an_error_and_not_in_a_loop():
    with (
        Peer({1: segment(1, 500)}) as peer,
        client_of(peer) as client,
        pytest.raises(CribtraceError, match="segment 1 ends early on the board, at byte 500"),
    ):
        list(client.read(1, 0, 900))


def test_a_board_that_falls_silent_is_named_after_five_repeats():
    with Peer() as peer, client_of(peer) as client:
        client.hello()
        peer._mode = "silent"
        with pytest.raises(NoDevice, match=r"stopped answering .*: no answer for 0\.9 s"):
            client.info()
        assert client.stats.retries == 5
        with pytest.raises(NoDevice, match="stopped answering"):
            list(client.read(1, 0, 100))


def test_a_firmware_that_stops_in_a_session_is_named_at_once():
    def stopped(*_):
        peer.say(b"Traceback (most recent call last):\r\nMemoryError: allocating 2049\r\n>>> ")

    with Peer() as peer, client_of(peer) as client:
        client.hello()
        peer.do_info = stopped
        with pytest.raises(NoDevice, match="the firmware stopped with MemoryError: alloc"):
            client.info()
        assert client.stats.retries == 1


def test_a_repeated_request_keeps_its_number():
    with Peer() as peer, client_of(peer) as client:
        dropped = iter([True])
        peer._mangle = lambda raw: b"" if next(dropped, False) else raw
        client.hello()
        assert len(peer.asked) == 2
        assert peer.asked[0] == peer.asked[1]


def test_late_answers_to_an_earlier_request_are_not_taken_for_this_one():
    with Peer() as peer, client_of(peer) as client:
        client.hello()
        stale = client._number
        peer.push(protocol.REPLY, b"records=666", stale)
        peer.push(protocol.ERROR, b"bad_request send it again", 255)
        assert client.flush() == {"records": 9}


def test_text_and_records_wait_for_poll_and_text_is_made_harmless():
    with Peer() as peer, client_of(peer) as client:
        client.hello()
        body = record(records.MARK, 12, 104, rest=b"door")
        peer.say(b"t_s=60 what=\x1b[2Jheartbeat\r\n")
        peer.push(protocol.RECORD, body)
        peer.say(bytes(packet(5, 0, body)[:9] + b"\xff\0"))
        heard = []

        def all_there():
            heard.extend(client.poll(0.05))
            return len(heard) >= 3

        wait_for(all_there)
        assert [h.is_record for h in heard] == [False, True, False]
        assert heard[1].content == body
        assert printable(heard[0].content) == r"t_s=60 what=\x1b[2Jheartbeat"
        assert printable(heard[2].content).isprintable()
        assert client.stats.bad_packets == 1


def test_polling_keeps_the_session_alive(monkeypatch):
    monkeypatch.setattr("cribtrace.client.KEEP_S", 0.1)
    with Peer() as peer, client_of(peer) as client:
        client.hello()
        for _ in range(10):
            client.poll(0.05)
        keeps = [line for line in peer.asked if " keep*" in line]
        assert 3 <= len(keeps) <= 6


def test_a_device_id_that_is_no_device_id_is_refused():
    with Peer() as peer, client_of(peer) as client:
        peer.do_hello = lambda number, *_: "protocol=1 device=../../etc/passwd boot=1"
        with pytest.raises(NoDevice, match="no device id"):
            client.hello()
