"""The analysis `flood-exposure`: what stands under water, what it costs, which roads are closed."""

from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import Field

from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import Inputs, Label, LayerName, RasterName
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.analyses.selection import Selection
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.hydrology.exposure import BOUNDS, CLOSED, Curves, Exposed, deepest_along, exposed
from spatial.hydrology.inundation import read_heights
from spatial.layer import Column

#: Rounding of the shares of cells, which are single precision.
ROUNDING = 1e-5
CLASSES = ("dry", *(f"to_{bound:g}_m" for bound in BOUNDS), f"over_{BOUNDS[-1]:g}_m")
BUILDINGS = (
    Column("building", "bigint", "建筑要素号"),
    Column("kind", "text", "类别"),
    Column("zone", "text", "分区"),
    Column("max_depth", "double precision", "最大水深"),
    Column("mean_depth", "double precision", "平均水深"),
    Column("class", "text", "水深等级"),
    Column("wet_m2", "double precision", "淹没面积"),
    Column("damage", "double precision", "损失"),
    Column("population", "double precision", "人口"),
)
ZONES = (
    Column("zone", "text", "分区"),
    Column("class", "text", "水深等级"),
    Column("buildings", "bigint", "栋数"),
    Column("wet_m2", "double precision", "淹没面积"),
    Column("damage", "double precision", "损失"),
    Column("population", "double precision", "人口"),
)
ROADS = (
    Column("road", "bigint", "道路要素号"),
    Column("max_depth", "double precision", "最大水深"),
    Column("closed", "boolean", "中断"),
)


class ExposureInputs(Inputs):
    """The water, and what may stand in it."""

    depth: Annotated[RasterName, Label("水深栅格", "depths of water", unit="m")]
    buildings: Annotated[LayerName, Label("建筑物：面", "buildings: areas")]
    kind: Annotated[
        str | None, Label("建筑类别的字段", "the column that tells a building's kind")
    ] = None
    population: Annotated[
        str | None, Label("建筑人口的字段", "the column that tells who lives in it")
    ] = None
    curves: Annotated[
        LayerName | None,
        Label(
            "水深损失曲线表：kind、depth（m）、damage（每平方米）",
            "depth-damage curves: a table of kind, depth (m) and damage per m²",
        ),
    ] = None
    zones: Annotated[LayerName | None, Label("分区：街道等", "zones, such as streets")] = None
    zone_name: Annotated[str, Label("分区名称的字段", "the column of a zone's name")] = "name"
    roads: Annotated[LayerName | None, Label("道路：线", "roads: lines")] = None
    closed_at: Annotated[
        float, Field(gt=0), Label("水深达此则道路中断", "depth that closes a road", unit="m")
    ] = CLOSED


