"""Plot ratios of parcels small enough to work out by hand, and against geopandas."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from polygons import tessellation

from spatial.land_use.plot_ratios import floors_of, plot_ratios


def boxes(*corners):
    return np.array([shapely.box(*one) for one in corners], object)


def parcels(*corners):
    shapes = boxes(*corners)
    return gpd.GeoDataFrame({"fid": np.arange(1, len(shapes) + 1)}, geometry=shapes, crs=4549)


TWO = parcels((0, 0, 100, 100), (100, 0, 200, 100))


def test_by_hand():
    """The second house stands on both parcels, a quarter of it on the first; the third on none."""
    houses = boxes((10, 10, 30, 40), (95, 0, 115, 20), (300, 0, 310, 10))
    made = plot_ratios(
        TWO, houses, np.array([6.0, 10.0, 2.0]), np.array([18.5, 31.0, 7.0]),
        green=boxes((0, 50, 100, 80), (0, 70, 100, 90)),
    )  # fmt: skip
    one, two = made.parcels.to_dict("records")
    assert (one["footprint_m2"], one["floor_area_m2"]) == (700, 4600)
    assert (one["plot_ratio"], one["density"], one["green_ratio"]) == (0.46, 0.07, 0.4)
    assert (two["plot_ratio"], two["height_m"], two["green_ratio"]) == (0.3, 31, 0)
    assert (one["height_m"], one["buildings"]) == (31, 2)
    assert made.certificate.balance == {
        "buildings": 7800, "on parcels": 7600, "on several at once": 0, "off all parcels": 200,
    }  # fmt: skip
    assert made.certificate.holds


def test_limits_are_flagged_in_both_languages():
    houses = boxes((0, 0, 50, 50), (100, 0, 150, 20))
    limits = pd.DataFrame(
        {"plot_ratio_max": [2.0, None], "height_max": [24.0, "tall"], "density_max": [0.25, 0.05]}
    )
    made = plot_ratios(TWO, houses, np.array([9.0, 3.0]), np.array([27.0, 9.0]), limits=limits)
    assert list(made.parcels["flags"]) == ["plot_ratio_max, height_max", "density_max"]
    assert made.parcels["flags_zh"][0] == "容积率超上限；建筑高度超上限"
    assert made.parcels["flags_en"][1] == "building density above its limit"


def test_overlapping_houses_cover_the_ground_once_but_add_their_floors():
    houses = boxes((0, 0, 20, 20), (10, 0, 30, 20))
    made = plot_ratios(TWO, houses, np.array([1.0, 2.0])).parcels
    assert (made["footprint_m2"][0], made["floor_area_m2"][0]) == (600, 1200)


def test_overlapping_parcels_are_told():
    over = parcels((0, 0, 100, 100), (50, 0, 150, 100))
    certificate = plot_ratios(over, boxes((60, 0, 70, 10)), np.array([3.0])).certificate
    assert certificate.balance["on several at once"] == 300
    assert certificate.holds


def test_floors_told_else_from_heights_else_unknown():
    floors, guessed = floors_of(
        np.array([5.0, np.nan, np.nan, -1.0, np.nan]), np.array([9.0, 9.0, 2.0, 10.0, 0.0]), 3.0, 5
    )
    assert list(floors[:4]) == [5, 3, 1, 3]
    assert np.isnan(floors[4])
    assert guessed == 3
    made = plot_ratios(TWO, boxes((0, 0, 10, 10)), np.array([np.nan])).parcels
    assert (made["unknown_floors"][0], made["plot_ratio"][0], made["density"][0]) == (1, 0, 0.01)


def test_nothing_built_and_no_parcels():
    none = boxes()
    assert list(plot_ratios(TWO, none, np.empty(0)).parcels["plot_ratio"]) == [0, 0]
    made = plot_ratios(TWO.iloc[:0], boxes((0, 0, 1, 1)), np.array([2.0]))
    assert made.certificate.balance["off all parcels"] == 2
    assert made.certificate.holds


def test_like_geopandas_on_random_ground():
    ground, houses = tessellation(80, 1), tessellation(500, 2)
    houses.geometry = houses.buffer(-20)
    houses = houses[~houses.is_empty].assign(floors=lambda f: 1 + f["number"] % 9)
    ground = ground.assign(fid=ground["number"])
    ours = plot_ratios(ground, houses.geometry.to_numpy(), houses["floors"].to_numpy(float))
    theirs = gpd.overlay(ground[["fid", "geometry"]], houses[["floors", "geometry"]])
    sums = (theirs.area * theirs["floors"]).groupby(theirs["fid"]).sum()
    mine = ours.parcels.set_index("fid")["floor_area_m2"]
    assert mine[sums.index].to_numpy() == pytest.approx(sums.to_numpy(), rel=1e-9)
    assert ours.certificate.holds
