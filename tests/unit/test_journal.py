"""The journal in a folder of this machine; tests/device has littlefs and power cuts."""

import importlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cribtrace import log_records
from cribtrace.device import framing, records, segment_header

journal = importlib.import_module("cribtrace.firmware.crib.journal")
room = importlib.import_module("cribtrace.firmware.crib.room")

FACTS = (104000, 16393443, 0, 1, 3, 4, 2, b"LSM6DSO", b"virtual", b"0.1.0")


def booted(folder: Path, boot: int = 1):
    """Return the journal as a board has it that has just started."""
    log = journal.Journal(str(folder))
    log.begin((bytes(range(8)), boot, *FACTS))
    return log


def put(log, text: bytes = b"note", kind: int = records.MARK, frame: int = 7) -> None:
    end = records.HEAD_BYTES + len(text)
    log.body[records.HEAD_BYTES : end] = text
    log.append(kind, frame, end)


def read(path: Path) -> tuple[dict | None, list[dict], bytes]:
    """Return header, records and what is left over behind the last whole record."""
    raw = path.read_bytes()
    *packets, rest = raw[segment_header.BYTES :].split(b"\0")
    found = [log_records.unpack(framing.decode(packet) or b"") for packet in packets]
    return log_records.unpack_header(raw), [record for record in found if record], rest


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.crib"))


def sequence(folder: Path) -> list[int]:
    """Return the sequence numbers of every record that can be read, in the order of the files."""
    return [record["seq"] for path in segments(folder) for record in read(path)[1]]


def test_the_sequence_is_never_reset(tmp_path):
    for boot in range(1, 6):
        log = booted(tmp_path / "log", boot)
        assert len(segments(tmp_path / "log")) == boot - 1, "a start alone writes nothing"
        for k in range(boot):
            put(log, b"note %d" % k, frame=1000 * boot + k)
        log.close()
    assert sequence(tmp_path / "log") == list(range(1 + 2 + 3 + 4 + 5))
    for boot, path in enumerate(segments(tmp_path / "log"), 1):
        header, found, rest = read(path)
        assert header and header["boot"] == boot and header["segment"] == boot
        assert path.name == f"{boot:08}.crib" and rest == b""
        assert header["first_seq"] == found[0]["seq"]
        assert [record["frame"] for record in found] == [1000 * boot + k for k in range(boot)]
        assert found[0]["rest"] == b"note 0" and found[0]["type"] == records.MARK


def test_the_newest_boot_is_remembered(tmp_path):
    log = booted(tmp_path)
    assert log.last_boot == 0 and log.facts.next_seq == 0
    put(log, kind=records.TEXT)
    log.close()
    log = booted(tmp_path, 2)
    assert log.last_boot == 1 and not log.stopped
    put(log, bytes(13), kind=records.STOP)
    log.close()
    assert booted(tmp_path, 3).stopped


def test_a_full_segment_ends_and_another_begins(tmp_path):
    log = booted(tmp_path)
    for _ in range(200):
        put(log, bytes(range(1, 251)) * 4)
    log.close()
    sizes = [path.stat().st_size for path in segments(tmp_path)]
    assert len(sizes) > 5 and max(sizes) <= records.SEGMENT_LIMIT
    assert min(sizes[:-1]) > records.SEGMENT_LIMIT - 2100, "filled as far as records fit"
    assert sequence(tmp_path) == list(range(200))
    for path in segments(tmp_path):
        header, found, _ = read(path)
        assert header and header["first_seq"] == found[0]["seq"]


def test_a_flush_commits(tmp_path):
    log = booted(tmp_path)
    put(log)
    log.flush()
    assert sequence(tmp_path) == [0] and log.facts.unflushed == 0
    assert log.shelf.closed_segments() == [] and log.shelf.open_numbers[0] == 1
    put(log)
    assert log.facts.unflushed > 0
    log.close()
    assert sequence(tmp_path) == [0, 1] and log.shelf.closed_segments() == [1]


def test_four_kibibytes_commit_by_themselves(tmp_path):
    log = booted(tmp_path)
    for _ in range(100):
        put(log, bytes(range(1, 101)))
        assert log.facts.unflushed < 4096
    assert len(sequence(tmp_path)) >= 100 - 4096 // 100


def test_a_tail_torn_anywhere_spoils_nothing(tmp_path):
    log = booted(tmp_path)
    for k in range(3):
        put(log, b"some record %d" % k)
    log.close()
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    ends = [k + 1 for k in range(segment_header.BYTES, len(whole)) if whole[k] == 0]
    for size in range(segment_header.BYTES, len(whole) + 1):
        path.write_bytes(whole[:size])
        committed = sum(end <= size for end in ends)
        log = booted(tmp_path, 2)
        assert log.facts.next_seq == committed
        put(log, b"after the cut")
        log.close()
        assert path.read_bytes() == whole[:size], "a torn segment is never written on"
        assert sequence(tmp_path) == list(range(committed + 1))
        segments(tmp_path)[-1].unlink()


