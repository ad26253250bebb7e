"""NOR flash: bits only clear, erasing is slow, littlefs lives on it. Run by name."""

import os
import sys

import vfs
from hardware import costs
from hardware.flash_faults import FaultyFlash
from hardware.nor import BLOCK_BYTES, BLOCKS, Nor
from virtual_rig import run


class Spent:
    us = 0

    def charge(self, us):
        self.us += us

    def now_ms(self):
        return self.us // 1000


class Cut(Exception):
    pass


def gone():
    raise Cut


def image(fill=b"\xff", mode="r+b"):
    with open("flash.bin", "wb") as f:
        for _ in range(BLOCKS):
            f.write(fill * BLOCK_BYTES)
    return open("flash.bin", mode)


def read(flash, block, n, offset=0):
    buf = bytearray(n)
    flash.readblocks(block, buf, offset)
    return buf


def test_geometry():
    flash = Nor(image(), Spent())
    assert flash.ioctl(4, 0) == 512 and flash.ioctl(5, 0) == 4096
    assert BLOCKS * BLOCK_BYTES == os.stat("flash.bin")[6] == 2 * 1024 * 1024


def test_programming_only_clears_bits():
    flash = Nor(image(), Spent())
    flash.writeblocks(3, b"\xf0\x0f\xaa", 100)
    assert read(flash, 3, 5, 99) == b"\xff\xf0\x0f\xaa\xff"
    flash.writeblocks(3, b"\x3c\xff\x55", 100)
    assert read(flash, 3, 5, 99) == b"\xff\x30\x0f\x00\xff"


def test_erasing_sets_one_whole_block_and_no_other():
    flash = Nor(image(b"\x00"), Spent())
    assert flash.ioctl(6, 7) == 0 and flash.erases == 1
    assert read(flash, 7, BLOCK_BYTES) == b"\xff" * BLOCK_BYTES
    assert read(flash, 6, 8, BLOCK_BYTES - 8) == bytes(8) and read(flash, 8, 8) == bytes(8)


def test_a_write_across_pages_arrives_whole():
    flash = Nor(image(), Spent())
    text = bytes(range(256)) * 3
    flash.writeblocks(1, text, 200)
    assert read(flash, 1, len(text) + 2, 199) == b"\xff" + text + b"\xff"


def test_a_write_without_an_offset_erases_first():
    flash = Nor(image(b"\x00"), Spent())
    flash.writeblocks(2, b"\x5a" * BLOCK_BYTES)
    assert read(flash, 2, BLOCK_BYTES) == b"\x5a" * BLOCK_BYTES and flash.erases == 1


def test_every_operation_is_charged():
    spent = Spent()
    flash = Nor(image(), spent, worst_every=4)
    for k in range(8):
        before = spent.us
        flash.ioctl(6, k)
        expected = costs.ERASE_WORST_US if k % 4 == 3 else costs.ERASE_US
        assert spent.us - before == expected, k
    before = spent.us
    flash.writeblocks(0, bytes(256), 0)
    assert spent.us - before == 30 + 640
    before = spent.us
    flash.readblocks(0, bytearray(100), 0)
    assert spent.us - before == 20


def test_a_power_cut_leaves_half_of_an_erase_or_of_a_write():
    for count, found in ((1, b"\xff" * 2048 + bytes(2048)), (2, b"\x0f" * 50 + b"\xff" * 4046)):
        spent = Spent()
        flash = Nor(image(b"\x00"), spent)
        orders = [{"kind": "cut", "at_ms": 1, "count": count}]
        faulty = FaultyFlash(flash, spent, orders, gone)
        faulty.ioctl(6, 9)
        assert read(flash, 9, BLOCK_BYTES) == b"\xff" * BLOCK_BYTES, "it is not time yet"
        try:
            faulty.ioctl(6, 8)
            faulty.writeblocks(8, b"\x0f" * 100, 0)
        except Cut:
            assert read(flash, 8, BLOCK_BYTES) == found, count
        else:
            raise AssertionError(count)


def test_nothing_is_buffered():
    flash = Nor(image(), Spent())
    flash.writeblocks(0, b"now", 0)
    with open("flash.bin", "rb") as other:
        assert other.read(3) == b"now"


def test_littlefs_keeps_its_files():
    for fresh in (True, False):
        if fresh:
            vfs.VfsLfs2.mkfs(Nor(image(), Spent()))
        flash = Nor(open("flash.bin", "r+b"), Spent())
        vfs.mount(vfs.VfsLfs2(flash), "/flash")
        if fresh:
            for k in range(40):
                with open("/flash/f%d" % k, "wb") as f:
                    f.write(bytes([k]) * 5000)
            assert flash.erases > 40
        else:
            for k in range(40):
                with open("/flash/f%d" % k, "rb") as f:
                    assert f.read() == bytes([k]) * 5000
        vfs.umount("/flash")


run(globals(), sys.argv[1])
