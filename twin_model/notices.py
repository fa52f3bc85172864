"""Notices: what changed in operations, told to those who listen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from spatial.database import Pg
from twin_model import log


def tell(pg: Pg, stamp: datetime, kind: str, items: Sequence[dict[str, Any]]) -> int:
    """Note what changed, just before the commit; returns the cursor.

    stamp: of `log.stamp`. items: with the `id` of each, and `asset` (its id), or `access` and
    `area`, by which it is decided who hears of it.
    """
    cursor = log.enter(pg, stamp)
    pg.execute(
        "INSERT INTO city.notice VALUES (%s, %s, %s, %s)", [cursor, stamp, kind, Jsonb(list(items))]
    )
    return cursor
