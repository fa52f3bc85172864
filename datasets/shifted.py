"""Whether a new layer looks shifted, as China's web maps shift, against what is there."""

from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import sql

from datasets import offsets
from spatial import crs
from spatial.database import Pg
from spatial.layer import Layer

_POINTS, _LAYERS = 40, 3
_SHIFTED_M = (150.0, 2_000.0)
"""How far apart the maps are in China: GCJ-02 by 300 to 700 m, BD-09 by up to 1.5 km."""
_MUCH_NEARER = 0.2
_DEGREE_M = 111_320.0
_CHINA = (72.0, 0.8, 137.9, 55.9)

_SAMPLE = """
SELECT ST_X(p), ST_Y(p) FROM (
    SELECT ST_Transform(ST_PointN(ST_ExteriorRing(part), 1 + step * ST_NPoints(part) / 9), 4326) p
    FROM (SELECT (ST_Dump(geom)).geom AS part FROM {table} LIMIT 200) parts,
         generate_series(0, 7) step WHERE GeometryType(part) = 'POLYGON'
    UNION ALL
    SELECT ST_Transform(ST_LineInterpolatePoint(part, step / 8.0), 4326)
    FROM (SELECT (ST_Dump(geom)).geom AS part FROM {table} LIMIT 200) parts,
         generate_series(0, 7) step WHERE GeometryType(part) = 'LINESTRING'
) points WHERE p IS NOT NULL ORDER BY md5(ST_AsText(p)) LIMIT {count}
"""
_THERE = """
SELECT name FROM city.layer WHERE name <> %(name)s AND current > 0
AND geometry_type ~ '(Polygon|LineString)' AND extent && ST_MakeEnvelope(%(west)s, %(south)s,
%(east)s, %(north)s, ST_SRID(extent)) ORDER BY cursor DESC LIMIT %(count)s
"""
_APART = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY apart) FROM (
    SELECT (SELECT min(ST_Distance(ST_Transform(p, {srid}), CASE ST_Dimension(geom) WHEN 2
                THEN ST_Boundary(geom) ELSE geom END))
            FROM (SELECT geom FROM {table}
                  ORDER BY geom <-> ST_Transform(p, {srid}) LIMIT 3) near) AS apart
    FROM (SELECT ST_SetSRID(ST_MakePoint(x, y), 4326) AS p
          FROM unnest(%(x)s::float8[], %(y)s::float8[]) AS at (x, y)) points) distances
"""

type Points = npt.NDArray[np.float64]


def looks_shifted(pg: Pg, layer: Layer) -> str | None:
    """A warning that names the system and the layer that speak for it; None without grounds.

    Some points of the new layer are moved back from each system: one that brings them five times
    nearer to the lines of a layer that is there is suspected.
    """
    sample = sql.SQL(_SAMPLE).format(table=layer.table, count=_POINTS)
    points: Points = np.array(pg.execute(sample).fetchall(), float).reshape(-1, 2)
    if len(points) < 8 or not _in_china(points):
        return None
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    box = {"west": west, "south": south, "east": east, "north": north}
    there = pg.execute(_THERE, box | {"name": layer.name, "count": _LAYERS}).fetchall()
    for (name,) in there:
        apart = _apart(pg, name, points)
        if not _SHIFTED_M[0] < apart < _SHIFTED_M[1]:
            continue
        back = {
            system: _apart(pg, name, np.column_stack(way(*points.T)))
            for system, way in offsets.FROM.items()
        }
        best = min(back, key=lambda system: back[system])
        if back[best] < _MUCH_NEARER * apart:
            return (
                f"it looks shifted by {apart:.0f} m against '{name}': if it is in {best},"
                f" load it with --crs {best}"
            )
    return None


def _in_china(points: Points) -> bool:
    west, south, east, north = _CHINA
    return bool(((points >= (west, south)) & (points <= (east, north))).all())


def _apart(pg: Pg, name: str, points: Points) -> float:
    """The median distance in metres from points in degrees to the lines of a layer."""
    row: Any = pg.execute("SELECT srid FROM city.layer WHERE name = %s", [name]).fetchone()
    query = sql.SQL(_APART).format(table=sql.Identifier("layers", name), srid=row[0])
    x, y = points.T.tolist()
    found: Any = pg.execute(query, {"x": x, "y": y}).fetchone()
    distance = float(found[0]) if found and found[0] is not None else np.inf
    axis = crs.parse(row[0]).axis_info[0]
    return distance * (_DEGREE_M if axis.unit_name == "degree" else axis.unit_conversion_factor)
