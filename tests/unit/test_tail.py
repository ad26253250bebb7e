"""tail: records, text and absences, in the order in which they came."""

import itertools
import os
import struct
import threading
import time

import pytest

from cribtrace import criteria, facts, ports, virtual_ports
from cribtrace.asides import Asides
from cribtrace.client import Client
from cribtrace.device import protocol, records, settings
from cribtrace.errors import NoDevice
from cribtrace.frame_clock import FrameClock
from cribtrace.interpretation import read
from cribtrace.link import Link
from cribtrace.tail import Decoded, Live, Note, Text, follow
from tests.support.pattern_truth import detected, epoch, lived, told
from tests.support.peer import Peer, record, wait_for


def mark(seq, text):
    return record(records.MARK, seq, 104 * seq, rest=text.encode())


def connect(port):
    return Client(Link(port), wait_s=0.15, repeats=2)


def following(port):
    return follow(connect(port), connect, facts.json_line)


def once_tailing(peer, say):
    def wait():
        wait_for(lambda: peer.tail)
        say()

    threading.Thread(target=wait, daemon=True).start()


def test_records_become_json_lines_and_text_stays_text():
    with Peer() as peer:

        def say():
            peer.push(protocol.RECORD, mark(4, "door"))
            peer.say(b"E (12) \x1b[31mflash\r\n")
            peer.push(protocol.RECORD, mark(5, "bottle"))

        once_tailing(peer, say)
        items = list(itertools.islice(following(peer.port), 3))
    assert items == [
        Decoded({"type": "mark", "t_s": 4.0, "text": "door"}),
        Text(r"E (12) \x1b[31mflash"),
        Decoded({"type": "mark", "t_s": 5.0, "text": "bottle"}),
    ]


def test_missed_records_are_counted_and_a_waveform_without_its_frames_is_none():
    with Peer() as peer:

        def say():
            peer.push(protocol.RECORD, mark(4, "x"))
            snippet = struct.pack(records.HEAD, records.SNIPPET, 2, 977, 400)
            peer.push(protocol.RECORD, snippet.ljust(records.SNIPPET_BYTES, b"\0"))
            peer.push(protocol.RECORD, mark(5, "x"))
            peer.push(protocol.RECORD, mark(8, "x"))

        once_tailing(peer, say)
        items = list(itertools.islice(following(peer.port), 4))
    assert [type(item) for item in items] == [Decoded, Decoded, Note, Decoded]
    assert str(items[2].line).startswith("2 records (6 to 7) went by unheard")
    assert items[2].gap == {"type": "gap", "onset_s": 5.0, "duration_s": 3.0, "frames": None,
                            "reason": "records_missing"}  # fmt: skip


def test_after_an_unplug_it_reconnects_and_says_what_it_missed(tmp_path, monkeypatch):
    monkeypatch.setattr("cribtrace.tail._RETRY_S", 0.05)
    link = tmp_path / "port"
    first = Peer()
    link.symlink_to(first.port)
    once_tailing(first, lambda: first.push(protocol.RECORD, mark(4, "before")))
    stream = following(str(link))
    assert isinstance(next(stream), Decoded)
    first.close()
    away = next(stream)
    assert isinstance(away, Note)
    assert "went away" in away.line
    with Peer() as second:
        os.replace(_linked(tmp_path, second.port), link)
        once_tailing(second, lambda: second.push(protocol.RECORD, mark(30, "after")))
        items = list(itertools.islice(stream, 3))
        stream.close()
    assert [type(item) for item in items] == [Note, Note, Decoded]
    assert "is back" in items[0].line
    assert str(items[1].line).startswith("25 records (5 to 29)")


@pytest.fixture
def plugged(monkeypatch):
    """The ports of this machine, as a list to be changed."""
    names = []
    monkeypatch.setattr("cribtrace.tail._RETRY_S", 0.05)
    monkeypatch.setattr(ports, "serial_ports", lambda: [(name, "test") for name in names])
    monkeypatch.setattr(virtual_ports, "virtual_ports", list)
    return names


