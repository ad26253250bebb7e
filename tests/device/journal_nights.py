"""Nights of 400 events on a partition of 2 MiB, and nobody pulls.

usage: journal_nights.py NAME [FIRMWARE]: a folder with what a board's flash holds beside the log
"""

import os
import struct
import sys

import vfs
from crib import journal, records, room, shelf
from failing_flash import Flash, Power
from virtual_rig import run

EVENTS, EPOCHS, RECORDERS = 400, 1200, 60
EPOCH_REST = 20  # bytes; tests/unit/test_bench_flash.py measures less in the demo night
WAVE_BYTES = 900
TEXT = bytes(range(1, 251)) * 4


def put(log, kind, size):
    end = records.HEAD_BYTES + size
    log.body[records.HEAD_BYTES : end] = TEXT[:size]
    log.append(kind, 0, end)


def fixed(kind):
    return struct.calcsize(records.LAYOUTS[kind])


def night(log, hours, events):
    epochs = hours * 120
    for k in range(epochs):
        if k * events // epochs != (k + 1) * events // epochs:
            put(log, records.EVENT, fixed(records.EVENT))
            put(log, records.SNIPPET, WAVE_BYTES)
        put(log, records.EPOCH, fixed(records.EPOCH) + EPOCH_REST)
        if k % 20 == 0:
            put(log, records.RECORDER, fixed(records.RECORDER))


def copied(source, to):
    """A folder as it goes to a board: each file takes whole blocks there, but for the smallest."""
    for name, kind, *_ in os.ilistdir(source):
        if kind == 0x4000:
            os.mkdir(to + "/" + name)
            copied(source + "/" + name, to + "/" + name)
        else:
            with open(source + "/" + name, "rb") as f, open(to + "/" + name, "wb") as g:
                g.write(f.read())


def filled(nights, hours, events, firmware=None):
    """Returns (facts made, facts there, waveforms there, bytes of facts a night)."""
    power = Power(Flash(512))
    vfs.VfsLfs2.mkfs(power)
    vfs.mount(vfs.VfsLfs2(power), "/flash")
    if firmware:
        copied(firmware, "/flash")
    took = made = 0
    for boot in range(1, nights + 1):
        log = journal.Journal("/flash/log")
        rate = 104000, 16393443
        log.begin((b"12345678", boot) + rate + (0, 1, 3, 4, 2, b"LSM6DSO", b"ram", b"0"))
        put(log, records.BOOT, 5)
        night(log, hours, events)
        log.close()
        took += log.fact_bytes
        made += log.written + log.lost
    there = [0, 0]
    for name in log.shelf.names():
        there[shelf.stream_of(name)] += room._records_in("/flash/log/" + name)
    found = made - log.waveforms.next_seq, there[0], there[1], took // nights
    vfs.umount("/flash")
    return found


def test_fourteen_nights():
    made, there, waves, each = filled(14, 10, EVENTS)
    print("facts of 14 nights", made, "there", there, "bytes a night", each, "waveforms", waves)
    assert made == there == 14 * (1 + EPOCHS + EVENTS + RECORDERS)


def test_fourteen_nights_beside_the_firmware():
    made, there, waves, each = filled(14, 10, EVENTS, sys.argv[2])
    print("facts of 14 nights", made, "there", there, "bytes a night", each, "waveforms", waves)
    assert made == there


def test_a_week_round_the_clock():
    made, there, waves, each = filled(7, 24, EVENTS)
    print("facts of 7 days", made, "there", there, "bytes a day", each, "waveforms", waves)
    assert made == there


def test_too_many_nights_would_be_noticed():
    made, there, _, _ = filled(18, 10, EVENTS)
    assert there < made


run(globals(), sys.argv[1])
