"""The quality report of a layer: one pass over its present state in SQL, kept until it changes."""

from datetime import UTC, datetime
from typing import Any

import pyproj
from psycopg import sql
from psycopg.types.json import Jsonb

from spatial import catalogue, crs
from spatial.asof import AsOf, format_instant
from spatial.code_list import code_lists
from spatial.database import Database, Pg
from spatial.grant import EVERYBODY, Grant, rule
from spatial.layer import Column, Layer
from spatial.moment import resolve
from spatial.query import Reading, snapshot
from spatial.sql import statement

EXAMPLES = 10
_GEOMETRY = ("missing", "empty", "invalid", "outside")
CHECKS = (*_GEOMETRY, "repeated")
RENEWED_DAYS = {
    "continual": 1, "daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "annually": 366,
}  # fmt: skip


def quality(database: Database, name: str, grant: Grant) -> dict[str, Any]:
    """What a steward needs to trust a layer, of the rows that the grant may see, now.

    features; completeness, per field how many have a value; geometry: missing, empty, invalid,
    outside of where its CRS is meant for, and repeated; its key, where missing and repeated; codes
    that their lists do not know; each with some fids; freshness. Raises NotFound for a layer that
    the grant does not see.
    """
    with snapshot(database) as pg:
        layer = catalogue.find_visible(pg, name, grant)
        whole = rule(grant, layer) == EVERYBODY
        kept = _kept(pg, layer) if whole else None
        report = kept or _made(pg, layer, grant)
        renewed = _renewed(pg, layer)
    if whole and kept is None:
        with database.begin() as tx:
            tx.pg.execute(
                "INSERT INTO city.quality (layer_id, cursor, report) VALUES (%s, %s, %s)"
                " ON CONFLICT (layer_id) DO UPDATE SET cursor = excluded.cursor,"
                " report = excluded.report, made_at = clock_timestamp()",
                [layer.id, layer.cursor, Jsonb(report)],
            )
    return report | {"freshness": _freshness(layer, renewed)}


def _kept(pg: Pg, layer: Layer) -> dict[str, Any] | None:
    row = pg.execute(
        "SELECT report FROM city.quality WHERE layer_id = %s AND cursor = %s",
        [layer.id, layer.cursor],
    ).fetchone()
    return row[0] if row else None


def _made(pg: Pg, layer: Layer, grant: Grant) -> dict[str, Any]:
    codes = code_lists(pg, layer)
    key = layer.metadata.key if layer.metadata.key in layer.column_names else None
    fields = [sql.SQL("count({})").format(_said(column)) for column in layer.columns]
    checks: dict[str, sql.Composable] = {check: sql.Identifier(f"_{check}") for check in _GEOMETRY}
    for column in layer.columns:
        if column.name in codes:
            checks[column.name] = sql.SQL("{}::text <> ALL ({})").format(
                _said(column), list(codes[column.name])
            )
    if key is not None:
        checks["unkeyed"] = sql.SQL("{} IS NULL").format(sql.Identifier(key))
    west, south, east, north = _meant(layer.srid)
    pg.execute("SET LOCAL work_mem = '128MB'; SET LOCAL max_parallel_workers_per_gather = 2")
    row = pg.execute(
        statement("quality").format(
            rows=Reading(layer, resolve(pg, AsOf()), grant).select(sql.SQL("*")),
            filled=sql.SQL("ARRAY[{}]::bigint[]").format(sql.SQL(", ").join(fields)),
            judged=sql.SQL(", ").join(map(_judged, checks.values())),
            area=sql.SQL("ST_MakeEnvelope({}, {}, {}, {}, {})").format(
                west, south, east, north, layer.srid
            ),
            key=sql.SQL("NULL::text") if key is None else sql.Identifier(key),
            examples=EXAMPLES,
        )
    ).fetchone()
    assert row is not None
    count, filled, *found = row
    told = [
        {"features": number, "fids": fids or []}
        for number, fids in zip(found[::2], found[1::2], strict=True)
    ]
    judged, (repeated, doubled) = dict(zip(checks, told, strict=False)), told[len(checks) :]
    return {
        "layer": layer.name,
        "cursor": layer.cursor,
        "made_at": format_instant(datetime.now(UTC)),
        "features": count,
        "completeness": [
            {
                "field": column.name, "title": column.title, "filled": number,
                "share": round(number / count, 6) if count else None,
            }
            for column, number in zip(layer.columns, filled or (), strict=True)
        ],
        "geometry": {check: judged[check] for check in _GEOMETRY} | {"repeated": repeated},
        "key": key and {"field": key, "missing": judged["unkeyed"], "repeated": doubled},
        "codes": [
            {"field": name, "codes": len(titles), "unknown": judged[name]}
            for name, titles in codes.items()
        ],
    }  # fmt: skip


def _said(column: Column) -> sql.Composed:
    """A column's value; a text of blanks says nothing."""
    text = "nullif(btrim({}), '')" if column.type == "text" else "{}"
    return sql.SQL(text).format(sql.Identifier(column.name))


def _judged(failed: sql.Composable) -> sql.Composed:
    """How many rows fail a check, and some of them."""
    return sql.SQL(
        "count(*) FILTER (WHERE {0}), (array_agg(fid) FILTER (WHERE {0}))[1:{1}]"
    ).format(failed, EXAMPLES)


def _meant(srid: int) -> tuple[float, float, float, float]:
    """Where a CRS is meant to be used, in its own coordinates; a tenth of a degree is let pass."""
    area = pyproj.CRS(srid).area_of_use
    if area is None or area.west > area.east:
        return -1e30, -1e30, 1e30, 1e30
    west, south = max(area.west - 0.1, -180), max(area.south - 0.1, -90)
    east, north = min(area.east + 0.1, 180), min(area.north + 0.1, 90)
    return crs.transform_bounds((west, south, east, north), crs.WGS84, srid)


def _renewed(pg: Pg, layer: Layer) -> datetime:
    """When its content was last changed; to open it or to erase is no renewal."""
    query = "SELECT max(at) FROM city.change WHERE layer_id = %s AND opened + closed > 0"
    row = pg.execute(query, [layer.id]).fetchone()
    return (row and row[0]) or layer.last_recorded


def _freshness(layer: Layer, renewed: datetime) -> dict[str, Any]:
    """When it was last renewed, and whether that is longer ago than its steward promised."""
    days = (datetime.now(UTC) - renewed).days
    promised = RENEWED_DAYS.get(layer.metadata.frequency)
    return {
        "last_recorded": format_instant(renewed),
        "days": days,
        "frequency": layer.metadata.frequency or None,
        "overdue": None if promised is None else days > promised,
    }
