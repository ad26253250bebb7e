"""What an MPU needs once or seldom: is it what it is taken for, its registers, rate and warmth."""

import errno

from micropython import const

from .strangers import check

_SMPLRT_DIV = const(0x19)
_CONFIG = const(0x1A)
_FILTER = const(0x03)  # 44 Hz; any but 0 and 7 makes the sample rate 1 kHz / (1 + divider)
_STOP_WHEN_FULL = const(0x40)
_ACCEL_CONFIG = const(0x1C)
_ACCEL_CONFIG2 = const(0x1D)  # of the MPU-6050 another register
_FIFO_EN = const(0x23)
_ACCEL = const(0x08)
_INT_ENABLE = const(0x38)
_FIFO_OFLOW = const(0x10)
_SIGNAL_PATH_RESET = const(0x68)
_PWR_MGMT_1 = const(0x6B)
_ASLEEP = const(0x40)
_PLL = const(0x01)  # on gyroscope x, which keeps to 1 %: the other oscillator does to 5 %
_PWR_MGMT_2 = const(0x6C)
_ONLY_X = const(0x03)  # of the gyroscope

_SMALL = ("MPU-6500", "MPU-9250", "MPU-9255")  # their FIFOs have 512 bytes, the others' 1024
_I2C_OFF = const(0x10)  # of their USER_CTRL: else they might take SPI's traffic for I2C's

_WAIT_US = const(100_000)  # after a reset (Linux inv_mpu6050)
_PATIENCE_US = const(5_000_000)  # for a FIFO to fill, which takes 3.4 s at 50 Hz


def start(bus, address, chip, odr, ticks_us):
    """Reset the chip and let it sample; its FIFO is still off.

    Returns the bytes of its FIFO, of a packet, what is always set in USER_CTRL, and what makes
    a temperature of LSB. Takes 0.3 s.
    Raises OSError where another chip answers, naming it.
    """
    small = chip in _SMALL
    if odr > 100 and small:
        raise ValueError("its FIFO outlasts the erasing of flash at 100 Hz only")
    check(bus, address, chip)
    one = bytearray(b"\x80")
    bus.writeto_mem(address, _PWR_MGMT_1, one)  # reset
    _pause(ticks_us)
    bus.readfrom_mem_into(address, _PWR_MGMT_1, one)
    old = chip == "MPU-6050"
    if old and one[0] != _ASLEEP:  # its successors do not sleep after a reset
        raise OSError(errno.ENODEV, "re-marked: it calls itself %s and is a later chip" % chip)
    for register, value in (
        (_SIGNAL_PATH_RESET, 0x07),
        (_PWR_MGMT_1, _PLL),
        (_PWR_MGMT_2, _ONLY_X),
        (_CONFIG, _FILTER if old else _FILTER | _STOP_WHEN_FULL),
        (_CONFIG if old else _ACCEL_CONFIG2, _FILTER),
        (_SMPLRT_DIV, 1000 // odr - 1),
        (_ACCEL_CONFIG, 0),
        (_INT_ENABLE, _FIFO_OFLOW),
        (_FIFO_EN, _ACCEL),
    ):
        one[0] = value
        bus.writeto_mem(address, register, one)
        if register == _SIGNAL_PATH_RESET:
            _pause(ticks_us)
    _pause(ticks_us)  # the accelerometer starts in 30 ms, the gyroscope in 70 (Linux inv_mpu6050)
    spi = _I2C_OFF if small and hasattr(bus, "SPI") else 0
    # What 0 LSB are in hundredths of a degree, and a degree: data sheets; MPU-6886: its driver.
    degrees = {"MPU-6050": (3653, 5, 17), "MPU-6886": (2500, 1000, 3268)}
    size, stride = 512 if small else 1024, 8 if chip == "MPU-6886" else 6
    return size, stride, spi, degrees.get(chip, (2100, 10000, 33387))


def _pause(ticks_us):
    began = ticks_us()
    while (ticks_us() - began) & 0x3FFFFFFF < _WAIT_US:
        pass


def rate_mhz(imu, frames, ticks_us):
    """The rate of an MPU6050 that was just made, by as many frames as fit; then its FIFO is empty.

    Raises OSError where no frames come.
    """
    arrivals = imu.arrivals
    began = ticks_us()
    for enough in (2, frames):
        # One look after the other: so it is known to a look when the last one came.
        while arrivals.frames < enough:
            imu.level()
            if arrivals.since(began) > _PATIENCE_US:
                raise OSError(errno.EIO, "no frames come at the sensor's rate")
        if enough == 2:
            arrivals.mark()
    middle = arrivals.shortest + arrivals.longest  # twice, in sixteenths of a microsecond
    imu.empty()
    return 32_000_000_000 // middle
