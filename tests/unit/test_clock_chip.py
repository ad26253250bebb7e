"""The clock chips' drivers against models of their registers, and the calendar under them."""

import importlib
import random
from datetime import datetime, timezone

import pytest

from cribtrace.device import records

clock_chip = importlib.import_module("cribtrace.firmware.crib.rtc.clock_chip")
DS3231 = importlib.import_module("cribtrace.firmware.crib.rtc.ds3231").DS3231
BM8563 = importlib.import_module("cribtrace.firmware.crib.rtc.bm8563").BM8563

# Maxim DS3231, figure 1: seconds, minutes, hours, day of the week, date, month/century, year from
# 00h; bit 7 of 0Fh says that the oscillator stopped. Set at first power.
DS3231_POWERED = {**dict.fromkeys(range(19), 0), 0x03: 1, 0x04: 1, 0x05: 1, 0x0E: 0x1C, 0x0F: 0x88}
# NXP PCF8563, 8.4: VL_seconds, minutes, hours, days, weekdays, century_months, years from 02h; VL
# is bit 7 of the seconds and set at first power. What the data sheet calls unused reads as 1 here.
BM8563_POWERED = {0: 0x08, 1: 0, 2: 0x80, 3: 0x80, 4: 0xC0, 5: 0xC1, 6: 0xF8, 7: 0x61, 8: 0}


class Chip:
    """An I2C bus with one chip of these registers on it."""

    def __init__(self, address, registers):
        self.address, self.registers = address, dict(registers)

    def readfrom_mem_into(self, address, register, buffer):
        self._select(address)
        for k in range(len(buffer)):
            buffer[k] = self.registers[register + k]

    def writeto_mem(self, address, register, content):
        self._select(address)
        for k, byte in enumerate(content):
            self.registers[register + k] = byte

    def _select(self, address):
        if address != self.address:
            raise OSError(19)


CHIPS = [(DS3231, 0x68, DS3231_POWERED), (BM8563, 0x51, BM8563_POWERED)]


@pytest.mark.parametrize(("driver", "address", "powered"), CHIPS)
def test_what_was_never_set_tells_no_time_and_what_was_set_does(driver, address, powered):
    chip = driver(Chip(address, powered))
    assert chip.read() is None
    for date in ((2026, 2, 28, 23, 59, 59), (2099, 12, 31, 0, 0, 0), (2028, 2, 29, 12, 34, 56)):
        chip.write(*date)
        assert chip.read() == date


def test_the_registers_are_the_data_sheets():
    bus = Chip(0x68, DS3231_POWERED)
    DS3231(bus).write(2026, 11, 21, 19, 48, 37)
    assert [bus.registers[k] for k in range(7)] == [0x37, 0x48, 0x19, 1, 0x21, 0x11, 0x26]
    assert bus.registers[0x0F] & 0x80 == 0
    bus = Chip(0x51, BM8563_POWERED)
    BM8563(bus).write(2026, 11, 21, 19, 48, 37)
    assert [bus.registers[k] for k in range(9)] == [
        0, 0, 0x37, 0x48, 0x19, 0x21, 0, 0x11, 0x26,
    ]  # fmt: skip


@pytest.mark.parametrize(("driver", "address", "powered"), CHIPS)
def test_bits_that_are_no_digits_do_not_count(driver, address, powered):
    bus = Chip(address, powered)
    chip = driver(bus)
    chip.write(2026, 11, 21, 19, 48, 37)
    weekday, month = (3, 5) if driver is DS3231 else (6, 7)
    bus.registers[weekday] |= 0xF8
    bus.registers[month] |= 0xE0
    assert chip.read() == (2026, 11, 21, 19, 48, 37)


@pytest.mark.parametrize(("driver", "address", "powered"), CHIPS)
def test_a_chip_that_is_not_there_is_an_error_of_the_bus(driver, address, powered):
    with pytest.raises(OSError):
        driver(Chip(0x20, powered)).read()


def test_the_calendar_is_pythons():
    rng = random.Random(1)
    edges = [0, 951_782_399, 951_782_400, 951_868_800, 4_107_542_399, 4_107_542_400, 2**32 - 1]
    for utc_s in edges + [rng.randrange(2**32) for _ in range(20_000)]:
        expected = datetime.fromtimestamp(utc_s, timezone.utc).timetuple()[:6]
        assert clock_chip.date(utc_s) == expected
        assert clock_chip.unix_s(*expected) == utc_s


class Board:
    """An app with a chip, as far as `clock_chip` looks at it."""

    def __init__(self, chip=None):
        self.chip, self.written, self.board, self.stopped = chip, [], self, False
        self.clock, self.recorder, self.sensing, self.boot, self.frame = self, self, self, 7, 1000
        self.now_ms = 61_000

    def make_clock_chip(self):
        if self.chip is None:
            raise OSError(19)
        return self.chip

    def uptime_ms(self):
        return self.now_ms

    def waiting(self):
        return 12

    def write(self, kind, *fields, frame):
        self.written.append((kind, fields, frame))


def test_a_chips_time_is_an_anchor_that_names_it():
    chip = DS3231(Chip(0x68, DS3231_POWERED))
    app = Board(chip)
    clock_chip.anchor(app)
    assert app.written == [], "never set"
    chip.write(2026, 11, 21, 19, 48, 37)
    clock_chip.anchor(app)
    utc_s = datetime(2026, 11, 21, 19, 48, 37, tzinfo=timezone.utc).timestamp()
    assert app.written == [(records.ANCHOR, (utc_s, 500, 61_000, 7, DS3231.WITHIN_MS, 1), 1012)]
    clock_chip.anchor(Board())  # an absent chip is no reason to stop
    clock_chip.follow(Board(), (0, 0, 0, 7, 5, 0))


def test_the_chip_follows_the_host_alone():
    chip = BM8563(Chip(0x51, BM8563_POWERED))
    app = Board(chip)
    utc_s = int(datetime(2026, 12, 31, 23, 59, 57, tzinfo=timezone.utc).timestamp())
    clock_chip.follow(app, (utc_s, 800, 59_000, 7, 5, 2))
    assert chip.read() is None, "a person's anchor is of another moment"
    clock_chip.follow(app, (utc_s, 800, 59_000, 7, 5, 0))
    assert chip.read() == (2027, 1, 1, 0, 0, 0), "2 s have passed since, 0.8 s are rounded"


def test_an_uptime_that_has_wrapped_neither_moves_the_chip_nor_spoils_its_anchor():
    chip = BM8563(Chip(0x51, BM8563_POWERED))
    app = Board(chip)
    app.now_ms += 1 << 32
    utc_s = int(datetime(2026, 11, 21, 19, 0, 0, tzinfo=timezone.utc).timestamp())
    clock_chip.follow(app, (utc_s, 0, 59_000, 7, 5, 0))
    assert chip.read() == (2026, 11, 21, 19, 0, 2)
    clock_chip.anchor(app)
    ((_, fields, _),) = app.written
    assert fields[2] == 61_000
