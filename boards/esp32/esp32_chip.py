"""What all boards with an ESP32, ESP32-S3 or ESP32-C3 share, under stock MicroPython.

`deploy` copies it beside the board.py that imports it.
"""

import gc
import select
import sys
import time

import machine
from micropython import const

_I2C_TIMEOUT_US = const(200_000)  # newer ESP-IDFs count a whole transfer: 449 bytes take 41 ms
_WATCHDOG_MS = const(30_000)
_PARKED_MS = const(600_000)
_BLINK_MS = const(100)
_CAUSES = {machine.PWRON_RESET: "power_on", machine.SOFT_RESET: "soft",
           machine.WDT_RESET: "watchdog", machine.HARD_RESET: "hard"}  # fmt: skip


class _Console:
    # 0x03 needs no care here: the line's interrupt makes a KeyboardInterrupt of it.
    def read(self, buf):
        n = 0
        while n < len(buf) and _input.poll(0):
            buf[n] = sys.stdin.buffer.read(1)[0]  # asked for more, it waits until all have come
            n += 1
        return n

    def write(self, buf):
        n = sys.stdout.buffer.write(buf)
        while n and n < len(buf):  # a line that takes nothing loses the rest
            buf = memoryview(buf)[n:]
            n = sys.stdout.buffer.write(buf)


class _Watchdog:
    _wdt = None
    park_ms = _PARKED_MS

    def feed(self):
        if not self._wdt:
            self._wdt = machine.WDT(timeout=_WATCHDOG_MS)
        self._wdt.feed()

    def park(self):
        # A WDT cannot be stopped, but the next one replaces it (unconfirmed on hardware).
        self._wdt = None
        machine.WDT(timeout=self.park_ms).feed()


def watchdog():
    """What resets the board unless feed() is called every 30 s; after park() in `park_ms`."""
    return _watchdog


def presses(gpio):
    """A function that tells whether the button at this GPIO, to ground, was pressed meanwhile."""
    pin = machine.Pin(gpio, machine.Pin.IN, machine.Pin.PULL_UP)
    seen = bytearray(1)

    def pressed(_):
        seen[0] = 1

    def button():
        was, seen[0] = seen[0], 0
        return bool(was)

    pin.irq(pressed, machine.Pin.IRQ_FALLING)
    return button


def light(gpio, on):
    """A function that blinks the light at this GPIO once; it is lit at the level `on`."""
    pin = machine.Pin(gpio, machine.Pin.OUT, value=1 - on)

    def blink():
        pin(on)
        time.sleep_ms(_BLINK_MS)
        pin(1 - on)

    return blink


def i2c(sda, scl, freq):
    """The I2C bus on these GPIOs, at `freq` Hz."""
    return machine.I2C(
        0, sda=machine.Pin(sda), scl=machine.Pin(scl), freq=freq, timeout=_I2C_TIMEOUT_US
    )


def reset_cause():
    """Why the board started: power_on (a brown-out too), soft, watchdog, hard or unknown."""
    return _CAUSES.get(machine.reset_cause(), "unknown")


_input = select.poll()
_input.register(sys.stdin, select.POLLIN)
console = _Console()
_watchdog = _Watchdog()
ticks_us = time.ticks_us
ticks_ms = host_ms = time.ticks_ms
ticks_diff = time.ticks_diff
idle = awake = _input.poll
light_sleep = machine.lightsleep
retained_read = retained_write = machine.RTC().memory
collect = gc.collect
reset = machine.reset
