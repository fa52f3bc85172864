"""The sample city keeps its promises: nested, gapless, connected, drained, and the same again."""

import hashlib
import heapq

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from datasets.sample import SampleCity, sample_city

DATES = [
    pd.Timestamp(day, tz="Asia/Shanghai") for day in ("2000-06-01", "2010-06-01", "2026-01-02")
]
LEVELS = ["districts", "subdistricts", "communities", "grid_cells"]


@pytest.fixture(scope="module")
def city() -> SampleCity:
    return sample_city()


@pytest.fixture(scope="module")
def layers(city: SampleCity) -> dict[str, gpd.GeoDataFrame]:
    return {layer.name: layer.frame for layer in city.layers}


def at(frame: gpd.GeoDataFrame, moment: pd.Timestamp) -> gpd.GeoDataFrame:
    begun = frame["valid_from"].isna() | (frame["valid_from"] <= moment)
    return frame[begun & (frame["valid_to"].isna() | (frame["valid_to"] > moment))]


def digest(city: SampleCity) -> str:
    total = hashlib.sha256()
    for layer in city.layers:
        total.update(layer.name.encode())
        total.update(b"".join(shapely.to_wkb(layer.frame.geometry.to_numpy())))
        total.update(layer.frame.drop(columns="geom").to_csv(index=False).encode())
    for raster in city.rasters:
        total.update(raster.data.to_numpy().tobytes())
    return total.hexdigest()


def test_the_same_seed_gives_the_same_city(city: SampleCity) -> None:
    assert digest(city) == digest(sample_city())


def test_it_has_the_size_of_a_city(layers: dict[str, gpd.GeoDataFrame]) -> None:
    bounds = {
        "districts": (3, 4),
        "subdistricts": (10, 14),
        "communities": (55, 65),
        "grid_cells": (600, 1_200),
        "water": (30, 1_500),
        "polders": (1, 2),
        "parcels": (9_000, 25_000),
        "farmland_line": (10, 60),
        "ecology_line": (3, 20),
        "urban_line": (3, 60),
        "roads": (2_500, 6_000),
        "buildings": (15_000, 28_000),
        "lamps": (3_000, 9_000),
        "manholes": (3_000, 9_000),
        "bridges": (100, 500),
        "cameras": (300, 900),
        "sensors": (150, 400),
        "vehicles": (40, 100),
    }
    assert set(layers) == set(bounds)
    for name, (low, high) in bounds.items():
        assert low <= len(layers[name]) <= high, name
    assert 6_000 <= len(at(layers["parcels"], DATES[2])) <= 13_000


def test_every_layer_is_valid_named_and_placed(city: SampleCity) -> None:
    for layer in city.layers:
        frame = layer.frame
        assert frame.crs.to_epsg() == 4549
        assert frame.active_geometry_name == "geom"
        assert frame.geometry.is_valid.all()
        assert not frame.geometry.is_empty.any()
        assert layer.title_zh
        assert layer.title_en
        west, south, east, north = frame.total_bounds
        assert 519_000 <= west <= east <= 537_000
        assert 3_479_000 <= south <= north <= 3_493_000
        for column in frame.columns[frame.columns.str.endswith("_zh")]:
            plain = column.removesuffix("_zh")
            other = f"{plain}_en" if f"{plain}_en" in frame else plain
            assert frame[column].str.contains(r"[\u4e00-\u9fff]").all(), (layer.name, column)
            assert frame[other].str.contains(r"[A-Za-z]").all(), (layer.name, other)
        assert ("name_zh" in frame) == ("name_en" in frame)


