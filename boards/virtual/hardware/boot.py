"""Booting from the flash, and booting again, as an ESP32 does."""

import gc
import os
import sys

import vfs

from . import parts, repl


def mount(device):
    """Mount the flash at /, formatting it if it is blank. False if it holds something else."""
    vfs.umount("/")
    try:
        filesystem = vfs.VfsLfs2(device)
    except OSError:
        head = bytearray(64)
        device.readblocks(0, head)
        if head != b"\xff" * len(head):
            return False
        vfs.VfsLfs2.mkfs(device)
        filesystem = vfs.VfsLfs2(device)
    vfs.mount(filesystem, "/")
    os.chdir("/")
    return True


def run():
    """Boot, and boot again after each soft reset, for ever."""
    # What `import machine` gives here: enough for `mpremote reset`.
    sys.modules["machine"] = parts.reset  # pyright: ignore[reportArgumentType]
    terminal = repl.Repl(parts.console, parts.clock, parts.facts["sensor_name"])
    sys.path[:] = ["", "/lib"]
    silicon = set(sys.modules)
    mounted = mount(parts.flash)
    while True:
        terminal.forget()
        if not mounted:
            terminal.write(b"The filesystem appears to be corrupted.\r\n")
        terminal.run_file("boot.py")
        if not terminal.raw:
            terminal.run_file("main.py")
        terminal.run()
        _soft_reset(terminal, silicon)
        terminal.write(b"MPY: soft reboot\r\n")
        mounted = mount(parts.flash)


def _soft_reset(terminal, silicon):
    """Drop what the program made: names, modules, open files."""
    terminal.forget()
    for name in list(sys.modules):
        if name not in silicon:
            del sys.modules[name]
    gc.collect()
    parts.reset_cause = "soft"
