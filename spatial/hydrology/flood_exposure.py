"""The analysis `flood-exposure`: what stands under water, what it costs, which roads are closed."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.analyses.grids import grid_at
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.analyses.selection import Selection
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology.exposure import (
    CLASSES,
    Curves,
    Exposed,
    classes,
    deepest_along,
    exposed,
)
from spatial.hydrology.exposure_inputs import (
    ASSETS,
    BUILDINGS,
    CLOSED_GROUND,
    PEOPLE,
    ROADS,
    ZONES,
    ExposureInputs,
)
from spatial.hydrology.flood_assets import closed_ground, people, under
from spatial.hydrology.flood_grid import FloodGrid
from spatial.hydrology.layers import layer_at, table_at

#: Rounding of the shares of cells, which are single precision.
ROUNDING = 1e-5


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
    water = FloodGrid.of(grid)
    depth, transform = np.nan_to_num(water.heights), water.transform
    if (depth < 0).any():
        raise Invalid("a depth of water is negative")
    run.progress(0.1, "reading the buildings")
    houses = _areas(run, inputs.buildings, grid.srid)
    curves = Curves({}) if inputs.curves is None else Curves.of(table_at(run, inputs.curves))
    kinds = _column(houses, inputs.kind, "")
    areas = np.asarray(houses.geometry, object)
    zones, names = _named(run, inputs, grid.srid)
    run.progress(0.3, f"measuring {len(areas)} buildings")
    found = exposed(areas, kinds, depth, transform, curves)
    table = pd.DataFrame(
        {
            "building": houses["fid"].to_numpy(),
            "kind": kinds,
            "zone": zone_of(shapely.point_on_surface(areas), zones, names),
            "max_depth": found.deepest,
            "mean_depth": found.mean,
            "class": classes(found.deepest),
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
        roads = layer_at(run, inputs.roads, grid.srid)
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
    if inputs.assets is not None:
        others = layer_at(run, inputs.assets, grid.srid)
        middles = np.asarray(others.geometry.representative_point(), object)
        wet = under(
            others, _column(others, inputs.asset_kind, ""), zone_of(middles, zones, names),
            depth, transform,
        )  # fmt: skip
        outputs["assets"] = new_layer(
            run, wet, ASSETS, grid.srid, key="assets", geometry_type="Geometry",
            title_zh="受淹资产", title_en="assets under water",
        )  # fmt: skip
        summary |= {"assets": len(others), "assets_flooded": len(wet)}
        summary |= {"assets_by_class": wet["class"].value_counts().to_dict()}
    if inputs.people is not None:
        told = people(grid_at(run, inputs.people), water, zones, names)
        outputs["people"] = new_layer(
            run, told, PEOPLE, grid.srid, key="people", title_zh="人口", title_en="people"
        )
        summary |= {"people": told.groupby("class")["population"].sum().to_dict()}
    shut = closed_ground(depth, transform, inputs.closed_at)
    if len(shut):
        outputs["closed"] = new_layer(
            run, shut, CLOSED_GROUND, grid.srid, key="closed", geometry_type="MultiPolygon",
            title_zh="封闭范围", title_en="closed ground",
        )  # fmt: skip
    return Outcome(outputs, certificate(areas, found), summary)


def certificate(areas: Any, found: Exposed) -> Certificate:
    """The areas = those in each class of depth."""
    whole, parts = shapely.area(areas), found.area.sum(axis=1)
    terms = dict(zip(CLASSES, found.area.sum(axis=0).tolist(), strict=True))
    return Certificate(
        "areas = dry + those in each class of depth", float(whole.sum()), float(parts.sum()),
        float(np.abs(whole - parts).sum()), ROUNDING * float(whole.sum()), "m²", terms,
    )  # fmt: skip


def _column(rows: gpd.GeoDataFrame, name: str | None, default: Any) -> Any:
    if name is None:
        return np.full(len(rows), default, object)
    if name not in rows:
        raise Invalid(f"there is no column '{name}'")
    return rows[name].fillna(default).to_numpy(object)


def _named(run: Run, inputs: ExposureInputs, srid: int) -> tuple[gpd.GeoDataFrame, Any]:
    """The zones, and their names."""
    if inputs.zones is None:
        return gpd.GeoDataFrame(geometry=[]), np.array([], object)
    zones = _areas(run, inputs.zones, srid)
    return zones, _column(zones, inputs.zone_name, "")


def zone_of(places: Any, zones: gpd.GeoDataFrame, names: Any) -> Any:
    """The name of the zone that each point lies in; None beyond them."""
    named = np.full(len(places), None, object)
    tree = shapely.STRtree(np.asarray(zones.geometry, object))
    place, zone = tree.query(places, predicate="within")
    named[place] = names[zone]
    return named


def _areas(run: Run, name: str | Selection, srid: int) -> gpd.GeoDataFrame:
    rows = layer_at(run, name, srid)
    if not rows.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise Invalid(f"'{name}' must hold polygons")
    return rows


def _summed(hit: pd.DataFrame) -> pd.DataFrame:
    told = hit.assign(buildings=1).groupby(["zone", "class"], dropna=False, sort=True)
    return told[["buildings", "wet_m2", "damage", "population"]].sum().reset_index()
