"""Where the firmware and the boards lie: in the checkout, or inside the installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def checkout(package: Path) -> Path | None:
    """Return the checkout that holds `package`, None when it was installed from a wheel."""
    root = package.parent.parent
    return root if (root / "firmware" / "crib").is_dir() and (root / "boards").is_dir() else None


CHECKOUT = checkout(PACKAGE)
FIRMWARE = (CHECKOUT or PACKAGE) / "firmware"
BOARDS = (CHECKOUT or PACKAGE) / "boards"
