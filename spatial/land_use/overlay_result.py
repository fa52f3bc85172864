"""The layer that an overlay makes: its columns, its rows, its areas in square metres."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from psycopg import sql

from spatial import crs
from spatial.analyses.staging import Staging, counts
from spatial.database import Database
from spatial.errors import Invalid
from spatial.land_use.areas import AreaMethod, area_sql, plane_method
from spatial.land_use.overlay import How
from spatial.layer import Column, Layer, shorten

OURS = (
    Column("left_fid", "bigint"),
    Column("right_fid", "bigint"),
    Column("area_m2", "double precision"),
)

_ROWS = """
SELECT {attributes} l.fid AS left_fid, r.fid AS right_fid, {area} AS area_m2,
       ST_Multi(s.geom) AS geom
FROM {staging} s
LEFT JOIN {left} l ON l.version = s.left_version
LEFT JOIN {right} r ON r.version = s.right_version
WHERE {counts}
ORDER BY l.fid, r.fid
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """A column of the result, and of which side's column it has the values."""

    column: Column
    side: Literal["l", "r"]
    source: str


def carried(left: Layer, right: Layer, how: How, wanted: Collection[str] | None) -> list[Carried]:
    """The attributes that the result takes over, names that clash told apart by _1 and _2.

    Raises Invalid where neither side has a wanted column.
    """
    sides: list[tuple[Literal["l", "r"], str, tuple[Column, ...]]] = [("l", "_1", left.columns)]
    if how != "difference":
        sides.append(("r", "_2", right.columns))
    kept = [
        (side, suffix, column)
        for side, suffix, columns in sides
        for column in columns
        if wanted is None or column.name in wanted
    ]
    every = [column.name for _, _, column in kept]
    if missing := set(wanted or ()) - set(every):
        raise Invalid(f"neither layer has a column {', '.join(sorted(missing))}")
    taken = {column.name for column in OURS} | {"geom"}
    result = []
    for side, suffix, column in kept:
        name = column.name
        if every.count(name) > 1 or name in taken:
            name = _free(name, suffix, taken | set(every))
        taken.add(name)
        result.append(Carried(Column(name, column.type, column.title), side, column.name))
    return result


def _free(name: str, suffix: str, taken: Collection[str]) -> str:
    """The name with a suffix that no column has yet."""
    ending, number = suffix, 1
    while shorten(name, ending) in taken:
        number += 1
        ending = f"{suffix}_{number}"
    return shorten(name, ending)


@dataclass(frozen=True, slots=True)
class Areas:
    """How areas of a CRS become square metres; `unit` is the CRS's own unit of area.

    method: how they are measured.
    """

    square_metres: sql.Composable
    unit: str
    method: AreaMethod

    @classmethod
    def of(cls, srid: int, chosen: AreaMethod | None = None) -> Self:
        """As chosen, else planar in a projected CRS and geodesic where coordinates are degrees.

        Raises Invalid as `areas.area_method` does.
        """
        method = plane_method(chosen, srid)
        axis = crs.parse(srid).axis_info[0]
        unit = "m²" if axis.unit_name == "metre" else f"{axis.unit_name}²"
        if method != "planar":
            return cls(area_sql(srid, method, sql.SQL("s.geom")), unit, method)
        factor = float(axis.unit_conversion_factor) ** 2
        return cls(sql.SQL("s.area * {}").format(factor), unit, method)

    def by_kind(
        self, database: Database, staging: Staging, batches: Sequence[int]
    ) -> dict[str, float]:
        """Square metres of the pieces that both sides share and that one has alone."""
        query = sql.SQL(
            "SELECT CASE WHEN right_version IS NULL THEN 'left_alone'"
            " WHEN left_version IS NULL THEN 'right_alone' ELSE 'shared' END AS kind,"
            " sum({}) FROM {} s WHERE {} GROUP BY kind ORDER BY kind"
        ).format(self.square_metres, staging.table, counts(batches))
        with database.begin() as tx:
            return dict(tx.pg.execute(query).fetchall())


def rows(
    left: Layer,
    right: Layer,
    attributes: Sequence[Carried],
    staging: Staging,
    batches: Sequence[int],
    areas: Areas,
) -> sql.Composed:
    """The query of the result's rows, by left and right feature, with the layers' own values."""
    return sql.SQL(_ROWS).format(
        attributes=sql.SQL("").join(
            sql.SQL("{}.{} AS {}, ").format(
                sql.SQL(one.side), sql.Identifier(one.source), sql.Identifier(one.column.name)
            )
            for one in attributes
        ),
        area=areas.square_metres,
        staging=staging.table,
        left=left.table,
        right=right.table,
        counts=counts(batches),
    )
