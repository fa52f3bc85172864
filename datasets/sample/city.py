"""The sample city: an invented city in Wuxi's coordinates, from a seed, as frames."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from datasets.sample import plan
from datasets.sample.addresses import addressed
from datasets.sample.blocks import Blocks, draw_blocks, draw_network
from datasets.sample.buildings import draw_buildings
from datasets.sample.components import camera_frame, lamp_frame, manhole_frame
from datasets.sample.control_lines import draw_control_lines
from datasets.sample.districts import Levels, code_levels, district_frames, draw_levels
from datasets.sample.frames import frame
from datasets.sample.land_codes import LAND
from datasets.sample.land_use import draw_land_use
from datasets.sample.lots import draw_lots
from datasets.sample.names import Names
from datasets.sample.plan import Field, Floats
from datasets.sample.polders import draw_polders, polder_frame
from datasets.sample.roads import bridge_frame, find_crossings, name_streets, road_frame
from datasets.sample.sensors import sensor_frame
from datasets.sample.shapes import Flags, Integers, nearest
from datasets.sample.streets import plan_streets
from datasets.sample.terrain import draw_terrain, raster
from datasets.sample.vehicles import vehicle_frame
from datasets.sample.waters import draw_waters, water_frame

TITLES = {
    "districts": ("区", "Districts"),
    "subdistricts": ("街道与镇", "Subdistricts and towns"),
    "communities": ("社区与村", "Communities and villages"),
    "grid_cells": ("单元网格", "Unit grid cells"),
    "water": ("水系", "Water"),
    "polders": ("圩区", "Polders"),
    "parcels": ("用地", "Land-use parcels"),
    "farmland_line": ("永久基本农田", "Permanent basic farmland"),
    "ecology_line": ("生态保护红线", "Ecological protection red line"),
    "urban_line": ("城镇开发边界", "Urban development boundary"),
    "roads": ("道路", "Roads"),
    "buildings": ("建筑", "Buildings"),
    "lamps": ("路灯", "Street lamps"),
    "manholes": ("井盖", "Manholes"),
    "bridges": ("桥梁", "Bridges"),
    "cameras": ("监控", "Cameras"),
    "sensors": ("传感器", "Sensors"),
    "vehicles": ("车辆", "Vehicles"),
}
# people per square metre of residential land
_DENSITY = {"070102": 0.034, "070103": 0.042, "0703": 0.009}
_LIVED_IN = {"old": 6.0, "town": 3.0, "new": 2.4, "park": 1.4, "rural": 0.6, "hill": 0.15}


@dataclass(frozen=True)
class SampleLayer:
    """A layer: frame in EPSG:4549 with its attributes, key, valid_from, valid_to and geom.

    Rows with one key are the successive states of one thing; their periods never overlap.
    Periods are UTC instants (NaT: since ever, still true).
    """

    name: str
    title_zh: str
    title_en: str
    frame: gpd.GeoDataFrame


@dataclass(frozen=True)
class SampleRaster:
    """A raster: data (y, x) float32 in EPSG:4549, units and vertical datum in its attributes."""

    name: str
    title_zh: str
    title_en: str
    data: xr.DataArray


@dataclass(frozen=True)
class SampleCity:
    """All layers and rasters of the sample city."""

    layers: tuple[SampleLayer, ...]
    rasters: tuple[SampleRaster, ...]


def sample_city(seed: int = 20260101) -> SampleCity:
    """Generate the city; the same seed gives the same frames."""
    field, names = Field.of(seed), Names(seed)
    waters = draw_waters(seed, field)
    streets = plan_streets(seed, field, waters)
    blocks = draw_blocks(seed, field, waters, streets)
    network = draw_network(field, waters, streets, blocks)
    lots = draw_lots(seed, field, waters, blocks, network)
    states = draw_land_use(seed, field, waters, network, lots)
    polders = draw_polders(waters, blocks)
    levels = draw_levels(blocks.cells, _lived_in(blocks))
    today = states[(states["start"] <= plan.TODAY) & (states["end"] > plan.TODAY)]
    place, people, town = _settled(today, levels)
    codes = code_levels(levels, town)
    titles, crossings = name_streets(network, names), find_crossings(network, waters)
    frames = {
        **district_frames(levels, codes, town, people, names),
        "water": water_frame(waters, states, names),
        "polders": polder_frame(polders, names),
        "parcels": _parcels(states, levels, codes.communities),
        **draw_control_lines(seed, field, waters, blocks, network, today, place, names),
        "roads": road_frame(network, crossings, titles),
        "buildings": addressed(draw_buildings(seed, states), network, titles),
        "lamps": lamp_frame(seed, network, waters),
        "manholes": manhole_frame(seed, network, waters),
        "bridges": bridge_frame(network, crossings, titles, names),
        "cameras": camera_frame(seed, network),
        "sensors": sensor_frame(seed, waters, network, levels.cells, names),
        "vehicles": vehicle_frame(seed, network),
    }
    terrain = raster(draw_terrain(seed, field, waters, polders))
    return SampleCity(
        tuple(SampleLayer(name, *TITLES[name], frames[name]) for name in TITLES),
        (SampleRaster("terrain", "地形", "Terrain", terrain),),
    )


def _lived_in(blocks: Blocks) -> Floats:
    """A first weight of each unit cell, by the zone that it lies in."""
    block = nearest(shapely.point_on_surface(blocks.cells), blocks.blocks)
    weight = np.array([_LIVED_IN.get(zone, 0.1) for zone in blocks.zone[block]])
    return weight * shapely.area(blocks.cells)


def _settled(today: gpd.GeoDataFrame, levels: Levels) -> tuple[Integers, Integers, Flags]:
    """The community of each parcel of today; per community its people, and whether it is urban."""
    place = nearest(shapely.point_on_surface(today["geom"].to_numpy()), levels.communities)
    area = shapely.area(today["geom"].to_numpy())
    code = today["land_code"]
    count = len(levels.communities)
    people = np.bincount(place, area * code.map(_DENSITY).fillna(0.0), minlength=count)
    built = code.str[:2].isin(["07", "08", "09", "10", "11", "12", "14"]) & (code != "0703")
    urban = np.bincount(place, area * built, minlength=count)
    return place, np.rint(people).astype(np.int64), urban > 0.4 * shapely.area(levels.communities)


def _parcels(states: gpd.GeoDataFrame, levels: Levels, codes: list[str]) -> gpd.GeoDataFrame:
    shapes = states["geom"].to_numpy()
    place = nearest(shapely.point_on_surface(shapes), levels.communities)
    names = states["land_code"].map(LAND)
    return frame(
        shapes,
        states["key"].to_numpy(),
        states["start"].to_numpy(),
        states["end"].to_numpy(),
        land_code=states["land_code"].to_numpy(),
        land_zh=names.str[0].to_numpy(),
        land_en=names.str[1].to_numpy(),
        area_m2=shapely.area(shapes).round(2),
        community=[codes[i] for i in place],
    )
