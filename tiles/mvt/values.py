"""The table of values of a tile's layer, each once, and which of them a feature has.

Source: Mapbox Vector Tile Specification 2.1, sections 4.1 and 4.4.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from tiles.mvt.wire import Bytes, Longs, big_endian, put, width, zigzag

TEXT, DOUBLE, WHOLE, TRUTH = range(4)
NONE = -1
_ENOUGH = 500  # values that are all different
_SPARE = 24  # bytes of a value besides its own

type Tags = npt.NDArray[np.int32]


def joined(told: Sequence[tuple[Tags, int, Bytes]], count: int) -> tuple[Tags, list[Bytes]]:
    """(attributes, count) numbers in one table made of several, and its parts.

    The attribute with the fewest values comes first, since small numbers are short.
    """
    tags = np.full((len(told), count), NONE, np.int32)
    order = sorted(range(len(told)), key=lambda column: told[column][1])
    before = 0
    for column in order:
        numbers, different, _ = told[column]
        tags[column] = np.where(numbers == NONE, NONE, numbers + before)
        before += different
    return tags, [told[column][2] for column in order]


@njit(cache=True, nogil=True)
def split(told: Bytes, count: int, width: int) -> Longs:
    """(width, count) where each of the values of rows that follow each other starts."""
    places = np.empty((width, count), np.int64)
    p = 0
    for row in range(count):
        for column in range(width):
            places[column, row] = p
            p += 4 + max(big_endian(told, p, 4), 0)
    return places


@njit(cache=True, nogil=True)
def values(cells: Bytes, places: Longs, kind: int) -> tuple[Tags, int, Bytes]:
    """Of one attribute of which the values start at places: (count,) the number of each feature's
    value, NONE for NULL; how many different ones there are; and these as they are written.
    """
    count = len(places)
    tags = np.empty(count, np.int32)
    out = np.empty(len(cells) + _SPARE * (count + 1), np.uint8)
    starts = np.zeros(count + 2, np.int64)
    size = 16
    while size < 2 * count:
        size *= 2
    slots = np.full(size, NONE, np.int32)
    known = 0
    for row in range(count):
        p = places[row]
        size = big_endian(cells, p, 4)
        tags[row] = NONE
        if size >= 0:
            end = _written(cells, p + 4, size, kind, out, starts[known])
            # where so many differ, looking for the next one is in vain
            told_apart = known == row and row >= _ENOUGH
            tags[row] = known if told_apart else _number(out, end, starts, slots, known)
            if tags[row] == known:
                known += 1
                starts[known] = end
    return tags, known, out[: starts[known]]


@njit(cache=True, nogil=True)
def _number(out, end, starts, slots, known):  # type: ignore[no-untyped-def]
    """The number of the value that was written after so many known ones: theirs, if it is alike."""
    start = starts[known]
    mixed = np.uint64(14695981039346656037)  # FNV-1a
    for k in range(start, end):
        mixed = (mixed ^ np.uint64(out[k])) * np.uint64(1099511628211)
    slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(len(slots) - 1))
    while slots[slot] != NONE:
        other = slots[slot]
        if _same(out, starts[other], starts[other + 1], start, end):
            return other
        slot = (slot + 1) & (len(slots) - 1)
    slots[slot] = known
    return known


@njit(cache=True, nogil=True)
def _same(out, start, end, other, other_end):  # type: ignore[no-untyped-def]
    if end - start != other_end - other:
        return False
    for k in range(end - start):  # noqa: SIM110
        if out[start + k] != out[other + k]:
            return False
    return True


@njit(cache=True, nogil=True)
def _written(cells, p, size, kind, out, at):  # type: ignore[no-untyped-def]
    """Write one value as the layer's field `values`; where it ends."""
    out[at] = 0x22
    if kind == TEXT:
        at = put(out, at + 1, 1 + width(size) + size)
        out[at] = 0x0A
        at = put(out, at + 1, size)
        out[at : at + size] = cells[p : p + size]
        return at + size
    if kind == DOUBLE:
        out[at + 1], out[at + 2] = 9, 0x19
        for k in range(8):
            out[at + 3 + k] = cells[p + 7 - k]
        return at + 11
    number = big_endian(cells, p, size)
    field = 0x38 if kind == TRUTH else 0x28 if number >= 0 else 0x30
    if number < 0:
        number = zigzag(number)
    at = put(out, at + 1, 1 + width(number))
    out[at] = field
    return put(out, at + 1, number)
