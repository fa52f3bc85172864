"""Items as files: what they hold is what GeoJSON says, in every narrowing."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import geopandas as gpd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from starlette.testclient import TestClient
from worlds import make_layer

from spatial.database import Database
from spatial.edit import edit

ITEMS = "/collections/plots/items"


def _from_csv(body: bytes) -> gpd.GeoDataFrame:
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    frame = gpd.GeoDataFrame(rows, geometry=[shapely.from_wkt(row["geometry"]) for row in rows])
    return frame.astype({"fid": "int64", "height": "float64"})


READERS: Mapping[str, Callable[[bytes], gpd.GeoDataFrame]] = {
    "fgb": lambda body: pyogrio.read_dataframe(io.BytesIO(body)),
    "parquet": lambda body: gpd.read_parquet(io.BytesIO(body)),
    "csv": _from_csv,
}
every_format = pytest.mark.parametrize("form", READERS)


def _file(client: TestClient, form: str, query: Mapping[str, str]) -> gpd.GeoDataFrame:
    answer = client.get(ITEMS, params={**query, "f": form})
    assert answer.status_code == 200, answer.text
    frame = READERS[form](answer.content)
    assert len(frame) == int(answer.headers["ogc-numberreturned"])
    return frame


@every_format
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "c1"},
        {"filter": "height > 0"},
        {"sortby": "-code", "limit": "2"},
        {"sortby": "code", "offset": "1"},
        {"bbox": "117,31,123,32", "limit": "1"},
        {"datetime": "1900"},
    ],
)
def test_a_file_holds_what_geojson_says(
    client: TestClient, plots: object, form: str, query: dict[str, str]
) -> None:
    told = client.get(ITEMS, params=query).json()
    frame = _file(client, form, query)
    assert list(frame["fid"]) == [feature["id"] for feature in told["features"]]
    for row, feature in zip(frame.itertuples(), told["features"], strict=True):
        assert {"code": row.code, "height": row.height} == feature["properties"]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shapely.equals_exact(row.geometry, shape, tolerance=1e-8)


@every_format
def test_pages_of_files_follow_the_link(client: TestClient, database: Database, form: str) -> None:
    make_layer(database, count=5)
    seen: list[int] = []
    url = f"{ITEMS}?limit=2&f={form}"
    while url:
        answer = client.get(url)
        assert answer.headers["ogc-numbermatched"] == "5"
        seen += list(READERS[form](answer.content)["fid"])
        url = answer.links.get("next", {}).get("url", "")
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("form", ["fgb", "parquet"])
def test_a_file_names_its_crs_and_has_x_first(client: TestClient, plots: object, form: str) -> None:
    uri = "http://www.opengis.net/def/crs/EPSG/0/4549"
    frame = _file(client, form, {"crs": uri})
    assert frame.crs.to_epsg() == 4549
    assert list(frame.total_bounds) == [528_000, 3_486_000, 528_021, 3_486_001]
    assert _file(client, form, {}).crs.equals("OGC:CRS84" if form == "parquet" else 4326)


def test_csv_is_plain_utf8_and_no_formula(
    client: TestClient, database: Database, plots: object
) -> None:
    with edit(database, "plots", author="a") as editor:
        editor.update(1, {"code": "=1+1"})
        editor.update(2, {"code": '城,"', "height": -3.0})
    answer = client.get(ITEMS, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"fid,code,height,geometry")
    frame = READERS["csv"](answer.content)
    assert list(frame["code"]) == ["'=1+1", '城,"', "c2"]
    assert frame["height"][1] == -3.0
    assert _file(client, "parquet", {})["code"].iloc[0] == "=1+1"


def test_attributes_are_chosen_and_geometry_left_out(client: TestClient, plots: object) -> None:
    answer = client.get(f"{ITEMS}?f=parquet&properties=code&skipGeometry=true")
    assert pq.read_table(io.BytesIO(answer.content)).column_names == ["fid", "code"]
    refused = client.get(f"{ITEMS}?f=fgb&skipGeometry=true")
    assert (refused.status_code, "skipGeometry" in refused.text) == (400, True)


@every_format
def test_what_is_wrong_or_hidden_is_refused(
    client: TestClient, database: Database, plots: object, form: str
) -> None:
    make_layer(database, "secret", access="restricted")
    assert client.get(f"/collections/secret/items?f={form}").status_code == 404
    for query in ("hight=3", "crs=EPSG:99999", "properties=nothing", "filter=hight=1"):
        assert client.get(f"{ITEMS}?f={form}&{query}").status_code == 400


@every_format
def test_the_collection_announces_its_files(client: TestClient, plots: object, form: str) -> None:
    links: list[dict[str, Any]] = client.get("/collections/plots?f=json").json()["links"]
    found = [one for one in links if one["rel"] == "items" and one["href"].endswith(f"f={form}")]
    answer = client.get(found[0]["href"])
    assert answer.headers["content-type"] == found[0]["type"]
    tag = {"if-none-match": answer.headers["etag"]}
    assert client.get(found[0]["href"], headers=tag).status_code == 304
