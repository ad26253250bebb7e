"""The ports of the virtual boards that run on this machine, found without opening any.

`sim` leaves a link to its port in a folder of the user's, with its process id beside it: a link
whose process has gone may name what is now somebody else's terminal.
"""

import os
import tempfile
from pathlib import Path

from cribtrace.errors import CribtraceError


def folder() -> Path:
    """The folder of the links, of this user alone; it is made if it is not there."""
    user = getattr(os, "getuid", lambda: 0)()
    places = [Path(tempfile.gettempdir()) / f"cribtrace-{user}"]
    if own := os.environ.get("XDG_RUNTIME_DIR"):
        places.insert(0, Path(own) / "cribtrace")
    for place in places:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(place, os.W_OK) and (os.name != "posix" or place.stat().st_uid == user):
            return place
    raise OSError("no folder for the ports of virtual boards: set XDG_RUNTIME_DIR to one")


def virtual_ports() -> list[Path]:
    """The links of all virtual boards that run, sorted by name; none where there are none."""
    if os.name != "posix":
        return []
    try:
        links = sorted(folder().glob("virtual*.pid"))
    except OSError:
        return []
    return [link.with_suffix("") for link in links if runs(link) and link.with_suffix("").exists()]


def claim(port: str) -> Path:
    """Link `port` under the first free name: virtual, virtual-2, virtual-3 ..."""
    for number in range(1, 1000):
        link = folder() / ("virtual" if number == 1 else f"virtual-{number}")
        owner = link.with_suffix(".pid")
        try:
            if owner.exists() and not runs(owner):
                owner.unlink(missing_ok=True)
            with owner.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            continue
        point(link, port)
        return link
    raise OSError("a thousand virtual boards run already: stop some")


def check(link: Path) -> None:
    """Raises CribtraceError where something else than a link is in its place."""
    if link.exists() and not link.is_symlink():
        raise CribtraceError(f"{link} is there already and is no link to a port: name another")


def point(link: Path, port: str) -> None:
    """Let `link` lead to `port`, in one step."""
    fresh = link.with_name(f"{link.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(port)
    fresh.replace(link)


def release(link: Path) -> None:
    """Take back what `claim` made."""
    link.unlink(missing_ok=True)
    link.with_suffix(".pid").unlink(missing_ok=True)


def runs(owner: Path) -> bool:
    """Whether the process named in a .pid file is alive."""
    try:
        os.kill(int(owner.read_text()), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
