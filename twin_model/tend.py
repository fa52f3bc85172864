"""What the twin needs done beside requests, every few seconds, by one process at a time."""

from datetime import UTC, datetime

from spatial import changes
from spatial.database import Database
from twin_model import assets, erase, identity, keyframes, packed, partitions, retention, thinning


def tend(database: Database) -> None:
    """Register new features of asset layers, and make the keyframes that are due."""
    assets.follow(database)
    with database.begin() as tx:
        # two services on one database would do the same work twice
        held = tx.pg.execute("SELECT pg_try_advisory_xact_lock(%s)", [keyframes.LOCK]).fetchone()
        if held == (True,):
            keyframes.due(database)
            keyframes.backfill(database)


def tidy(database: Database) -> None:
    """Once an hour: partitions and their indexes, ids that cannot come again, old readings,
    old keyframes, readings whose layer was dropped."""
    today = packed.micros(datetime.now(UTC)) // partitions.DAY_US
    with database.begin() as tx:
        changes.lock_log(tx.pg)
        partitions.make(tx.pg, today + 1)
    with database.begin() as tx:
        partitions.seal(tx.pg, today - 1)
    identity.forget(database)
    retention.retain(database)
    thinning.thin(database)
    erase.sweep(database)
