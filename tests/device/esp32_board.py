"""The board.py of a folder under boards/, with a `machine` that only notes what it is asked for.

usage: esp32_board.py FOLDER SDA SCL ADDRESS, with bytes on stdin. Prints "ready", then what
console.write sends. With esp32_chip.py on the path.
"""

import sys
import time

calls = []
driven = []


class WDT:
    def __init__(self, timeout):
        calls.append(timeout)

    def feed(self):
        calls.append("fed")


class I2C:
    def __init__(self, number, *, sda, scl, freq, timeout):
        calls.append((sda.number, scl.number, freq))
        assert timeout >= (64 * 7 + 1 + 3) * (9 * 1_000_000 // freq + 35), "microseconds"

    def readfrom_mem_into(self, address, register, buf):
        calls.append(address)
        raise OSError(19)

    def writeto_mem(self, address, register, buf):
        calls.append(address)
        raise OSError(19)


class RTC:
    kept = b""

    def memory(self, buf=None):
        if buf is not None:
            RTC.kept = buf
        return RTC.kept


class Gpio:
    """A pin: what was written to it, and what is called when it falls."""

    def __init__(self, number):
        self.number = number
        self.levels = []
        self.falls = None

    def __call__(self, level):
        self.levels.append(level)

    def irq(self, handler, trigger):
        assert trigger == Pins.IRQ_FALLING
        self.falls = handler


class Pins:
    IN, OUT, PULL_UP, IRQ_FALLING = 1, 3, 2, 2
    made = {}

    def __call__(self, number, mode=None, pull=None, value=None):
        if mode == Pins.OUT:
            driven.append((number, mode, value))
        if mode == Pins.IN:
            assert pull == Pins.PULL_UP
        return Pins.made.setdefault(number, Gpio(number))


class Machine:
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
    WDT, I2C, RTC, Pin = WDT, I2C, RTC, Pins()
    cause = 0

    @staticmethod
    def reset_cause():
        return Machine.cause

    @staticmethod
    def lightsleep(ms):
        raise AssertionError("it is off where nobody asked for it")

    @staticmethod
    def reset():
        calls.append("reset")


def resets(board):
    for Machine.cause in range(6):
        yield board.reset_cause()


def press_and_blink(board):
    """Each press is told once; a blink leaves the light dark."""
    if hasattr(board, "button"):
        assert not board.button()
        (pin,) = [pin for pin in Pins.made.values() if pin.falls]
        pin.falls(pin)
        pin.falls(pin)
        assert board.button() and not board.button()
    if hasattr(board, "blink"):
        board.blink()
        (light,) = [pin for pin in Pins.made.values() if pin.levels]
        assert light.levels == [0, 1]


def main(folder, sda, scl, address):
    sys.modules["machine"] = Machine
    sys.path.insert(0, folder)
    import board

    try:
        board.make_imu()
        raise AssertionError("no OSError")
    except OSError:
        pass
    assert calls == [(int(sda), int(scl), 100_000), int(address)], calls
    high = {"m5stickc_plus2": [(4, 3, 1)], "xiao_esp32s3_lsm6dso": [(21, 3, 1)]}
    assert driven == high.get(board.NAME, []), driven
    press_and_blink(board)
    calls.clear()

    watchdog = board.watchdog()
    assert board.watchdog() is watchdog
    watchdog.park()
    assert calls == [600_000, "fed"], "who is left at the prompt is not left there"
    calls.clear()
    for _ in range(3):
        watchdog.feed()
    assert calls[0] >= 8000 and calls[1:] == ["fed"] * 3
    watchdog.park_ms = 86_400_000
    watchdog.park()
    assert calls[4:] == [86_400_000, "fed"]
    calls.clear()
    watchdog.feed()
    assert calls[0] == 30_000, "and it can be armed again"

    assert list(resets(board)) == ["unknown", "power_on", "hard", "watchdog", "unknown", "soft"]
    board.retained_write(b"kept")
    assert board.retained_read() == b"kept"
    assert board.ticks_diff(board.ticks_ms(), board.host_ms()) <= 0
    board.collect()

    print("ready")
    buf = bytearray(4)
    got = b""
    while len(got) < 10:
        board.idle(1000)
        n = board.console.read(buf)
        got += buf[:n]
    before = time.ticks_ms()
    assert board.console.read(buf) == 0
    assert time.ticks_diff(time.ticks_ms(), before) < 40, "reading does not wait"
    board.idle(60)
    assert 50 <= time.ticks_diff(time.ticks_ms(), before) < 1000, "idling does"
    board.console.write(got)
    board.console.write(memoryview(bytes(range(256)) * 5))


main(*sys.argv[1:])
