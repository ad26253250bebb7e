"""The settings in force: kept on the board, standing in the log, changed while it records."""

from . import BUILD, VERSION, kept, protocol, records, segment_header, settings


def begin(app, path):
    """Put in force what was kept, or the defaults where that cannot be had.

    `app.settings` are the settings, `app.config_crc` their hash; `app.config_fault` says why what
    was kept is not in force, else it is "".
    """
    app.settings_file = path
    app.settings = settings.DEFAULTS
    app.config_fault = ""
    try:
        app.settings = _kept(path)
    except (OSError, ValueError) as error:
        app.config_fault = str(error)
    app.config_crc = settings.crc(app.settings)


def _kept(path):
    changes = kept.load(path)
    if changes and changes.pop("schema", 0) != settings.SCHEMA_VERSION:
        raise ValueError("of another schema than %d" % settings.SCHEMA_VERSION)
    return settings.check(changes, settings.DEFAULTS)


def keep(app, values):
    """Put checked settings in force, for later starts too.

    Raises OSError where the flash does not take them: then the old ones stay.
    """
    # The defaults are not kept: a newer firmware may know better ones.
    changed = {"schema": settings.SCHEMA_VERSION}
    for name in values:
        if values[name] != settings.DEFAULTS[name]:
            changed[name] = values[name]
    kept.store(app.settings_file, changed)
    app.settings = values
    app.config_crc = settings.crc(values)
    app.config_fault = ""


def describe(app, imu):
    """Put into every segment from here on what is needed to understand it."""
    app.journal.shelf.when_full = app.settings["when_full"]
    app.journal.begin(
        (
            app.device,
            app.boot,
            imu.rate_mhz if imu else 0,
            imu.mlsb_per_g if imu else 0,
            app.board.RECORDING_FRAMES,
            app.config_crc,
            segment_header.schema(),
            BUILD,
            imu.FULL_SCALE_G if imu else 0,
            app.board.SENSOR.encode(),
            app.board.NAME.encode(),
            VERSION.encode(),
        )
    )


def tell(app):
    """Write the CONFIG record; and say so where what was kept is not in force."""
    app.recorder.write(records.CONFIG, rest=settings.text(app.settings).encode())
    if app.config_fault:
        line = "what=settings_refused in_force=defaults why=%r" % app.config_fault
        app.recorder.text(line)
        app.server.text(line)


def change(app, arguments):
    """Keep the settings that `name=value ...` makes of those in force, then record with them.

    What is in force already changes nothing. Raises ValueError, Refused (see `settings.check`), or
    OSError where the flash does not take them: then the old ones stay.
    """
    old = app.settings
    changes = dict([pair.split("=") for pair in arguments.split(" ")])
    why = ""
    values = old
    try:
        values = settings.check(changes, old)
    except settings.BadSetting as error:
        why = str(error)
    if why:
        raise protocol.Refused("bad_setting " + why)
    if values != old or app.config_fault:
        keep(app, values)
    if values != old:
        _begin_anew(app)


def _begin_anew(app):
    """In a new segment, whose header has the new hash; no frame is passed over."""
    from . import finding

    watched = app.recorder.detector
    if watched:
        app.recorder.leave()
    describe(app, app.sensing.imu)
    tell(app)
    if app.sensing.detector:
        finding.renew(app)
    if watched:
        app.recorder.watch(app.sensing.detector, records.NEW_SETTINGS)
    app.journal.flush()
