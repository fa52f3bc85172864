"""City, over the application itself: what it asks for, and what it makes of the answers."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from starlette.testclient import TestClient

from citytwin.client import City, CityError
from citytwin.frames import frame_of_features
from spatial import bulk, scenario, token
from spatial.database import Database
from spatial.layer import Column, LayerSpec


@pytest.fixture
def city(client: TestClient, plots: list[int], monkeypatch: pytest.MonkeyPatch) -> City:
    """A city of one layer, `plots`, spoken to without a network."""
    made = City("http://127.0.0.1:8000")
    made.close()
    monkeypatch.setattr(made, "_http", client)
    return made


def test_lists_what_is_there(city: City) -> None:
    assert city.layers() == ["plots"]
    assert city.scenarios() == []
    assert "land-use-overlay" in city.analyses()


def test_a_view_is_narrowed_without_changing_the_one_before(city: City) -> None:
    now = city.layer("plots")
    then = now.at("2012").known_at("2020").at("2013")
    assert now.asof == ()
    assert dict(then.asof) == {"datetime": "2013", "known_at": "2020"}
    assert (now.count(), then.count()) == (3, 0)
    assert now.count(code="c1") == 1


def test_filters_add_up(city: City) -> None:
    tall = city.layer("plots").where("height > 0 OR code = 'c9'")
    assert list(tall.to_geopandas().index) == [2, 3]
    assert list(tall.where("code <> 'c2'").to_geopandas().index) == [2]
    assert tall.count(code="c2") == 1
    with pytest.raises(CityError, match="no attribute 'hight'"):
        tall.where("hight > 3").count()


@pytest.mark.parametrize("crs", [4549, 3857, 4490])
def test_coordinates_come_x_first_in_any_crs(city: City, crs: int) -> None:
    stored = city.layer("plots").to_geopandas(crs=4549)
    assert list(stored.total_bounds) == [528_000, 3_486_000, 528_021, 3_486_001]
    frame = city.layer("plots").to_geopandas(crs=crs)
    assert frame.crs.to_epsg() == crs
    assert frame.to_crs(4549).total_bounds == pytest.approx(stored.total_bounds, abs=1e-3)


def test_frames_have_attributes_and_the_features_ids(city: City) -> None:
    frame = city.layer("plots").to_geopandas()
    assert list(frame.index) == [1, 2, 3]
    assert frame.index.name == "fid"
    assert list(frame["code"]) == ["c0", "c1", "c2"]
    assert list(frame["height"]) == [0.0, 1.0, 2.0]


def test_an_empty_frame_has_its_columns_and_crs(city: City) -> None:
    frame = city.layer("plots").to_geopandas(bbox=(0, 0, 1, 1), crs=4549)
    assert len(frame) == 0
    assert {"code", "height", "geometry"} == set(frame.columns)
    assert frame.crs.to_epsg() == 4549


def test_pages_are_followed_to_the_last(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citytwin.client.ROWS", 2)
    assert list(city.layer("plots").to_geopandas().index) == [1, 2, 3]


def test_the_service_s_own_words_are_raised(city: City) -> None:
    with pytest.raises(CityError, match="there is no layer 'plot'"):
        city.layer("plot").count()
    with pytest.raises(CityError, match="there is no scenario 'east'"):
        city.layer("plots").scenario("east").count()
    with pytest.raises(CityError, match="'soon' is not a time"):
        city.layer("plots").at("soon").to_geopandas()
    with pytest.raises(CityError, match="token of scope 'write'"):
        city.run("land-use-overlay", left="plots", right="plots")


def test_edits_are_made_and_their_history_is_told(
    city: City, client: TestClient, database: Database
) -> None:
    client.headers["X-API-Key"] = token.create(database, "write", subject="ada")
    plots = city.layer("plots")
    square = shapely.box(528_100, 3_486_000, 528_101, 3_486_001)
    fid = plots.at("2020/..").insert({"code": "new", "height": 1.0}, square, crs=4549)
    plots.update(fid, {"height": 2.0})
    plots.at("2021/2022").update(fid, {"height": 3.0})
    assert list(plots.to_geopandas(crs=4549).loc[fid].geometry.bounds) == pytest.approx(
        square.bounds, abs=1e-3
    )
    heights = [
        plots.at(when).to_geopandas(code="new")["height"].item() for when in ("2020", "2021")
    ]
    assert heights == [1.0, 3.0]
    told = plots.history(fid)
    assert set(told["changed_by"]) == {"ada"}
    assert told["height"].iloc[0] == 1.0
    assert 3.0 in set(told[told["recorded_to"] == ".."]["height"])
    plots.remove(fid)
    assert fid not in plots.to_geopandas().index


def test_two_views_are_compared(city: City, client: TestClient, database: Database) -> None:
    client.headers["X-API-Key"] = token.create(database, "write")
    scenario.create(database, "east", author="planner")
    plots, east = city.layer("plots"), city.layer("plots").scenario("east")
    assert list(plots.diff(east).columns) == ["code", "height", "change", "old", "geometry"]
    east.update(1, {"height": 30.0})
    east.remove(2)
    found = plots.diff(east)
    assert list(found["change"]) == ["changed", "removed"]
    assert found.loc[1, "old"] == {"height": 0.0}
    assert list(plots.where("code = 'c1'").diff(east).index) == [2]


def test_frames_are_what_geojson_makes_of_every_type(city: City, database: Database) -> None:
    kinds = ["text", "integer", "bigint", "double precision", "boolean", "date", "timestamptz"]
    columns = [Column(kind.partition(" ")[0], kind) for kind in [*kinds, "jsonb"]]
    spec = LayerSpec("kinds", "Point", 4549, tuple(columns), access="public")
    at = datetime(2020, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)
    values = [["a", 1, 2, 0.5, True, date(2020, 1, 2), at, '{"a": [1]}'], [None] * 8]
    types = [
        pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(), pa.date32(),
        pa.timestamp("us", "UTC"), pa.string(),
    ]  # fmt: skip
    batch = {
        column.name: pa.array(pair, kind)
        for column, kind, pair in zip(columns, types, zip(*values, strict=True), strict=True)
    }
    batch["geom"] = pa.array([shapely.Point(528_000, 3_486_000).wkb] * 2, pa.binary())
    with database.begin() as tx, bulk.load(tx, spec, author="a") as load:
        load.write(pa.table(batch))
    view = city.layer("kinds")
    for narrowed in (view, view.where("bigint = 2"), view.at("2000/..")):
        features = list(narrowed._features("items", narrowed._query(None, None, {})))
        rows = [feature["properties"] for feature in features]
        told = frame_of_features(features, rows, view.columns, None)
        assert_geodataframe_equal(narrowed.to_geopandas(), told, check_less_precise=True)
