"""The kernel compiled by numba, which nothing else imports.

Without numba the kernel runs as it is, which gives the same answers hundreds of times slower.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retention_kit.errors import DataWarning
from retention_kit.loyalty_rules.batch.translating import translated

KERNEL = "retention_kit.loyalty_rules.kernel"
_FOLDER = "retention_kit-loyalty"
_ONE_AT_A_TIME = threading.Lock()
_CACHE = "IS_KEPT"
_HEAD = '''"""Written by retention_kit of its own kernel; nobody edits it."""

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD = ir.IntType(64)


def _place(builder, address, offset):
    return builder.inttoptr(builder.add(address, builder.mul(offset, _WORD(8))), _WORD.as_pointer())


def _loaded(builder, address, offset, is_fixed=True):
    value = builder.load(_place(builder, address, offset))
    if is_fixed:
        # Nothing writes it while the kernel runs.
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@intrinsic
def plain(context, value):
    def make(context, builder, signature, given):
        return given[0]

    return types.int64(types.int64), make


@intrinsic
def number_of(context, group, about):
    def make(context, builder, signature, given):
        return _loaded(builder, *given)

    return types.int64(types.int64, types.int64), make


@intrinsic
def fixed_cell(context, group, about, row):
    def make(context, builder, signature, given):
        return _loaded(builder, _loaded(builder, *given[:2]), given[2])

    return types.int64(types.int64, types.int64, types.int64), make


@intrinsic
def one_of_several(context, group, about, column, row):
    def make(context, builder, signature, given):
        columns = _loaded(builder, *given[:2])
        return _loaded(builder, _loaded(builder, columns, given[2]), given[3])

    return types.int64(types.int64, types.int64, types.int64, types.int64), make


@intrinsic
def read_cell(context, group, about, row):
    def make(context, builder, signature, given):
        return _loaded(builder, _loaded(builder, *given[:2]), given[2], is_fixed=False)

    return types.int64(types.int64, types.int64, types.int64), make


@intrinsic
def write_cell(context, group, about, row, value):
    def make(context, builder, signature, given):
        builder.store(given[3], _place(builder, _loaded(builder, *given[:2]), given[2]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), make


# What is called from here alone needs no way in from Python.
_inner = numba.njit(
    nogil=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
_outer = numba.njit(nogil=True, error_model="numpy", _nrt=False, cache=IS_KEPT)


'''


def compiled(module: str, name: str, *, package: str = KERNEL) -> Callable[..., Any] | None:
    """Give a function of the kernel for packed columns, compiled; None without numba.

    It lets go of the interpreter's lock while it runs. Of the rows that it reads and writes nothing
    is checked: the kernel itself asks whether there is room. Its compiled code is kept on disk,
    beside the kernel's own bytecode or else in the user's cache, in a folder named after its text
    and the version of numba, so that code of another kernel is never taken.

    Args:
        module: The module's name within the kernel, such as `running`.
        name: The function's name.
        package: The package that is compiled.

    Returns:
        The function; groups of columns go in as `packing.Packed.address`.
    """
    with _ONE_AT_A_TIME:
        return _compiled(module, name, package)


def is_ready() -> bool:
    """Say whether anything was compiled in this process already."""
    return _compiled.cache_info().currsize > 0


def is_installed() -> bool:
    """Say whether there is a compiler."""
    try:
        return importlib.util.find_spec("numba") is not None
    except ValueError:
        # Something else stands under its name.
        return False


def is_kept(module: str, name: str, *, package: str = KERNEL) -> bool:
    """Say whether compiled code of a function lies on disk; see `compiled`."""
    folder = _written(module, name, package)[0]
    return folder is not None and any(folder.glob("**/*.nbi"))


@functools.cache
def _compiled(module: str, name: str, package: str) -> Callable[..., Any] | None:
    try:
        import numba  # noqa: F401 - what is written imports it
    except ImportError:
        warnings.warn(
            "numba is not installed, so loyalty rules run interpreted, hundreds of times slower. "
            "Next step: pip install 'retention-kit[loyalty]'.",
            DataWarning,
            stacklevel=4,
        )
        return None
    folder, text, entrance = _written(module, name, package)
    if folder is None:
        return _run(text, entrance)
    return _imported(folder / "kernel.py", text, entrance)


@functools.cache
def _written(module: str, name: str, package: str) -> tuple[Path | None, str, str]:
    """Give the folder for compiled code, the text that is compiled, and the function's name."""
    text, entrance = translated(module, name, package)
    marked = _HEAD + _marked(text, entrance)
    folder = _folder(package, f"{importlib.metadata.version('numba')}\n{marked}")
    return folder, marked.replace(_CACHE, str(folder is not None)), entrance


def _marked(text: str, entrance: str) -> str:
    """Say of each function that it is compiled; of what it calls the last one is part."""
    own = f"def {entrance}("
    marked = text.replace("\n\ndef ", "\n\n\n@_inner\ndef ")
    marked = f"@_inner\n{marked}" if marked.startswith("def ") else marked
    return marked.replace(f"@_inner\n{own}", f"@_outer\n{own}") + "\n"


def _run(text: str, entrance: str) -> Callable[..., Any]:
    names: dict[str, Any] = {"__name__": f"{__name__}.kernel"}
    exec(compile(text, "<kernel>", "exec"), names)
    function: Callable[..., Any] = names[entrance]
    return function


def _imported(file: Path, text: str, entrance: str) -> Callable[..., Any]:
    """Import the text from a file, which numba needs to keep what it makes of it."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    # What numba kept looks for its module by name.
    name = f"{__name__.replace('.', '_')}_{file.parent.name.rpartition('-')[2]}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, entrance)
    return function


def _folder(package: str, text: str) -> Path | None:
    """Name a folder that is there and can be written, for this text and this numba."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    own = Path(str(importlib.import_module(package).__file__)).parent
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    asked = os.environ.get("NUMBA_CACHE_DIR")
    parents = [Path(asked)] if asked else [own / "__pycache__", Path(cache) / _FOLDER]
    for parent in parents:
        folder = parent / f"compiled-{digest}"
        if _can_be_written(folder):
            return folder
    return None


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
