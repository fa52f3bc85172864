"""City, over the application itself: what it asks for, and what it makes of the answers."""

import pytest
from starlette.testclient import TestClient

from citytwin.client import City, CityError


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
    monkeypatch.setattr("citytwin.client.PAGE", 2)
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
