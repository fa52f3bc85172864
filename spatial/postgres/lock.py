"""File locks between processes. The kernel drops them when their holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class FileLock:
    """A shared hold on a file, kept until `release` or the end of the process.

    Child processes do not inherit it: the descriptor is closed when they start a program.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def shared(cls, path: Path) -> Self:
        """Waits while somebody has it exclusively."""
        descriptor = _open(path)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return cls(descriptor)

    def release(self) -> bool:
        """Let go; true if nobody else holds the file at this moment.

        That is only worth acting on under another lock, which those who come must take first.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(self._descriptor)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the file alone for the length of the block; waits for it."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    # Read-only, because flock asks no more: root and the directory's owner can then share it.
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
