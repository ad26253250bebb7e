"""The settings in force, as integers, and what the detector's kernel makes of them."""

import binascii
from array import array

from micropython import const

ODR = const(104)  # Hz, nominal; the chip's nearest
BURST = const(64)  # most frames in one FIFO read: 448 bytes are 40 ms on a 100 kHz bus
WATERMARK = const(64)  # frames that are worth a read
EPOCH_SECONDS = const(30)
HEARTBEAT_SECONDS = const(60)

# Name: (value, what it is). In micro-g, milliseconds and eighths, so that no float is needed.
SETTINGS = {
    "floor_min_ug": 150,  # a third of the LSM6DSO's noise in the band: never trust less
    "low_gain_8": 24,  # an event lasts while the magnitude is at 3 times the floor ...
    "high_gain_8": 36,  # ... and counts if it reached 4.5 times (7.5 sigma of one axis)
    "hold_ms": 500,  # stillness that ends an event (WASM 2016: gaps < 0.5 s join)
    "longest_ms": 30000,  # then it is cut; with a flush each 30 s, 60 s are ever uncommitted
    "warm_up_ms": 10000,
    "settle_ms": 1000,  # after a gap
    "twitch_ms": 500,  # up to this long at 30 % of the peak: twitch
    "limb_ms": 3000,  # up to this long: limb_move; longer: gross
    "pre_ms": 500,  # raw frames kept from before the onset
}

# Up to this rate in mHz: high-pass, low-pass and envelope shifts, floor step. Corners: 1 Hz, and
# 18 to 20 Hz; docs/DETECTOR.md has the responses.
_SLOWEST_MHZ = const(40000)
_SHIFTS = (
    (75000, (3, 1, 2, 2, 11)),
    (150000, (4, 1, 3, 3, 12)),
    (300000, (5, 2, 3, 4, 13)),
)


def frames(ms, rate_mhz):
    """How many frames `ms` milliseconds last, rounded."""
    return (ms * (rate_mhz // 1000) + ms * (rate_mhz % 1000) // 1000 + 500) // 1000


def crc(settings):
    """CRC-32 of the settings, in the order of their names: equal settings, equal number."""
    text = ";".join(["%s=%d" % (name, settings[name]) for name in sorted(settings)])
    return binascii.crc32(text.encode())


def kernel_words(settings, rate_mhz, mlsb_per_g, stride, low_byte, high_byte):
    """The kernel's `cfg` words (see `kernels`) as an array('I').

    Raises ValueError for a rate the filters are not made for.
    """
    if rate_mhz < _SLOWEST_MHZ:
        raise ValueError("rate below 40 Hz")
    fitting = [shifts for limit, shifts in _SHIFTS if rate_mhz <= limit]
    if not fitting:
        raise ValueError("rate above 300 Hz")
    shifts = fitting[0]
    lsb_per_g = mlsb_per_g // 1000
    return array(
        "I",
        [stride, low_byte, high_byte]
        + list(shifts[:4])
        + [
            settings["floor_min_ug"] * 16 * lsb_per_g // 1000000,
            shifts[4],
            settings["low_gain_8"],
            settings["high_gain_8"],
            frames(settings["hold_ms"], rate_mhz),
            frames(settings["longest_ms"], rate_mhz),
            frames(1000, rate_mhz),
            frames(settings["warm_up_ms"], rate_mhz),
        ],
    )
