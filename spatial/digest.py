"""Hashes that carry the name of what made them."""

import hashlib

ALGORITHMS = ("sha256", "sm3")


def digest(data: bytes, algorithm: str = "sha256") -> str:
    """`algorithm:hex` of some bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
