"""Readings that carry an id of their own are stored once, however often they are sent."""

from datetime import datetime, timedelta
from hashlib import blake2b

import numpy as np
from psycopg import sql

from spatial.database import Database, Pg
from twin_model import packed
from twin_model.packed import Column, Packed
from twin_model.readings import Readings

NO_ID = bytes(16)
REMEMBERED = timedelta(days=7)


def fingerprints(readings: Readings, scenario: int) -> Column | None:
    """128 bits of each reading's id and series, NO_ID where it has none; None where none has."""
    if readings.id is None:
        return None
    rows = zip(
        readings.asset.to_pylist(), readings.property.to_pylist(), readings.id.to_pylist(),
        strict=True,
    )  # fmt: skip
    hashed = b"".join(
        NO_ID
        if one is None
        else blake2b(f"{scenario}\x1f{asset}\x1f{name}\x1f{one}".encode(), digest_size=16).digest()
        for asset, name, one in rows
    )
    return np.frombuffer(hashed, "V16")


def fresh(pg: Pg, marks: Column, stamp: datetime) -> Column:
    """Places of the readings that were not stored before, and from now on are."""
    comparable = marks.view("S16")
    has_id = comparable != b""
    places = np.flatnonzero(has_id)
    _, first = np.unique(comparable[places], return_index=True)
    places = places[np.sort(first)]
    ids = marks[places]
    new = np.ones(len(ids), bool)
    known = {
        row[0]
        for row in pg.execute(
            "SELECT uuid_send(id) FROM city.reading_id WHERE id = ANY(%s::uuid[])",
            [Packed("uuid", ids)],
            binary=True,
        )
    }
    if known:
        new = np.array([one.tobytes() not in known for one in ids], bool)
    count = int(new.sum())
    if count:
        packed.copy_in(
            pg,
            sql.Identifier("city", "reading_id"),
            {
                "id": ("uuid", ids[new]),
                "recorded": ("timestamptz", np.full(count, packed.micros(stamp))),
            },
        )
    return np.sort(np.concatenate([np.flatnonzero(~has_id), places[new]]))


def forget(database: Database) -> int:
    """Forget ids that are too old to be sent again; returns how many."""
    with database.begin() as tx:
        return tx.pg.execute(
            "DELETE FROM city.reading_id WHERE recorded < clock_timestamp() - %s", [REMEMBERED]
        ).rowcount
