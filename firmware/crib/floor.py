"""The noise floor over restarts, and that of the empty crib: gains (see `kernels`) in `/floor`.

`gx gy gz` are the last ones, `ex ey ez` the empty crib's, where those were asked for.
"""

from . import config, kept, kernels

_FILE = "/floor"


def _kept(app):
    """What is kept. Only `of`, and a line in the log, where that is damaged or does not fit."""
    imu = app.sensing.imu
    # For another scale, or other filters, the gains mean nothing.
    of = imu.mlsb_per_g << 2 | config.tick_shift(imu.rate_mhz)
    try:
        values = kept.load(_FILE)
        if values.setdefault("of", of) == of:
            return values
    except (OSError, ValueError):
        pass
    app.recorder.text("floor=refused")
    return {"of": of}


def seed(app):
    """Let a detector that has seen no frame begin with the floor that was kept; say so."""
    values = _kept(app)
    if "gx" in values:
        gains = values["gx"], values["gy"], values["gz"]
        app.sensing.detector.seed(gains)
        app.recorder.text("floor=kept gx=%d gy=%d gz=%d" % gains)


def keep(app, empty=False):
    """Keep the present floor for the next start; as the empty crib's too if `empty`.

    Returns all that is kept as `key=value` text, "" while no floor is known. What the flash does
    not take is an OSError if `empty`; else the next start finds what was kept before.
    """
    detector = app.sensing.detector
    if not detector or detector.warm:
        return ""
    values = _kept(app)
    for axis in range(3):
        gain = detector.state[kernels.GAIN + axis]
        values["g" + "xyz"[axis]] = gain
        if empty:
            values["e" + "xyz"[axis]] = gain
    try:
        kept.store(_FILE, values)
    except OSError:
        if empty:
            raise
    return " ".join(["%s=%d" % pair for pair in values.items()])
