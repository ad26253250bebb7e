"""Finding the sensor, and making what works on its frames from then on."""

from .detector import Detector
from .sampler import Sampler


def sensor(board):
    """Its driver, with `rate_mhz`. Raises OSError where it does not answer."""
    imu = board.make_imu()
    imu.rate_mhz = imu.true_rate_mhz()
    return imu


def detector(app):
    """One with the settings in force, which goes on counting where the present one is."""
    imu = app.sensing.imu
    return Detector(
        app.settings, imu.rate_mhz, imu.mlsb_per_g, imu.STRIDE, imu.LOW_BYTE, imu.HIGH_BYTE,
        app.recorder.scratch, app.sensing.detector,
    )  # fmt: skip


def sampler(app):
    """What holds frames against the clock, but those that a host feeds in, when it likes."""
    imu = app.sensing.imu
    timed = hasattr(imu, "temperature")  # such a one has none
    return Sampler(imu, app.sensing.detector, app.board.ticks_ms if timed else None)


def renew(app):
    """From the next frame on a new detector works, with the settings in force by then."""
    app.sensing.detector = app.sensing.sampler.detector = detector(app)
