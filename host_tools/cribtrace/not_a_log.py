"""What a file is that somebody took for a log, and which command is for it."""

import zipfile
from pathlib import Path

_LOOKED_AT = 1000  # names in an archive, chosen


def told(source: Path) -> str:
    """A sentence about a recording, an archive or another file of one's own; "" of any else."""
    if not zipfile.is_zipfile(source):
        return ""
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()[:_LOOKED_AT]
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return ""
    if "accel.npy" in names:
        return f"{source} is a recording, no log: `cribtrace replay {source}` finds its events"
    if any(name.endswith(".crib") for name in names):
        folder = source.with_suffix("")
        return (
            f"{source} is an archive with a log in it: unpack it, as with `python3 -m zipfile -e"
            f" {source} {folder}`, and name the folder that holds the .crib files"
        )
    return f"{source} is an archive without a log: name a folder that `cribtrace pull` has made"
