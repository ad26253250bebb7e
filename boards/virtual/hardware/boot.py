"""Connecting the simulated parts, and booting from the flash as an ESP32 does."""

import gc
import os
import sys

import vfs

from . import bus, clock, console, feed, fifo, lsm6dso, nor, parts, repl, reset, status


def power_on(facts):
    """Build the hardware that the facts describe and put it into `parts`."""
    cause = facts["cause"]
    powered = cause == "power_on"
    uart = console.Console(facts["baud"], lambda: reset.leave(reset.EXIT_POWER_CUT))
    retained = reset.Retained(open(facts["retained"], "r+b"), powered)
    queue = fifo.Fifo()
    samples = feed.Feed(
        queue,
        open(facts["recording"], "rb"),
        facts["frames"],
        facts["rate_uhz"],
        facts["ts_step"],
        facts["first_frame"] if powered else retained.position,
        status.recording_end,
    )
    if not powered:
        samples.resume()
    imu = lsm6dso.LSM6DSO(
        samples,
        queue,
        facts["base_odr"],
        facts["freq_fine"],
        facts["mlsb_per_g"],
        status.sensor_off,
    )
    ticks = clock.Clock(facts["permille"], uart, imu)
    uart.clock = imu.clock = ticks
    resets = reset.Reset(retained, samples)
    ticks.watchdog = reset.Watchdog(ticks, resets)
    parts.clock = ticks
    parts.imu = imu
    parts.i2c = bus.I2C(ticks, imu)
    parts.flash = nor.Nor(open(facts["flash"], "r+b"), ticks, facts["worst_every"])
    parts.console = uart
    parts.retained = retained
    parts.watchdog = ticks.watchdog
    parts.reset = resets
    parts.reset_cause = cause
    parts.facts = facts


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
    terminal = repl.Repl(parts.console, parts.clock)
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
    parts.clock.watchdog.park()
    parts.reset_cause = "soft"
