"""A date of birth, in a file of the user's on this host; no board and no log ever knows one."""

from datetime import date, datetime
from pathlib import Path

from cribtrace.errors import Usage
from cribtrace.world.fields import opened

_SAY = "write `born = 2026-08-14` below a line `[infant]`"


def born(path: Path | None = None) -> date | None:
    """The date of birth in the profile at `path`, else in the user's own, if there is one.

    Raises Usage for a profile that says none, CribtraceError for a file that cannot be read.
    """
    path = path or _own()
    if path is None:
        return None
    infant = opened(path).table.get("infant")
    found = infant.get("born") if isinstance(infant, dict) else None
    if not isinstance(found, date) or isinstance(found, datetime):
        raise Usage(f"{path}: no date of birth: {_SAY}")
    return found


def weeks(day_of_birth: date | None, day: date | None) -> int | None:
    """Whole weeks from birth to a day; None where either is unknown or they are in no order."""
    if day_of_birth is None or day is None or day < day_of_birth:
        return None
    return (day - day_of_birth).days // 7


def _own() -> Path | None:
    import platformdirs  # noqa: PLC0415 - only who asks for an age needs it

    path = Path(platformdirs.user_config_dir("cribtrace")) / "profile.toml"
    return path if path.exists() else None