@pytest.mark.parametrize("raw", [b"CRIB", b"\xff" * 400, b"\0" * 400])
def test_an_unreadable_header_is_passed_over(tmp_path, raw):
    log = booted(tmp_path, 4)
    for _ in range(5):
        put(log)
    log.close()
    (tmp_path / "00000002.crib").write_bytes(raw)
    log = booted(tmp_path, 5)
    assert log.last_boot == 4 and log.facts.next_seq == 5
    put(log)
    log.close()
    assert [path.name for path in segments(tmp_path)] == [
        f"{number:08}.crib" for number in (1, 2, 3)
    ]
    assert (tmp_path / "00000002.crib").read_bytes() == raw


def test_a_segment_that_was_never_committed_goes_at_the_next_start(tmp_path):
    log = booted(tmp_path)
    put(log)
    log.close()
    (tmp_path / "00000002.crib").write_bytes(b"")
    assert booted(tmp_path, 2).shelf.closed_segments() == [1]


def test_no_number_is_given_again_behind_a_damaged_header(tmp_path):
    for boot in (1, 2):
        log = booted(tmp_path, boot)
        for _ in range(3):
            put(log)
        if boot == 2:
            put(log, bytes(13), kind=records.STOP)
        log.close()
    newest = segments(tmp_path)[-1]
    raw = bytearray(newest.read_bytes())
    raw[30] ^= 1
    newest.write_bytes(raw)
    log = booted(tmp_path, 3)
    assert log.facts.next_seq == 7 and log.stopped
    put(log)
    log.close()
    assert sequence(tmp_path) == list(range(8))


def test_a_damaged_record_is_passed_over(tmp_path):
    log = booted(tmp_path)
    for k in range(4):
        put(log, b"record %d" % k)
    log.close()
    (path,) = segments(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"record 1")] ^= 0x20
    path.write_bytes(raw)
    assert booted(tmp_path).facts.next_seq == 4
    assert sequence(tmp_path) == [0, 2, 3]


@pytest.mark.parametrize("name", ["notes.txt", "acked", "copy of 1.crib", ".crib", "x.crib.part"])
def test_a_foreign_file_is_left_alone(tmp_path, name):
    (tmp_path / name).write_bytes(b"0")
    log = booted(tmp_path)
    put(log)
    log.close()
    assert log.shelf.closed_segments() == [1]
    assert booted(tmp_path).facts.next_seq == 1
    assert (tmp_path / name).read_bytes() == b"0"


