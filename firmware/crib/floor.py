"""The noise floor over restarts, and that of the empty crib: gains (see `kernels`) in `/floor`.

`gx gy gz` are the last ones, `ex ey ez` the empty crib's, where those were asked for.
"""

from . import config, kept, kernels, protocol

_FILE = "/floor"
_INJECTED = "injected"  # see `inject`


def _kept(app):
    """What is kept; None where that is damaged or does not fit."""
    try:
        values = kept.load(_FILE)
        if values.setdefault("of", _of(app)) == _of(app):
            return values
    except (OSError, ValueError):
        pass
    return None


def _of(app):
    """For another scale, or other filters, the gains mean nothing."""
    imu = app.sensing.imu
    return imu.mlsb_per_g << 2 | config.tick_shift(imu.rate_mhz)


def seed(app):
    """Let a detector that has seen no frame begin with the floor that was kept; say so.

    With the last one, else with the empty crib's.
    """
    values = _kept(app)
    if values is None:
        app.recorder.text("floor=refused")
        return
    for kind, name in (("g", "kept"), ("e", "empty")):
        if kind + "x" in values:
            gains = tuple([values[kind + axis] for axis in "xyz"])
            app.sensing.detector.seed(gains)
            app.recorder.text("floor=%s gx=%d gy=%d gz=%d" % ((name,) + gains))
            return


def present(app):
    """What is kept, with the present gains in place of the last ones.

    Empty in a warm-up, and where a host has taken the sensor's place: a floor is the sensor's.
    """
    detector = app.sensing.detector
    if not detector or detector.warm or app.board.SENSOR == _INJECTED:
        return {}
    values = _kept(app) or {"of": _of(app)}
    for axis in range(3):
        values["g" + "xyz"[axis]] = detector.state[kernels.GAIN + axis]
    return values


def keep(app, empty=False):
    """Keep the present floor for the next start; as the empty crib's too if `empty`.

    Returns `present`. What the flash does not take is an OSError if `empty`; else the next start
    finds what was kept before.
    """
    values = present(app)
    if not values:
        return values
    if empty:
        for axis in "xyz":
            values["e" + axis] = values["g" + axis]
    try:
        kept.store(_FILE, values)
    except OSError:
        if empty:
            raise
    return values


def answer(app, empty):
    """What is kept as `key=value` text, after `keep` if `empty` is "1". Refused in a warm-up."""
    gains = keep(app, True) if empty == "1" else present(app)
    if not gains:
        raise protocol.Refused("unsettled ask again in half a minute")
    return " ".join(["%s=%d" % pair for pair in gains.items()])