def unplugged(first):
    """A stream whose board has just been unplugged."""
    once_tailing(first, lambda: first.push(protocol.RECORD, mark(4, "before")))
    stream = following(first.port)
    next(stream)
    first.close()
    assert "went away" in next(stream).line
    return stream


def test_a_board_that_comes_back_under_another_name_is_found_by_its_id(plugged):
    with Peer() as neighbour, Peer() as second:
        neighbour.device = bytes(8)
        first = Peer()
        plugged[:] = [neighbour.port, first.port]
        stream = unplugged(first)
        plugged[:] = [neighbour.port, second.port]
        once_tailing(second, lambda: second.push(protocol.RECORD, mark(6, "after")))
        back, missed, after = itertools.islice(stream, 3)
        stream.close()
        assert back.line.endswith(f" is back at {second.port}")
        assert missed.line.startswith("1 records (5 to 5)")
        assert after.line["text"] == "after"
        assert neighbour.asked == []  # it was there all along: not ours to disturb


def test_another_board_in_its_place_is_named_and_not_followed(plugged):
    with Peer() as other, Peer() as second:
        other.device = bytes(8)
        stream = unplugged(Peer())
        plugged[:] = [other.port]
        found = next(stream)
        assert found.line == f"{other.port} is another board, {'00' * 8}; still waiting"
        plugged[:] = [other.port, second.port]
        assert next(stream).line.endswith(f" is back at {second.port}")
        stream.close()
        assert not any(" tail " in line for line in other.asked)
        assert any(" bye*" in line for line in other.asked)


def of_epoch(seq):
    return record(records.EPOCH, seq, 3120, (3120, 3120, 6, 900, 40, 0, 0x8F42, 0x8F42, 0x8F42))


def of_event(seq):
    fields = (0, 11, 0, 2, 0, 512, 400, 1, 96, 0, 2210, 2210, 2212, 22, 40, 2301, 205, 10**6,
              90_000, 3072, 0, 0, 0)  # fmt: skip
    return record(records.EVENT, seq, 2300, fields)


def changed(high_16):
    return settings.check({"high_16": high_16}, settings.DEFAULTS)


def test_a_board_with_settings_of_its_own_is_read_with_these():
    with Peer() as peer:
        peer.settings = changed(206)

        def say():
            peer.push(protocol.RECORD, of_epoch(4))
            peer.push(protocol.RECORD, of_event(5))
            config = record(records.CONFIG, 6, 3120, rest=settings.text(changed(412)).encode())
            peer.push(protocol.RECORD, config)
            peer.push(protocol.RECORD, of_epoch(7))

        once_tailing(peer, say)
        items = list(itertools.islice(following(peer.port), 4))
    epoch_before, event, _, epoch_after = (item.line for item in items)
    assert epoch_before["threshold"] == round(criteria.needed(206), 2)
    assert event["why"]["threshold"] == round(criteria.needed(206), 2)
    assert event["why"]["margin"]
    assert event["why"]["considered"]
    assert epoch_after["threshold"] == round(criteria.needed(412), 2)


def test_a_board_that_comes_back_is_asked_for_its_settings_again(tmp_path, monkeypatch):
    monkeypatch.setattr("cribtrace.tail._RETRY_S", 0.05)
    link = tmp_path / "port"
    first = Peer()
    first.settings = changed(206)
    link.symlink_to(first.port)
    once_tailing(first, lambda: first.push(protocol.RECORD, of_epoch(4)))
    stream = following(str(link))
    assert next(stream).line["threshold"] == round(criteria.needed(206), 2)
    first.close()
    next(stream)
    with Peer() as second:
        second.settings = changed(412)
        os.replace(_linked(tmp_path, second.port), link)
        once_tailing(second, lambda: second.push(protocol.RECORD, of_epoch(5)))
        items = list(itertools.islice(stream, 2))
        stream.close()
    assert items[-1].line["threshold"] == round(criteria.needed(412), 2)


class Older(Peer):
    """A board whose settings are not those of this version, or that tells none."""

    refuses = False

    def do_config(self, number, *words):
        if self.refuses:
            self.push(protocol.ERROR, b"unknown_verb known are hello", number)
            return None
        item = b"name=low_gain_8 value=24 default=24 least=8 most=200 unit=eighths"
        self.push(protocol.ITEM, item, number)
        return "count=1 schema=1 config_crc=1a2b3c4d"