@analysis(
    "flood-exposure",
    zh="洪涝影响与损失",
    en="Flood exposure",
    about_zh="水深栅格之下的建筑、人口与道路：按水深等级与分区统计，按水深损失曲线估算损失，"
    "列出中断的道路；证明为面积平衡。",
    about_en="Buildings, people and roads under water: by depth class and by zone, with damage by "
    "depth-damage curves and the roads that are closed; the certificate balances the areas.",
)
def flood_exposure(run: Run, inputs: ExposureInputs) -> Outcome:
    """Measure each building's water, sum by zone and class, and find the closed roads.

    Raises Invalid for columns that are missing and grids in degrees.
    """
    grid = grid_at(run, inputs.depth)
    depth, transform = read_heights(grid)
    depth = np.nan_to_num(depth)
    if (depth < 0).any():
        raise Invalid("a depth of water is negative")
    run.progress(0.1, "reading the buildings")
    houses = _read(run, inputs.buildings, grid.srid, "Polygon")
    curves = Curves({}) if inputs.curves is None else Curves.of(_read(run, inputs.curves, None))
    kinds = _column(houses, inputs.kind, "")
    areas = np.asarray(houses.geometry, object)
    run.progress(0.3, f"measuring {len(areas)} buildings")
    found = exposed(areas, kinds, depth, transform, curves)
    table = pd.DataFrame(
        {
            "building": houses["fid"].to_numpy(),
            "kind": kinds,
            "zone": _zones(run, inputs, houses, grid.srid),
            "max_depth": found.deepest,
            "mean_depth": found.mean,
            "class": _classes(found.deepest),
            "wet_m2": found.area[:, 1:].sum(axis=1),
            "damage": found.damage,
            "population": _column(houses, inputs.population, 0.0).astype(float),
            "geometry": areas,
        }
    )
    hit = table[table["max_depth"] > 0]
    outputs: dict[str, NewLayer] = {
        "layer": new_layer(
            run, hit, BUILDINGS, grid.srid, geometry_type="MultiPolygon",
            title_zh="受淹建筑", title_en="buildings under water",
        ),
        "zones": new_layer(
            run, _summed(hit), ZONES, grid.srid, key="zones", title_zh="分区统计", title_en="zones"
        ),
    }  # fmt: skip
    summary: dict[str, Any] = {
        "buildings": len(table),
        "flooded": len(hit),
        "damage": float(hit["damage"].sum()),
        "without_curve": int(hit["damage"].isna().sum()),
        "population": float(hit["population"].sum()),
        "classes": {name: int((table["class"] == name).sum()) for name in CLASSES},
    }
    if inputs.roads is not None:
        roads = _read(run, inputs.roads, grid.srid, "Line")
        lines = np.asarray(roads.geometry, object)
        deepest = deepest_along(lines, depth, transform)
        closed = pd.DataFrame(
            {"road": roads["fid"], "max_depth": deepest, "closed": deepest >= inputs.closed_at,
             "geometry": lines}
        )  # fmt: skip
        outputs["roads"] = new_layer(
            run, closed[deepest > 0], ROADS, grid.srid, key="roads",
            geometry_type="MultiLineString", title_zh="受淹道路", title_en="roads under water",
        )  # fmt: skip
        summary |= {"roads_flooded": int((deepest > 0).sum())}
        summary |= {"roads_closed": int(closed["closed"].sum())}
    return Outcome(outputs, certificate(areas, found), summary)


def certificate(areas: Any, found: Exposed) -> Certificate:
    """The areas = those in each class of depth."""
    whole, parts = shapely.area(areas), found.area.sum(axis=1)
    terms = dict(zip(CLASSES, found.area.sum(axis=0).tolist(), strict=True))
    return Certificate(
        "areas = dry + those in each class of depth", float(whole.sum()), float(parts.sum()),
        float(np.abs(whole - parts).sum()), ROUNDING * float(whole.sum()), "m²", terms,
    )  # fmt: skip


def _read(
    run: Run, name: str | Selection, srid: int | None, shape: str | None = None
) -> gpd.GeoDataFrame:
    with readings(run.database, [name], run.asof, run.grant) as (pg, (view,)):
        if shape == "Polygon":
            require_shape(view.layer, shape)
        rows = fetch(run.database, pg, view).sort_values("fid", ignore_index=True)
    if srid is None:
        return rows
    held = rows[~(rows.geometry.isna() | rows.geometry.is_empty)]
    moved: gpd.GeoDataFrame = held.to_crs(srid).reset_index(drop=True)
    return moved


def _column(rows: gpd.GeoDataFrame, name: str | None, default: Any) -> Any:
    if name is None:
        return np.full(len(rows), default, object)
    if name not in rows:
        raise Invalid(f"there is no column '{name}'")
    return rows[name].fillna(default).to_numpy(object)


def _zones(run: Run, inputs: ExposureInputs, houses: gpd.GeoDataFrame, srid: int) -> Any:
    """The name of the zone that each building's middle lies in; None beyond them."""
    named = np.full(len(houses), None, object)
    if inputs.zones is not None:
        zones = _read(run, inputs.zones, srid, "Polygon")
        names = _column(zones, inputs.zone_name, "")
        tree = shapely.STRtree(np.asarray(zones.geometry, object))
        middles = shapely.point_on_surface(np.asarray(houses.geometry, object))
        house, zone = tree.query(middles, predicate="within")
        named[house] = names[zone]
    return named


def _classes(depth: Any) -> Any:
    return np.array(CLASSES, object)[np.where(depth > 0, 1 + np.searchsorted(BOUNDS, depth), 0)]


def _summed(hit: pd.DataFrame) -> pd.DataFrame:
    told = hit.assign(buildings=1).groupby(["zone", "class"], dropna=False, sort=True)
    return told[["buildings", "wet_m2", "damage", "population"]].sum().reset_index()
