"""The compilers and emulators: fetched once into `.perf`, changing nothing outside it.

Debian's packages come from one fixed release, so that every machine counts with the same
compiler. They run on their own loader and libraries.
"""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from cribtrace import debian
from cribtrace.errors import CribtraceError

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".perf"
SUITE = "bookworm"  # gcc 12.2 and qemu 7.2, whose plugin interface count.c is written for
PACKAGES = ["gcc-riscv64-unknown-elf", "gcc-xtensa-lx106", "qemu-user"]
UNICORN = "unicorn==2.1.4"


def prepare(say: Callable[[str], None] = lambda text: None) -> None:
    """Fetch what is not there yet. Raises CribtraceError with what is missing."""
    if not (FOLDER / "debian").is_dir():
        say(f"fetching Debian's compilers and qemu (120 MB) into {FOLDER}")
        debian.unpack(FOLDER / "debian", PACKAGES, SUITE, {}, _check)
    if not (FOLDER / "python" / "unicorn").is_dir():
        say(f"fetching {UNICORN} into {FOLDER}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target"]
        debian.run([*pip, str(FOLDER / "python"), UNICORN])
    plugin, source = FOLDER / "count.so", HERE / "count.c"
    if not plugin.exists() or plugin.stat().st_mtime < source.stat().st_mtime:
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            raise CribtraceError("no C compiler here for qemu's plugin: apt install gcc")
        debian.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(plugin), str(source)])


def missing() -> str | None:
    """What `prepare` would have to fetch or build, None when all is there."""
    wanted = {"compilers and qemu": "debian", "unicorn": "python/unicorn", "plugin": "count.so"}
    lacking = [name for name, path in wanted.items() if not (FOLDER / path).exists()]
    return ", ".join(lacking) or None


def unicorn() -> ModuleType:
    """The module `unicorn`, from `.perf` and not from the environment."""
    folder = str(FOLDER / "python")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module("unicorn")


def run(program: str, *arguments: object) -> bytes:
    """Run an unpacked program by its path below usr; return what it wrote to stdout."""
    return _run_in(FOLDER / "debian", program, *arguments)


def _run_in(root: Path, program: str, *arguments: object) -> bytes:
    loader = debian.loader(root)
    triplet = loader.parent.name
    path = f"{root / 'usr/lib' / triplet}:{root / 'lib' / triplet}"
    command = [root / loader, "--library-path", path, root / "usr" / program, *arguments]
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        complaint = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise CribtraceError(f"{program}: exit code {done.returncode}: {complaint[-600:]}")
    return done.stdout


def _check(root: Path) -> None:
    _run_in(root, "bin/qemu-xtensa", "--version")