@pytest.mark.parametrize("refuses", [False, True])
def test_settings_of_another_version_are_none(refuses):
    with Older() as peer:
        peer.refuses = refuses
        once_tailing(peer, lambda: peer.push(protocol.RECORD, of_epoch(4)))
        assert next(following(peer.port)).line["threshold"] is None


def _linked(folder, port):
    (folder / "fresh").symlink_to(port)
    return folder / "fresh"


def test_a_board_that_is_not_there_at_first_is_an_error(tmp_path):
    with pytest.raises(NoDevice, match="no port"):
        next(following(str(tmp_path / "none")))
    with Peer(mode="silent") as peer, pytest.raises(NoDevice, match="is silent"):
        next(following(peer.port))


def test_closing_ends_the_session_and_frees_the_port():
    with Peer() as peer:
        once_tailing(peer, lambda: peer.push(protocol.RECORD, mark(1, "x")))
        stream = following(peer.port)
        next(stream)
        stream.close()
        wait_for(lambda: any(" bye*" in line for line in peer.asked))
        Link(peer.port).close()


def test_a_record_that_is_too_short_or_unknown_does_no_harm():
    with Peer() as peer:

        def say():
            peer.push(protocol.RECORD, b"\4\1")
            peer.push(protocol.RECORD, record(records.MARK, 7, 0)[:9] + b"\0" + b"x")
            peer.push(protocol.RECORD, bytes((99,)) + mark(8, "from a newer board")[1:])
            peer.push(protocol.RECORD, mark(9, "on"))

        once_tailing(peer, say)
        items = [i for i in itertools.islice(following(peer.port), 2) if isinstance(i, Decoded)]
    assert items[-1].line["text"] == "on"


def heard(live, items):
    return [one.line for item in items for one in live.heard(item)]


def finished(live):
    return [one.line for one in live.finish()]


def test_live_and_afterwards_the_same_patterns_are_found():
    events = [detected(line) for line in lived("series", 901)[0] if line["type"] == "event"]
    lines = told(events, 10800)
    live = Live()
    found = heard(live, [Text("E (12) flash"), *map(Decoded, lines)])
    assert len(found) > 3, "before the end"
    found += finished(live)
    assert sorted(map(repr, found)) == sorted(map(repr, read(lines).lines))


def still(first_s, seconds):
    return [Decoded(epoch(first_s + at, [20] * 30)) for at in range(0, seconds, 30)]


@pytest.mark.parametrize(
    "sign", [Note("back", restarted=True), Decoded({"type": "recorder", "what": "boot", "t_s": 0})]
)
def test_a_restart_begins_a_new_time_line(sign):
    live = Live()
    heard(live, still(0, 600))
    assert [line["onset_s"] for line in heard(live, [sign])] == [0.0, 179.0]
    away = {"type": "gap", "onset_s": 0.0, "duration_s": 900.0, "frames": None, "reason": "x"}
    assert heard(live, [Decoded(away), *still(0, 300)]) == []
    assert [line["state"] for line in finished(live)] == ["unknown", "asleep_likely"]


def test_a_simulated_boards_speed_is_known_before_its_first_line(monkeypatch):
    began_s = time.monotonic()

    def frame():
        return round(104 * 20 * (time.monotonic() - began_s))

    with Peer() as peer:
        info = peer.do_info(0)
        peer.do_info = lambda *_: f"{info} recording_frames=9000"
        peer.do_time = lambda *_: f"frame={frame()} uptime_ms=60000"
        once_tailing(peer, lambda: peer.push(protocol.RECORD, mark(4, "first")))
        asides = Asides(since_s=0.0)
        stream = follow(connect(peer.port), connect, facts.json_line, asides)
        next(one for one in stream if isinstance(one, Decoded))
        stream.close()
    assert asides.clock.about


