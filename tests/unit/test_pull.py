"""pull: kill it at any byte, run it again, and the folder holds the log bit for bit."""

import errno
import os
import zlib
from collections import Counter

import pytest

from cribtrace import cli
from cribtrace import pull as pull_module
from cribtrace.client import Client
from cribtrace.device import records, segment_header
from cribtrace.errors import CribtraceError, NoDevice, Usage
from cribtrace.link import Link
from cribtrace.pull import pull, segment_files
from tests.support.peer import Peer, nasty, segment
from tests.unit.test_two_streams import boot_record, epochs, packed, snippets

LOG = {n: segment(n, size) for n, size in ((1, 20_000), (2, 32_724), (3, 180))}


def pulled(peer, folder, **settings):
    repeats = settings.pop("repeats", 3)
    with Client(Link(peer.port), wait_s=0.15, repeats=repeats) as client:
        return pull(client, folder, **settings)


def contents(folder):
    return {int(p.stem): p.read_bytes() for p in segment_files(folder)}


def test_a_log_arrives_whole_and_is_acknowledged_in_order(tmp_path):
    heard = []
    with Peer(LOG) as peer:
        result = pulled(peer, tmp_path / "log", progress=lambda a, b: heard.append((a, b)))
        assert peer.acked == [1, 2, 3]
        verbs = [line.split()[1].split("*")[0] for line in peer.asked]
        assert verbs[:12] == ["hello"] + 9 * ["time"] + ["flush", "list"]
    assert contents(tmp_path / "log") == LOG
    assert sorted(p.name for p in (tmp_path / "log").iterdir()) == [
        "00000001.crib", "00000002.crib", "00000003.crib",
    ]  # fmt: skip
    total = sum(map(len, LOG.values()))
    assert (result.segments, result.new_segments, result.bytes) == (3, 3, total)
    assert total < result.wire_bytes < 1.02 * total + 400
    assert heard[0] == (0, total)
    assert heard[-1] == (total, total)
    assert heard == sorted(heard)


def test_a_second_pull_fetches_only_what_is_new(tmp_path):
    with Peer(LOG) as peer:
        pulled(peer, tmp_path)
        peer.segments[4] = segment(4, 999)
        peer.asked.clear()
        result = pulled(peer, tmp_path)
        assert (result.segments, result.new_segments, result.bytes) == (4, 1, 999)
        assert sum(" read " in line for line in peer.asked) == 1
        assert peer.acked == [1, 2, 3, 4]


def test_with_keep_nothing_is_acknowledged_and_a_later_pull_does(tmp_path):
    with Peer(LOG) as peer:
        pulled(peer, tmp_path, keep=True)
        assert peer.acked == []
        assert contents(tmp_path) == LOG
        assert pulled(peer, tmp_path).new_segments == 0
        assert peer.acked == [1, 2, 3]


@pytest.mark.parametrize("at", [1, 1024, 16_384, 19_000, 20_001, 40_000, 52_000])
def test_unplugged_at_any_byte_the_next_pull_goes_on_there(tmp_path, at):
    with Peer(LOG) as peer:
        peer.die_after_data_bytes = at
        with pytest.raises(NoDevice):
            pulled(peer, tmp_path)
    for number, content in contents(tmp_path).items():
        assert content == LOG[number]
    assert set(peer.acked) <= set(contents(tmp_path))
    here = sum(p.stat().st_size for p in tmp_path.iterdir())
    with Peer(LOG) as peer:
        pulled(peer, tmp_path)
        assert peer.sent_data_bytes == sum(map(len, LOG.values())) - here
        assert not list(tmp_path.glob("*.part"))
    assert contents(tmp_path) == LOG
    assert here >= at // 1024 * 1024 - 32_768


@pytest.mark.parametrize("call", ["fsync", "replace", "ack"])
def test_stopped_before_the_disk_has_it_nothing_is_acknowledged(tmp_path, monkeypatch, call):
    def cut(*_):
        raise KeyboardInterrupt

    target = Client if call == "ack" else pull_module.os
    with Peer(LOG) as peer:
        with monkeypatch.context() as patch:
            patch.setattr(target, call, cut)
            with pytest.raises(KeyboardInterrupt):
                pulled(peer, tmp_path)
        assert peer.acked == []
        assert set(contents(tmp_path)) == ({1, 2, 3} if call == "ack" else set())
        pulled(peer, tmp_path)
        assert peer.acked == [1, 2, 3]
    assert contents(tmp_path) == LOG


