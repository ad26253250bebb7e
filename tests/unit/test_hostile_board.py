"""The host does not trust what sits at the line: its words are data, and memory follows bytes."""

import re
import tracemalloc

import pytest

from cribtrace import cli, ports
from cribtrace.client import Client
from cribtrace.device import protocol
from cribtrace.errors import CribtraceError
from cribtrace.link import Link
from tests.support.peer import DEVICE, Peer, segment

WORDS = ("x", "-1", "9" * 30, "\x1b[2J\x07", "../../../etc/passwd", "=cmd|'/c'!A1", "nan", "")
COMMANDS = (
    ["info"], ["list"], ["pull"], ["config"], ["selftest"],
    ["check", "--reads", "1"], ["wipe", "--yes"],
)  # fmt: skip


class Liar(Peer):
    """Puts `word` in the place of each value it tells, but for those that let it be talked to."""

    word = ""
    trusted = ("protocol", "device", "count")

    def _send(self, kind, number, payload):
        if kind in (protocol.REPLY, protocol.ITEM):
            pairs = [pair.split("=", 1) for pair in payload.decode().split(" ") if "=" in pair]
            told = [f"{k}={v if k in self.trusted else self.word}" for k, v in pairs]
            payload = " ".join(told).encode()
        super()._send(kind, number, payload)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("cribtrace.conversation.WAIT_S", 0.1)
    monkeypatch.setattr(ports, "serial_ports", list)


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_a_board_is_a_traceback_a_path_or_a_key_of_the_terminal(
    tmp_path, monkeypatch, capsys, word
):
    inside = tmp_path / "outer" / "inner"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    with Liar({1: segment(1, 300)}) as board:
        board.word = word
        for command in COMMANDS:
            assert cli.run([*command, "--port", board.port]) in (0, 1, 2, 3, 4)
    said = capsys.readouterr()
    shown = said.out + said.err
    assert "Traceback" not in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    folder = f"outer/inner/cribtrace-{DEVICE.hex()}"
    assert {p for p in made if not re.fullmatch(rf"{folder}(/\d{{8}}\.crib(\.part)?)?", p)} == {
        "outer", "outer/inner",
    }  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_tail_survives_the_same_words(word):
    from cribtrace import facts
    from cribtrace.tail import follow

    with Liar() as board:
        board.word = word
        client = Client(Link(board.port), wait_s=0.1, repeats=1)
        stream = follow(client, lambda port: client, facts.json_line)
        board.trusted = ("protocol", "device", "count", "tail")
        board.tail_text = b"t_s=1 what=\x1b]0;title\x07heartbeat\r\n"
        real = board.do_tail

        def then_talk(number, on):
            board.say(board.tail_text)
            return real(number, on)

        board.do_tail = then_talk
        try:
            line = next(stream).line
        except CribtraceError as error:
            line = str(error)
        assert line.isprintable()
        stream.close()


def test_a_segment_of_claimed_size_takes_no_memory_before_its_bytes_come():
    with Peer({1: segment(1, 500)}) as board, Client(Link(board.port), wait_s=0.1) as client:
        tracemalloc.start()
        with pytest.raises(CribtraceError, match="ends early"):
            list(client.read(1, 0, 1 << 31))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 20


def test_a_list_that_is_never_complete_ends_in_an_error():
    with Peer({1: segment(1, 500)}) as board, Client(Link(board.port), wait_s=0.1) as client:
        real = board.do_list
        board.do_list = lambda number, *_: real(number).replace("count=1", "count=99")
        with pytest.raises(CribtraceError, match="stopped answering"):
            client.list()


def test_a_list_without_end_ends_in_an_error():
    with Peer() as board, Client(Link(board.port), wait_s=1) as client:

        def endless(number, *_):
            for n in range(10**6):
                board._send(protocol.ITEM, number, b"segment=%d" % n)

        board.do_list = endless
        with pytest.raises(CribtraceError, match="lists more than"):
            client.list()


def test_text_without_a_line_end_is_cut_and_not_hoarded():
    with Peer(mode="silent") as board, Client(Link(board.port), wait_s=0.1) as client:
        for _ in range(40):
            board.say(b"a" * 4096)
            client.listen(0.2)
        assert all(len(heard.content) <= 8192 for heard in client.overheard())
        assert len(client._decoder._tail) <= 8192 + 4096