def test_what_an_earlier_boot_comes_to_is_of_that_boot_and_its_clock():
    live, clock = Live(), FrameClock()
    heard(live, [Decoded(one.line, 4, clock) for one in still(0, 600)])
    found = live.heard(still(0, 30)[0])
    assert [one.line["onset_s"] for one in found] == [0.0, 179.0]
    assert {(one.boot, one.clock) for one in found} == {(4, clock)}
    heard(live, still(30, 300))
    assert {(one.boot, one.clock) for one in live.finish()} == {(None, None)}


def test_what_went_by_unheard_is_a_hole():
    live = Live()
    gap = {"type": "gap", "onset_s": 300.0, "duration_s": 10.0, "frames": None, "reason": "x"}
    found = heard(live, [*still(0, 300), Note("missed", gap), *still(300, 300)])
    assert [line["onset_s"] for line in found + finished(live)] == [0.0, 179.0, 310.0]


def cut_off(folder, monkeypatch, body):
    """A stream that told one record before its board went away, and the link to its port."""
    monkeypatch.setattr("cribtrace.tail._RETRY_S", 0.05)
    link = folder / "port"
    first = Peer()
    link.symlink_to(first.port)
    once_tailing(first, lambda: first.push(protocol.RECORD, body))
    stream = following(str(link))
    next(stream)
    first.close()
    next(stream)
    return stream, link


@pytest.mark.parametrize(("boot", "restarted"), [(1, False), (2, True)])
def test_a_board_that_comes_back_says_whether_it_was_restarted(
    tmp_path, monkeypatch, boot, restarted
):
    stream, link = cut_off(tmp_path, monkeypatch, mark(4, "before"))
    with Peer() as second:
        second.boot = boot
        os.replace(_linked(tmp_path, second.port), link)
        back = next(stream)
        stream.close()
    assert "is back" in back.line
    assert back.restarted is restarted


def boot(seq, number):
    return record(records.BOOT, seq, 0, (1, number))


def said_about(bodies):
    """What a tail says of these records' absences."""
    with Peer() as peer:
        once_tailing(peer, lambda: [peer.push(protocol.RECORD, body) for body in bodies])
        stream, notes, heard = following(peer.port), [], 0
        while heard < len(bodies):
            item = next(stream)
            heard += isinstance(item, Decoded)
            notes += [item] if isinstance(item, Note) else []
        stream.close()
    return [note.line.split(":")[0] for note in notes]


def test_a_boot_that_uses_freed_numbers_again_is_counted_anew():
    freed = [mark(104, "a"), mark(105, "not committed"), boot(103, 2), mark(104, "b")]
    assert said_about(freed) == []
    assert said_about([*freed, mark(107, "c")]) == ["2 records (105 to 106) went by unheard"]
    assert said_about([mark(104, "a"), boot(107, 2)]) == ["2 records (105 to 106) went by unheard"]


def test_missed_records_are_counted_over_the_wrap_of_their_numbers():
    top = (1 << 32) - 1
    at = [record(records.MARK, seq, 104, rest=b"x") for seq in (top - 1, 1, 2)]
    assert said_about(at) == [f"2 records ({top} to 0) went by unheard"]


@pytest.mark.parametrize("number", [1, 2])
def test_after_a_power_cut_what_was_recorded_before_it_came_back_is_not_silent(
    tmp_path, monkeypatch, number
):
    """Boot 2 has used the numbers from 103 on again, so 106 does not follow 105."""
    stream, link = cut_off(tmp_path, monkeypatch, mark(105, "before"))
    begins = record(records.MARK, 106, 520, rest=b"x") if number == 1 else boot(103, 2)
    with Peer() as second:
        second.boot = 2
        os.replace(_linked(tmp_path, second.port), link)
        once_tailing(second, lambda: second.push(protocol.RECORD, begins))
        items = [next(stream), next(stream)]
        stream.close()
    assert "restarted" in items[0].line
    if number == 2:
        assert isinstance(items[1], Decoded)
        return
    assert items[1].line.startswith("the records of boot 2 before number 106 went by unheard")
    assert (items[1].gap["onset_s"], items[1].gap["duration_s"]) == (0.0, 5.0)
