"""Partitions of a reading: boxes that share out its features by their anchors.

A feature's anchor is the lower left corner of its bounding box, so it is in exactly one box.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from psycopg import sql

from spatial.database import Pg
from spatial.layer import Box
from spatial.query import Reading

FEATURES = 20_000
CELLS = 64
_FAR = 1e30

type _Counts = npt.NDArray[np.int64]
type _Edges = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """The features whose anchors are in a box, of which the upper edges are not part."""

    box: Box

    def of(self, reading: Reading) -> Reading:
        """The part's rows of the partitioned reading."""
        x0, y0, x1, y1 = self.box
        corner = sql.SQL(
            "ST_XMin(geom) >= {} AND ST_YMin(geom) >= {} AND ST_XMin(geom) < {}"
            " AND ST_YMin(geom) < {}"
        ).format(*map(sql.Literal, (x0, y0, x1, y1)))
        near = (max(x0, -_FAR), max(y0, -_FAR), min(x1, _FAR), min(y1, _FAR))
        return reading.touching(near).where(corner)


WHOLE = Part((-math.inf, -math.inf, math.inf, math.inf))


def partition(pg: Pg, reading: Reading, at_most: int = FEATURES) -> list[Part]:
    """Parts of at most so many features each, as far as their anchors differ.

    Counts by a grid of CELLS × CELLS, halves it where the counts balance, and looks again with a
    finer grid where one cell alone holds too many.
    """
    row = pg.execute(reading.extent()).fetchone()
    if row is None or row[0] is None:
        return []
    return [Part(box) for box in _split(pg, reading, WHOLE.box, tuple(row), at_most)]


def _split(pg: Pg, reading: Reading, box: Box, extent: Box, at_most: int) -> Iterator[Box]:
    """`box` may be infinite; `extent` is its finite part where the anchors are."""
    x, y = (np.linspace(extent[k], extent[k + 2], CELLS + 1) for k in (0, 1))
    counts = _histogram(pg, Part(box).of(reading), x, y)
    for c0, r0, c1, r1 in _halves(counts, 0, 0, CELLS, CELLS, at_most):
        inner = (float(x[c0]), float(y[r0]), float(x[c1]), float(y[r1]))
        edge = (c0 == 0, r0 == 0, c1 == CELLS, r1 == CELLS)
        outer = tuple(far if out else near for out, far, near in zip(edge, box, inner, strict=True))
        west, south, east, north = outer
        alone = (c1 - c0, r1 - r0) == (1, 1) and counts[c0, r0] > at_most
        if alone and _divisible(inner):
            yield from _split(pg, reading, (west, south, east, north), inner, at_most)
        else:
            yield west, south, east, north


def _histogram(pg: Pg, reading: Reading, x: _Edges, y: _Edges) -> _Counts:
    """(CELLS, CELLS) features by column and row, told by the very edges that will part them."""
    bins = sql.SQL(", ").join(
        sql.SQL("width_bucket(ST_{}Min(geom), {})").format(sql.SQL(axis), edges[1:-1].tolist())
        for axis, edges in (("X", x), ("Y", y))
    )
    binned = reading.select(sql.SQL("ARRAY[{}] AS bin").format(bins))
    counts = np.zeros((CELLS, CELLS), dtype=np.int64)
    query = sql.SQL("SELECT bin[1], bin[2], count(*) FROM ({}) anchor GROUP BY bin").format(binned)
    for column, line, count in pg.execute(query):
        counts[column, line] = count
    return counts


def _halves(
    counts: _Counts, c0: int, r0: int, c1: int, r1: int, at_most: int
) -> Iterator[tuple[int, int, int, int]]:
    """Blocks of cells with at most so many features, cut along the longer side; none is empty."""
    block = counts[c0:c1, r0:r1]
    if not block.any():
        return
    wide, high = block.shape
    if block.sum() <= at_most or wide == high == 1:
        yield c0, r0, c1, r1
        return
    along = 0 if wide >= high else 1
    running = np.cumsum(block.sum(axis=1 - along))
    cut = int(np.clip(np.searchsorted(running, running[-1] / 2) + 1, 1, len(running) - 1))
    if along == 0:
        yield from _halves(counts, c0, r0, c0 + cut, r1, at_most)
        yield from _halves(counts, c0 + cut, r0, c1, r1, at_most)
    else:
        yield from _halves(counts, c0, r0, c1, r0 + cut, at_most)
        yield from _halves(counts, c0, r0 + cut, c1, r1, at_most)


def _divisible(box: Box) -> bool:
    """Whether a finer grid would still tell coordinates apart."""
    size = max(box[2] - box[0], box[3] - box[1])
    return size / CELLS > 4 * math.ulp(max(map(abs, box)))
