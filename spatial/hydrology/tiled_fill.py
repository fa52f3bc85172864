"""Filling depressions of a grid larger than memory, each tile twice (Barnes 2016).

A tile alone fills as if water left it everywhere; what it cannot know is how high water must
stand at its edge to get away. Each watershed of its edge is a node of a graph; where two touch,
water passes at some height. Over that graph the lowest way out is found, and the tile is raised.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from spatial.hydrology import grid_store
from spatial.hydrology.depressions import OUTSIDE, flood
from spatial.hydrology.heap import drop_first, push, roomier
from spatial.hydrology.neighbours import Cells, Floats, Heights, inner, padded
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


def fill_at_once(heights: Heights, size: int = 512) -> Heights:
    """Fill a grid (rows, columns) in memory, tiles of so many cells a side in threads.

    The same bits as `depressions.fill`; faster, because a small tile stays in the cache.
    """
    tiling, grid = Tiling.of((heights.shape[0], heights.shape[1]), size), padded(heights, np.nan)

    def alone(tile: Tile) -> tuple[Heights, Cells, _Told]:
        window = np.s_[
            tile.top : tile.top + tile.rows + 2, tile.left : tile.left + tile.columns + 2
        ]
        level = grid[window].copy()
        label, labels = _flood(level)
        return level, label, _tell(tile, level, label, labels)

    def finish(tile: Tile, found: tuple[Heights, Cells, _Told], known: Floats) -> None:
        window = np.s_[tile.top : tile.top + tile.rows, tile.left : tile.left + tile.columns]
        made[window] = _raise(found[0], found[1], known)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        parts = list(pool.map(alone, tiling.tiles))
        levels = _levels(tiling, [told for _, _, told in parts])
        made = np.empty_like(heights)
        list(pool.map(finish, tiling.tiles, parts, levels))
    return made


def _flood(level: Heights) -> tuple[Cells, int]:
    label = np.zeros(level.shape, np.int32)
    return label, flood(level.reshape(-1), label.reshape(-1), level.shape[1])


def _tell(tile: Tile, level: Heights, label: Cells, labels: int) -> _Told:
    pairs, spill = touching(level, label)
    row, column = tile.edge()
    height = inner(level)[row, column].astype(np.float64)
    return _Told(tile.number, labels, inner(label)[row, column], height, pairs, spill)


def _raise(level: Heights, label: Cells, known: Floats) -> Heights:
    heights, labels = inner(level), inner(label)
    least = known.astype(level.dtype)[np.maximum(labels, 0)]
    return np.where(labels > 0, np.maximum(heights, least), heights)  # NaN stays NaN


def _flooded(part: _Part) -> _Told:
    level = grid_store.read(part.source, part.tile, np.nan)
    return _tell(part.tile, level, *_flood(level))


def _raised(part: _Part) -> None:
    assert part.level is not None
    level = grid_store.read(part.source, part.tile, np.nan)
    label, _ = _flood(level)
    grid_store.write(part.target, part.tile, _raise(level, label, part.level))


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
    for c in range(width, len(label) - width - 1):
        mine = label[c]
        if mine <= 0:
            continue
        # mostly all are of one label
        east, west = label[c + 1] == mine, label[c + width - 1] == mine
        if east and west and label[c + width] == mine and label[c + width + 1] == mine:
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
