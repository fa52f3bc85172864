"""What a reading can be, and how good it can be; their numbers are stored."""

from enum import IntEnum


class Kind(IntEnum):
    """What the values of a series are."""

    number = 1
    category = 2
    position = 3


class Quality(IntEnum):
    """How far a reading can be trusted."""

    good = 0
    estimated = 1
    suspect = 2
    bad = 3
