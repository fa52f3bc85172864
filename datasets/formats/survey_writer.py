"""Parcels as 勘测定界 TXT: CGCS2000, a 3° zone with its number in the eastings, GBK."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from datasets.formats.survey import FIELDS, HEAD, LAST, PARCELS, ZONES
from datasets.formats.survey import FIRST as FIRST_ZONE
from spatial.errors import Invalid

_HEAD = """{head}
格式版本号=1.01版本
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号={zone}
精度=0.001
转换参数=0,0,0,0,0,0,0
{parcels}
"""


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write polygons, north before east; columns are taken where they are named as the format's.

    Raises Invalid for shapes that are not polygons, or that lie outside of China's zones.
    """
    if not frame.geom_type.isin(["Polygon", "MultiPolygon"]).all() or frame.empty:
        raise Invalid("a 勘测定界 file holds polygons: this layer has others, or none")
    zone = _zone(frame)
    moved = frame.to_crs(ZONES["2000", 3][0] + zone - FIRST_ZONE[3])
    areas = frame.to_crs(pyproj.CRS(4490)).geometry
    lines = [_HEAD.format(head=HEAD, zone=zone, parcels=PARCELS)]
    geod = pyproj.Geod(ellps="GRS80")
    for row, geom, degrees in zip(
        moved.to_dict("records"), moved.geometry, areas, strict=True
    ):  # hectares, on the ellipsoid
        hectares = abs(geod.geometry_area_perimeter(degrees)[0]) / 10_000
        lines.append(_parcel(row, geom, hectares))
    path.write_bytes("".join(lines).encode("gb18030"))


def _zone(frame: gpd.GeoDataFrame) -> int:
    west, _, east, _ = frame.to_crs(4490).total_bounds
    zone = int((west + east + 3) // 6)
    if not FIRST_ZONE[3] <= zone <= LAST[3]:
        raise Invalid("a 勘测定界 file holds places in China: this layer lies elsewhere")
    return zone


def _parcel(row: dict[str, Any], geom: shapely.Geometry, hectares: float) -> str:
    points = list(_points(geom))
    told = {
        "界址点数": len(points),
        "地块面积": f"{hectares:.4f}",
        "图形属性": "面",
    }
    cells = [_cell(told.get(name, row.get(name))) for name in FIELDS]
    return "\n".join([",".join([*cells, "@"]), *points, ""])


def _cell(value: Any) -> str:
    return "" if pd.isna(value) else " ".join(str(value).replace(",", "，").split())


def _points(geom: Any) -> Iterator[str]:
    """`number,ring,north,east` of every point, each ring closed by its first."""
    ring = number = 0
    for part in shapely.get_parts(geom):
        for path in (part.exterior, *part.interiors):
            ring += 1
            first = number + 1
            *points, _ = shapely.get_coordinates(path)
            for east, north in points:
                number += 1
                yield f"J{number},{ring},{north:.4f},{east:.4f}"
            east, north = points[0]
            yield f"J{first},{ring},{north:.4f},{east:.4f}"
