"""Hashes that carry the name of what made them."""

import hashlib
from typing import IO

ALGORITHMS = ("sha256", "sm3")
_PIECE = 1 << 20


def digest(data: bytes, algorithm: str = "sha256") -> str:
    """`algorithm:hex` of some bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def copied(
    source: IO[bytes], target: IO[bytes] | None = None, algorithm: str = "sha256"
) -> tuple[int, str]:
    """Read a stream to its end, into another if given; its size in bytes and its digest."""
    made, size = hashlib.new(algorithm), 0
    while piece := source.read(_PIECE):
        made.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return size, f"{algorithm}:{made.hexdigest()}"
