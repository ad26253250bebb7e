"""The journal on littlefs over flash that loses its power or fills up. Run by name.

Each record's text tells when it was made, so that a reused number cannot pass for a kept record.
"""

import gc
import os
import struct
import sys

import vfs
from crib import framing, records, room, segment_header
from crib.journal import Journal
from failing_flash import BLOCK, Flash, Power, PowerCut
from virtual_rig import run

LOG = "/flash/log"


class Board:
    """A board that is powered on again and again; it remembers what it was promised."""

    def __init__(self, blocks, full=False):
        self.flash = Flash(blocks)
        self.full = full  # the oldest segments may be given up
        vfs.VfsLfs2.mkfs(Power(self.flash))
        self.flash.operations = 0
        self.boot = 0
        self.committed = {}  # sequence number -> text
        self.at_risk = {}
        self.acked = 0
        self.oldest = 0  # sequence number of the oldest record that can be read
        self.log = None
        self._power = None

    def power_on(self):
        """Mount, check every promise, and begin to record."""
        self.power_off()
        self._power = Power(self.flash)
        vfs.mount(vfs.VfsLfs2(self._power), "/flash")
        self.boot += 1
        self.log = log = Journal(LOG)
        rate = 104000, 16393443
        log.begin((b"12345678", self.boot) + rate + (0, 1, 3, 4, 2, b"LSM6DSO", b"ram", b"0"))
        kept = self.readable()
        for seq in kept:
            assert seq < log.facts.next_seq, "a number would be given again"
        assert log.shelf.acked() >= self.acked
        return kept

    def power_off(self):
        if self._power:
            self._power.off()
            vfs.umount("/flash")
        self.log = self._power = None
        gc.collect()

    def readable(self):
        """Every record of the log: sequence number -> text."""
        found = {}
        for name in sorted(os.listdir(LOG)):
            if name.endswith(".crib"):
                for record in read(LOG + "/" + name):
                    assert record["seq"] not in found, "a number was given twice"
                    found[record["seq"]] = record["rest"]
        return found

    def put(self, size, kind=records.MARK):
        log = self.log
        seq = log.facts.next_seq
        text = b"%d/%d " % (self.boot, seq)
        text += bytes([1 + seq % 255]) * size
        end = records.HEAD_BYTES + len(text)
        log.body[records.HEAD_BYTES : end] = text
        self.at_risk[seq] = text
        lost = log.lost
        log.append(kind, 0, end)
        if log.lost > lost:
            self.at_risk.clear()
        elif log.facts.unflushed == 0:
            self.commit()

    def commit(self):
        self.committed.update(self.at_risk)
        self.at_risk.clear()

    def flush(self):
        self.log.flush()
        self.commit()

    def close(self):
        self.log.close()
        self.commit()


def read(path):
    with open(path, "rb") as f:
        raw = f.read()
    if segment_header.boot_and_sequence(raw[: segment_header.BYTES]) is None:
        return []
    pieces = raw[segment_header.BYTES :].split(b"\0")
    return [unpacked(body) for body in map(framing.decode, pieces[:-1]) if body]


def unpacked(body):
    kind, _, seq, _ = struct.unpack_from(records.HEAD, body)
    return {"type": kind, "seq": seq, "rest": body[records.HEAD_BYTES :]}


def session(board, count):
    """A boot's recording: records of all sizes, flushes, now and then a pull."""
    for k in range(count):
        board.put((20, 60, 300, 1100, 1180)[k % 5])
        if k % 3 == 0:
            board.flush()
        if k % 17 == 16:
            board.close()
            newest = max(board.log.shelf.closed_segments())
            board.log.shelf.ack(newest)
            board.acked = newest


def cut_at(board, boots, count, cut_after):
    """Boots and sessions; the power fails in one operation. Returns whether it did."""
    board.flash.cut_after = cut_after
    cut = False
    for _ in range(boots):
        try:
            check_kept(board, board.power_on())
            session(board, count)
            board.close()
        except PowerCut:
            cut = True
            board.at_risk.clear()
    board.flash.cut_after = 0
    check_kept(board, board.power_on())
    board.put(10)
    board.close()
    check_kept(board, board.readable())
    board.power_off()
    return cut


def check_kept(board, kept):
    """All that was committed can be read, but for what was given up for room: the oldest."""
    board.oldest = min(kept) if kept else 0
    for seq, text in board.committed.items():
        assert kept.get(seq) == text or (board.full and seq < board.oldest), seq