def test_a_stale_part_is_noticed_and_received_anew(tmp_path):
    (tmp_path / "00000002.crib.part").write_bytes(os.urandom(5000))
    (tmp_path / "00000003.crib.part").write_bytes(os.urandom(5000))
    with Peer(LOG) as peer:
        pulled(peer, tmp_path)
    assert contents(tmp_path) == LOG


def test_a_file_damaged_on_the_disk_is_fetched_again(tmp_path):
    with Peer(LOG) as peer:
        pulled(peer, tmp_path)
        damaged = bytearray(LOG[2])
        damaged[20_000] ^= 1
        (tmp_path / "00000002.crib").write_bytes(damaged)
        assert pulled(peer, tmp_path).new_segments == 1
    assert contents(tmp_path) == LOG


@pytest.mark.parametrize("seed", range(3))
def test_a_nasty_line_costs_time_only(tmp_path, seed):
    with Peer(LOG, mangle=nasty(seed), deaf=0.03) as peer:
        result = pulled(peer, tmp_path, repeats=20)
        assert set(peer.acked) == set(LOG)
    assert contents(tmp_path) == LOG
    assert result.new_segments == 3


def test_another_boards_folder_is_refused_and_both_are_named(tmp_path):
    other = segment(1, 500, device=bytes(range(8)))
    (tmp_path / "00000001.crib").write_bytes(other)
    with Peer(LOG) as peer:
        with pytest.raises(Usage, match=r"board 0001020304050607.* board 9f00112233445566"):
            pulled(peer, tmp_path)
        assert peer.acked == []
    assert contents(tmp_path) == {1: other}


def test_an_older_log_of_the_same_board_is_not_overwritten(tmp_path):
    old = segment(1, 500, boot=9)
    (tmp_path / "00000001.crib").write_bytes(old)
    with Peer(LOG) as peer:
        with pytest.raises(Usage, match="an older log"):
            pulled(peer, tmp_path)
        assert peer.acked == []
    assert contents(tmp_path) == {1: old}


def test_a_segment_damaged_on_the_board_is_named_and_it_and_later_ones_stay_there(tmp_path):
    with Peer(LOG) as peer:
        real = peer.do_list

        def lying(number, *_):
            honest = peer.segments
            peer.segments = {**honest, 2: honest[2][:-1] + b"?"}
            count = real(number)
            peer.segments = honest
            return count

        peer.do_list = lying
        result = pulled(peer, tmp_path)
        assert result.damaged == [2]
        assert peer.acked == [1]
    assert set(contents(tmp_path)) == {1, 3}
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_is_one_line_and_no_half_file(tmp_path, monkeypatch, code):
    def full(f, piece):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(pull_module, "_write_all", full)
    with Peer(LOG) as peer, pytest.raises(CribtraceError) as raised:
        pulled(peer, tmp_path)
    assert raised.value.exit_code == 1
    assert ("is full" in str(raised.value)) == (code == errno.ENOSPC)
    assert str(tmp_path) in str(raised.value)
    assert segment_files(tmp_path) == []
    assert peer.acked == []


def test_a_file_in_place_of_the_folder_is_a_usage_error(tmp_path):
    (tmp_path / "log").write_text("not a folder")
    with Peer(LOG) as peer, pytest.raises(Usage, match="not a folder"):
        pulled(peer, tmp_path / "log")


def test_what_is_written_is_what_the_crc_says(tmp_path):
    with Peer(LOG) as peer:
        pulled(peer, tmp_path)
    for number, content in contents(tmp_path).items():
        assert zlib.crc32(content) == zlib.crc32(LOG[number])


def test_a_full_log_is_anchored_when_there_is_room(tmp_path):
    with Peer(LOG) as peer:
        told = peer.do_time

        def full(number, *numbers):
            if any(numbers) and not peer.acked:
                raise KeyError("log_full")
            return told(number, *numbers)

        peer.do_time = full
        result = pulled(peer, tmp_path, keep=True)
        assert peer.anchors == [] and result.new_segments == 3
        pulled(peer, tmp_path)
        assert len(peer.anchors) == 1


