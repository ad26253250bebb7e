"""What the kernel's source says about itself: its functions, their parameters, its constants."""

import ast
from dataclasses import dataclass
from pathlib import Path

POINTERS = {"ptr8": 1, "ptr16": 2, "ptr32": 4}  # bytes of an element


@dataclass(frozen=True)
class Function:
    """One viper function: `elements` has the element size of each pointer parameter, else 0."""

    name: str
    parameters: tuple[str, ...]
    elements: tuple[int, ...]
    returns: bool


def functions(path: Path) -> list[Function]:
    """The viper functions of a module, in order."""
    found = (node for node in ast.parse(path.read_text()).body if _is_viper(node))
    return [_function(node) for node in found if isinstance(node, ast.FunctionDef)]


def constants(path: Path) -> dict[str, int]:
    """Every `NAME = const(integer)` of a module, also those that begin with an underscore."""
    found: dict[str, int] = {}
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("const"), [expression])):
                code = compile(ast.Expression(expression), str(path), "eval")
                found[name] = eval(code, {"__builtins__": {}}, dict(found))
    return found


def _is_viper(node: ast.stmt) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(ast.unparse(decorator) == "micropython.viper" for decorator in decorators)


def _function(node: ast.FunctionDef) -> Function:
    types = [ast.unparse(a.annotation) if a.annotation else "" for a in node.args.args]
    return Function(
        node.name,
        tuple(a.arg for a in node.args.args),
        tuple(POINTERS.get(kind, 0) for kind in types),
        node.returns is not None,
    )
