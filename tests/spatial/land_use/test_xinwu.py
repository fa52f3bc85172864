"""A real district, Xinwu of Wuxi: areas of classes in each cell of 250 m, by three who measure."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from conftest import fresh_city
from deciding import decide, output, put

import spatial.analyses.known  # noqa: F401
from spatial.database import Database
from spatial.land_use import statutory_area

FOLDER = "china/xinwu_wuxi"
#: Too large by so much is every area in EPSG:32650 here, 3.4° east of that zone's meridian.
EXCESS = 0.0018


@pytest.fixture(scope="module")
def land(shared_data):
    frame = gpd.read_file(shared_data / FOLDER / "xinwu_land_use.gpkg")
    assert frame.crs.to_epsg() == 32650
    return frame[["Class", "geometry"]].astype({"Class": str})


@pytest.fixture(scope="module")
def cells(shared_data):
    frame = gpd.read_file(shared_data / FOLDER / "xinwu_grid_250m.gpkg")
    return frame.rename(columns={"grid_id_main": "cell"})[["cell", "geometry"]]


@pytest.fixture(scope="module")
def city(cluster, land, cells):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        put(database, "land", land.rename(columns={"Class": "code"}))
        put(database, "cells", cells.astype({"cell": str}))
        yield database
        database.close()


@pytest.fixture(scope="module")
def pieces(land, cells):
    return gpd.overlay(land, cells.astype({"cell": str}), how="intersection")


def by_class_and_cell(city, area):
    document = decide(
        city, "zonal-statistics", zones="cells", zone_name="cell", layer="land", code="code",
        area=area,
    )  # fmt: skip
    assert document["certificate"]["holds"], document["certificate"]
    assert document["summary"]["area"] == area
    found = output(city, document)
    return found[found["zone"] != "—"].set_index(["zone", "class"])["area_m2"]


def test_in_the_sources_own_crs_as_plain_geopandas_has_it(city, pieces):
    ours = by_class_and_cell(city, "planar")
    theirs = pieces.assign(area=pieces.area).groupby(["cell", "Class"])["area"].sum()
    both = pd.concat({"ours": ours, "theirs": theirs}, axis=1).fillna(0.0)
    assert len(both) > 4000
    # 1e-9 of the area, or of a square of 30 m where it is less
    off = (both["ours"] - both["theirs"]).abs()
    assert (off <= 1e-9 * both["theirs"].clip(lower=900)).all(), both[off > 1e-6]


def test_on_the_ellipsoid_as_the_land_survey_measures(city, pieces):
    ours = by_class_and_cell(city, "statutory")
    theirs = pd.Series(statutory_area(pieces.geometry, pieces.crs))
    theirs = theirs.groupby([pieces["cell"], pieces["Class"]]).sum()
    both = pd.concat({"ours": ours, "theirs": theirs}, axis=1).dropna()
    # a piece has the share of its parcel that it has in the plane, whose scale is not one number
    assert both["ours"].to_numpy() == pytest.approx(both["theirs"].to_numpy(), rel=1e-3, abs=1e-2)
    assert both["ours"].sum() == pytest.approx(both["theirs"].sum(), rel=1e-5)


def test_what_the_sources_crs_makes_of_areas(land):
    statutory = statutory_area(land.geometry, land.crs)
    excess = land.area.sum() / statutory.sum() - 1
    assert excess == pytest.approx(EXCESS, rel=0.05)
    # as the projection itself says: the scale of areas, k², in the middle
    middle = land.to_crs(4326).total_bounds.reshape(2, 2).mean(axis=0)
    scale = pyproj.Proj(32650).get_factors(*middle).areal_scale
    assert excess == pytest.approx(scale - 1, rel=0.05)
    assert np.abs(land.to_crs(32651).area.sum() / statutory.sum() - 1) < EXCESS
