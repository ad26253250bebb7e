"""Files that are either wholly there or not there at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from cribtrace.errors import CribtraceError

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[IO[Any]]:
    r"""Write `path` beside itself, as `path.part`, and rename it when all of it is on the disk.

    `mode` is "wb", or "w" for UTF-8 text with "\n" at the line ends. Whatever interrupts the
    body, the old `path` stays and the `.part` goes. Raises CribtraceError for a full disk and
    for a place that cannot be written; other errors of the body pass unchanged.
    """
    path = Path(os.path.realpath(path))  # a link stays, and what it points to is replaced
    if path.exists() and not path.is_file():
        raise CribtraceError(f"cannot write {path}: it is not a regular file: name another")
    part = path.with_name(path.name + ".part")
    text: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        file = part.open(mode, **text)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _rename(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and error.errno in _FULL:
            raise _unwritable(path, error) from error
        raise


def _rename(part: Path, path: Path) -> None:
    try:
        os.replace(part, path)
        if os.name == "posix":
            # Without this the rename itself may not survive a power cut.
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> CribtraceError:
    reason = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return CribtraceError(
            f"the disk that holds {path.parent.absolute()} cannot take {path.name} ({reason}): "
            "make room there, or write to another disk"
        )
    if error.errno == errno.ENOENT:
        return CribtraceError(
            f"cannot write {path}: there is no folder {path.parent}: create it first"
        )
    return CribtraceError(f"cannot write {path}: {reason}: choose a place that can be written")
