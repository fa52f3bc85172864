"""Numbers as they travel: PostgreSQL's arrays come big-endian, a tile's varints leave.

Sources: PostgreSQL's `array_send`; Protocol Buffers, "Encoding".
"""

import numpy as np
import numpy.typing as npt
from numba import njit

type Bytes = npt.NDArray[np.uint8]
type Longs = npt.NDArray[np.int64]

#: Bytes before the first element of an array of one dimension.
ARRAY_HEAD = 20


def elements(array: bytes | None) -> Bytes:
    """The elements of a binary array, each four bytes of length (-1 is NULL) and its value."""
    if array is None or len(array) <= ARRAY_HEAD:
        return np.empty(0, np.uint8)
    return np.frombuffer(array, np.uint8, offset=ARRAY_HEAD)


@njit(cache=True, nogil=True)
def big_endian(cells: Bytes, at: int, size: int) -> int:
    """A signed number of so many bytes, at most 8."""
    number = 0
    for k in range(size):
        number = (number << 8) | int(np.int64(cells[at + k]))
    unused = 64 - 8 * size
    return (number << unused) >> unused


@njit(cache=True, nogil=True)
def put(out: Bytes, at: int, number: int) -> int:
    """Write a number that is not negative as a varint; where it ends."""
    while number > 127:
        out[at] = (number & 127) | 128
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@njit(cache=True, nogil=True)
def width(number: int) -> int:
    """Bytes of a varint."""
    size = 1
    while number > 127:
        number >>= 7
        size += 1
    return size


@njit(cache=True, nogil=True)
def zigzag(number: int) -> int:
    return (number << 1) ^ (number >> 63)
