"""Two hours of a full log on littlefs; the power fails in every operation on the flash. By name.

The run goes on: at each operation a copy of the flash is what a cut there would have left, and
the copy is powered on, checked and written on. A file may hold more than was committed, as long
as it is what the journal wrote; nothing else, and never less.
"""

import os
import random
import sys

import vfs
from crib import framing, journal, records, room, segment_header, shelf
from failing_flash import BLOCK, Flash, Power
from virtual_rig import run

BLOCKS = 48  # the log of two hours does not fit beside what stands in it before
RUN, CUT = "/run", "/cut"
CLEAN, HALF, RANDOM = 0, 1, 2  # the operation was not begun; ends halfway; some of its bits came
MODES = (CLEAN, HALF, RANDOM)
SYMBOLS = bytes(range(1, 256))


class Promises:
    """What the journal was told to keep: bytes written and bytes committed of each file."""

    def __init__(self):
        self.written = {}
        self.committed = {}
        self.removed = []
        self.acked = 0

    def open(self, path, mode="r"):
        if mode != "wb":
            return open(path, mode)
        return Watched(self, path, open(path, mode))

    def remove(self, path):
        self.removed.append(path.split("/")[-1])
        os.remove(path)


class Watched:
    """A file of the journal."""

    def __init__(self, promises, path, file):
        self._promises = promises
        self._name = path.split("/")[-1]
        self._file = file
        promises.written[self._name] = b""
        promises.committed[self._name] = 0

    def write(self, piece):
        self._promises.written[self._name] += bytes(piece)
        self._file.write(piece)

    def flush(self):
        self._file.flush()
        self._keep()

    def close(self):
        self._file.close()
        self._keep()

    def _keep(self):
        self._promises.committed[self._name] = len(self._promises.written[self._name])


class Os:
    """`os` for making room; what that removes is known before it is gone."""

    listdir, mkdir, stat, statvfs = os.listdir, os.mkdir, os.stat, os.statvfs

    def __init__(self, promises):
        self.remove = promises.remove


