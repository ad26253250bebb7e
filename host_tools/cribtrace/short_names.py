"""Short names for locals and private attributes, shared by all functions and classes.

MicroPython keeps every name it has read in a source for ever, a local's like any other: a few
hundred of them cost a board several KB. The functions that a traceback shows keep their names.
"""

import ast
import builtins
import io
import itertools
import keyword
import string
import tokenize
from collections.abc import Container, Iterable, Iterator, Mapping

Edit = tuple[tokenize.TokenInfo, str]  # a name, and what it becomes


def shortened(sources: Mapping[str, str]) -> dict[str, str]:
    """The same modules, line for line; `sources` is all that runs together.

    A private attribute is one that its class alone reaches, as `self._name`.
    """
    trees = {path: ast.parse(source) for path, source in sources.items()}
    taken = {*dir(builtins), *keyword.kwlist}
    for tree in trees.values():
        taken.update(_meant_elsewhere(tree))
    return {path: _shortened(sources[path], trees[path], taken) for path in sources}


def _meant_elsewhere(tree: ast.Module) -> Iterator[str]:
    """Every name that is more than a local, a parameter or a private attribute."""
    of_functions = {id(node) for f in _functions(tree.body) for node in ast.walk(f)}
    private = {id(node) for node in _private(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) if id(node) not in of_functions:
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Attribute(attr=name) if id(node) not in private:
                yield name
            case ast.alias(name=name, asname=asname):
                yield from (asname or name).split(".")
            case ast.Global(names=names):
                yield from names


def _private(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Where something is reached as `self._name`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if name.startswith("_"):
                yield node


def _functions(body: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """Functions of a module and methods of its classes; not those inside them."""
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body)


def _bound(function: ast.FunctionDef) -> Iterator[str]:
    """Names that a function, or one inside it, gives a value."""
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name


def _shortened(source: str, tree: ast.Module, taken: Container[str]) -> str:
    lines = source.splitlines(keepends=True)
    edits = sorted(_edits(source, tree, taken), key=lambda edit: edit[0].start, reverse=True)
    for token, name in edits:
        (row, start), (_, end) = token.start, token.end
        lines[row - 1] = lines[row - 1][:start] + name + lines[row - 1][end:]
    return "".join(lines)


def _edits(source: str, tree: ast.Module, taken: Container[str]) -> Iterator[Edit]:
    pairs = list(itertools.pairwise(tokenize.generate_tokens(io.StringIO(source).readline)))
    for function in _functions(tree.body):
        short = _short(_bound(function), taken)
        yield from _within(pairs, function, short, after_dot=False)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            short = _short((found.attr for found in _private(node)), taken)
            yield from _within(pairs, node, short, after_dot=True)


def _short(names: Iterable[str], taken: Container[str]) -> dict[str, str]:
    """A short name for each name that means nothing elsewhere."""
    free = (name for name in _letters() if name not in taken)
    return {name: next(free) for name in dict.fromkeys(names) if name not in taken}


def _within(
    pairs: list[tuple[tokenize.TokenInfo, tokenize.TokenInfo]],
    node: ast.FunctionDef | ast.ClassDef,
    short: Mapping[str, str],
    after_dot: bool,
) -> Iterator[Edit]:
    """Where the names of `short` stand in a function or class."""
    for before, token in pairs:
        if token.type == tokenize.NAME and token.string in short:
            inside = node.lineno <= token.start[0] <= (node.end_lineno or 0)
            if inside and (before.string == ".") == after_dot:
                yield token, short[token.string]


def _letters() -> Iterator[str]:
    """a, b, ..., z, aa, ab, ..."""
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_lowercase, repeat=length))
