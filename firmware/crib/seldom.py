"""Modules that are needed at a start, or when somebody asks, do not stay in the heap.

Whoever needs one imports it inside a function, and keeps nothing of it: no object of its classes.
"""

import sys

_MODULES = (
    "request_line", "segments", "segment_header", "verbs", "identity", "ends", "finding", "resume",
    "settings", "in_force", "status", "room", "floor", "wipe", "selftest", "buscheck", "inject",
    "frames", "imu.push", "imu.strangers", "imu.bmi270_load", "imu.bmi270_push",
    "imu.mpu6050_start", "imu.mpu6050_push", "rtc.clock_chip", "rtc.ds3231",
    "rtc.bm8563",
)  # fmt: skip


def forget(*running):
    """Let go of them, but for those that run: the next import compiles them again, in some 50 ms.

    Emptied, since a stale pointer to one function, somewhere on the stack, would keep the module.
    """
    for name in _MODULES:
        package, _, own = ("crib." + name).rpartition(".")
        module = name not in running and sys.modules.pop("crib." + name, None)
        if module:
            if package in sys.modules:
                delattr(sys.modules[package], own)
            module.__dict__.clear()