class Cutting(Power):
    """The flash of the run: before every `every`-th operation it asks what a cut would leave."""

    def __init__(self, flash, every, modes, check):
        super().__init__(flash)
        self._every, self._modes, self._check = every, modes, check
        self.cuts = 0

    def _looked_at(self, block, torn):
        flash = self._flash
        flash.operations += 1
        if not self._check or flash.operations % self._every:
            return
        for mode in self._modes:
            left = Flash(0)
            left.blocks = [bytearray(cells) for cells in flash.blocks]
            if mode != CLEAN:
                torn(left.blocks[block], mode)
            self.cuts += 1
            self._check(left)

    def writeblocks(self, block, buf, offset=0):
        def torn(cells, mode):
            for k in range(len(buf) if mode == RANDOM else len(buf) // 2):
                bits = random.getrandbits(8) if mode == RANDOM else 0
                cells[offset + k] &= buf[k] | bits

        self._looked_at(block, torn)
        self._flash.operations -= 1  # it counts them too
        super().writeblocks(block, buf, offset)

    def ioctl(self, op, arg):
        def torn(cells, mode):
            for k in range(BLOCK if mode == RANDOM else BLOCK // 2):
                cells[k] |= random.getrandbits(8) if mode == RANDOM else 0xFF

        if op == 6:
            self._looked_at(arg, torn)
            self._flash.operations -= 1
        return super().ioctl(op, arg)


def boot_facts(boot):
    rate = 104000, 16393443
    return (b"12345678", boot) + rate + (0, 1, 3, 4, 2, b"LSM6DSO", b"ram", b"0")


def put(log, kind, size):
    """A record that tells its stream's number, so that a reused one cannot pass for a kept one."""
    stream = log.waveforms if kind == records.SNIPPET else log.facts
    text = b"%d " % stream.next_seq
    text += SYMBOLS[: size % 255] * 1 + SYMBOLS[:250] * (size // 250)
    end = records.HEAD_BYTES + len(text)
    log.body[records.HEAD_BYTES : end] = text
    log.append(kind, 0, end)


def check(promises, left):
    """Power the copy on: all that was committed is there, nothing else is, and it goes on."""
    power = Power(left)
    vfs.mount(vfs.VfsLfs2(power), CUT)
    try:
        compare(promises, CUT + "/log")
        log = journal.Journal(CUT + "/log")
        facts, waves = newest(promises, 0), newest(promises, 1)
        assert log.facts.next_seq > facts and log.waveforms.next_seq > waves, (
            "a number comes again"
        )
        assert log.shelf.acked() >= promises.acked
        log.begin(boot_facts(log.last_boot + 1))
        seqs = log.facts.next_seq, log.waveforms.next_seq
        put(log, records.BOOT, 5)
        put(log, records.SNIPPET, 600)
        put(log, records.EPOCH, 60)
        log.close()
        assert log.lost == 0
        names = log.shelf.names()[-2:]
        found = [sequence(CUT + "/log/" + name) for name in names]
        assert found == [[seqs[0], seqs[0] + 1], [seqs[1]]], (found, seqs)
    finally:
        power.off()
        vfs.umount(CUT)


def compare(promises, folder):
    there = os.listdir(folder)
    for name, written in promises.written.items():
        committed = promises.committed[name]
        if name not in there:
            assert not committed or name in promises.removed, "%s is lost" % name
            continue
        with open(folder + "/" + name, "rb") as f:
            content = f.read()
        assert len(content) >= committed, "%s: committed records are lost" % name
        assert content == written[: len(content)], "%s: false records" % name
    for name in there:
        assert name in promises.written or name == "acked", name


def newest(promises, stream):
    """The last committed number of a stream among the segments that were never given up."""
    last = -1
    for name, written in promises.written.items():
        if shelf.stream_of(name) == stream:
            for piece in written[segment_header.BYTES : promises.committed[name]].split(b"\0")[
                -2:
            ]:
                body = framing.decode(piece)
                if body:
                    last = max(last, int.from_bytes(body[2:6], "little"))
    return last


def sequence(path):
    with open(path, "rb") as f:
        pieces = f.read()[segment_header.BYTES :].split(b"\0")[:-1]
    return [int.from_bytes(framing.decode(piece)[2:6], "little") for piece in pieces]


def lived(log, promises, minutes, rng):
    """What the app does in so many minutes: 40 events an hour, a pull after every 50 minutes."""
    for half in range(2 * minutes):
        if rng() % 3 == 0:
            put(log, records.EVENT, 62)
            put(log, records.SNIPPET, 550 + rng() % 400)
        put(log, records.EPOCH, 61)
        if log.facts.events:
            log.flush(log.facts)
        if half % 10 == 9:
            put(log, records.RECORDER, 64)
            log.flush()
        if half % 100 == 99:
            log.close()
            number = log.shelf.closed_segments()[-1]
            log.shelf.ack(number)
            promises.acked = number


def two_hours(every, modes, checked=True):
    """A full log, then two hours in three boots. Returns (operations, cuts)."""
    flash = Flash(BLOCKS)
    vfs.VfsLfs2.mkfs(Power(flash))
    flash.operations = 0
    promises = Promises()
    journal.open = promises.open
    room.os = Os(promises)
    device = Cutting(flash, every, modes, None)
    vfs.mount(vfs.VfsLfs2(device), RUN)
    random.seed(4)
    log = started(1)
    for _ in range(60):
        put(log, records.EVENT, 500)
        put(log, records.SNIPPET, 500)
    log.close()
    log.shelf.ack(1)  # the first facts may go
    promises.acked = 1
    before = flash.operations
    if checked:
        # What the copies write must not pass for promises.
        device._check = lambda left: apart(promises, left)
    state = [7]

    def rng():
        state[0] = state[0] * 1103515245 + 12345 & 0x3FFFFFFF
        return state[0] >> 8

    for boot, minutes in ((2, 20), (3, 70), (4, 30)):
        log = started(boot)
        put(log, records.BOOT, 5)
        lived(log, promises, minutes, rng)
        log.close()
        assert log.lost == 0
    device._check = None
    assert len(promises.removed) > 4, "it wraps around"
    assert {shelf.stream_of(name) for name in promises.removed} == {0, 1}
    compare(promises, RUN + "/log")
    device.off()
    vfs.umount(RUN)
    return flash.operations - before, device.cuts


def started(boot):
    log = journal.Journal(RUN + "/log")
    assert log.last_boot == boot - 1
    log.begin(boot_facts(boot))
    return log


def apart(promises, left):
    journal.open = open
    room.os = os
    try:
        check(promises, left)
    finally:
        journal.open = promises.open
        room.os = Os(promises)


def test_the_power_fails_in_two_hours():
    every = int(sys.argv[2])
    modes = MODES if every == 1 else (MODES[every % 3],)
    operations, cuts = two_hours(every, modes)
    print("operations", operations, "modes", len(modes), "cuts", cuts)
    assert operations > 3000 and cuts > len(modes) * (operations // every) * 0.98


def test_a_lost_byte_would_be_noticed():
    """A promise that nobody keeps: one more byte than was committed."""
    keep = Watched._keep

    def boast(self):
        keep(self)
        self._promises.committed[self._name] += 1
        self._promises.written[self._name] += b"x"

    Watched._keep = boast
    try:
        two_hours(100, (CLEAN,))
    except AssertionError as error:
        assert "lost" in error.args[0]
        return
    finally:
        Watched._keep = keep
    raise AssertionError("a lost byte went unnoticed")


run(globals(), sys.argv[1])
