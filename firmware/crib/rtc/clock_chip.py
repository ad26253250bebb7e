"""A board's clock chip, where it has one: anchors from it, and the host's time into it."""

from micropython import const

from .. import records

SOURCE = const(1)  # of an anchor: this chip
_DAY_S = const(86400)
_TO_1970 = const(719468)  # days from 0000-03-01 to 1970-01-01
_ERA_DAYS = const(146097)  # of 400 years


def number(byte):
    """Two decimal digits, a half byte each, as a number."""
    return (byte >> 4) * 10 + (byte & 15)


def bcd(value):
    """A number below 100 as two decimal digits, a half byte each."""
    return value // 10 << 4 | value % 10


def unix_s(year, month, day, hour, minute, second):
    """Seconds since 1970-01-01 of a Gregorian date and time in UTC.

    Years are counted from March, so that a leap day is a year's last.
    """
    months = (month + 9) % 12
    year -= months > 9
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * months + 2) // 5 + day - 1
    return ((days - _TO_1970) * 24 + hour) * 3600 + minute * 60 + second


def date(utc_s):
    """(year, month, day, hour, minute, second) UTC: undoes `unix_s`."""
    days, rest_s = utc_s // _DAY_S + _TO_1970, utc_s % _DAY_S
    era, day = days // _ERA_DAYS, days % _ERA_DAYS
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    months = (5 * day + 2) // 153
    month = (months + 2) % 12 + 1
    day -= (153 * months + 2) // 5 - 1
    year += 400 * era + (months > 9)
    return year, month, day, rest_s // 3600, rest_s // 60 % 60, rest_s % 60


def anchor(app):
    """Record what the chip shows now, while sampling; nothing where it is absent or never set."""
    if app.sensing.stopped:
        return
    try:
        chip = app.board.make_clock_chip()
        shown = chip.read()
    except OSError:
        return
    if shown:
        # It shows whole seconds: on average half of one more has passed.
        uptime_ms = app.clock.uptime_ms() & records.UNKNOWN
        fields = unix_s(*shown), 500, uptime_ms, app.boot, chip.WITHIN_MS, SOURCE
        app.recorder.write(records.ANCHOR, *fields, frame=app.frame + app.sensing.waiting())


def follow(app, given):
    """Set the chip by an anchor, whose fields are those of records.LAYOUTS, if the host is it."""
    utc_s, utc_ms, uptime_ms = given[:3]
    if given[-1]:
        return
    since_ms = app.clock.uptime_ms() - uptime_ms & records.UNKNOWN  # it was told modulo 2^32
    utc_s += (since_ms + utc_ms + 500) // 1000
    try:
        app.board.make_clock_chip().write(*date(utc_s))
    except OSError:
        pass
