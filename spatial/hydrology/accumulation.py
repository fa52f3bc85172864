"""Accumulation of flow: how many cells drain through each, itself among them.

Each cell without inflow begins a walk downstream that adds up, and ends where another inflow is
still awaited (Zhou, Wei, Fu 2019): every cell is passed once.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from spatial.errors import Invalid
from spatial.hydrology.neighbours import NO_DATA, Codes, Flags, inner, padded, step_by_code

type Counts = npt.NDArray[np.int64]

_DONE = 255


@njit(cache=True, nogil=True)
def gather(code: Codes, width: int, amount: Counts) -> int:
    """Add to each cell's amount all that comes from upstream, in place; returns the cells passed.

    code: flat and padded. Fewer cells passed than have data means that directions turn in circles.
    """
    lead = step_by_code(width)
    inflows = np.zeros(len(code), np.uint8)
    for c in range(len(code)):
        step = lead[code[c]]
        if step != 0:
            inflows[c + step] += 1
    passed = 0
    for start in range(len(code)):
        if code[start] == NO_DATA or inflows[start] != 0:
            continue
        c = start
        while True:
            inflows[c] = _DONE
            passed += 1
            step = lead[code[c]]
            to = c + step
            if step == 0 or code[to] == NO_DATA:
                break
            amount[to] += amount[c]
            inflows[to] -= 1
            if inflows[to] != 0:
                break
            c = to
    return passed


@njit(cache=True, nogil=True)
def ends(code: Codes, width: int) -> Flags:
    """Where water ends or leaves, in a flat padded grid; the ring tells what lies beyond."""
    lead, found = step_by_code(width), np.zeros(len(code), np.bool_)
    for r in range(1, len(code) // width - 1):
        for c in range(r * width + 1, (r + 1) * width - 1):
            step = lead[code[c]]
            found[c] = code[c] != NO_DATA and (step == 0 or code[c + step] == NO_DATA)
    return found


def accumulate(codes: Codes) -> Counts:
    """Cells (rows, columns) that drain through each cell by its D8 code; 0 without data.

    Raises Invalid for codes that turn in a circle.
    """
    code = padded(codes, NO_DATA)
    known = code != NO_DATA
    amount, given = known.astype(np.int64).reshape(-1), np.count_nonzero(known)
    if gather(code.reshape(-1), code.shape[1], amount) != given:
        raise Invalid("the directions of flow turn in a circle: they are no drainage")
    return inner(amount.reshape(code.shape))
