"""EDR over rasters: every value is the cell's that rasterio finds there."""

import numpy as np
import pytest
import rasterio
import shapely
from grids import CELL, NORTH, WEST, ground, rain, store_ground, store_rain
from rasterio.warp import transform
from worlds import make_layer

from spatial import crs

DEM, RAIN = "/collections/ground", "/collections/rain"
TO_DEGREES = crs.transformer(4549, 4326).transform


@pytest.fixture
def dem(database, tmp_path):
    return store_ground(database, tmp_path)


@pytest.fixture
def stack(database, tmp_path):
    store_rain(database, tmp_path)


def at(row, column):
    """Degrees of a cell's centre."""
    return TO_DEGREES(WEST + CELL * (column + 0.5), NORTH - CELL * (row + 0.5))


def ask(client, place, **query):
    answer = client.get(place, params={key.replace("_", "-"): v for key, v in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_position_is_what_rasterio_samples(client, dem):
    points = [at(row, column) for row, column in [(12, 7), (33, 70), (59, 79), (1, 1)]]
    text = "MULTIPOINT(" + ",".join(f"({x} {y})" for x, y in points) + ")"
    found = ask(client, f"{DEM}/position", coords=text)
    assert found["type"] == "CoverageCollection"
    with rasterio.open(dem) as data:
        xs, ys = transform("EPSG:4326", "EPSG:4549", *zip(*points, strict=True))
        wanted = [float(v[0]) for v in data.sample(zip(xs, ys, strict=True))]
    assert [c["ranges"]["height"]["values"] for c in found["coverages"]] == [[v] for v in wanted]
    one = ask(client, f"{DEM}/position", coords=f"POINT({points[0][0]} {points[0][1]})")
    assert one["domain"]["domainType"] == "Point"
    assert one["parameters"]["height"]["unit"]["symbol"]["value"] == "m"


def test_coords_come_in_the_order_of_their_crs(client, dem):
    x, y = WEST + 75, NORTH - 125
    found = ask(client, f"{DEM}/position", coords=f"POINT({y} {x})", crs="EPSG:4549")
    assert found["ranges"]["height"]["values"] == [ground()[12, 7]]
    assert found["domain"]["axes"]["x"]["values"] == [x]


def test_a_series_through_time(client, stack):
    x, y = at(3, 4)
    found = ask(client, f"{RAIN}/position", coords=f"POINT({x} {y})")
    assert found["domain"]["domainType"] == "PointSeries"
    assert found["domain"]["axes"]["t"]["values"][2] == "2024-06-01T02:00:00Z"
    assert found["ranges"]["rain"]["values"] == [304, 1304, 2304, 3304]
    part = ask(client, f"{RAIN}/position", coords=f"POINT({x} {y})",
               datetime="2024-06-01T00:30Z/2024-06-01T01:30Z")  # fmt: skip
    assert part["ranges"]["rain"]["values"] == [304, 1304]
    instant = ask(
        client, f"{RAIN}/position", coords=f"POINT({x} {y})", datetime="2024-06-01T01:30Z"
    )
    assert instant["ranges"]["rain"]["values"] == [1304]


def test_outside_and_gaps_are_null(client, dem):
    x, y = at(0, 0)
    assert ask(client, f"{DEM}/position", coords=f"POINT({x} {y})")["ranges"]["height"][
        "values"
    ] == [None]
    assert ask(client, f"{DEM}/position", coords="POINT(0 0)")["ranges"]["height"]["values"] == [
        None
    ]


def test_an_area_is_cells_whose_centres_are_in_it(client, dem):
    corners = [at(10.2, 10.2), at(10.2, 29.7), at(40.3, 10.2)]
    area = shapely.Polygon(corners)
    found = ask(client, f"{DEM}/area", coords=area.wkt)
    rows, columns = found["ranges"]["height"]["shape"]
    values = np.array(found["ranges"]["height"]["values"], float).reshape(rows, columns)
    axes = found["domain"]["axes"]
    xs = np.linspace(axes["x"]["start"], axes["x"]["stop"], columns)
    ys = np.linspace(axes["y"]["start"], axes["y"]["stop"], rows)
    own = shapely.Polygon([crs.transformer(4326, 4549).transform(*c) for c in corners])
    for r, y in enumerate(ys):
        for c, x in enumerate(xs):
            cell = ground()[round((NORTH - y) / CELL - 0.5), round((x - WEST) / CELL - 0.5)]
            assert (
                (values[r, c] == cell)
                if own.contains(shapely.Point(x, y))
                else np.isnan(values[r, c])
            )


def test_a_radius(client, dem):
    x, y = at(30, 40)
    near = ask(client, f"{DEM}/radius", coords=f"POINT({x} {y})", within="0.105", within_units="km")
    values = [v for v in near["ranges"]["height"]["values"] if v is not None]
    # cells whose centres are within 105 m: 10.5 cells around one
    side = np.arange(-11, 12)
    assert len(values) == (np.hypot(*np.meshgrid(side, side)) < 10.5).sum()
    feet = ask(
        client, f"{DEM}/radius", coords=f"POINT({x} {y})", within="344.4882", within_units="ft"
    )
    assert feet["ranges"] == near["ranges"]


def test_a_cube(client, stack):
    west, south = at(20.4, 9.6)
    east, north = at(10.4, 19.6)
    found = ask(
        client, f"{RAIN}/cube", bbox=f"{west},{south},{east},{north}", datetime="2024-06-01T02:00Z"
    )
    assert found["ranges"]["rain"]["shape"] == [1, 10, 10]
    np.testing.assert_array_equal(
        np.array(found["ranges"]["rain"]["values"]).reshape(10, 10),
        rain()["rain"][2, 11:21, 10:20],
    )


def test_a_cube_in_another_crs(client, dem):
    west, south = at(20.4, 9.6)
    east, north = at(10.4, 19.6)
    uri = "http://www.opengis.net/def/crs/EPSG/0/4326"
    found = ask(client, f"{DEM}/cube", bbox=f"{south},{west},{north},{east}", crs=uri)
    assert found["domain"]["referencing"][0]["system"]["type"] == "GeographicCRS"
    assert found["ranges"]["height"]["shape"] == [10, 10]


def test_a_trajectory_crosses_every_cell(client, dem):
    (x0, y0), (x1, y1) = at(5, 5), at(5, 60)
    found = ask(client, f"{DEM}/trajectory", coords=f"LINESTRING({x0} {y0},{x1} {y1})")
    values = found["ranges"]["height"]["values"]
    assert found["domain"]["domainType"] == "Trajectory"
    assert values[0] == ground()[5, 5]
    assert values[-1] == ground()[5, 60]
    assert set(ground()[5, 5:61].tolist()) <= set(values)


def test_a_trajectory_with_times(client, stack):
    (x0, y0), (x1, y1) = at(3, 3), at(4, 4)
    start = 1717200000  # 2024-06-01T00:00:00Z
    text = f"LINESTRING M({x0} {y0} {start},{x1} {y1} {start + 2 * 3600 + 60})"
    found = ask(client, f"{RAIN}/trajectory", coords=text)
    assert found["ranges"]["rain"]["values"] == [303, 2404]
    assert found["domain"]["axes"]["composite"]["values"][1][0] == "2024-06-01T02:01:00Z"


def test_geojson(client, stack):
    x, y = at(3, 4)
    found = ask(client, f"{RAIN}/position", coords=f"POINT({x} {y})", f="geojson")
    (feature,) = found["features"]
    assert feature["properties"]["rain"] == [304, 1304, 2304, 3304]
    assert feature["properties"]["datetime"][3] == "2024-06-01T03:00:00Z"
    np.testing.assert_allclose(feature["geometry"]["coordinates"], (x, y), atol=1e-8)
    west, south = at(12.4, 9.6)
    east, north = at(10.4, 11.6)
    cube = ask(client, f"{RAIN}/cube", bbox=f"{west},{south},{east},{north}", f="geojson",
               datetime="2024-06-01T00:00Z")  # fmt: skip
    assert sorted(f["properties"]["rain"] for f in cube["features"]) == [1110, 1111, 1210, 1211]


def test_locations_are_named_features(client, database, dem):
    make_layer(database, "plots")
    layer = client.get(f"{DEM}/locations").json()
    assert layer["features"] == []  # plots have no names


def test_the_collection_tells_of_its_queries(client, stack):
    document = client.get(RAIN, params={"f": "json"}).json()
    assert set(document["data_queries"]) == {
        "position", "radius", "area", "cube", "trajectory", "locations"
    }  # fmt: skip
    assert document["parameter_names"]["rain"]["unit"]["symbol"]["value"] == "mm"
    assert document["extent"]["temporal"]["interval"][0][0] == "2024-06-01T00:00:00Z"
    assert len(document["extent"]["temporal"]["values"]) == 4
    assert "m" in document["data_queries"]["radius"]["link"]["variables"]["within_units"]


POLYGON = "POLYGON((120.29 31.48,120.3 31.48,120.3 31.49,120.29 31.49,120.29 31.48))"


BAD = [
        ("position", {}, 400, "needs coords"),
        ("position", {"coords": "POINT(1"}, 400, "not WKT"),
        ("position", {"coords": "POINT EMPTY"}, 400, "Point or MultiPoint"),
        ("position", {"coords": "POINT(nan 1)"}, 400, "finite"),
        ("position", {"coords": POLYGON}, 400, "Point or MultiPoint"),
        ("position", {"coords": "POINT(1 1)", "z": "10"}, 400, "leave z out"),
        ("position", {"coords": "POINT(1 1)", "parameter-name": "depth"}, 400, "no band 'depth'"),
        ("position", {"coords": "POINT(1 1)", "datetime": "soon"}, 400, "not a time"),
        ("position", {"coords": "POINT(1 1)", "f": "xml"}, 400, "no format"),
        ("position", {"coords": "POINT(1 1)", "crs": "EPSG:1"}, 400, "coordinate reference"),
        ("position", {"coords": "POINT(1 1)", "depth": "1"}, 400, "no parameter here"),
        ("area", {"coords": "POLYGON((0 0,1 1,1 0,0 1,0 0))"}, 400, "crosses itself"),
        ("area", {"coords": "POLYGON((0 0,1 0,1 1,0 0))"}, 404, "no cell there"),
        ("radius", {"coords": "POINT(120 31)"}, 400, "needs within"),
        ("radius", {"coords": "POINT(120 31)", "within": "-1"}, 400, "goes to"),
        ("radius", {"coords": "POINT(120 31)", "within": "1", "within-units": "li"}, 400, "li"),
        ("radius", {"coords": "POINT(120 3100)", "within": "1"}, 400, "no place on the Earth"),
        ("position", {"coords": "POINT(1 1)", "crs": "EPSG:4978"}, 400, "two axes"),
    ("trajectory", {"coords": "LINESTRING(1 1,1 1)"}, 400, "goes nowhere"),
    ("cube", {}, 400, "needs bbox"),
        ("cube", {"bbox": "1,2,3,x"}, 400, "else than numbers"),
        ("trajectory", {"coords": "LINESTRING(0 0,100 50)"}, 413, "ask for a part"),
        ("locations/nowhere", {}, 404, "no location"),
        ("locations/plots.99", {}, 404, "no"),
        ("position/x", {}, 404, ""),
]  # fmt: skip


def test_bad_queries_are_told_what_to_do(client, dem):
    for query, words, status, reason in BAD:
        answer = client.get(f"{DEM}/{query}", params=words)
        assert answer.status_code == status, (query, words, answer.text)
        assert reason in answer.text, (query, words)


def test_what_a_grant_may_not_see_answers_no_query(client, database, tmp_path):
    store_ground(database, tmp_path, access="shared")
    assert client.get(f"{DEM}/position", params={"coords": "POINT(1 1)"}).status_code == 404
