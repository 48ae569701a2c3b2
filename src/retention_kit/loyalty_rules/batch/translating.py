"""The kernel's text, said of tables of addresses: what numba compiles.

Every function that the asked one calls is written into one text, under a name of its own; groups of
columns become the addresses of `packing`, and constants become numbers. Nothing else is changed.
Cells of columns are read by `fixed_cell(group, field, row)` where nothing ever writes them, and
else by `read_cell`; `one_of_several(group, field, column, row)` reads one of several columns,
`number_of(group, field)` gives a number or a length, `write_cell(group, field, row, value)`
writes, and `plain` gives what it is given.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import textwrap
import types
from collections.abc import Iterator
from typing import Any

from retention_kit.loyalty_rules.batch.packing import GROUPS, READ_ONLY, Place, places

_HELD = "held_for_several_cells"


def translated(module: str, name: str, package: str) -> tuple[str, str]:
    """Write a function of the kernel, and all that it calls, for tables of addresses.

    Args:
        module: The module's name within the package.
        name: The function's name.
        package: The kernel's package.

    Returns:
        The text, and the function's name in it.
    """
    entrance = getattr(importlib.import_module(f"{package}.{module}"), name)
    texts: dict[str, str] = {}
    waiting = [entrance]
    while waiting:
        function = waiting.pop()
        if _name_of(function) not in texts:
            writer = _Writer(function, package)
            texts[_name_of(function)] = writer.text()
            waiting += writer.called
    # What is called stands before what calls it, or the compiler would not know it.
    return "\n\n".join(reversed(_in_order(texts))), _name_of(entrance)


def _name_of(function: types.FunctionType) -> str:
    return f"{function.__module__.rpartition('.')[2]}_{function.__name__.strip('_')}"


def _in_order(texts: dict[str, str]) -> list[str]:
    return list(texts.values())


class _Writer(ast.NodeTransformer):
    """Writes one function anew."""

    def __init__(self, function: types.FunctionType, package: str) -> None:
        self._function = function
        self._package = package
        self._names = function.__globals__
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        self._tree = tree
        self._groups = dict(_groups_of(tree))
        self._aliases = dict(self._aliases_of(tree))
        self._own = {argument.arg for argument in tree.args.args} | {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.called: list[types.FunctionType] = []

    def text(self) -> str:
        """Write it."""
        tree = self._tree
        tree.name = _name_of(self._function)
        tree.returns = None
        for argument in tree.args.args:
            argument.annotation = None
        if ast.get_docstring(tree) is not None:
            tree.body = tree.body[1:]
        tree.body = [
            one for one in tree.body if not (isinstance(one, ast.Assign) and self._is_alias(one))
        ]
        self.generic_visit(tree)
        return ast.unparse(ast.fix_missing_locations(tree))

    def _aliases_of(self, tree: ast.FunctionDef) -> Iterator[tuple[str, tuple[str, Place]]]:
        """Find local names for columns."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                column = self._column(node.value)
                if column is not None and column[1].kind == "column":
                    yield node.targets[0].id, column

    def _is_alias(self, node: ast.Assign) -> bool:
        target = node.targets[0]
        return isinstance(target, ast.Name) and target.id in self._aliases

    def _column(self, node: ast.AST) -> tuple[str, Place] | None:
        """Tell of which group, and where in it, an expression is a field."""
        if isinstance(node, ast.Name):
            return getattr(self, "_aliases", {}).get(node.id)
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return None
        group = self._groups.get(node.value.id)
        return None if group is None else (node.value.id, places(GROUPS[group])[node.attr])

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        cell = self._cell(node)
        if cell is not None:
            group, place, row = cell
            reader = "fixed_cell" if self._groups[group] in READ_ONLY else "read_cell"
            return _called(reader, group, place.about, row)
        inner = node.value
        if isinstance(inner, ast.Subscript):
            column = self._column(inner.value)
            if column is not None:
                group, place = column
                assert self._groups[group] in READ_ONLY, "the kernel writes none of several columns"
                which, row = self.visit(inner.slice), self.visit(node.slice)
                return _called("one_of_several", group, place.about, which, row)
        return self.generic_visit(node)

    def _cell(self, node: ast.AST) -> tuple[str, Place, ast.expr] | None:
        """Tell of which group, of which column and in which row an expression is a cell."""
        if not isinstance(node, ast.Subscript):
            return None
        column = self._column(node.value)
        if column is None or column[1].kind != "column":
            return None
        # What is read and written is said twice, and visiting changes what it visits.
        return *column, self.visit(copy.deepcopy(node.slice))

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        column = self._column(node)
        if column is None or column[1].kind != "number":
            raise AssertionError(f"{ast.unparse(node)} of the kernel is not said of addresses.")
        return _called("number_of", column[0], column[1].about)

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "len":
            column = self._column(node.args[0])
            if column is not None:
                return _called("number_of", column[0], column[1].length)
        visited = self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id not in ("range", "min", "max", "len"):
            node.args = [_plain(one) for one in node.args]
        return visited

    def visit_Assign(self, node: ast.Assign) -> Any:
        assert not self._is_alias(node), "the kernel names columns at the top of its functions"
        value = self.visit(node.value)
        if not any(self._cell(target) for target in node.targets):
            return ast.Assign([self.visit(target) for target in node.targets], _plain(value))
        if len(node.targets) == 1:
            return self._written(node.targets[0], value)
        held = ast.Assign([ast.Name(_HELD, ast.Store())], value)
        kept = ast.Name(_HELD, ast.Load())
        return [held, *(self._written(target, kept) for target in node.targets)]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        if self._cell(node.target) is None:
            return self.generic_visit(node)
        now = self.visit(node.target)
        return self._written(node.target, ast.BinOp(now, node.op, self.visit(node.value)))

    def _written(self, target: ast.expr, value: ast.expr) -> ast.stmt:
        cell = self._cell(target)
        assert cell is not None, "the kernel writes one value to cells alone"
        group, place, row = cell
        return ast.Expr(_called("write_cell", group, place.about, row, value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        assert node.value is not None
        return ast.Assign([self.visit(node.target)], self.visit(node.value))

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id in self._own or node.id not in self._names:
            return node
        value = self._names[node.id]
        if isinstance(value, int):
            return ast.Constant(value)
        if inspect.isfunction(value) and value.__module__.startswith(self._package):
            self.called.append(value)
            return ast.Name(_name_of(value), node.ctx)
        return node


def _groups_of(tree: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for argument in tree.args.args:
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id in GROUPS:
            yield argument.arg, argument.annotation.id


def _called(name: str, group: str, *arguments: int | ast.expr) -> ast.Call:
    """Call one of the functions that reach columns."""
    said = [ast.Constant(one) if isinstance(one, int) else one for one in arguments]
    return ast.Call(ast.Name(name, ast.Load()), [ast.Name(group, ast.Load()), *said], [])


def _plain(value: ast.expr) -> ast.expr:
    """Keep the compiler from making a function anew for each constant that it is given."""
    inner = value.operand if isinstance(value, ast.UnaryOp) else value
    if not isinstance(inner, ast.Constant):
        return value
    if isinstance(inner.value, bool):
        return ast.Compare(_plain(ast.Constant(int(inner.value))), [ast.Gt()], [ast.Constant(0)])
    return ast.Call(ast.Name("plain", ast.Load()), [value], [])
