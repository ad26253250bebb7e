"""A profile: a file of the user's on this host, with a date of birth and what is else repeated.

No board and no log ever knows one.
"""

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cribtrace.world.fields import Fields

VARIABLE = "CRIBTRACE_PROFILE"
PATHS = ("library", "logs")
DEFAULTS = ("port", *PATHS, "zone", "crib")
_BORN = "write `born = 2026-08-14` below a line `[infant]`"


class Profile(NamedTuple):
    """A date of birth, and defaults by the names of their options."""

    born: date | None = None
    defaults: dict[str, str] = {}  # noqa: RUF012 - never changed


def own() -> Path:
    """Where the user's profile lies, whether or not there is one."""
    import platformdirs  # noqa: PLC0415 - only who asks needs it

    folder = Path(platformdirs.user_config_dir("cribtrace"))
    return Path(os.environ.get(VARIABLE) or folder / "profile.toml")


def read(path: Path | None = None) -> Profile:
    """The profile at `path`, else the user's own, which need not be there.

    Raises CribtraceError, with the line, for a file that cannot be read or says anything unknown.
    """
    from cribtrace.world.fields import opened  # noqa: PLC0415 - `--help` asks for the place only

    path = path or own()
    if path == own() and not path.exists() and VARIABLE not in os.environ:
        return Profile()
    file = opened(path)
    infant, given = file.inner("infant"), file.inner("defaults")
    file.finish()
    born = infant.take("born")
    if infant.table and (not isinstance(born, date) or isinstance(born, datetime)):
        infant.wrong("no date of birth", _BORN, "born")
    if born and born > date.today():
        infant.wrong("a date of birth in the future", _BORN, "born")
    infant.finish()
    defaults = {name: told for name in DEFAULTS if (told := _default(given, name))}
    given.finish()
    return Profile(born, defaults)


def _default(given: "Fields", name: str) -> str:
    told = given.text(name, "")
    if name in PATHS and told:
        told = os.path.expanduser(told)
        if not os.path.isabs(told):
            given.wrong(f"{name} is no whole path", "begin it with / or ~", name)
    if name == "zone" and told and not _is_zone(told):
        given.wrong(f"no time zone is called {told!r}", "write it as Europe/Berlin", name)
    return told


def _is_zone(name: str) -> bool:
    import zoneinfo  # noqa: PLC0415 - not for whoever has no profile

    try:
        return bool(zoneinfo.ZoneInfo(name))
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return False


def born(path: Path | None = None) -> date | None:
    """The date of birth in a profile, as `read` finds it."""
    return read(path).born


def weeks(day_of_birth: date | None, day: date | None) -> int | None:
    """Whole weeks from birth to a day; None where either is unknown or they are in no order."""
    if day_of_birth is None or day is None or day < day_of_birth:
        return None
    return (day - day_of_birth).days // 7
