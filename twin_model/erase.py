"""Readings that are erased: by law, or because their assets are no more. It cannot be undone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial import audit, catalogue, changes
from spatial.database import Database, Pg
from spatial.errors import NotFound
from spatial.grant import OWNER, Grant, Scope
from twin_model import log
from twin_model.keyframes import LOCK
from twin_model.packed import Column
from twin_model.values import Keyframe, frame_of, put_keyframe

_READINGS = ("observation", "late", "summary", "latest")


@dataclass(frozen=True, slots=True)
class ErasedReadings:
    """What is gone: the readings of so many series, out of so many keyframes."""

    layer: str
    series: int
    readings: int
    keyframes: int


def erase_readings(
    database: Database,
    layer_name: str,
    *,
    author: str,
    reason: str,
    fids: Sequence[int],
    properties: Sequence[str] | None = None,
    grant: Grant = OWNER,
) -> ErasedReadings:
    """Erase the readings of a layer's assets, in every table, keyframe and quarantine.

    properties: of these alone; None is all. The audit keeps who, when, why and of which assets.
    Raises NotFound where there is no such series.
    """
    grant.require(Scope.ADMIN)
    with database.begin() as tx:
        pg = tx.pg
        layer = catalogue.find(pg, layer_name)
        changes.lock_log(pg)
        found = pg.execute(
            "SELECT s.id, a.name, s.property FROM city.series s"
            " JOIN city.asset a ON a.id = s.asset_id WHERE a.layer_id = %s AND a.fid = ANY(%s)"
            " AND (%s::text[] IS NULL OR s.property = ANY(%s)) ORDER BY s.id",
            [layer.id, list(fids), properties, properties],
        ).fetchall()
        if not found:
            raise NotFound(f"the assets of '{layer_name}' have no such series")
        ids = np.array([row[0] for row in found], np.int64)
        readings, keyframes = _remove(pg, ids)
        log.enter(pg, log.stamp(pg))  # what is kept of the state must go
        pg.execute(
            "DELETE FROM city.quarantine q USING unnest(%s::text[], %s::text[]) gone (asset, name)"
            " WHERE q.reading ->> 'asset' = gone.asset AND q.reading ->> 'property' = gone.name",
            [[row[1] for row in found], [row[2] for row in found]],
        )
        detail = {"fids": sorted(set(fids)), "properties": sorted({row[2] for row in found})}
        audit.note(
            pg, author=author, action="erase readings", subject=layer_name, reason=reason,
            detail=detail | {"readings": readings, "keyframes": keyframes},
        )  # fmt: skip
    return ErasedReadings(layer_name, len(ids), readings, keyframes)


def sweep(database: Database) -> int:
    """Remove the readings of series that went with their layer; returns how many series."""
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT series FROM city.latest l"
            " WHERE NOT EXISTS (SELECT FROM city.series s WHERE s.id = l.series) ORDER BY 1"
        ).fetchall()
        if rows:
            _remove(tx.pg, np.array([row[0] for row in rows], np.int64))
        return len(rows)


def _remove(pg: Pg, ids: Column) -> tuple[int, int]:
    """Remove these series' readings; returns how many, and from how many keyframes."""
    pg.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # one being made would hold them still
    count = 0
    for table in _READINGS:
        gone = pg.execute(
            f"DELETE FROM city.{table} WHERE series = ANY(%s::int4[])".encode(), [ids.tolist()]
        ).rowcount
        count += gone if table in ("observation", "late") else 0
    rewritten = 0
    for at, built in pg.execute("SELECT at, built FROM city.keyframe").fetchall():
        frame = frame_of(pg, at, built)
        stays = ~np.isin(frame.values.series, ids)
        if not stays.all():
            _replace(pg, frame, stays)
            rewritten += 1
    return count, rewritten


def _replace(pg: Pg, frame: Keyframe, stays: Column) -> None:
    key = [frame.at, frame.built]
    pg.execute("DELETE FROM city.keyframe WHERE at = %s AND built = %s", key)
    put_keyframe(pg, frame.at, frame.built, frame.values.rows(stays))
