"""The settings in force: kept on the board, standing in the log, changed while it records."""

from . import BUILD, VERSION, kept, records, settings


class InForce:
    """What was kept, or the defaults where that cannot be had: `values`, and their `crc`.

    `fault` says why what was kept is not in force; else it is "".
    """

    def __init__(self, path):
        self._path = path
        self.values = settings.DEFAULTS
        self.fault = ""
        try:
            self.values = self._kept()
        except (OSError, ValueError) as error:
            self.fault = str(error)
        self.crc = settings.crc(self.values)

    def _kept(self):
        changes = kept.load(self._path)
        if changes and changes.pop("schema", 0) != settings.SCHEMA_VERSION:
            raise ValueError("of another schema than %d" % settings.SCHEMA_VERSION)
        return settings.check(changes, settings.DEFAULTS)

    def keep(self, values):
        """Put checked settings in force, for later starts too.

        Raises OSError where the flash does not take them: then the old ones stay.
        """
        # The defaults are not kept: a newer firmware may know better ones.
        changed = {"schema": settings.SCHEMA_VERSION}
        for name in values:
            if values[name] != settings.DEFAULTS[name]:
                changed[name] = values[name]
        kept.store(self._path, changed)
        self.values = values
        self.crc = settings.crc(values)
        self.fault = ""


def describe(app, imu):
    """Put into every segment from here on what is needed to understand it."""
    app.journal.shelf.when_full = app.in_force.values["when_full"]
    app.journal.begin(
        (
            app.device,
            app.boot,
            imu.rate_mhz if imu else 0,
            imu.mlsb_per_g if imu else 0,
            app.board.RECORDING_FRAMES,
            app.in_force.crc,
            records.schema(),
            BUILD,
            imu.FULL_SCALE_G if imu else 0,
            app.board.SENSOR.encode(),
            app.board.NAME.encode(),
            VERSION.encode(),
        )
    )


def tell(app):
    """Write the CONFIG record; and say so where what was kept is not in force."""
    app.recorder.write(records.CONFIG, rest=settings.text(app.in_force.values).encode())
    if app.in_force.fault:
        line = "what=settings_refused in_force=defaults why=%r" % app.in_force.fault
        app.recorder.text(line)
        app.server.text(line)


def change(app, changes):
    """Keep the settings that `changes` make of those in force, then record with them.

    What is in force already changes nothing. Raises BadSetting (see `settings.check`), or OSError
    where the flash does not take them: then the old ones stay.
    """
    old = app.in_force.values
    values = settings.check(changes, old)
    if values != old or app.in_force.fault:
        app.in_force.keep(values)
    if values != old:
        _begin_anew(app)


def _begin_anew(app):
    """In a new segment, whose header has the new hash; no frame is passed over."""
    watched = app.recorder.detector
    if watched:
        app.recorder.leave()
    describe(app, app.sensing.imu)
    tell(app)
    if app.sensing.detector:
        app.sensing.renew()
    if watched:
        app.recorder.watch(app.sensing.detector, records.NEW_SETTINGS)
    app.journal.flush()
