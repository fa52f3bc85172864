"""The garbage collector, kept from walking millions of objects of which none is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """No collection of cycles meanwhile: for loops that make many values and no cycle.

    Counting references goes on, so nothing is kept that was let go. Worth a tenth of a bulk load
    and of a bulk read.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
