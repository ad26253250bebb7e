"""Kept files on littlefs over flash that loses its power. Run by name."""

import gc
import os
import sys

import vfs
from crib import in_force, kept, settings
from failing_flash import Flash, Power, PowerCut
from virtual_rig import run

BLOCKS = 32
PATH = "/flash/settings"
OLD = {"hold_ms": 400, "schema": settings.SCHEMA_VERSION}
NEW = {"hold_ms": 300, "limb_ms": 2500, "schema": settings.SCHEMA_VERSION}


def mounted(flash):
    """Power on: the device, to be switched off."""
    power = Power(flash)
    vfs.mount(vfs.VfsLfs2(power), "/flash")
    return power


def off(power):
    power.off()
    vfs.umount("/flash")
    gc.collect()


def flashed(before):
    """A filesystem with a log in it, and the old file if there is one."""
    flash = Flash(BLOCKS)
    vfs.VfsLfs2.mkfs(Power(flash))
    power = mounted(flash)
    os.mkdir("/flash/log")
    with open("/flash/log/1", "wb") as f:
        f.write(bytes(5000))
    if before:
        kept.store(PATH, before)
    off(power)
    flash.operations = 0
    return flash


def stored(flash, cut_after):
    """Store the new file while the power may fail: whether it did, and what there is then."""
    flash.cut_after = cut_after
    cut = False
    power = None
    try:
        power = mounted(flash)
        kept.store(PATH, NEW)
    except PowerCut:
        cut = True
    off(power)
    flash.cut_after = 0
    power = mounted(flash)
    found = kept.load(PATH)
    kept.store(PATH, found)  # what a cut leaves behind is in nobody's way
    assert kept.load(PATH) == found
    assert sorted(os.listdir("/flash")) == ["log", "settings"]
    off(power)
    return cut, found


def every_cut(before):
    whole = flashed(before)
    assert stored(whole, 0) == (False, NEW)
    found = []
    cut_after = 1
    while True:
        cut, left = stored(flashed(before), cut_after)
        if not cut:
            break
        assert left in (before, NEW), left
        found.append(left == NEW)
        cut_after += 1
    assert found == sorted(found), "once it is the new one it stays that"
    print("operations", len(found), "of which it was stored in", sum(found))
    return found


def test_a_power_cut_leaves_the_old_file_or_the_new():
    assert len(every_cut(OLD)) >= 3  # the name, its content, the rename


def test_a_power_cut_leaves_no_file_or_the_first():
    assert len(every_cut({})) >= 3  # the name, its content, the rename


def test_a_cut_would_be_noticed():
    """Written in place, with a commit between two lines, a cut leaves half of a file."""

    def in_place(path, values):
        lines = ["%s=%d\n" % pair for pair in values.items()]
        with open(path, "wb") as f:
            for line in lines:
                f.write(line.encode())
                f.flush()

    sound = kept.store
    kept.store = in_place
    try:
        every_cut(OLD)
    except (ValueError, AssertionError):
        return
    finally:
        kept.store = sound
    raise AssertionError("half of a file went unnoticed")


class Begun:
    pass


def begun(path):
    app = Begun()
    in_force.begin(app, path)
    return app


def test_settings_fall_back_by_name_where_the_flash_fails():
    flash = flashed(OLD)
    power = mounted(flash)
    found = begun(PATH)
    assert found.settings["hold_ms"] == 400 and found.config_fault == ""
    with open(PATH, "r+b") as f:
        f.write(b"hold_ms=4\n")
    found = begun(PATH)
    assert found.settings == settings.DEFAULTS and found.config_fault == "damaged"
    off(power)


def test_what_the_flash_does_not_take_is_not_in_force():
    power = mounted(flashed(OLD))
    found = begun("/flash/nowhere/settings")
    old, crc = found.settings, found.config_crc
    try:
        in_force.keep(found, settings.check({"limb_ms": 2500}, old))
    except OSError:
        assert found.settings == old and found.config_crc == crc
        off(power)
        return
    raise AssertionError("it was kept nowhere")


run(globals(), sys.argv[1])
