"""The modules that run on the board, unchanged under CPython.

Host code reaches them only through this module, because they need three things that CPython
lacks: the module `micropython`, the pointer types that viper code names in its annotations, and
the firmware's folder as a package. The decorators are the identity: indexing an array, a
bytearray or a memoryview is then the same act as going through a viper pointer.
"""

import builtins
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from cribtrace import tree


def _identity(x):
    return x


def _stand_in() -> ModuleType:
    shim = ModuleType("micropython", "CPython's stand-in for MicroPython's own module.")
    for name in ("const", "native", "viper", "bytecode"):
        setattr(shim, name, _identity)
    for name in ("heap_lock", "heap_unlock"):
        setattr(shim, name, lambda: None)
    shim.opt_level = lambda level=0: level  # pyright: ignore[reportAttributeAccessIssue]
    return shim


def _firmware_package() -> ModuleType:
    """Return the package `cribtrace.firmware`: the one folder, from a checkout or from a wheel."""
    package = ModuleType("cribtrace.firmware", "What is copied to the board.")
    package.__path__ = [str(tree.FIRMWARE)]
    return package


for _name in ("ptr8", "ptr16", "ptr32", "uint"):
    if not hasattr(builtins, _name):
        setattr(builtins, _name, int)
sys.modules.setdefault("micropython", _stand_in())
sys.modules.setdefault("cribtrace.firmware", _firmware_package())

if TYPE_CHECKING:
    from crib import (
        config,
        detector,
        framing,
        kept,
        kernels,
        kinds,
        measures,
        protocol,
        records,
        request_line,
        seconds,
        segment_header,
        settings,
        vetoes,
    )

__all__ = [
    "config", "detector", "framing", "kept", "kernels", "kinds", "measures", "protocol",
    "records", "request_line", "seconds", "segment_header", "settings", "vetoes",
]  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module("cribtrace.firmware.crib." + name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
