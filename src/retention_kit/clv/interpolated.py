"""What a model expects of customers of any age, computed at a few ages and interpolated between.

Of a customer who is alive, expectations hang on the number of repeat purchases and on the age
alone, and on the latter smoothly: on a logarithmic scale there is no singularity nearer than π. A
million customers therefore need some ten thousand evaluations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retention_kit.clv.expectations.geometric import Floats

_WIDTH = 0.25
_COUNT = 8
_NODES = np.cos(np.pi * (np.arange(_COUNT) + 0.5) / _COUNT)
_POWERS = np.cos(np.pi * np.outer(np.arange(_COUNT), np.arange(_COUNT) + 0.5) / _COUNT)
_ROOM, _HALF = 1 << 16, 1 << 15
_BLOCK = 16_384
_SMALL = 5_000_000

Cells = NDArray[np.int64]
Known = dict[int, Floats]
"""Coefficients by cell, kept from block to block of a table."""


class Places(NamedTuple):
    """Where rows stand on a grid that is the same for every block of a table.

    Attributes:
        cells: The cells that occur: a number of purchases, and a piece of the scale of ages.
        cell: Of each row, which of them it is in.
        within: Of each row, where in the piece it stands, −1 … 1.
        origin: What is added to an age before the logarithm.
    """

    cells: Cells
    cell: Cells
    within: Floats
    origin: float


def places_of(x: Floats, age: Floats, origin: float) -> Places:
    """Find the places of rows on the grid.

    Args:
        x: Repeat purchases.
        age: Time since the first purchase.
        origin: A time above 0, not longer than those over which what is interpolated bends.
    """
    scale = np.log(origin + age) / _WIDTH
    piece = np.floor(scale)
    cells, inverse = _distinct(x.astype(np.int64), piece.astype(np.int64))
    return Places(cells, inverse, 2 * (scale - piece) - 1, origin)


def interpolate(
    places: Places, function: Callable[[Floats, Floats], Floats], known: Known
) -> Floats:
    """Give a function of purchases and age in each row, by Chebyshev's polynomials.

    Args:
        places: The rows.
        function: Of purchases and age, element by element.
        known: What was computed before with the same function and origin; it is added to.
    """
    missing = np.array(
        [cell for cell in places.cells.tolist() if cell not in known], dtype=np.int64
    )
    if missing.size:
        piece = (missing % _ROOM - _HALF)[:, None]
        age = np.exp((piece + (1 + _NODES) / 2) * _WIDTH) - places.origin
        x = np.broadcast_to((missing // _ROOM).astype(np.float64)[:, None], age.shape)
        values = function(x.ravel(), age.ravel()).reshape(age.shape)
        # By sums of columns, not by a matrix product, whose rounding hangs on its shape.
        parts = np.zeros_like(values)
        for node in range(_COUNT):
            parts += values[:, node, None] * _POWERS[:, node]
        parts *= 2 / _COUNT
        parts[:, 0] /= 2
        known.update(zip(missing.tolist(), parts, strict=True))
    table = np.array([known[cell] for cell in places.cells.tolist()]).reshape(-1, _COUNT).T.copy()
    result = np.empty_like(places.within)
    for start in range(0, result.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        result[rows] = _clenshaw(table, places.cell[rows], places.within[rows])
    return result


def _clenshaw(table: Floats, cell: Cells, within: Floats) -> Floats:
    twice = 2 * within
    after, now = np.zeros_like(within), table[-1][cell]
    for part in table[-2:0:-1]:
        after, now = now, part[cell] + twice * now - after
    return np.asarray(table[0][cell] + within * now - after)


def _distinct(x: Cells, piece: Cells) -> tuple[Cells, Cells]:
    """Give the cells that occur, and of each row which it has; without sorting, where it goes."""
    if x.size == 0:
        return x, x
    low = int(piece.min())
    width = int(piece.max()) - low + 1
    cell = x * width + (piece - low)
    size = (int(x.max()) + 1) * width
    if size > _SMALL:
        found, inverse = np.unique(cell, return_inverse=True)
    else:
        occurs = np.zeros(size, dtype=np.bool_)
        occurs[cell] = True
        found = np.flatnonzero(occurs)
        place = np.empty(size, dtype=np.int64)
        place[found] = np.arange(found.size)
        inverse = place[cell]
    return found // width * _ROOM + found % width + (low + _HALF), inverse.reshape(-1)
