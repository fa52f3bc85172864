"""The kernels of the local-inertia scheme, over tiles of the grid (Bates et al. 2010).

At the face between two cells, with the surface e = z + h, the depth of flow
hf = max(e) - crest and the slope s = de / dx, the unit discharge q (m²/s) becomes the q' of

    q' + dt g n² |q'| q' / hf^(7/3) = w q + (1 - w) (q- + q+) / 2 - g hf dt s

where q- and q+ are the neighbours along its axis that flow (de Almeida et al. 2012). Friction is
implicit, so that thin sheets do not oscillate; |q'| is the length of the whole vector, with the
part across from the step before, so that flow askew to the grid meets the same friction as along.
Depths are double precision; discharges, beds and friction are single, which loses no water: what
leaves a cell through a face enters the next.

Arrays are (rows, columns); qx (rows, columns + 1) and qy (rows + 1, columns) hold the faces before
and after each cell, of which the outermost stay 0. A tile is a row of (top, bottom, left, right);
the kernels go through the tiles that `chosen` numbers.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

type Doubles = npt.NDArray[np.float64]
type Singles = npt.NDArray[np.float32]
type Tiles = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]
type Single = np.float32

GRAVITY = 9.80665
#: Water thinner than this (m) does not flow.
THIN = np.float32(1e-5)
_FAST = {"reassoc", "contract", "nsz", "arcp"}
_ZERO, _QUARTER, _ONE = np.float32(0), np.float32(0.25), np.float32(1)
_TWO, _FOUR = np.float32(2), np.float32(4)
_GUESS, _THIRD, _FOUR_THIRDS = np.float32(0x54A21D2A), np.float32(1 / 3), np.float32(4 / 3)


@njit(cache=True, nogil=True, inline="always", fastmath=_FAST, error_model="numpy")
def _slowed(push: Single, drag: Single, across: Single, depth: Single) -> Single:
    """The root of q + k (|q| + across) q = push, where k = drag / depth^(7/3).

    The power is by Newton's method for 1 / cbrt(depth), which needs no division.
    """
    bits = np.float32(depth).view(np.int32)
    y = np.int32(_GUESS - np.float32(bits) * _THIRD).view(np.float32)
    third = depth * _THIRD
    y = y * (_FOUR_THIRDS - third * y * y * y)
    y = y * (_FOUR_THIRDS - third * y * y * y)
    y = y * (_FOUR_THIRDS - third * y * y * y)
    y2 = y * y
    k = drag * (y2 * y2 * y2 * y)
    b = _ONE + k * across
    root: Single = np.sqrt(b * b + _FOUR * k * abs(push))
    return _TWO * push / (b + root)


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _surface(h: Doubles, z: Singles, e: Doubles) -> None:
    for j in range(len(e)):
        e[j] = h[j] + z[j]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _faces(
    e0: Doubles, e1: Doubles, h0: Doubles, h1: Doubles, f0: Singles, f1: Singles, crest: Singles,
    q: Singles, q0: Singles, q1: Singles, s0: Singles, s1: Singles, s2: Singles, s3: Singles,
    depth: Singles, across: Singles, push: Singles, new: Singles,
    weight: float, dt: float, dx: float,
) -> Single:  # fmt: skip
    """New discharges through a row of faces between the cells 0 and 1; the most by which a
    quarter of what a cell holds is exceeded.

    q0, q1: the neighbouring faces; s0 to s3: the four across. Short loops over rows that lie in
    the nearest cache, so that each runs in vector registers.
    """
    n = len(new)
    own, other = np.float32(weight), np.float32(0.5 * (1 - weight))
    pull, half = np.float32(GRAVITY * dt / dx), np.float32(0.5 * dt)
    for j in range(n):
        depth[j] = (e0[j] if e0[j] > e1[j] else e1[j]) - crest[j]
    for j in range(n):
        side = _QUARTER * (s0[j] + s1[j] + s2[j] + s3[j])
        across[j] = np.sqrt(q[j] * q[j] + side * side) - abs(q[j])
    for j in range(n):
        before, after = q0[j], q1[j]
        before = before if before != _ZERO else q[j]
        after = after if after != _ZERO else q[j]
        ahead = own * q[j] + other * (before + after)
        push[j] = ahead - pull * depth[j] * np.float32(e1[j] - e0[j])
    for j in range(n):
        flows = depth[j] > THIN
        made = _slowed(push[j], half * (f0[j] + f1[j]), across[j], depth[j] if flows else _ONE)
        new[j] = made if flows else _ZERO
    most, quick = _ZERO, np.float32(4 * dt / dx)
    for j in range(n):
        excess = quick * abs(new[j]) - np.float32(h0[j] if new[j] > _ZERO else h1[j])
        most = excess if excess > most else most
    return most


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def flow(
    tiles: Tiles, chosen: Tiles, z: Singles, crest_x: Singles, crest_y: Singles,
    friction: Singles, h: Doubles, qx: Singles, qy: Singles, new_qx: Singles, new_qy: Singles,
    dt: float, dx: float, weight: float, hasty: Flags,
) -> None:  # fmt: skip
    """Discharges through the faces before the cells of some tiles, after a step of dt seconds.

    friction: g n² of the cells. hasty: whether more than a quarter of a cell's water leaves by one
    face of the tile, which `hold` looks at.
    """
    room = h.shape[1] + 1
    upper, lower = np.zeros(room), np.zeros(room)
    depth, across = np.empty(room, np.float32), np.empty(room, np.float32)
    push = np.empty(room, np.float32)
    for k in chosen:
        top, bottom, left, right = tiles[k, 0], tiles[k, 1], tiles[k, 2], tiles[k, 3]
        start = max(left, 1)
        m, n = right - start, right - left
        most = _ZERO
        if top > 0:
            _surface(h[top - 1, left:right], z[top - 1, left:right], upper[1 : n + 1])
        for i in range(top, bottom):
            _surface(h[i, start - 1 : right], z[i, start - 1 : right], lower[start - left : n + 1])
            a, b = slice(start - 1, right - 1), slice(start, right)
            c = slice(start + 1, right + 1)
            worst = _faces(
                lower[start - left : n], lower[start - left + 1 : n + 1],
                h[i, a], h[i, b], friction[i, a], friction[i, b], crest_x[i, b],
                qx[i, b], qx[i, a], qx[i, c], qy[i, a], qy[i, b], qy[i + 1, a], qy[i + 1, b],
                depth[:m], across[:m], push[:m], new_qx[i, b], weight, dt, dx,
            )  # fmt: skip
            most = max(most, worst)
            if i > 0:
                b, c = slice(left, right), slice(left + 1, right + 1)
                worst = _faces(
                    upper[1 : n + 1], lower[1 : n + 1],
                    h[i - 1, b], h[i, b], friction[i - 1, b], friction[i, b], crest_y[i, b],
                    qy[i, b], qy[i - 1, b], qy[i + 1, b],
                    qx[i - 1, b], qx[i - 1, c], qx[i, b], qx[i, c],
                    depth[:n], across[:n], push[:n], new_qy[i, b], weight, dt, dx,
                )  # fmt: skip
                most = max(most, worst)
            upper, lower = lower, upper
        hasty[k] = most > _ZERO


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def hold(
    tiles: Tiles, chosen: Tiles, h: Doubles, qx: Singles, qy: Singles,
    dt: float, dx: float,
) -> None:  # fmt: skip
    """Scale down what leaves a cell where it is more than the cell holds.

    A face lets out one cell only, so that no two tiles touch the same one.
    """
    step = dt / dx
    for k in chosen:
        for i in range(tiles[k, 0], tiles[k, 1]):
            for j in range(tiles[k, 2], tiles[k, 3]):
                west, east = min(qx[i, j], _ZERO), max(qx[i, j + 1], _ZERO)
                north, south = min(qy[i, j], _ZERO), max(qy[i + 1, j], _ZERO)
                leaves = step * (np.float64(east) - west + south - north)
                if leaves <= h[i, j]:
                    continue
                share = np.float32(h[i, j] / leaves * (1 - 1e-6))
                if west < _ZERO:
                    qx[i, j] = west * share
                if east > _ZERO:
                    qx[i, j + 1] = east * share
                if north < _ZERO:
                    qy[i, j] = north * share
                if south > _ZERO:
                    qy[i + 1, j] = south * share


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def store(
    tiles: Tiles, chosen: Tiles, h: Doubles, qx: Singles, qy: Singles,
    dt: float, dx: float, rain: float, gain: Singles, soil: Singles, drains: Singles,
    sums: Doubles,
) -> None:  # fmt: skip
    """Depths after a step: what flowed, `rain` metres times each cell's gain, less what soil and
    drains take (m/s at most).

    sums: (tiles, 3) deepest water, and metres taken by soil and by drains.
    """
    step = dt / dx
    for k in chosen:
        deepest = soaked = drained = 0.0
        for i in range(tiles[k, 0], tiles[k, 1]):
            for j in range(tiles[k, 2], tiles[k, 3]):
                v = h[i, j] + step * (np.float64(qx[i, j]) - qx[i, j + 1] + qy[i, j] - qy[i + 1, j])
                v = (v if v > 0.0 else 0.0) + rain * gain[i, j]
                taken = dt * soil[i, j]
                taken = taken if taken < v else v
                v -= taken
                soaked += taken
                taken = dt * drains[i, j]
                taken = taken if taken < v else v
                v -= taken
                drained += taken
                h[i, j] = v
                deepest = v if v > deepest else deepest
        sums[k, 0], sums[k, 1], sums[k, 2] = deepest, soaked, drained
