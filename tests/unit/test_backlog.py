"""tail --since: what the log held, then what comes live, each record once."""

import itertools
import subprocess
import sys
import time

import pytest

from cribtrace import anchors, exchange, facts, log_records, logfile, tail
from cribtrace.asides import Asides
from cribtrace.boots import Boot
from cribtrace.client import Client
from cribtrace.device import protocol, records
from cribtrace.heard import Decoded, Note
from cribtrace.link import Link
from tests.support.peer import Peer, header, packet, record

HZ = 104


def log_segment(number, bodies, boot, rate_hz=HZ):
    coded = b"".join(packet(b[0], b[1], b[2:])[1:] for b in bodies)
    return log_records.pack_header({**header(number, boot), "rate_mhz": rate_hz * 1000}) + coded


def mark(seq, at_s, text):
    return record(records.MARK, seq, round(at_s * HZ), rest=text.encode())


def anchor(seq, at_s, utc_s, boot, source=exchange.HOST):
    fields = (round(utc_s), 0, 1000, boot, 4, source)
    return record(records.ANCHOR, seq, round(at_s * HZ), fields)


def marks(items, count):
    told = (item for item in items if isinstance(item, Decoded) and "text" in item.line)
    return [item.line["text"] for item in itertools.islice(told, count)]


@pytest.fixture
def peer():
    """Boot 5, at its 60th second (so says do_time), after boots that ended an hour ago."""
    hour_ago = time.time() - 3600
    log = {
        1: log_segment(1, [mark(0, 1, "of no clock")], 3),
        2: log_segment(2, [mark(1, 1, "old"), anchor(2, 2, hour_ago - 3600, 4)], 4),
        3: log_segment(3, [mark(3, 3602, "hour ago"), mark(4, 3662, "later")], 4),
        4: log_segment(4, [mark(5, 20, "this boot"), mark(6, 50, "just now")], 5),
    }
    with Peer(log) as made:
        made.boot = 5
        yield made


def following(peer, since_s):
    asides = Asides(since_s=time.time() - since_s)
    client = Client(Link(peer.port), wait_s=0.3, repeats=2)
    return tail.follow(client, lambda port: client, facts.json_line, asides)


def reads(peer):
    return {line.split()[2] for line in peer.asked if line.split()[1].startswith("read")}


def test_only_what_is_not_older_is_told_and_older_segments_are_not_read(peer):
    items = following(peer, 20)
    assert marks(items, 1) == ["just now"]
    items.close()
    assert reads(peer) == {"4"}


def test_earlier_boots_have_the_times_of_their_own_anchors(peer):
    items = following(peer, 3700)
    assert marks(items, 4) == ["hour ago", "later", "this boot", "just now"]
    items.close()
    assert reads(peer) == {"1", "2", "3", "4"} - {"1"}


def test_the_running_boots_earlier_anchors_count_too(peer):
    records_there = [anchor(5, 10, time.time() - 100, 5), mark(6, 50, "just now")]
    peer.segments[4] = log_segment(4, records_there, 5)
    asides = Asides(since_s=time.time() - 40)
    client = Client(Link(peer.port), wait_s=0.3, repeats=2)
    items = tail.follow(client, lambda port: client, facts.json_line, asides)
    marks(items, 1)
    items.close()
    assert asides.clock.utc_s(10.0) == pytest.approx(time.time() - 100, abs=10)


@pytest.mark.parametrize("rate_hz", [HZ, 0, 52])
def test_a_persons_last_word_counts_as_in_a_report(peer, rate_hz):
    """Whatever sensor the board had, or none, when it was told."""
    hour_ago = round(time.time()) - 3600
    said = [
        anchor(seq, 10, hour_ago + correction_s, 3, exchange.PERSON)
        for seq, correction_s in ((2, 300), (4, -900), (6, 60))
    ]
    peer.segments[1] = log_segment(1, [mark(0, 20, "told"), mark(1, 80, "of boot 3")], 3)
    peer.segments[2] = log_segment(2, said[:1], 4, rate_hz)
    peer.segments[4] = log_segment(4, [*said[1:], mark(7, 50, "just now")], 5, rate_hz)
    items = following(peer, 9000)
    first = next(item for item in items if isinstance(item, Decoded) and "text" in item.line)
    items.close()
    read = [logfile.parse(peer.segments[number], str(number)) for number in (1, 2, 4)]
    boots = [Boot(one.header, one.records, 0.0) for one in read if one.header]
    of_report = anchors.clocks(boots)[3].utc_s(20.0)
    assert first.clock.utc_s(20.0) == pytest.approx(of_report, abs=0.001)
    assert of_report == pytest.approx(hour_ago + 70, abs=0.1)


def test_a_line_of_an_earlier_boot_says_which(peer):
    command = [sys.executable, "-m", "cribtrace.cli", "tail", "--port", peer.port]
    told = subprocess.Popen(
        [*command, "--since", "61m"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert told.stdout
    lines = [told.stdout.readline() for _ in range(4)]
    told.terminate()
    told.communicate(timeout=10)
    assert [" ".join(line.split()[1:]) for line in lines] == [
        "boot 4 +3602.0s mark hour ago", "boot 4 +3662.0s mark later",
        "boot 5 +20.0s mark this boot", "boot 5 +50.0s mark just now",
    ]  # fmt: skip


def test_a_boot_of_no_known_time_is_left_out_and_named(peer):
    items = following(peer, 9000)
    assert marks(items, 5) == ["old", "hour ago", "later", "this boot", "just now"]
    note = next(item for item in items if isinstance(item, Note))
    items.close()
    assert "boot 3" in note.line


def test_what_comes_live_follows_on_the_log_and_nothing_twice(peer):
    items = following(peer, 100)
    assert marks(items, 2) == ["this boot", "just now"]
    peer.push(protocol.RECORD, mark(6, 50, "just now"))
    peer.push(protocol.RECORD, mark(9, 61, "live"))
    rest = list(itertools.islice(items, 2))
    items.close()
    assert isinstance(rest[0], Note) and rest[0].line.startswith("2 records (7 to 8)")
    assert rest[1].line["text"] == "live"


def test_a_log_that_cannot_be_read_is_named_and_the_rest_is_followed(peer):
    peer.do_flush = lambda number, *_: peer._send(protocol.ERROR, number, b"flash_error no")
    items = following(peer, 100)
    note = next(item for item in items if isinstance(item, Note))
    assert "cannot be read" in note.line
    peer.push(protocol.RECORD, mark(9, 61, "live"))
    assert marks(items, 1) == ["live"]
    items.close()
