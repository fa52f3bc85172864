"""Readings that could not be taken: kept with the reason, to be read and replayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.rows import class_row

from spatial.database import Database, Pg
from spatial.digest import digest
from spatial.grant import Grant, Scope
from twin_model.readings import Readings

LISTED = 1000
REPLAYED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A reading as it came, and why it was not taken."""

    id: int
    reason: str
    reading: Any
    scenario: str
    subject: str
    seen: int
    first_seen: datetime
    last_seen: datetime


def put(
    pg: Pg,
    readings: Readings,
    refused: Mapping[int, str],
    scenario: int,
    subject: str,
    stamp: datetime,
) -> None:
    """Keep what was refused. What comes again is counted, not kept again."""
    rows = []
    for row, reason in refused.items():
        text = orjson.dumps(readings.raw(row), default=str).replace(b"\\u0000", b"\\ufffd").decode()
        rows.append((digest(f"{subject}\x1f{scenario}\x1f{text}".encode()), subject, scenario,
                     reason.replace("\0", "\ufffd"), text, stamp, stamp))  # fmt: skip
    if not rows:
        return
    with pg.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO city.quarantine AS old"
            " (digest, subject, scenario, reason, reading, first_seen, last_seen)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (digest) DO UPDATE"
            " SET seen = old.seen + 1, last_seen = excluded.last_seen, reason = excluded.reason,"
            " replayed_at = NULL",
            rows,
        )


def held(database: Database, grant: Grant, limit: int = LISTED) -> list[Quarantined]:
    """What waits in quarantine, the newest first: to an administrator all, to others their own."""
    grant.require(Scope.WRITE)
    with database.begin() as tx, tx.pg.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            "SELECT q.id, reason, reading, coalesce(s.name, 'main') AS scenario, subject, seen,"
            " first_seen, last_seen FROM city.quarantine q LEFT JOIN city.scenario s"
            " ON s.id = q.scenario WHERE replayed_at IS NULL AND (%s OR subject = %s)"
            " ORDER BY last_seen DESC, q.id DESC LIMIT %s",
            [grant.may(Scope.ADMIN), grant.subject, limit],
        ).fetchall()


def scenarios(database: Database) -> list[tuple[str, int]]:
    """The open scenarios, and main, of which readings wait: name and number."""
    with database.begin() as tx:
        return tx.pg.execute(
            "SELECT DISTINCT coalesce(s.name, 'main'), q.scenario FROM city.quarantine q"
            " LEFT JOIN city.scenario s ON s.id = q.scenario"
            " WHERE replayed_at IS NULL AND (q.scenario = 0 OR s.state = 'open') ORDER BY 2"
        ).fetchall()


def waiting(database: Database, grant: Grant, scenario: int, after: int) -> list[tuple[int, Any]]:
    """The next readings of a scenario to be tried again, oldest first: (id, reading)."""
    with database.begin() as tx:
        return tx.pg.execute(
            "SELECT id, reading FROM city.quarantine WHERE replayed_at IS NULL AND scenario = %s"
            " AND id > %s AND (%s OR subject = %s) ORDER BY id LIMIT %s",
            [scenario, after, grant.may(Scope.ADMIN), grant.subject, REPLAYED_AT_ONCE],
        ).fetchall()


def release(pg: Pg, ids: list[int]) -> None:
    """These have been tried again and were taken."""
    pg.execute(
        "UPDATE city.quarantine SET replayed_at = clock_timestamp() WHERE id = ANY(%s)", [ids]
    )
