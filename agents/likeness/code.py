"""Python functions of the same shape, compared by their syntax trees.

Names that a function gives (its own, its arguments', its variables') do not count, nor do layout,
comments and docstrings. The names of what it uses do: `len(x)` is not `sum(x)`. Functions that
differ in constants only are the same code with other values, and are told as such. Nothing is
ever imported or executed.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from agents.likeness.finding import Finding, Place

MIN_NODES = 30
"""Smaller functions are alike because there are few ways to write them."""
OTHER_VALUES = 0.95
"""The likeness of functions that differ in constants only."""

OPENING = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>\w*)")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class NotPython(Exception):  # noqa: N818 - says what was seen
    """The text is no Python that can be read."""


@dataclass(frozen=True)
class Shape:
    """One function: where it is, and its tree with and without the values of constants."""

    place: Place
    text: str
    exact: tuple[str, ...]
    loose: tuple[str, ...]


def read_functions(path: str, text: str, *, line: int = 0) -> list[Shape]:
    """Return the outermost functions and methods of a Python text that begins after ``line``.

    Raises:
        NotPython: it does not parse, or is nested too deeply to be read.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotPython(path) from error
    lines = text.split("\n")
    return [
        Shape(
            Place(path, function.lineno + line, function.name),
            lines[function.lineno - 1].strip(),
            exact,
            loose,
        )
        for function in _functions(tree)
        if len(loose := tuple(_tokens(function, with_values=False))) >= MIN_NODES
        for exact in [tuple(_tokens(function, with_values=True))]
    ]


def read_blocks(path: str, text: str) -> Iterator[Shape]:
    """Yield the functions in the Python blocks of a Markdown text; fragments are passed over."""
    for line, code in _python_blocks(text):
        try:
            yield from read_functions(path, code, line=line)
        except NotPython:
            continue


def _python_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the Python blocks of a Markdown text, each with how many lines stand before it."""
    fence = ""
    is_python = False
    block: list[str] = []
    for number, line in enumerate(text.split("\n")):
        opening = OPENING.match(line)
        if fence and opening and opening["fence"].startswith(fence):
            if is_python:
                yield number - len(block), "\n".join(block)
            fence = ""
        elif fence:
            block.append(line)
        elif opening:
            fence = opening["fence"]
            is_python = opening["language"].lower() in ("python", "py")
            block = []


def find_same(shapes: Iterable[Shape]) -> Iterator[Finding]:
    """Yield each function that is an earlier one under other names, or with other values."""
    groups: dict[tuple[str, ...], list[Shape]] = defaultdict(list)
    for shape in shapes:
        groups[shape.loose].append(shape)
    for group in groups.values():
        for first, second in pairwise(group):
            likeness = 1 if first.exact == second.exact else OTHER_VALUES
            yield Finding("code", first.place, second.place, likeness, second.text)


def _functions(tree: ast.AST) -> Iterator[Function]:
    """Yield the outermost functions in the order of the text."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Function):
            yield node
        else:
            pending += reversed(list(ast.iter_child_nodes(node)))


def _tokens(root: Function, *, with_values: bool) -> Iterator[str]:
    """Write a tree as one sequence; without recursion, since a text decides how deep it is."""
    names: dict[str, str] = dict.fromkeys(_given(root), "")
    pending: list[object] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Constant):
            yield f"{type(item.value).__name__} {item.value!r}" if with_values else "constant"
        elif isinstance(item, ast.AST):
            yield type(item).__name__
            pending += reversed([value for _, value in _fields(item)])
        elif isinstance(item, list):
            yield f"list of {len(item)}"
            pending += reversed(item)
        elif isinstance(item, str) and item in names:
            names[item] = names[item] or f"name {sum(map(bool, names.values()))}"
            yield names[item]
        else:
            yield repr(item)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name not in ("type_comment", "type_ignores"):
            yield name, value[1:] if name == "body" and _is_documented(node) else value


def _is_documented(node: ast.AST) -> bool:
    return isinstance(node, Function | ast.ClassDef) and bool(ast.get_docstring(node, clean=False))


def _given(root: Function) -> Iterator[str]:
    """Yield the names that a function gives: to itself, to arguments, to variables."""
    for node in ast.walk(root):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, Function | ast.ExceptHandler) and node.name:
            yield node.name
