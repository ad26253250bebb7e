"""Debian packages unpacked into a folder: no root, and nothing changed outside it.

apt runs on a package state of its own, with the mirror, the proxy and the key that the machine
already has.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cribtrace.errors import CribtraceError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def unpack(
    destination: Path,
    packages: list[str],
    suite: str,
    foreign: dict[str, str],
    finish: Callable[[Path], None],
) -> None:
    """Download `packages` of a suite with all they depend on; unpack them into `destination`.

    Done beside it and renamed once `finish(folder)` has not complained: it is whole or absent.
    `foreign` maps the machine's architecture to the one to fetch, where they differ. Raises
    CribtraceError.
    """
    for tool in ("apt-get", "dpkg", "dpkg-deb"):
        if not shutil.which(tool):
            raise CribtraceError(f"there is no {tool} here to fetch Debian's with")
    native = run(["dpkg", "--print-architecture"]).strip()
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(destination.parent)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=destination.parent) as folder:
            scratch = Path(folder)
            _download(scratch, packages, suite, foreign.get(native, native))
            root = _extract(scratch)
            finish(root)
            if destination.exists():  # one that no longer runs
                destination.rename(scratch / "replaced")
            root.rename(destination)
    except OSError as error:
        raise CribtraceError(f"{destination}: {error.strerror}") from None


def loader(root: Path) -> Path:
    """The unpacked dynamic loader, relative to `root`; the libraries lie beside it."""
    loaders = sorted(root.glob("usr/lib/*/ld-linux*.so.*")) + sorted(
        root.glob("lib/*/ld-linux*.so.*")
    )
    if not loaders:
        raise CribtraceError("Debian's packages hold no loader for this architecture")
    return loaders[0].relative_to(root)


def _remove_leftovers(parent: Path) -> None:
    """Remove what a killed fetch left behind, and leave alone what may still be in use."""
    for leftover in parent.glob("partial-*"):
        if time.time() - leftover.stat().st_mtime > 3600:
            shutil.rmtree(leftover, ignore_errors=True)


def _download(scratch: Path, packages: list[str], suite: str, architecture: str) -> None:
    """Have apt download packages and all they depend on into scratch/cache/archives."""
    for name in ("lists/partial", "cache/archives/partial", "empty"):
        (scratch / name).mkdir(parents=True)
    (scratch / "status").touch()  # nothing is installed: apt then downloads the libraries too
    options = f"arch={architecture}" + (f" signed-by={KEYRING}" if KEYRING.exists() else "")
    (scratch / "sources.list").write_text(f"deb [{options}] {_mirror(suite)} {suite} main\n")
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "",  # root's apt would give up a folder that only we can read
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": scratch / "empty",
        "Dir::Etc::preferencesparts": scratch / "empty",
        "Dir::State::Lists": scratch / "lists",
        "Dir::State::status": scratch / "status",
        "Dir::State::extended_states": scratch / "extended_states",
    }
    apt = ["apt-get", "-q", "-y", *(f"-o{key}={value}" for key, value in settings.items())]
    run([*apt, "update"])
    run([*apt, "--no-install-recommends", "--download-only", "install", *packages])


def _mirror(suite: str) -> str:
    """Return the URI of the machine's own Debian archive, as its apt configuration has it."""
    released = {suite, "stable", "oldstable", "testing", "unstable", "sid"}
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            released.add(value.strip('"'))
    for stanza in run(["apt-get", "indextargets", "Created-By: Packages"]).split("\n\n"):
        target = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if (
            target.get("Component") == "main"
            and target.get("Origin", "Debian") == "Debian"
            and target.get("Release") in released
        ):
            return target["Repo-URI"]
    raise CribtraceError("apt has no Debian archive among its sources")


def _extract(scratch: Path) -> Path:
    root = scratch / "root"
    for package in sorted((scratch / "cache/archives").glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(root)])
    shutil.rmtree(root / "usr/share", ignore_errors=True)
    return root


def run(command: list[str]) -> str:
    """Return a command's output; raise CribtraceError with the first thing it complained of."""
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
    )
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        cause = next((line for line in lines if line.startswith(("E: ", "W: "))), lines[0])
        raise CribtraceError(f"{command[0]}: {cause[:300]}")
    return result.stdout
