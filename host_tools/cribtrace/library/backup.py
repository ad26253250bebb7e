"""A library as one file, and back: what is restored is checked first, and comes whole."""

import contextlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from cribtrace.atomic import replacing
from cribtrace.errors import CribtraceError, Damaged, Usage
from cribtrace.library import parquet
from cribtrace.library.store import Library, Night, night_of
from cribtrace.library.tables import FORMAT, TABLES

_FORMAT = "library.json"


def backup(library: Library, file: Path, overwrite: bool = False) -> int:
    """Write every night into one zip file, which is there when it is whole; returns how many.

    Raises Usage for a file that is there, unless `overwrite`.
    """
    if file.is_dir():
        raise Usage(f"{file} is a folder: name the file to write, as {file / 'nights.zip'}")
    if file.exists() and not overwrite:
        raise Usage(f"{file} is there already: name another, or add --overwrite")
    nights = library.nights()
    if not nights:
        raise CribtraceError(f"{library.folder} holds no night: nothing to back up")
    with replacing(file) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(_FORMAT, f'{{"format": {FORMAT}}}')
        for table in TABLES:
            for path in library.files(table):
                packed.write(path, path.relative_to(library.folder).as_posix())
    return len(nights)


def restore(library: Library, file: Path) -> int:
    """Bring every night of a backup into the library, in the place of what it has of the same.

    Other nights stay. Returns how many came. Raises Damaged for a file that is none, or no
    longer is what was written; then nothing has changed.
    """
    with _opened(file) as packed, library.changing() as change:
        nights: dict[Night, set[str]] = {}
        for name in (info.filename for info in packed.infolist()):
            found = night_of(name)
            if found:
                table, night = found
                path = change.path(table, night)
                with packed.open(name) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
                parquet.check(path, table)
                nights.setdefault(night, set()).add(table)
            elif name != _FORMAT:
                raise Damaged(f"{file}: {name} is no part of a library: nothing was restored")
        if not nights or any(tables != set(TABLES) for tables in nights.values()):
            raise Damaged(f"{file}: a night in it is not whole: nothing was restored")
    return len(nights)


def nights_in(file: Path) -> set[Night]:
    """The nights that a backup names. Raises as `restore`."""
    with _opened(file) as packed:
        return {found[1] for name in packed.namelist() if (found := night_of(name))}


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    if file.is_dir():
        raise Usage(
            f"{file} is a folder: name the file that `cribtrace library backup FILE` wrote; a"
            " library's own folder is used as it is with --library"
        )
    try:
        with zipfile.ZipFile(file) as packed:
            _check_format(packed, file)
            yield packed
    except FileNotFoundError:
        raise CribtraceError(
            f"{file}: no such file; `cribtrace library backup FILE` makes one"
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Damaged(f"{file} is no whole backup ({error}): nothing was restored") from None


def _check_format(packed: zipfile.ZipFile, file: Path) -> None:
    names = packed.namelist()
    if _FORMAT not in names or packed.read(_FORMAT) != b'{"format": %d}' % FORMAT:
        raise Damaged(f"{file} is no backup of this version's library: nothing was restored")