class Disk:
    """Stands in for `open` in the journal: fails what it is told to, half done."""

    def __init__(self):
        self.failing = ""
        self.opened = []

    def __call__(self, name, mode="r"):
        self.fail("open")
        file = open(name, mode)  # noqa: SIM115 - handed on
        if "b" not in mode or "w" not in mode:
            return file
        self.opened.append(name)
        return SimpleNamespace(
            write=lambda buf: (self.tear(file, buf), self.fail("write"), file.write(buf)),
            flush=lambda: (self.fail("flush"), file.flush()),
            close=lambda: (self.fail("close"), file.close()),
        )

    def tear(self, file, buf):
        if self.failing == "write":
            file.write(bytes(buf)[: len(buf) // 2])
            file.flush()

    def fail(self, act):
        if self.failing == act:
            raise OSError(28, "No space left on device")


@pytest.fixture
def disk(monkeypatch):
    disk = Disk()
    monkeypatch.setattr(journal, "open", disk, raising=False)
    return disk


def test_a_record_that_does_not_fit_is_counted(tmp_path, disk):
    log = booted(tmp_path)
    put(log)
    log.flush()
    disk.failing = "write"
    put(log, b"lost")
    put(log, b"lost")
    disk.failing = ""
    put(log)
    log.close()
    assert (log.written, log.lost) == (2, 2)
    assert sequence(tmp_path) == [0, 3], "numbers that are missing tell of what was lost"
    assert all(b"lost" not in record["rest"] for p in segments(tmp_path) for record in read(p)[1])
    assert booted(tmp_path).facts.next_seq == 4


def test_no_room_for_another_segment(tmp_path, disk):
    log = booted(tmp_path)
    put(log)
    log.flush()
    disk.failing = "open"
    while log.shelf.open_numbers[0]:
        put(log, bytes(range(1, 251)) * 4)
        log.flush()
    written = log.written
    assert log.lost == 1 and written > 10
    disk.failing = ""
    put(log)
    log.close()
    assert log.written == written + 1
    assert sequence(tmp_path) == [*range(written), written + 1]


@pytest.mark.parametrize("end", ["flush", "close"])
def test_what_could_not_be_committed_is_counted(tmp_path, disk, end):
    log = booted(tmp_path)
    for _ in range(3):
        put(log)
    log.flush()
    for _ in range(2):
        put(log)
    disk.failing = "flush"
    getattr(log, end)()
    assert (log.written, log.lost, log.shelf.open_numbers[0]) == (3, 2, 0)
    disk.failing = ""
    put(log)
    log.close()
    assert log.written == 4 and log.shelf.closed_segments() == [1, 2]
    assert booted(tmp_path).facts.next_seq == 6


class Flash:
    """Stands in for statvfs: a filesystem of so many blocks, filled by the folder's files."""

    BLOCK = 4096

    def __init__(self, folder, blocks, others=0):
        self.folder, self.blocks, self.others = folder, blocks, others

    def __call__(self, _path):
        used = sum(-(-path.stat().st_size // self.BLOCK) for path in self.folder.iterdir())
        free = self.blocks - self.others - used
        return (self.BLOCK, self.BLOCK, self.blocks, free, free, 0, 0, 0, 0, 255)


def fill(log, count: int = 1) -> None:
    for _ in range(count):
        put(log, bytes(range(1, 251)) * 4)
        if log.facts.bytes > records.SEGMENT_LIMIT - 2000:
            log.close()


@pytest.fixture
def flash(tmp_path, monkeypatch):
    flash = Flash(tmp_path, 200)
    monkeypatch.setattr(os, "statvfs", flash)
    return flash


def test_room_is_made_before_the_filesystem_is_full(tmp_path, flash):
    log = booted(tmp_path)
    least = flash.blocks
    for _ in range(1050):
        fill(log)
        log.shelf.ack(max(log.shelf.closed_segments(), default=0))
        least = min(least, flash(None)[3])
    assert least * 100 // flash.blocks >= 15 and log.lost == 0
    assert flash(None)[3] * 100 // flash.blocks <= 15 + 8, "and no more than that is given up"
    log.flush()
    kept = sequence(tmp_path)
    assert kept == list(range(kept[0], 1050)) and kept[0] > 100, "the oldest go first"


def test_what_the_host_does_not_hold_is_never_given_up(tmp_path, flash):
    log = booted(tmp_path)
    while not log.lost and log.written < 5000:
        fill(log)
    assert flash(None)[3] * 100 // flash.blocks >= 15
    kept = sequence(tmp_path)
    for _ in range(20):
        fill(log)
    assert log.lost == 21 and sequence(tmp_path) == kept == list(range(len(kept)))
    log.shelf.ack(2)
    fill(log, 4)
    log.close()
    assert log.lost == 21 and log.shelf.closed_segments()[0] in (2, 3)
    assert sequence(tmp_path)[-4:] == [log.facts.next_seq - k for k in (4, 3, 2, 1)]


def test_only_acknowledged_segments_make_room(tmp_path, flash):
    log = booted(tmp_path)
    while flash(None)[3] * 100 // flash.blocks > 30:
        fill(log)
    held = log.shelf.closed_segments()[5]
    log.shelf.ack(held)
    while not log.lost and log.written < 5000:
        fill(log)
    assert log.shelf.closed_segments()[0] == held + 1


def test_what_was_acknowledged_is_remembered(tmp_path):
    log = booted(tmp_path)
    assert log.shelf.acked() == 0
    log.shelf.ack(3)
    log.shelf.ack(2)
    assert log.shelf.acked() == 3 and booted(tmp_path).shelf.acked() == 3
    log.shelf.ack(12)
    assert booted(tmp_path).shelf.acked() == 12
    for raw in ("", "rubbish", "12\n34"):
        (tmp_path / "acked").write_text(raw)
        assert booted(tmp_path).shelf.acked() == 0


def test_the_largest_record_fits(tmp_path):
    log = booted(tmp_path)
    size = journal.BODY_BYTES - records.HEAD_BYTES - 4
    for fill_byte in (0, 1, 255):
        put(log, bytes([fill_byte]) * size)
    log.close()
    assert [len(record["rest"]) for record in read(segments(tmp_path)[0])[1]] == [size] * 3
    assert log.lost == 0


def put_wave(log, size: int = 900) -> None:
    put(log, bytes(range(1, 101)) * (size // 100), kind=records.SNIPPET)


def streams(folder: Path) -> dict[int, list[int]]:
    """Sequence numbers by stream; each segment holds one stream alone, as its name tells."""
    found: dict[int, list[int]] = {records.FACTS: [], records.WAVEFORMS: []}
    for path in segments(folder):
        header, inside, _ = read(path)
        assert header and path.name == f"{header['segment']:08}{'w' * header['stream']}.crib"
        assert {record["type"] == records.SNIPPET for record in inside} == {header["stream"] == 1}
        assert header["first_seq"] == inside[0]["seq"]
        found[header["stream"]] += [record["seq"] for record in inside]
    return found


def test_waveforms_are_numbered_and_filed_apart(tmp_path):
    for boot in (1, 2):
        log = booted(tmp_path, boot)
        for k in range(150):
            put(log)
            if k % 3 == 0:
                put_wave(log)
        log.close()
    assert streams(tmp_path) == {0: list(range(300)), 1: list(range(100))}
    assert booted(tmp_path).waveforms.next_seq == 100
    assert log.shelf.closed_segments() == list(range(1, len(segments(tmp_path)) + 1))


def test_waveforms_wait_for_a_block_or_the_end(tmp_path):
    log = booted(tmp_path)
    put(log)
    put_wave(log)
    log.flush(log.facts)
    assert streams_committed(tmp_path) == 1 and log.waveforms.at_risk == 1
    for _ in range(4):
        put_wave(log)
    assert log.waveforms.at_risk == 0, "4 KiB commit by themselves"


def streams_committed(folder: Path) -> int:
    return sum(len(read(path)[1]) for path in segments(folder) if path.stat().st_size)


def test_two_epochs_commit(tmp_path):
    log = booted(tmp_path)
    put(log, bytes(60), kind=records.EPOCH)
    assert log.facts.at_risk == 1
    put(log, bytes(60), kind=records.EPOCH)
    assert log.facts.at_risk == 0


def put_both(log, count: int) -> None:
    for _ in range(count):
        put(log, bytes(range(1, 251)) * 4)
        put_wave(log, 1000)


def test_the_oldest_waveforms_make_room_for_facts(tmp_path, flash):
    log = booted(tmp_path)
    put_both(log, 250)
    assert log.shelf.given_up == 0
    least = flash.blocks
    while not log.lost and log.written < 5000:
        put_both(log, 1)
        least = min(least, flash(None)[3])
    log.close()
    kept = streams(tmp_path)
    assert kept[0] == list(range(kept[0][-1] + 1)), "facts are never given up"
    waves = [n for n in range(log.waveforms.next_seq) if n not in kept[1]]
    assert log.shelf.given_up > 100 and waves[: log.shelf.given_up] == list(
        range(log.shelf.given_up)
    )
    assert 15 <= least * 100 // flash.blocks <= 15 + 16
    assert len(kept[0]) * 1000 > flash.BLOCK * flash.blocks * 7 // 10, "facts have the room"


def test_the_newest_waveforms_stay_where_facts_fill_the_log(tmp_path, flash):
    """In them stands where their numbers go on."""
    log = booted(tmp_path)
    put_both(log, 40)
    log.close()
    log = booted(tmp_path, 2)
    while not log.lost and log.written < 5000:
        put(log, bytes(range(1, 251)) * 4)
    log.close()
    again = booted(tmp_path, 3)
    assert again.waveforms.next_seq == 40
    assert streams(tmp_path)[1][-1] == 39


def test_with_stop_nothing_is_given_up(tmp_path, flash):
    log = booted(tmp_path)
    log.shelf.when_full = room.STOP
    while not log.lost and log.written < 5000:
        put_both(log, 1)
    put_both(log, 40)
    log.close()
    kept = streams(tmp_path)
    assert log.shelf.given_up == 0
    assert kept[0] == list(range(len(kept[0]))) and kept[1] == list(range(len(kept[1])))


def test_with_all_the_oldest_facts_go_when_no_waveform_is_left(tmp_path, flash):
    log = booted(tmp_path)
    log.shelf.when_full = room.ALL
    put_both(log, 60)
    for _ in range(1000):
        fill(log)
    log.close()
    kept = streams(tmp_path)
    assert log.lost == 0 and kept[0] == list(range(kept[0][0], 1060)) and kept[0][0] > 100
    waves = [n for n in range(60) if n not in kept[1]]
    assert log.shelf.given_up == kept[0][0] + len(waves) > 100, "every record is counted"


def test_room_is_what_facts_may_still_fill(tmp_path, flash):
    log = booted(tmp_path)
    put_both(log, 250)
    log.flush()
    told, before = room.left(log.shelf), log.fact_bytes
    while not log.lost and log.written < 5000:
        put(log, bytes(range(1, 251)) * 4)
    took = log.fact_bytes - before
    assert told * 85 // 100 - records.SEGMENT_LIMIT <= took <= told
    log.close()
    assert room.left(log.shelf) < 3 * records.SEGMENT_LIMIT
    log.shelf.ack(max(log.shelf.closed_segments()))
    assert room.left(log.shelf) > 600_000
