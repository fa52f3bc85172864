"""OGC API Coverages, Part 1 (19-087, a draft), by its requirements.

Cells are held against rasterio in tests/ogc_api/rasters/test_coverages.py.
"""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from grids import CELL, NORTH, WEST, ground, store_ground, store_rain
from rasterio.io import MemoryFile
from starlette.testclient import TestClient

from spatial.database import Database

BASE = "http://www.opengis.net/spec/ogcapi-coverages-1/1.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0/coverage"
GROUND = "/collections/ground"


@pytest.fixture(autouse=True)
def rasters(database: Database, tmp_path: Path) -> None:
    store_ground(database, tmp_path)
    store_rain(database, tmp_path)


def coverage(client: TestClient, name: str = "ground", **query: str) -> httpx.Response:
    answer: httpx.Response = client.get(f"/collections/{name}/coverage", params=query)
    return answer


def cells(client: TestClient, **query: str) -> np.ndarray[Any, Any]:
    answer = coverage(client, f="geotiff", **query)
    assert answer.status_code == 200, answer.text
    with MemoryFile(answer.content) as memory, memory.open() as data:
        found: np.ndarray[Any, Any] = data.read(1)
    return found


class TestCore:
    uri = (f"{BASE}/core", f"{BASE}/geodata-coverage")

    def test_a_collection_leads_to_its_coverage(self, client: TestClient) -> None:
        """/req/geodata-coverage/desc-links: in every form that it comes in"""
        links = client.get(f"{GROUND}?f=json").json()["links"]
        for link in (one for one in links if one["rel"] == REL):
            answer = client.get(link["href"])
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(link["type"].partition(";")[0])

    def test_the_whole_is_served(self, client: TestClient) -> None:
        """/req/core/coverage-op, /req/core/coverage-success"""
        np.testing.assert_array_equal(cells(client), ground())

    def test_forms_are_negotiated(self, client: TestClient) -> None:
        """/req/core/coverage-success: by Accept as by f; 400 for what there is not"""
        for kind in ("image/tiff", "application/x-netcdf", "application/vnd.cov+json"):
            answer = client.get(f"{GROUND}/coverage", headers={"accept": kind})
            assert answer.headers["content-type"].startswith(kind)
        assert coverage(client, f="bmp").status_code == 400

    def test_what_its_cells_are(self, client: TestClient) -> None:
        """/req/core/schema"""
        (band,) = client.get(f"{GROUND}/schema?f=json").json()["properties"].values()
        assert (band["type"], band["x-ogc-unit"]) == ("number", "m")


class TestParts:
    uri = (
        f"{BASE}/coverage-bbox", f"{BASE}/coverage-subset", f"{BASE}/coverage-datetime",
        f"{BASE}/coverage-rangesubset",
    )  # fmt: skip

    def test_bbox(self, client: TestClient) -> None:
        """/req/coverage-bbox/definition, /req/coverage-bbox/response"""
        crs = "http://www.opengis.net/def/crs/EPSG/0/4549"
        south, north = NORTH - 20 * CELL, NORTH - 10 * CELL
        box = f"{south},{WEST + 5 * CELL},{north},{WEST + 9 * CELL}"
        found = cells(client, bbox=box, **{"bbox-crs": crs})
        np.testing.assert_array_equal(found, ground()[10:20, 5:9])

    def test_subset(self, client: TestClient) -> None:
        """/req/coverage-subset/definition, /req/coverage-subset/response"""
        found = cells(client, subset=f"E({WEST}:{WEST + 40}),N({NORTH - 30}:{NORTH})")
        np.testing.assert_array_equal(found, ground()[:3, :4])
        assert coverage(client, subset="Q(1:2)").status_code == 400
        assert coverage(client, subset="E(1").status_code == 400

    def test_datetime(self, client: TestClient) -> None:
        """/req/coverage-datetime/definition, /req/coverage-datetime/response"""
        document = coverage(client, "rain", f="json", datetime="2024-06-01T02:00:00Z").json()
        values = [one for one in document["ranges"]["rain"]["values"] if one is not None]
        assert min(values) // 1000 == 2
        assert max(values) < 2000 + 100 * 30 + 40
        assert coverage(client, "rain", datetime="soon").status_code == 400

    def test_properties(self, client: TestClient) -> None:
        """/req/coverage-rangesubset/definition, /req/coverage-rangesubset/response"""
        assert set(coverage(client, f="json", properties="height").json()["ranges"]) == {"height"}
        assert coverage(client, properties="gold").status_code == 400


class TestApi:
    uri = f"{BASE}/oas30"

    def test_the_document_has_the_path(self, client: TestClient) -> None:
        """/req/oas30/oas-definition, /req/oas30/completeness"""
        told = client.get("/openapi?f=json").json()["paths"][f"{GROUND}/coverage"]["get"]
        names = {one.get("name") for one in told["parameters"]}
        assert {"bbox", "subset", "properties"} <= names
        assert {"image/tiff; application=geotiff", "application/x-netcdf"} <= told["responses"][
            "200"
        ]["content"].keys()
