"""Where pulled logs lie: the folder that `pull` makes for a board, and the log pulled last."""

from pathlib import Path

from cribtrace import logfile
from cribtrace.errors import Usage

_SEGMENTS = "*" + logfile.SUFFIX


def of_board(device: str, base: Path | None) -> Path:
    """The folder of a board's log below `base`, which is else the current folder."""
    return (base or Path()) / f"cribtrace-{device}"


def newest(base: Path | None) -> Path:
    """The log below `base` that was pulled last, as `of_board` names them, or `base` itself.

    Raises Usage for none, with where it looked, and with a log that lies elsewhere below it.
    """
    base = base or Path()
    if found := _by_age([*base.glob(of_board("*", None).name), base]):
        return found[-1]
    depths = ("*/", "*/*/", "*/*/*/")
    near = _by_age({path.parent for depth in depths for path in base.glob(depth + _SEGMENTS)})
    name = (
        f"name a log's folder behind the command, as {near[-1]}"
        if near
        else ("name a log's folder behind the command, or run `cribtrace pull` here first")
    )
    raise Usage(
        f"no pulled log in {base.resolve()}, where `pull` calls it"
        f" {of_board('<device id>', None)}: {name}"
    )


def _by_age(folders) -> list[Path]:
    """Those that hold segments, the one that was written last at the end."""
    aged = [
        (max(path.stat().st_mtime for path in paths), folder)
        for folder in folders
        if (paths := list(folder.glob(_SEGMENTS)))
    ]
    return [folder for _, folder in sorted(aged)]
