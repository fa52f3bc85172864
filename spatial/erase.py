"""Legal erasure: values blanked in every version, in all scenarios. It cannot be undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from spatial import audit, catalogue, changes
from spatial.bulk import degrees
from spatial.database import Database, Pg
from spatial.errors import Invalid, NotFound
from spatial.filter.filter import Filter
from spatial.grant import OWNER, Grant, Scope
from spatial.layer import Layer


@dataclass(frozen=True, slots=True)
class Erased:
    """What was blanked: the features, in how many versions, and the change that says so."""

    layer: str
    columns: tuple[str, ...]
    features: int
    versions: int
    cursor: int


def erase(
    database: Database,
    name: str,
    columns: Sequence[str],
    *,
    author: str,
    reason: str,
    fids: Sequence[int] = (),
    where: Filter | None = None,
    grant: Grant = OWNER,
) -> Erased:
    """Blank columns (`geom` is one) of features, named by fid or by what any version of them said.

    The audit keeps who, when, why and which features, but no value. Raises NotFound where no
    feature is meant, Invalid for an unknown column or without a reason.
    """
    grant.require(Scope.ADMIN)
    _one_of(fids, where)
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, name)
        stamp = changes.lock_layer(tx.pg, layer)
        layer = catalogue.find(tx.pg, name)
        unknown = sorted(set(columns) - {*layer.column_names, "geom"})
        if unknown or not columns:
            known = ", ".join([*layer.column_names, "geom"])
            raise Invalid(f"'{name}' has no column {', '.join(unknown) or 'named'}: it has {known}")
        wanted = sorted(set(fids)) if where is None else _meant(tx.pg, layer, where)
        versions, cursor = blank(tx.pg, layer, stamp, columns, wanted, author=author, reason=reason)
        if not versions:
            raise NotFound(f"'{name}' has no such feature")
    return Erased(name, tuple(columns), len(wanted), versions, cursor)


def blank(
    pg: Pg,
    layer: Layer,
    stamp: datetime,
    columns: Sequence[str],
    fids: list[int],
    *,
    author: str,
    reason: str,
) -> tuple[int, int]:
    """Blank columns of features, note it in the audit and log it, under the layer's lock.

    Returns how many versions it were, and the cursor of the change.
    """
    tally = changes.Tally(boxes=_boxes(pg, layer, fids))
    versions = pg.execute(
        sql.SQL("UPDATE {} SET {} WHERE fid = ANY ({})").format(
            layer.table,
            sql.SQL(", ").join(
                sql.SQL("{} = NULL").format(sql.Identifier(column)) for column in columns
            ),
            fids,
        )
    ).rowcount
    changes.record(pg, layer, stamp, tally, author=author, action=audit.ERASE)
    cursor = catalogue.find(pg, layer.name).cursor
    audit.note(
        pg, author=author, action=audit.ERASE, subject=layer.name, reason=reason,
        detail={"columns": list(columns), "fids": fids, "versions": versions, "cursor": cursor},
    )  # fmt: skip
    return versions, cursor


def meant(database: Database, name: str, fids: Sequence[int], where: Filter | None) -> list[int]:
    """The features that are named by fid, or by what any version of them said."""
    _one_of(fids, where)
    if where is None:
        return sorted(set(fids))
    with database.begin() as tx:
        return _meant(tx.pg, catalogue.find(tx.pg, name), where)


def _one_of(fids: Sequence[int], where: Filter | None) -> None:
    if (where is None) == (not fids):
        raise Invalid("name the features, either by fid or by a filter")


def _meant(pg: Pg, layer: Layer, where: Filter) -> list[int]:
    query = sql.SQL("SELECT DISTINCT fid FROM {} WHERE {} ORDER BY fid")
    rows = pg.execute(query.format(layer.table, where.on(layer).sql)).fetchall()
    return [row[0] for row in rows]


def _boxes(pg: Pg, layer: Layer, fids: list[int]) -> list[tuple[float, float, float, float]]:
    rows = pg.execute(
        sql.SQL(
            "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom)"
            " AS e FROM {} WHERE fid = ANY ({}) GROUP BY fid) box WHERE e IS NOT NULL"
        ).format(layer.table, fids)
    ).fetchall()
    return [degrees((w, s, e, n), layer.srid) for w, s, e, n in rows]
