"""The settings in force: those that were kept, or the defaults where those cannot be had."""

from . import kept, settings


class InForce:
    """`values` and their `crc`; `fault` says why what was kept is not in force, else it is ""."""

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
        changed = {n: v for n, v in values.items() if v != settings.DEFAULTS[n]}
        changed["schema"] = settings.SCHEMA_VERSION
        kept.store(self._path, changed)
        self.values = values
        self.crc = settings.crc(values)
        self.fault = ""
