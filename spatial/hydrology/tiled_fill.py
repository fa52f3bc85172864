"""Filling depressions of a grid larger than memory, each tile twice (Barnes 2016).

A tile alone fills as if water left it everywhere; what it cannot know is how high water must
stand at its edge to get away. Each watershed of its edge is a node of a graph; where two touch,
water passes at some height. Over that graph the lowest way out is found, and the tile is raised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from spatial.hydrology import grid_store
from spatial.hydrology.depressions import OUTSIDE, flood
from spatial.hydrology.heap import drop_first, push, roomier
from spatial.hydrology.neighbours import Cells, Floats, Heights, inner
from spatial.hydrology.tiling import Integers, Spread, Tile, Tiling

_EMPTY = -1


@dataclass(frozen=True, slots=True)
class _Part:
    source: Path
    target: Path
    tile: Tile
    level: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """Of a tile: its labels, those and the heights of its edge, and where labels touch."""

    number: int
    labels: int
    label: Cells
    height: Floats
    pairs: Integers
    spill: Floats


def fill(source: Path, target: Path, tiling: Tiling, spread: Spread) -> None:
    """Fill the grid of one file into a scratch grid; the same bits as `depressions.fill`."""
    parts = [_Part(source, target, tile) for tile in tiling.tiles]
    told = sorted(spread(_flooded, parts), key=lambda one: one.number)
    levels = _levels(tiling, told)
    finish = [
        _Part(source, target, one.tile, level) for one, level in zip(parts, levels, strict=True)
    ]
    for _ in spread(_raised, finish):
        pass


def _alone(part: _Part) -> tuple[Heights, Cells, int]:
    level = grid_store.read(part.source, part.tile, np.nan)
    label = np.zeros(level.shape, np.int32)
    labels = flood(level.reshape(-1), label.reshape(-1), level.shape[1])
    return level, label, labels


def _flooded(part: _Part) -> _Told:
    level, label, labels = _alone(part)
    pairs, spill = touching(level, label)
    row, column = part.tile.edge()
    edge = inner(label)[row, column], inner(level)[row, column].astype(np.float64)
    return _Told(part.tile.number, labels, *edge, pairs, spill)


def _raised(part: _Part) -> None:
    assert part.level is not None
    level, label, _ = _alone(part)
    heights, labels = inner(level), inner(label)
    known = part.level.astype(level.dtype)[np.maximum(labels, 0)]
    # NaN stays NaN
    grid_store.write(
        part.target, part.tile, np.where(labels > 0, np.maximum(heights, known), heights)
    )


def _levels(tiling: Tiling, told: Sequence[_Told]) -> list[Floats]:
    """For each tile the least height of the water at each of its labels.

    Labels of all tiles are numbered through; 0 stands for all that is outside.
    """
    first = np.concatenate([[0], np.cumsum([one.labels for one in told])])

    def through(labels: npt.NDArray[np.integer], number: int) -> Integers:
        known = labels.astype(np.int64)
        return np.where(known > OUTSIDE, known + first[number], np.where(known == OUTSIDE, 0, -1))

    label = np.concatenate([through(one.label, one.number) for one in told])
    height = np.concatenate([one.height for one in told])
    ends = [through(one.pairs, one.number) for one in told]
    spill = [one.spill for one in told]
    for k in range(8):
        here, there = tiling.crossings(k)
        both = (label[here] >= 0) & (label[there] >= 0)
        here, there = here[both], there[both]
        ends.append(np.stack([label[here], label[there]], axis=1))
        spill.append(np.maximum(height[here], height[there]))
    level = lowest_ways(int(first[-1]) + OUTSIDE + 1, np.concatenate(ends), np.concatenate(spill))
    return [level[through(np.arange(one.labels + 1), one.number)] for one in told]


def lowest_ways(count: int, ends: Integers, spill: Floats) -> Floats:
    """(count,) the least over all ways to node 0 of the highest spill on the way.

    ends: (m, 2) nodes that touch; spill: (m,) the height at which water passes between them.
    """
    tail = np.concatenate([ends[:, 0], ends[:, 1]])
    head = np.concatenate([ends[:, 1], ends[:, 0]])
    order = np.argsort(tail, kind="stable")
    first = np.searchsorted(tail[order], np.arange(count + 1))
    return _lowest(first, head[order], np.concatenate([spill, spill])[order])


@njit(cache=True, nogil=True)
def _lowest(first: Integers, head: Integers, spill: Floats) -> Floats:
    level = np.full(len(first) - 1, np.inf)
    key: Heights = np.empty(1024, np.float64)
    cell: Cells = np.empty(1024, np.int32)
    level[0], key[0], cell[0], size = -np.inf, -np.inf, 0, 1
    while size > 0:
        node, height = cell[0], key[0]
        drop_first(key, cell, size)
        size -= 1
        if height > level[node]:
            continue
        for m in range(first[node], first[node + 1]):
            to, brim = head[m], max(height, spill[m])
            if brim < level[to]:
                level[to] = brim
                if size == len(key):
                    key, cell = roomier(key, cell)
                push(key, cell, size, brim, to)
                size += 1
    return level


def touching(level: Heights, label: Cells) -> tuple[Integers, Floats]:
    """Pairs (m, 2) of labels that touch within a padded tile, and the lowest height between."""
    keys, spill, count = _touching(level.reshape(-1), label.reshape(-1), label.shape[1])
    keys, spill = keys[keys != _EMPTY], spill[keys != _EMPTY]
    assert len(keys) == count
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1), spill


@njit(cache=True, nogil=True)
def _touching(level: Heights, label: Cells, width: int) -> tuple[Integers, Floats, int]:
    """A hash table of pairs, by open addressing."""
    size, count = 1024, 0
    keys, spill = np.full(size, _EMPTY, np.int64), np.empty(size, np.float64)
    after = np.array([1, width - 1, width, width + 1])
    for c in range(width, len(label) - width):
        if label[c] <= 0:
            continue
        for k in range(4):
            to = c + after[k]
            if label[to] <= 0 or label[to] == label[c]:
                continue
            one, other = np.int64(label[c]), np.int64(label[to])
            pair = (min(one, other) << 32) | max(one, other)
            brim = np.float64(max(level[c], level[to]))
            place = _slot(keys, pair)
            if keys[place] == _EMPTY:
                keys[place], spill[place] = pair, brim
                count += 1
                if 2 * count > size:
                    keys, spill = _rehashed(keys, spill)
                    size = len(keys)
            elif brim < spill[place]:
                spill[place] = brim
    return keys, spill, count


@njit(cache=True, nogil=True)
def _slot(keys: Integers, pair: np.int64 | int) -> np.int64 | int:
    place = ((pair * 0x9E3779B97F4A7C1) >> 20) & (len(keys) - 1)
    while keys[place] != _EMPTY and keys[place] != pair:
        place = (place + 1) & (len(keys) - 1)
    return place


@njit(cache=True, nogil=True)
def _rehashed(keys: Integers, spill: Floats) -> tuple[Integers, Floats]:
    more, heights = np.full(2 * len(keys), _EMPTY, np.int64), np.empty(2 * len(keys), np.float64)
    for old in range(len(keys)):
        if keys[old] != _EMPTY:
            place = _slot(more, keys[old])
            more[place], heights[place] = keys[old], spill[old]
    return more, heights
