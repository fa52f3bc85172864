"""OWSLib edits the city's features and runs its analyses, on a real port."""

import copy
import time
from typing import Any

import geopandas as gpd
import httpx
import pytest
import shapely
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes
from service import Service

from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER


@pytest.fixture(scope="module")
def bearer(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.token('write')}"}


@pytest.fixture(scope="module")
def stalls(service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("stalls") / "stalls.gpkg"
    frame = gpd.GeoDataFrame(
        {"name": ["茶", "fish"]},
        geometry=[shapely.Point(120.37, 31.49), shapely.Point(120.38, 31.49)],
        crs=4326,
    )
    frame.to_file(file)
    service.command("load", str(file), "--class", "public")
    return "stalls"


def feature(name: str) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [120.39, 31.5]}
    return {"type": "Feature", "geometry": point, "properties": {"name": name}}


def test_features_are_read_filtered_and_edited(
    service: Service, books: Database, stalls: str, bearer: dict[str, str]
) -> None:
    # it keeps its headers for all that is made after it
    city = Features(service.url, headers=copy.copy(bearer))
    assert {"buildings", stalls} <= set(city.feature_collections())
    assert "name" in city.collection_queryables(stalls)["properties"]
    [found] = city.collection_items(stalls, filter="name = '茶'")["features"]
    assert city.collection_item(stalls, str(found["id"]))["properties"]["name"] == "茶"
    assert city.collection_item_create(stalls, feature("tofu"))
    [made] = city.collection_items(stalls, filter="name = 'tofu'")["features"]
    assert city.collection_item_update(stalls, str(made["id"]), feature("豆腐"))
    assert city.collection_item_delete(stalls, str(found["id"]))
    names = set(read_frame(books, stalls, AsOf(), OWNER)["name"])
    assert names == {"豆腐", "fish"}


def test_analyses_are_run_and_wait(service: Service, bearer: dict[str, str]) -> None:
    city = Processes(service.url, headers=copy.copy(bearer))
    assert "coverage-check" in [one["id"] for one in city.processes()]
    told = city.process("coverage-check")
    assert "sync-execute" in told["jobControlOptions"]
    inputs = {"layer": "districts"}
    value = city.execute("coverage-check", inputs)
    assert value["result"]["value"]["status"] == "successful"
    later = city.execute("coverage-check", inputs, async_=True)
    job = city.response_headers["Location"]
    assert later["status"] in ("accepted", "running", "successful")
    end = time.monotonic() + 60
    while (status := httpx.get(job, headers=bearer).json())["status"] != "successful":
        assert status["status"] in ("accepted", "running")
        assert time.monotonic() < end
        time.sleep(0.2)
    results = httpx.get(f"{job}/results", headers=bearer).json()
    assert results


#: Some of the town, so that each takes a second or two.
SOME = {"layer": "parcels", "filter": "land_code LIKE '08%'"}
ANALYSES: dict[str, dict[str, Any]] = {
    "land-use-balance": {"layer": SOME, "zones": "districts", "zone_name": "name_zh",
                         "area": "statutory"},
    "land-use-change": {"base": SOME | {"datetime": "2010"}, "target": SOME, "sliver": 0.2},
    "control-line-check": {"project": SOME, "farmland": "farmland_line", "urban": "urban_line"},
    "suitability": {"parcels": SOME, "criteria": [
        {"name": "road", "measure": "distance", "layer": "roads",
         "standard": {"function": "linear", "low": 500, "high": 0}}]},
}  # fmt: skip


def test_land_use_is_analysed_and_drawn(service: Service, bearer: dict[str, str]) -> None:
    city = Processes(service.url, headers=copy.copy(bearer))
    assert set(ANALYSES) <= {one["id"] for one in city.processes()}
    waiting = {}
    for name, inputs in ANALYSES.items():
        city.execute(name, inputs, async_=True)
        waiting[name] = city.response_headers["Location"]
    for name, job in waiting.items():
        while (status := httpx.get(job, headers=bearer).json())["status"] != "successful":
            assert status["status"] in ("accepted", "running"), (name, status)
            time.sleep(0.2)
        document = httpx.get(f"{job}/results", headers=bearer).json()["result"]["value"]
        assert document["certificate"]["holds"], name
        assert document["summary"]["area"] in ("planar", "statutory")
        made = document["outputs"]["layer"]
        style = httpx.get(f"{service.url}styles/{made}.json", headers=bearer).json()
        [entry] = style["metadata"]["citytwin"]["groups"][-1]["layers"]
        assert entry["name"] == made
        assert len(entry["legend"]) > 1 or name == "land-use-balance"
