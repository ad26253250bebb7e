"""Rows out of a library: the nights of a crib, those before another one."""

from datetime import date

from cribtrace.errors import CribtraceError
from cribtrace.library.store import Library


def nights(library: Library, *, crib: str | None = None, device: str | None = None) -> list[dict]:
    """Rows of the table `nights` (docs/LIBRARY.md), by evening; those of one crib or device."""
    if not library.exists:
        return []
    from cribtrace.library import parquet  # noqa: PLC0415 - without a library none is needed

    found = parquet.rows(library.folder, "nights", library.files("nights"))
    wanted = {"crib": crib, "device": device}
    return [row for row in found if all(v in (None, row[k]) for k, v in wanted.items())]


def previous(
    before: date,
    *,
    crib: str | None = None,
    device: str | None = None,
    library: Library | None = None,
) -> list[dict]:
    """The nights of a crib or device before an evening, the latest last; none without a library.

    Each is a row of the table `nights`: counts by kind (`twitch`, and `twitch_asleep` of them
    while likely asleep), `covered_h`, `asleep_h`, `longest_bout_s`, ... (docs/LIBRARY.md), and
    `rates` of it. Raises CribtraceError where there is a library and pyarrow is not installed.
    """
    found = nights(library or Library(), crib=crib, device=device)
    return [{**row, "rates": rates(row)} for row in found if row["night"] < before]


LEAST_H = 2.0  # [D] clinical.md section 4: no index below 2 h of analysable sleep


def rate(row: dict, count: float, hours: str) -> float | None:
    """`count` an hour of `covered_h` or `asleep_h`; None below 2 h of it.

    Covered hours of an empty crib are in no rate; `asleep_h` has none of them.
    """
    rated_h = (row[hours] or 0.0) - (row["empty_h"] if hours == "covered_h" else 0.0)
    return count / rated_h if rated_h >= LEAST_H else None


def rates(row: dict) -> dict[str, float | None]:
    """Each count of a night an hour: covered, or likely asleep for what ends in `_asleep`."""
    counts = [name.removesuffix("_asleep") for name in row if name.endswith("_asleep")]
    covered = {name: rate(row, row[name], "covered_h") for name in counts}
    asleep = {f"{name}_asleep": rate(row, row[f"{name}_asleep"], "asleep_h") for name in counts}
    return covered | asleep


def cribs(library: Library) -> dict[str, list[dict]]:
    """The nights of each crib, by its name; the crib of the latest night last."""
    found: dict[str, list[dict]] = {}
    for row in nights(library):
        found.setdefault(row["crib"], []).append(row)
    return dict(sorted(found.items(), key=lambda item: item[1][-1]["night"]))


def chosen_crib(library: Library, name: str | None) -> tuple[str, list[dict]]:
    """The crib of that name, or the only one, with its nights. Raises CribtraceError."""
    found = cribs(library)
    if not found:
        raise CribtraceError(
            f"{library.folder} holds no night: `cribtrace library add FOLDER` brings those of a"
            " pulled log"
        )
    listed = ", ".join(found)
    if name is None and len(found) > 1:
        raise CribtraceError(f"the library has several cribs: name one of {listed}")
    if name is not None and name not in found:
        raise CribtraceError(f"no crib {name} in the library: it has {listed}")
    return (name or listed), found[name or listed]
