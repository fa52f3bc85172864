"""Areas by class and zone, summed in the database: not a parcel leaves it."""

from dataclasses import dataclass

import pandas as pd
from psycopg import sql

from spatial.database import Pg
from spatial.land_use.areas import AreaMethod, area_sql
from spatial.query import Reading

#: Parcels that no zone covers.
OUTSIDE = "—"
_BY_COLUMN = """
WITH p AS ({parcels})
SELECT coalesce(zone, ''), coalesce(code, ''), coalesce(sum(area), 0), count(*), grouping(zone),
  count(*) FILTER (WHERE broken)
FROM p GROUP BY GROUPING SETS ((zone, code), ())
"""
# near: by the layer's own index, its boxes alone; "Z", as no layer can be called
_BY_ZONE = """
WITH p AS MATERIALIZED ({parcels}),
z AS MATERIALIZED (SELECT row_number() OVER () AS number, zone, geom FROM ({zones}) zones),
near AS MATERIALIZED (SELECT "Z".number, p.fid FROM z "Z", LATERAL ({near}) p),
piece AS MATERIALIZED (
  SELECT p.fid, z.zone, p.code, {piece} AS area
  FROM near JOIN z USING (number) JOIN p USING (fid) WHERE ST_Intersects(p.geom, z.geom)
),
inside AS (SELECT fid, sum(area) AS area FROM piece GROUP BY fid),
rest AS (
  SELECT p.code, p.broken, p.area AS whole, coalesce(i.area, 0) AS inside,
    CASE WHEN i.fid IS NULL THEN p.area
      WHEN abs(p.area - i.area) <= 1e-10 * p.area THEN 0
      ELSE {left_over} END AS outside
  FROM p LEFT JOIN inside i USING (fid)
)
SELECT zone, code, sum(area), count(*), 0, 0.0, 0 FROM piece WHERE area > 0 GROUP BY zone, code
UNION ALL
SELECT {outside}, code, sum(outside), count(*), 0, 0.0, 0 FROM rest WHERE outside > 0 GROUP BY code
UNION ALL
SELECT '', '', coalesce(sum(whole), 0), count(*), 1,
  coalesce(sum(abs(whole - inside - outside)), 0), count(*) FILTER (WHERE broken) FROM rest
"""
#: OFFSET keeps the planner from testing a shape again for each use of it.
_PARCELS = """
SELECT fid, code, zone, broken, geom, coalesce({area}, 0) AS area FROM (
  SELECT fid, code, zone, broken,
    CASE WHEN broken THEN ST_CollectionExtract(ST_MakeValid(geom), 3) ELSE geom END AS geom
  FROM ({raw} OFFSET 0) raw OFFSET 0
) mended
"""
_VALID = """CASE WHEN ST_IsValid(geom) THEN geom
 ELSE ST_CollectionExtract(ST_MakeValid(geom), 3) END"""


@dataclass(frozen=True)
class ClassAreas:
    """rows: zone, code, area_m2, parcels ('' where there is no zone, no code); the whole layer.

    residual: m² that parcels differ from their parts by, which zones that overlap make; repaired:
    parcels whose shapes were invalid, and were made valid for the measuring.
    """

    rows: pd.DataFrame
    whole: float
    parcels: int
    residual: float
    repaired: int


def by_column(
    pg: Pg, view: Reading, code: str, method: AreaMethod, zone: str | None = None
) -> ClassAreas:
    """Sums by the codes of a column, and by the values of another where there is one."""
    query = sql.SQL(_BY_COLUMN).format(parcels=_parcels(view, code, method, zone))
    found = pg.execute(query).fetchall()
    return _read([(*row[:5], 0.0, row[5]) for row in found])


def by_zone(
    pg: Pg, view: Reading, code: str, method: AreaMethod, zones: Reading, name: str
) -> ClassAreas:
    """Sums by codes in each zone of another layer; what no zone covers is the zone `OUTSIDE`.

    Parcels that a zone covers are not cut.
    """
    srid = view.layer.srid
    place = sql.SQL("ST_Transform({}, {})").format(sql.SQL(_VALID), srid)
    cut = "CASE WHEN ST_CoveredBy(p.geom, z.geom) THEN p.area ELSE {} END"
    shared = sql.SQL("ST_CollectionExtract(ST_Intersection(p.geom, z.geom), 3)")
    # a piece has the share of its parcel's area that it has in the plane, so that all add up
    share = "p.area * ST_Area({}) / nullif(ST_Area(p.geom), 0)"
    rest = sql.SQL("ST_Difference(p.geom, (SELECT ST_Union(z.geom) FROM z WHERE z.geom && p.geom))")
    query = sql.SQL(_BY_ZONE).format(
        parcels=_parcels(view, code, method, None),
        zones=zones.select(
            sql.SQL("{}::text AS zone, {} AS geom").format(sql.Identifier(name), place)
        ),
        near=view.where(sql.SQL('geom && "Z".geom')).select(sql.SQL("fid")),
        piece=sql.SQL(cut).format(sql.SQL(share).format(shared)),
        left_over=sql.SQL(share).format(rest),
        outside=sql.Literal(OUTSIDE),
    )
    return _read(pg.execute(query).fetchall())


def zone_areas(
    pg: Pg, zones: Reading, name: str, srid: int, method: AreaMethod
) -> dict[str, float]:
    """m² of each zone, measured in the parcels' CRS."""
    place = sql.SQL("ST_Transform({}, {})").format(sql.SQL(_VALID), srid)
    query = sql.SQL("SELECT coalesce(zone, ''), sum(area) FROM ({}) z GROUP BY 1").format(
        zones.select(
            sql.SQL("{}::text AS zone, {} AS area").format(
                sql.Identifier(name), area_sql(srid, method, place)
            )
        )
    )
    return dict(pg.execute(query).fetchall())


def _parcels(view: Reading, code: str, method: AreaMethod, zone: str | None) -> sql.Composed:
    own = sql.Identifier(zone) if zone else sql.SQL("''")
    raw = view.select(
        sql.SQL(
            "fid, nullif(trim({}::text), '') AS code, {}::text AS zone, geom,"
            " coalesce(NOT ST_IsValid(geom), false) AS broken"
        ).format(sql.Identifier(code), own)
    )
    return sql.SQL(_PARCELS).format(
        raw=raw, area=area_sql(view.layer.srid, method, sql.SQL("geom"))
    )


def _read(found: list[tuple[str, str, float, int, int, float, int]]) -> ClassAreas:
    (whole,) = (row for row in found if row[4])
    rows = [(zone or "", code or "", area, count) for zone, code, area, count, all_, *_ in found
            if not all_]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["zone", "code", "area_m2", "parcels"])
    return ClassAreas(frame, float(whole[2]), int(whole[3]), float(whole[5]), int(whole[6]))