def every_cut(blocks, boots, count, full=False):
    """Cut the power in every so-manieth operation on the flash, the second argument."""
    every = int(sys.argv[2])
    whole = Board(blocks, full)
    assert not cut_at(whole, boots, count, 0)
    assert (whole.oldest > 0) == full, "segments are given up for room"
    operations = whole.flash.operations
    cuts = 0
    for cut_after in range(1, operations, every):
        cuts += cut_at(Board(blocks, full), boots, count, cut_after)
    assert cuts > max(10, operations // every * 9 // 10), (cuts, operations)


def test_the_power_fails_anywhere():
    every_cut(128, 3, 40)


def test_the_power_fails_where_room_is_made():
    every_cut(64, 3, 150, full=True)


def test_a_cut_would_be_noticed():
    """Without flushes a cut loses records: the check above can fail."""
    board = Board(64)
    board.power_on()
    board.put(100)
    board.flush()
    board.put(100)
    board.commit()  # a promise that nobody gave
    kept = board.power_on()
    try:
        check_kept(board, kept)
    except AssertionError:
        return
    raise AssertionError("a lost record went unnoticed")


def test_every_boot_has_its_segment():
    board = Board(128)
    for boot in range(1, 8):
        check_kept(board, board.power_on())
        assert board.log.next_segment == boot
        board.put(50)
        board.flush()  # and the power goes
    assert sorted(board.power_on()) == list(range(7))


def test_a_segment_that_was_only_opened():
    board = Board(128)
    board.power_on()
    board.put(50)
    board.close()
    for _ in range(3):
        board.power_on()
        board.put(50)  # not flushed: littlefs knows the name and no content
        board.at_risk.clear()
    kept = board.power_on()
    assert list(kept) == [0] and board.log.last_boot == 1 and board.log.facts.next_seq == 1
    board.put(5)
    board.close()
    check_kept(board, board.readable())


def test_a_full_filesystem_is_counted():
    board = Board(64)
    board.power_on()
    board.put(50)
    board.flush()
    make, room.make = room.make, lambda shelf, stream, wanted: None
    with open("/flash/other", "wb") as f:
        try:
            while True:
                f.write(b"x" * 512)
                f.flush()
        except OSError:
            pass
    appended = 1
    for _ in range(60):
        board.put(400)
        appended += 1
    assert board.log.lost > 0
    room.make = make
    os.remove("/flash/other")
    for _ in range(10):
        board.put(400)
        appended += 1
    board.close()
    kept = board.readable()
    assert max(kept) == appended - 1, "it goes on when there is room again"
    assert len(kept) + board.log.lost == appended, (len(kept), board.log.lost, appended)
    assert board.log.written == len(kept)


def test_room_is_made():
    for blocks in range(60, 68):
        board = Board(blocks, full=True)
        board.power_on()
        least = blocks
        for _ in range(300):
            board.put(1000)
            board.log.shelf.ack(max(board.log.shelf.closed_segments() or [0]))
            board.flush()  # an open file's blocks would be counted twice
            least = min(least, board.log.shelf.free_bytes() // BLOCK)
        board.close()
        assert blocks * 15 // 100 - 1 <= least < blocks * 15 // 100 + 8, (blocks, least)
        assert board.log.lost == 0
        kept = sorted(board.readable())
        assert kept == list(range(kept[0], 300)) and len(kept) > 100 < kept[0]
        board.power_off()


def test_a_log_that_nobody_pulls_fills_up():
    board = Board(64)
    board.power_on()
    while not board.log.lost:
        board.put(1000, records.EVENT)
    for _ in range(20):
        board.put(1000, records.EVENT)
    assert board.log.lost == 21
    board.at_risk.clear()
    check_kept(board, board.power_on())
    board.put(1000, records.EVENT)
    assert board.log.lost == 1, "nor does a start make room"
    board.log.shelf.ack(1)
    board.at_risk.clear()
    board.put(1000, records.EVENT)
    board.close()
    assert board.log.lost == 1 and board.log.written == 1


def heap_of(act, *arguments):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    act(*arguments)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def test_what_an_append_allocates():
    board = Board(128)
    board.power_on()
    board.put(10)
    log = board.log
    for size in (10, 100, 1000, 1180):
        log.close()
        opening = heap_of(log.append, records.MARK, 0, size)
        log.flush()
        append = heap_of(log.append, records.MARK, 0, size)
        flush = heap_of(log.flush)
        print("record of", size, "append", append, "flush", flush, "opening", opening)
        assert append <= 600 and flush <= 64 and opening <= 3000


run(globals(), sys.argv[1])
