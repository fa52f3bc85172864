"""The kernel that clips rings by rings: pairs in general position, thousands of them a millisecond.

Two rings without holes that cross properly share polygons whose edges run along the one ring from
where it enters the other to where it leaves, then along the other, and so on (Greiner and Hormann
1998). Whatever touches, or passes a vertex closer than the coordinates can tell, is left UNSURE:
exactness there is the business of a full overlay.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

UNSURE, APART, INSIDE, HOLDS, CUT = 0, 1, 2, 3, 4

#: A vertex closer to an edge than this share of the coordinates, some steps between
#: floating-point numbers, may touch it.
TOUCH = 16 * 2.0**-52

_MOST = 128  # crossings of one pair
_WORK = 4_000_000  # edge pairs of one pair of rings

type Array = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]


@njit(cache=True, nogil=True)
def clip(
    a: Array, a_start: Integers, b: Array, b_start: Integers, i: Integers, j: Integers
) -> tuple[npt.NDArray[np.int8], Array, Integers, Integers]:
    """Clip ring i[k] of `a` by ring j[k] of `b`, for every k.

    a, b: (vertices, 2), closed counterclockwise rings one after the other; *_start: (rings + 1,).
    Returns the kind of each pair (n,), and the rings shared by the CUT ones: their vertices,
    each closed; where each begins (rings + 1,); the pair that each belongs to (rings,).
    """
    pairs = len(i)
    a_box, b_box = _boxes(a, a_start), _boxes(b, b_start)
    near = np.empty((2, max(_longest(a_start), _longest(b_start))), np.int64)
    kind = np.zeros(pairs, np.int8)
    out, used = np.empty((4096, 2)), 0
    starts, owners, rings = np.zeros(1024, np.int64), np.zeros(1024, np.int64), 0
    edge, order = np.empty((2, _MOST), np.int64), np.empty((2, _MOST), np.int64)
    place, at = np.empty((2, _MOST), np.int64), np.empty((2, _MOST))
    point, enters = np.empty((_MOST, 2)), np.empty(_MOST, np.bool_)
    for k in range(pairs):
        p = a[a_start[i[k]] : a_start[i[k] + 1]]
        q = b[b_start[j[k]] : b_start[j[k] + 1]]
        p_box, q_box = a_box[i[k]], b_box[j[k]]
        tol = TOUCH * max(_reach(p_box), _reach(q_box))
        count = _crossings(p, q, p_box, q_box, tol, near, edge, at, point, enters)
        if count < 0:
            continue
        if count == 0:
            if _contains(q, p[0, 0], p[0, 1]):
                kind[k] = INSIDE
            elif _contains(p, q[0, 0], q[0, 1]):
                kind[k] = HOLDS
            else:
                kind[k] = APART
            continue
        if not _in_turn(p, q, count, tol, edge, at, enters, order, place):
            continue
        while used + len(p) + len(q) + 2 * count > len(out):
            out = _longer(out)
        if rings + count + 1 > len(starts):
            starts, owners = _more(starts), _more(owners)
        before = rings
        seen = np.zeros(count, np.bool_)
        whole = True
        for first in range(count):
            if seen[first] or not enters[first]:
                continue
            now = first
            while True:
                if seen[now] or not enters[now]:
                    whole = False
                    break
                seen[now] = True
                used = _put(out, used, point, now)
                leave = order[0, (place[0, now] + 1) % count]
                used = _follow(p, edge[0], at[0], now, leave, out, used)
                used = _put(out, used, point, leave)
                now = order[1, (place[1, leave] + 1) % count]
                used = _follow(q, edge[1], at[1], leave, now, out, used)
                if now == first:
                    break
            if not whole:
                break
            used = _put(out, used, out, starts[rings])
            owners[rings] = k
            rings += 1
            starts[rings] = used
        if whole:
            kind[k] = CUT
        else:
            rings = before
            used = starts[rings]
    return kind, out[:used], starts[: rings + 1], owners[:rings]


@njit(cache=True, nogil=True)
def _crossings(
    p: Array,
    q: Array,
    p_box: Array,
    q_box: Array,
    tol: float,
    near: Integers,
    edge: Integers,
    at: Array,
    point: Array,
    enters: npt.NDArray[np.bool_],
) -> int:
    """Where two rings cross: their number, or -1 where that cannot be told or is too much."""
    west, south = max(p_box[0], q_box[0]) - tol, max(p_box[1], q_box[1]) - tol
    east, north = min(p_box[2], q_box[2]) + tol, min(p_box[3], q_box[3]) + tol
    ours = near[0, : _near(p, west, south, east, north, near[0])]
    theirs = near[1, : _near(q, west, south, east, north, near[1])]
    if len(ours) * len(theirs) > _WORK:
        return -1
    count = 0
    for m in ours:
        x0, y0, x1, y1 = p[m, 0], p[m, 1], p[m + 1, 0], p[m + 1, 1]
        dx, dy = x1 - x0, y1 - y0
        slack = tol * np.sqrt(dx * dx + dy * dy)
        low_x, high_x = min(x0, x1) - tol, max(x0, x1) + tol
        low_y, high_y = min(y0, y1) - tol, max(y0, y1) + tol
        for n in theirs:
            u0, v0, u1, v1 = q[n, 0], q[n, 1], q[n + 1, 0], q[n + 1, 1]
            if max(u0, u1) < low_x or min(u0, u1) > high_x:
                continue
            if max(v0, v1) < low_y or min(v0, v1) > high_y:
                continue
            d1 = dx * (v0 - y0) - dy * (u0 - x0)
            d2 = dx * (v1 - y0) - dy * (u1 - x0)
            if (d1 > slack and d2 > slack) or (d1 < -slack and d2 < -slack):
                continue
            du, dv = u1 - u0, v1 - v0
            room = tol * np.sqrt(du * du + dv * dv)
            d3 = du * (y0 - v0) - dv * (x0 - u0)
            d4 = du * (y1 - v0) - dv * (x1 - u0)
            if (d3 > room and d4 > room) or (d3 < -room and d4 < -room):
                continue
            if min(abs(d1), abs(d2)) <= slack or min(abs(d3), abs(d4)) <= room or count == _MOST:
                return -1
            t = d3 / (d3 - d4)
            edge[0, count], edge[1, count] = m, n
            at[0, count], at[1, count] = t, d1 / (d1 - d2)
            point[count, 0], point[count, 1] = x0 + t * dx, y0 + t * dy
            enters[count] = d4 > 0
            count += 1
    return count


@njit(cache=True, nogil=True)
def _boxes(points: Array, start: Integers) -> Array:
    """(rings, 4) the bounds of each ring."""
    boxes = np.empty((len(start) - 1, 4))
    for ring in range(len(start) - 1):
        first = start[ring]
        west, south = points[first, 0], points[first, 1]
        east, north = west, south
        for m in range(first + 1, start[ring + 1]):
            west, east = min(west, points[m, 0]), max(east, points[m, 0])
            south, north = min(south, points[m, 1]), max(north, points[m, 1])
        boxes[ring, 0], boxes[ring, 1] = west, south
        boxes[ring, 2], boxes[ring, 3] = east, north
    return boxes


@njit(cache=True, nogil=True)
def _reach(box: Array) -> float:
    """The largest coordinate of a box, whatever its sign."""
    return float(max(-box[0], -box[1], box[2], box[3]))


@njit(cache=True, nogil=True)
def _longest(start: Integers) -> int:
    """Vertices of the longest ring."""
    longest = 0
    for ring in range(len(start) - 1):
        longest = max(longest, start[ring + 1] - start[ring])
    return longest


@njit(cache=True, nogil=True)
def _longer(points: Array) -> Array:
    """The same points with room for as many again."""
    more = np.empty((2 * len(points), 2))
    for m in range(len(points)):
        more[m, 0], more[m, 1] = points[m, 0], points[m, 1]
    return more


@njit(cache=True, nogil=True)
def _more(numbers: Integers) -> Integers:
    """The same numbers with room for as many again."""
    more = np.zeros(2 * len(numbers), np.int64)
    for m in range(len(numbers)):
        more[m] = numbers[m]
    return more


@njit(cache=True, nogil=True)
def _near(
    ring: Array, west: float, south: float, east: float, north: float, found: Integers
) -> int:
    """Put the edges of a ring whose boxes meet a box into `found`; their number."""
    count = 0
    x0, y0 = ring[0, 0], ring[0, 1]
    for m in range(len(ring) - 1):
        x1, y1 = ring[m + 1, 0], ring[m + 1, 1]
        if (
            max(x0, x1) >= west
            and min(x0, x1) <= east
            and max(y0, y1) >= south
            and min(y0, y1) <= north
        ):
            found[count] = m
            count += 1
        x0, y0 = x1, y1
    return count


@njit(cache=True, nogil=True)
def _contains(ring: Array, x: float, y: float) -> bool:
    """Whether a point that is not on the ring lies within it, by the parity of a ray."""
    within = False
    for m in range(len(ring) - 1):
        x0, y0, x1, y1 = ring[m, 0], ring[m, 1], ring[m + 1, 0], ring[m + 1, 1]
        if (y0 > y) != (y1 > y):
            side = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
            if (side > 0) == (y1 > y0):
                within = not within
    return within


@njit(cache=True, nogil=True)
def _in_turn(
    p: Array,
    q: Array,
    count: int,
    tol: float,
    edge: Integers,
    at: Array,
    enters: npt.NDArray[np.bool_],
    order: Integers,
    place: Integers,
) -> bool:
    """Order the crossings along both rings; whether they enter and leave in turn, well apart."""
    for side in range(2):
        ring = p if side == 0 else q
        for c in range(count):
            n = c
            while n > 0:
                before = order[side, n - 1]
                if edge[side, before] < edge[side, c] or (
                    edge[side, before] == edge[side, c] and at[side, before] <= at[side, c]
                ):
                    break
                order[side, n] = before
                n -= 1
            order[side, n] = c
        for n in range(count):
            c, after = order[side, n], order[side, (n + 1) % count]
            place[side, c] = n
            if enters[c] == enters[after]:
                return False
            m = edge[side, c]
            if m == edge[side, after]:
                length = np.hypot(ring[m + 1, 0] - ring[m, 0], ring[m + 1, 1] - ring[m, 1])
                if abs(at[side, after] - at[side, c]) * length <= tol:
                    return False
    return True


@njit(cache=True, nogil=True)
def _put(out: Array, used: int, points: Array, m: int) -> int:
    """Copy one point; where the next one goes."""
    out[used, 0], out[used, 1] = points[m, 0], points[m, 1]
    return used + 1


@njit(cache=True, nogil=True)
def _follow(
    ring: Array, edge: Integers, at: Array, start: int, end: int, out: Array, used: int
) -> int:
    """Copy the vertices of a ring between two crossings; where the next vertex goes."""
    m, last = edge[start], edge[end]
    if m == last and at[end] > at[start]:
        return used
    while True:
        m += 1
        if m == len(ring) - 1:
            m = 0
        used = _put(out, used, ring, m)
        if m == last:
            return used
