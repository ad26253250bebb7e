"""Numbers put in place of the names of constants, as `const` does, but between modules too.

MicroPython replaces a constant's name by its number only in the module that has it, and keeps the
name itself for ever: hundreds of them cost a board several KB. So what is copied to a board is the
same source, line for line, with each constant as its number and its definition as a comment.
"""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping

Constants = dict[str, int]


def folded(sources: Mapping[str, str]) -> dict[str, str]:
    """The modules of one package, by their names; each with the same lines."""
    kept = _named(sources.values())
    known = {name: constants(source) for name, source in sources.items()}
    for of_module in known.values():
        for name in kept & of_module.keys():
            del of_module[name]
    return {name: _folded(source, known[name], known) for name, source in sources.items()}


def constants(source: str) -> Constants:
    """Every `NAME = const(number)` of a module; a number may be made of earlier ones."""
    found: Constants = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("const"), [expression])):
                code = compile(ast.Expression(expression), name, "eval")
                found[name] = eval(code, {"__builtins__": {}}, dict(found))
    return found


def _named(sources: Iterable[str]) -> set[str]:
    """Names that some module imports by themselves."""
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    imports = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module)
    return {alias.name for node in imports for alias in node.names}


def _folded(source: str, own: Constants, known: Mapping[str, Constants]) -> str:
    lines = source.splitlines(keepends=True)
    for row, start, end, text in reversed(list(_changes(source, own, known))):
        line = lines[row - 1]
        lines[row - 1] = line[:start] + text + line[end:]
    return "".join(lines)


def _changes(
    source: str, own: Constants, known: Mapping[str, Constants]
) -> Iterator[tuple[int, int, int, str]]:
    """(row, from column, to column, new text) of each piece that is replaced, in order."""
    modules = _modules(source) & known.keys()
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    defined = {
        token.start[0]
        for k, token in enumerate(tokens)
        if token.string in own and token.start[1] == 0 and tokens[k + 1].string == "="
    }
    for row in sorted(defined):
        yield row, 0, 0, "# "
    found = []
    for k, token in enumerate(tokens):
        row, start = token.start
        if token.type != tokenize.NAME or row in defined or tokens[k - 1].string == ".":
            continue
        if token.string in own:
            found.append((row, start, token.end[1], _literal(own[token.string])))
        elif token.string in modules and tokens[k + 1].string == ".":
            value = known[token.string].get(tokens[k + 2].string)
            if value is not None:
                found.append((row, start, tokens[k + 2].end[1], _literal(value)))
    yield from found


def _literal(value: int) -> str:
    if value == -(2**30):  # the least small integer, but 2**30 alone is none
        return f"({value + 1} - 1)"
    return str(value) if value >= 0 else f"({value})"


def _modules(source: str) -> set[str]:
    """Modules of the package that are imported as such."""
    nodes = ast.walk(ast.parse(source))
    imports = (n for n in nodes if isinstance(n, ast.ImportFrom) and n.level and not n.module)
    return {alias.name for node in imports for alias in node.names if not alias.asname}