def real(count=3):
    """Whole segments of one boot: facts, waveforms, facts ..."""
    made = {1: packed(1, 1, records.FACTS, [boot_record(0, 1), *epochs(1, 0, 100)])}
    for k in range(2, count + 1):
        facts = packed(k, 1, records.FACTS, epochs(101 + 100 * (k // 2 - 1), 50 * k, 100))
        waves = packed(k, 1, records.WAVEFORMS, snippets(40 * k, *range(0, 120_000, 3000)))
        made[k] = facts if k % 2 else waves
    return made


@pytest.mark.parametrize("at", [60, 26, 1500, -5])
def test_a_copy_that_rotted_on_the_board_does_not_replace_a_whole_one(tmp_path, at):
    """The board's CRC over rotten bytes is right; where its header is, it tells of boot 0."""
    log = real()
    with Peer(log) as peer:
        pulled(peer, tmp_path, keep=True)
        rotten = bytearray(log[2])
        rotten[at] ^= 0x10
        peer.segments[2] = bytes(rotten)
        peer.boot = 0 if at < segment_header.BYTES and at > 0 else 1
        result = pulled(peer, tmp_path)
        assert (result.damaged, result.new_segments, peer.acked) == ([2], 0, [1])
    assert contents(tmp_path) == log
    assert not list(tmp_path.glob("*.part"))


def test_what_is_rotten_here_is_replaced_by_what_is_no_better_on_the_board(tmp_path):
    """Neither is whole: the board's is at least what can still be had."""
    rotten = {1: real()[1][:-9] + b"\1" * 9}
    (tmp_path / "00000001.crib").write_bytes(rotten[1][:900])
    with Peer(rotten) as peer:
        result = pulled(peer, tmp_path)
        assert (result.damaged, peer.acked) == ([], [1])
    assert contents(tmp_path) == rotten


class Evicting(Peer):
    """Gives segments up when so many bytes have been sent, as a full log does while it records."""

    def __init__(self, segments, after, gone):
        super().__init__(segments)
        self.after, self.gone = after, gone

    def do_read(self, number, segment, offset, length):
        if self.sent_data_bytes >= self.after:
            for one in self.gone:
                self.segments.pop(one, None)
        return super().do_read(number, segment, offset, length)


@pytest.mark.parametrize("keep", [False, True])
def test_segments_given_up_meanwhile_are_left_out_and_the_others_acknowledged(tmp_path, keep):
    log = real(5)
    with Evicting(log, 0, (2, 4)) as peer:
        result = pulled(peer, tmp_path, keep=keep)
        assert peer.acked == ([] if keep else [1, 3, 5])
        assert sum(" read " in line for line in peer.asked) == 5, "none is asked for again"
        assert not [line for line in peer.asked if " ack 2 " in line or " ack 4 " in line]
    assert (result.given_up, result.damaged) == ({"waveforms": 2}, [])
    assert (result.segments, result.new_segments) == (5, 3)
    assert contents(tmp_path) == {number: log[number] for number in (1, 3, 5)}
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("gone", [(1,), (1, 2), (2, 3), (3,), (1, 2, 3)])
def test_given_up_in_their_midst(tmp_path, gone):
    """Two requests are under way then."""
    sizes = {1: 32_000, 2: 15_000, 3: 32_000}
    starts = {n: packed(n, 1, int(n == 2), snippets(n, 1)) for n in sizes}
    log = {n: starts[n] + bytes(range(256)) * (size // 256) for n, size in sizes.items()}
    heard = []
    with Evicting(log, 8192, gone) as peer:
        result = pulled(peer, tmp_path, progress=lambda *at: heard.append(at))
        here = contents(tmp_path)
        assert peer.acked == sorted(here.keys() - set(gone))
    assert here == {number: log[number] for number in here}
    lost = [number for number in log if number not in here]
    assert lost and set(lost) <= set(gone)
    kinds = Counter("waveforms" if number == 2 else "facts" for number in lost)
    assert result.given_up == kinds
    assert not list(tmp_path.glob("*.part"))
    assert heard[-1] == (sum(map(len, here.values())),) * 2


def test_given_up_over_a_bad_line(tmp_path):
    log = real(7)
    with Evicting(log, 5000, (2, 4, 6)) as peer:
        peer._mangle = nasty(5)
        result = pulled(peer, tmp_path, repeats=20)
        here = contents(tmp_path)
        assert sorted({*peer.acked}) == sorted(here.keys() - {2, 4, 6})
    assert here == {number: log[number] for number in here}
    assert sum(result.given_up.values()) == len(log) - len(here) >= 2


def test_what_is_given_up_behind_its_last_byte_is_here(tmp_path):
    log = real(3)

    class Late(Peer):
        def do_ack(self, number, segment, crc):
            self.segments.pop(2, None)
            return super().do_ack(number, segment, crc)

    with Late(log) as peer:
        result = pulled(peer, tmp_path)
        assert peer.acked == [1, 3]
    assert (result.given_up, result.new_segments) == ({}, 3)
    assert contents(tmp_path) == log


def test_given_up_meanwhile_is_exit_code_3(tmp_path, capsys):
    with Evicting(real(5), 0, (2, 4)) as peer:
        assert cli.run(["pull", str(tmp_path / "log"), "--port", peer.port]) == 3
    said = capsys.readouterr()
    assert "gave up 2 segments of waveforms for room before they were here" in said.err
