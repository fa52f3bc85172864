"""What the twin needs done beside requests, every few seconds, by one process at a time."""

from datetime import UTC, datetime, timedelta

from spatial.database import Database
from twin_model import assets, identity, keyframes, packed, partitions, retention

_LOCK = 0x637479_17


def tend(database: Database) -> None:
    """Register new features of asset layers, and make the keyframes that are due."""
    assets.follow(database)
    with database.begin() as tx:
        # two services on one database would do the same work twice
        held = tx.pg.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone()
        if held == (True,):
            keyframes.due(database)
            keyframes.backfill(database)


def tidy(database: Database) -> None:
    """Once an hour: make tomorrow's partition, forget ids that are too old to come again, and
    sum up readings by their policies.
    """
    tomorrow = packed.micros(datetime.now(UTC) + timedelta(days=1)) // partitions.DAY_US
    with database.begin() as tx:
        partitions.make(tx.pg, tomorrow)
    identity.forget(database)
    retention.retain(database)
