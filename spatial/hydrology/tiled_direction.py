"""Directions of flow over a grid larger than memory.

The ways down take one pass. Steps over flat ground are counted in each tile from what its
neighbours know of their edges, and again where that changed: a tile is seen as often as flat
ground goes from tile to tile through it. The steps are the least, so they come out the same.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spatial.hydrology import grid_store
from spatial.hydrology.direction import FLAT, Steps, cross_flats, descend, sources, spread
from spatial.hydrology.neighbours import NO_DATA, Codes, Floats, Heights, inner
from spatial.hydrology.tiled_edges import own
from spatial.hydrology.tiling import Spread, Tile, Tiling


@dataclass(frozen=True, slots=True)
class _Part:
    """A tile, the files of heights, codes, and both steps; dx, dy: of its rows and two beyond."""

    source: Path
    target: Path
    lower: Path
    higher: Path
    tile: Tile
    dx: Floats
    dy: Floats


def d8(source: Path, target: Path, dx: Floats, dy: Floats, tiling: Tiling, spread: Spread) -> int:
    """Codes of a filled scratch grid into another; the same as `direction.d8`.

    dx, dy: (rows,) size of the cells of each row. Returns how often the busiest tile was seen
    for flat ground. Scratch of both steps is made beside the target, and goes.
    """
    lower, higher = (
        grid_store.create(target.with_name(f"{name}.npy"), tiling.shape, np.int32)
        for name in ("lower", "higher")
    )
    wide, tall = np.pad(dx, 2, mode="edge"), np.pad(dy, 2, mode="edge")
    parts = []
    for tile in tiling.tiles:
        rows = slice(tile.top, tile.top + tile.rows + 4)
        parts.append(_Part(source, target, lower, higher, tile, wide[rows], tall[rows]))
    try:
        waiting = {one for told in spread(_descended, parts) for one in told}
        rounds = 1
        while waiting:
            again = [parts[number] for number in sorted(_beside(tiling, waiting))]
            waiting = {number for number in spread(_crossed, again) if number >= 0}
            rounds += 1
        for _ in spread(_finished, parts):
            pass
    finally:
        lower.unlink()
        higher.unlink()
    return rounds


def _beside(tiling: Tiling, changed: set[int]) -> set[int]:
    """The tiles about those that changed."""
    across = -(-tiling.shape[1] // tiling.size)
    found = set()
    for number in changed:
        for row in (-1, 0, 1):
            for column in (-1, 0, 1):
                r, c = number // across + row, number % across + column
                other = r * across + c
                if (row or column) and 0 <= c < across and 0 <= other < len(tiling.tiles):
                    found.add(other)
    return found


def _ways_down(part: _Part) -> tuple[Heights, Codes]:
    """Heights and codes of a tile with one ring about it."""
    wide = grid_store.read(part.source, part.tile, np.nan, halo=2)
    code = np.full(wide.shape, NO_DATA, np.uint8)
    descend(wide.reshape(-1), wide.shape[1], part.dx, part.dy, code.reshape(-1))
    return np.ascontiguousarray(inner(wide)), np.ascontiguousarray(inner(code))


def _descended(part: _Part) -> list[int]:
    """Codes, and steps within; the tile's number if flat ground touches its edge."""
    level, code = _ways_down(part)
    grid_store.write(part.target, part.tile, inner(code))
    if not (inner(code) == FLAT).any():
        return []
    width = level.shape[1]
    steps = np.zeros((2, *level.shape), np.int32)
    flat = steps.reshape(2, -1)
    seeds = sources(level.reshape(-1), code.reshape(-1), width, flat[0], flat[1])
    mine = own(code.copy())  # steps beyond the edge are the neighbour's
    for one, distance in zip(seeds, flat, strict=True):
        spread(level.reshape(-1), mine.reshape(-1), width, one, distance)
    _write(part, steps)
    row, column = part.tile.edge()
    touches = (inner(code)[row, column] == FLAT).any()
    return [part.tile.number] if touches else []


def _crossed(part: _Part) -> int:
    """Steps anew with those of the ring; the tile's number if its edge changed, else -1."""
    code = grid_store.read(part.target, part.tile, NO_DATA)
    if not (inner(code) == FLAT).any():
        return -1
    level = grid_store.read(part.source, part.tile, np.nan)
    steps = _read(part)
    row, column = part.tile.edge()
    before = steps[:, 1:-1, 1:-1][:, row, column]
    mine = own(code.copy())
    width = level.shape[1]
    ring = np.ones(level.shape, bool)
    ring[1:-1, 1:-1] = False
    changed = False
    for distance in steps:
        seeds = np.flatnonzero(ring & (distance > 0))
        seeds = seeds[np.argsort(distance.reshape(-1)[seeds], kind="stable")]
        spread(level.reshape(-1), mine.reshape(-1), width, seeds, distance.reshape(-1))
    after = steps[:, 1:-1, 1:-1][:, row, column]
    changed = bool((before != after).any())
    _write(part, steps)
    return part.tile.number if changed else -1


def _finished(part: _Part) -> None:
    code = grid_store.read(part.target, part.tile, NO_DATA)
    if (inner(code) == FLAT).any():
        level = grid_store.read(part.source, part.tile, np.nan)
        # the codes of the ring may be final already, those of flat ground among them
        code = _ways_down(part)[1]
        way = np.full_like(code, NO_DATA)
        lower, higher = _read(part)
        cross_flats(
            level.reshape(-1), code.reshape(-1), level.shape[1],
            lower.reshape(-1), higher.reshape(-1), way.reshape(-1),
        )  # fmt: skip
        grid_store.write(part.target, part.tile, inner(way))


def _read(part: _Part) -> Steps:
    one, other = (grid_store.read(path, part.tile, 0) for path in (part.lower, part.higher))
    return np.stack([one, other]).astype(np.int32)


def _write(part: _Part, steps: Steps) -> None:
    for path, distance in zip((part.lower, part.higher), steps, strict=True):
        grid_store.write(path, part.tile, inner(distance))
