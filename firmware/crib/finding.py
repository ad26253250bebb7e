"""Finding the sensor, and what works on its frames from then on."""

from micropython import const

from .detector import Detector
from .sampler import Sampler

_REST_MS = const(500)  # below the 615 ms that a watermark of 64 frames takes at 104 Hz


def connect(app, sensing):
    """Look for the sensor. True where it answered and sampling has begun."""
    try:
        imu = app.board.make_imu()
        imu.rate_mhz = imu.true_rate_mhz()
    except OSError as error:
        sensing.fault = "no_sensor"
        sensing.why = error.args[1:]
        return False
    sensing.imu = imu
    sensing.rest_ms = getattr(imu, "REST_MS", _REST_MS)
    if not sensing.detector:
        app.describe(imu)
        sensing.detector = _detector(app, sensing)
    # What a host feeds in comes when it likes, and has no temperature.
    timed = hasattr(imu, "temperature")
    sensing.sampler = Sampler(imu, sensing.detector, app.board.ticks_ms if timed else None)
    sensing.fault = "none"
    return True


def _detector(app, sensing):
    imu = sensing.imu
    return Detector(
        app.settings, imu.rate_mhz, imu.mlsb_per_g,
        imu.STRIDE, imu.LOW_BYTE, imu.HIGH_BYTE, app.recorder.scratch, sensing.detector,
    )  # fmt: skip


def renew(app):
    """From the next frame on a new detector works, with the settings in force by then."""
    sensing = app.sensing
    sensing.detector = sensing.sampler.detector = _detector(app, sensing)