def test_periods_of_one_key_never_overlap(layers: dict[str, gpd.GeoDataFrame]) -> None:
    first, last = pd.Timestamp("1800-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
    for name, frame in layers.items():
        assert str(frame["valid_from"].dt.tz) == str(frame["valid_to"].dt.tz) == "UTC"
        periods = pd.DataFrame(
            {
                "key": frame["key"],
                "start": frame["valid_from"].fillna(first),
                "end": frame["valid_to"].fillna(last),
            }
        ).sort_values(["key", "start"])
        assert (periods["start"] < periods["end"]).all(), name
        same = periods["key"].eq(periods["key"].shift())
        assert (periods["start"] >= periods["end"].shift())[same].all(), name
        local = frame["valid_from"].dropna().dt.tz_convert("Asia/Shanghai")
        assert (local == local.dt.normalize()).all(), name


def test_codes_nest_by_prefix_and_shapes_with_them(layers: dict[str, gpd.GeoDataFrame]) -> None:
    for parent, child, digits in zip(LEVELS, LEVELS[1:], (6, 9, 12), strict=False):
        above, below = layers[parent], layers[child]
        assert above["code"].is_unique
        assert above["code"].str.len().eq(digits).all()
        assert shapely.coverage_is_valid(below.geometry.to_numpy())
        unions = below.dissolve(below["code"].str[:digits].rename("parent"))
        assert set(unions.index) == set(above["code"])
        differ = unions.geometry.symmetric_difference(
            above.set_index("code").geometry.loc[unions.index]
        )
        assert differ.area.max() < 1e-3
    assert layers["grid_cells"]["code"].str.len().eq(15).all()
    assert layers["districts"]["population"].sum() == layers["communities"]["population"].sum()
    assert 300_000 < layers["districts"]["population"].sum() < 3_000_000


@pytest.mark.parametrize("moment", DATES, ids=lambda moment: str(moment.year))
def test_parcels_tile_the_city_at_any_date(
    layers: dict[str, gpd.GeoDataFrame], moment: pd.Timestamp
) -> None:
    parcels = at(layers["parcels"], moment).geometry.to_numpy()
    whole = layers["districts"].area.sum()
    assert shapely.coverage_is_valid(parcels)
    assert abs(shapely.area(parcels).sum() - whole) < 1e-6 * whole


def test_the_city_grows_from_its_fields(layers: dict[str, gpd.GeoDataFrame]) -> None:
    states = [at(layers["parcels"], moment) for moment in DATES]
    fields = [state.loc[state["land_code"] == "0101", "area_m2"].sum() for state in states]
    homes = [state.loc[state["land_code"] == "070102", "area_m2"].sum() for state in states]
    assert fields == sorted(fields, reverse=True)
    assert homes == sorted(homes)
    assert homes[2] > 3 * homes[0]


def test_buildings_stand_in_their_parcels_apart_and_dry(
    layers: dict[str, gpd.GeoDataFrame],
) -> None:
    for moment in DATES:
        buildings = at(layers["buildings"], moment)
        parcels = at(layers["parcels"], moment).set_index("key")
        assert buildings["parcel"].isin(parcels.index).all()
        own = parcels.geometry.loc[buildings["parcel"]].to_numpy()
        assert shapely.covers(own, buildings.geometry.to_numpy()).all()
        a, b = buildings.sindex.query(buildings.geometry, predicate="intersects")
        assert (a == b).all()
        water = at(layers["water"], moment)
        assert water.sindex.query(buildings.geometry, predicate="intersects").size == 0
    assert layers["buildings"]["height_m"].between(2, 220).all()


def test_roads_are_one_network(layers: dict[str, gpd.GeoDataFrame]) -> None:
    roads = layers["roads"]
    first = shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), 0))
    last = shapely.get_coordinates(shapely.get_point(roads.geometry.to_numpy(), -1))
    ends = pd.DataFrame(np.vstack([first, last]), columns=["x", "y"])
    ends["node"] = np.concatenate([roads["from_node"], roads["to_node"]])
    assert (ends.groupby("node")[["x", "y"]].nunique() == 1).all().all()
    assert not ends.drop_duplicates().duplicated(["x", "y"]).any()

    today = at(roads, DATES[2])
    parent = list(range(int(ends["node"].max()) + 1))

    def top(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for a, b in zip(today["from_node"], today["to_node"], strict=True):
        parent[top(a)] = top(b)
    component = today["from_node"].map(top)
    assert today.length.groupby(component).sum().max() >= 0.99 * today.length.sum()
    assert roads["bridge"].sum() > 50


def test_control_lines_hold_what_they_protect(layers: dict[str, gpd.GeoDataFrame]) -> None:
    today = at(layers["parcels"], DATES[2])
    paddy = today[today["land_code"] == "0101"]
    farmland = layers["farmland_line"].union_all()
    kept = paddy[shapely.within(paddy.representative_point(), farmland)]
    assert kept.area.sum() > 0.95 * farmland.area
    assert kept.area.sum() < farmland.area  # a few parcels were built on: conflicts to find
    assert set(layers["urban_line"]["zone"]) == {"集中建设区", "弹性发展区", "特别用途区"}
    lines = [farmland, layers["ecology_line"].union_all(), layers["urban_line"].union_all()]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        shared = lines[a].intersection(lines[b]).area
        assert shared < 0.05 * min(lines[a].area, lines[b].area)
    assert lines[0].intersection(lines[2]).area + lines[0].intersection(lines[1]).area > 0


def flood(z: np.ndarray, outlet: np.ndarray) -> np.ndarray:
    """Priority flood from the outlets: the lowest surface from which every cell drains."""
    rows, columns = z.shape
    level = np.where(outlet, z, np.inf).ravel().tolist()
    heights = z.ravel().tolist()
    queue = [(level[i], i) for i in np.flatnonzero(outlet).tolist()]
    heapq.heapify(queue)
    while queue:
        height, i = heapq.heappop(queue)
        if height > level[i]:
            continue
        row, column = divmod(i, columns)
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for j in range(
                r * columns + max(column - 1, 0), r * columns + min(column + 2, columns)
            ):
                if level[j] == np.inf:
                    level[j] = max(heights[j], height)
                    heapq.heappush(queue, (level[j], j))
    return np.array(level).reshape(z.shape)


def test_terrain_drains_but_for_the_polders(
    city: SampleCity, layers: dict[str, gpd.GeoDataFrame]
) -> None:
    (terrain,) = city.rasters
    data = terrain.data
    assert data.dims == ("y", "x")
    assert data.dtype == np.float32
    assert data.rio.crs.to_epsg() == 4549
    assert np.isnan(data.rio.nodata)
    assert data.attrs["units"] == "m"
    assert data.attrs["vertical_datum"] == "EPSG:5737"
    z = data.to_numpy()
    assert np.isfinite(z).all()
    assert 90 < z.max() < 150

    x, y = np.meshgrid(data["x"], data["y"])
    polders = layers["polders"]
    inside = shapely.contains_xy(polders.union_all(), x, y)
    outlet = (z < 0.0) | inside
    outlet[[0, -1]] = outlet[:, [0, -1]] = True
    np.testing.assert_array_equal(flood(z.astype(np.float64), outlet), z)

    well_inside = shapely.contains_xy(polders.buffer(-60).union_all(), x, y)
    canals = layers["water"].query("kind == 'canal'")["level_m"].min()
    assert z[well_inside & (z > 0)].max() < canals
    dikes = shapely.get_coordinates(polders.exterior.segmentize(10.0).to_numpy())
    points = {axis: xr.DataArray(dikes[:, i], dims="p") for i, axis in enumerate("xy")}
    assert data.sel(points, method="nearest").min() > 4.0


def test_addresses_number_the_buildings_of_each_street(
    layers: dict[str, gpd.GeoDataFrame],
) -> None:
    buildings = layers["buildings"].drop_duplicates("key")
    assert buildings["address_zh"].is_unique
    streets = buildings["address_zh"].str.replace(r"\d+号$", "", regex=True)
    roads = layers["roads"]
    assert set(streets) <= set(roads.loc[roads["class"] != "expressway", "name_zh"])
    english = buildings["address_en"].str.extract(r"^(\d+) (.+)$")
    assert (english[0] == buildings["address_zh"].str.extract(r"(\d+)号$")[0]).all()
    assert english[1].isin(roads["name_en"]).all()
