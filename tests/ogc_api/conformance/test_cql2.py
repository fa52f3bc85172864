"""CQL2 (21-065r2), both encodings, by its abstract tests: class by class over HTTP.

What each operator gives is held against hand-computed answers in tests/spatial/filter.
"""

import json
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from polygons import store
from starlette.testclient import TestClient

from spatial.database import Database

BASE = "http://www.opengis.net/spec/cql2/1.0/conf"
ITEMS = "/collections/towns/items"


@pytest.fixture
def towns(database: Database) -> None:
    """Four squares of a tenth of a degree, side by side from 120 east, 30 north."""
    frame = gpd.GeoDataFrame(
        {
            "name": pd.Series(["Aachen", "Zürich", "aachen", None], dtype=object),
            "people": [100, 200, 300, 400],
            "houses": [100, 50, 300, 20],
            "open": [True, False, True, False],
            "founded": pd.to_datetime(
                ["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"], utc=True
            ),
        },
        geometry=[shapely.box(120 + n / 10, 30, 120.1 + n / 10, 30.1) for n in range(4)],
        crs=4326,
    )
    store(database, "towns", frame)


def check(client: TestClient, text: str, tree: Any, expected: str) -> None:
    """The condition holds of these towns, by their place, in both encodings."""
    told = [(text, "cql2-text"), (json.dumps(tree), "cql2-json")]
    for condition, language in told:
        query = {"filter": condition, "filter-lang": language}
        answer = client.get(ITEMS, params=query)
        assert answer.status_code == 200, answer.text
        found = "".join(str(one["id"]) for one in answer.json()["features"])
        assert found == expected, condition


def of(op: str, *args: Any) -> dict[str, Any]:
    return {"op": op, "args": list(args)}


def named(name: str) -> dict[str, str]:
    return {"property": name}


BOX = {"bbox": [120.12, 30.02, 120.18, 30.08]}
AREA = {
    "type": "Polygon",
    "coordinates": [
        [[120.05, 29.9], [120.25, 29.9], [120.25, 30.2], [120.05, 30.2], [120.05, 29.9]]
    ],
}
AREA_TEXT = "POLYGON((120.05 29.9,120.25 29.9,120.25 30.2,120.05 30.2,120.05 29.9))"
PERIOD = {"interval": ["2020-06-01T00:00:00Z", "2022-06-01T00:00:00Z"]}
PERIOD_TEXT = "INTERVAL('2020-06-01T00:00:00Z', '2022-06-01T00:00:00Z')"


@pytest.mark.usefixtures("towns")
class TestCql2:
    uri = tuple(
        f"{BASE}/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
            "arithmetic",
        )
    )

    @pytest.mark.parametrize(
        ("operator", "expected"),
        [("=", "2"), ("<>", "134"), ("<", "1"), (">", "34"), ("<=", "12"), (">=", "234")],
    )
    def test_comparisons(self, client: TestClient, operator: str, expected: str) -> None:
        """/conf/basic-cql2/comparison"""
        check(client, f"people {operator} 200", of(operator, named("people"), 200), expected)

    def test_logic_and_literals(self, client: TestClient) -> None:
        """/conf/basic-cql2/and-or-not, /conf/basic-cql2/data-types"""
        low, shut = of("<", named("people"), 300), of("=", named("open"), False)
        check(client, "people < 300 AND open = FALSE", of("and", low, shut), "2")
        check(client, "people < 300 OR open = FALSE", of("or", low, shut), "124")
        check(client, "NOT (people < 300)", of("not", low), "34")
        check(client, "name = 'Zürich'", of("=", named("name"), "Zürich"), "2")
        moment = {"timestamp": "2021-06-01T00:00:00Z"}
        text = "founded > TIMESTAMP('2021-06-01T00:00:00Z')"
        check(client, text, of(">", named("founded"), moment), "34")

    def test_null(self, client: TestClient) -> None:
        """/conf/basic-cql2/is-null"""
        check(client, "name IS NULL", of("isNull", named("name")), "4")
        check(client, "name IS NOT NULL", of("not", of("isNull", named("name"))), "123")

    def test_advanced_comparisons(self, client: TestClient) -> None:
        """/conf/advanced-comparison-operators/like, between, in"""
        check(client, "name LIKE 'A%'", of("like", named("name"), "A%"), "1")
        check(client, "name LIKE '_achen'", of("like", named("name"), "_achen"), "13")
        between = of("between", named("people"), 150, 300)
        check(client, "people BETWEEN 150 AND 300", between, "23")
        check(client, "people IN (100, 400)", of("in", named("people"), [100, 400]), "14")

    def test_case_insensitive(self, client: TestClient) -> None:
        """/conf/case-insensitive-comparison/casei"""
        tree = of("=", of("casei", named("name")), of("casei", "AACHEN"))
        check(client, "CASEI(name) = CASEI('AACHEN')", tree, "13")

    def test_basic_spatial(self, client: TestClient) -> None:
        """/conf/basic-spatial-functions/intersects: with points and boxes"""
        text = "S_INTERSECTS(geometry, BBOX(120.12, 30.02, 120.18, 30.08))"
        check(client, text, of("s_intersects", named("geometry"), BOX), "2")
        point = {"type": "Point", "coordinates": [120.35, 30.05]}
        text = "S_INTERSECTS(geometry, POINT(120.35 30.05))"
        check(client, text, of("s_intersects", named("geometry"), point), "4")

    def test_basic_spatial_plus(self, client: TestClient) -> None:
        """/conf/basic-spatial-functions-plus/intersects: with every geometry"""
        tree = of("s_intersects", named("geometry"), AREA)
        check(client, f"S_INTERSECTS(geometry, {AREA_TEXT})", tree, "123")

    @pytest.mark.parametrize(
        ("function", "expected"),
        [("s_within", "2"), ("s_disjoint", "4"), ("s_overlaps", "13"), ("s_contains", ""),
         ("s_equals", ""), ("s_touches", ""), ("s_crosses", ""), ("s_intersects", "123")],
    )  # fmt: skip
    def test_spatial(self, client: TestClient, function: str, expected: str) -> None:
        """/conf/spatial-functions/s_*"""
        text = f"{function.upper()}(geometry, {AREA_TEXT})"
        check(client, text, of(function, named("geometry"), AREA), expected)

    @pytest.mark.parametrize(
        ("function", "expected"),
        [("t_during", "23"), ("t_before", "1"), ("t_after", "4"), ("t_disjoint", "14"),
         ("t_intersects", "23")],
    )  # fmt: skip
    def test_temporal(self, client: TestClient, function: str, expected: str) -> None:
        """/conf/temporal-functions/t_*"""
        text = f"{function.upper()}(founded, {PERIOD_TEXT})"
        check(client, text, of(function, named("founded"), PERIOD), expected)

    def test_property_with_property(self, client: TestClient) -> None:
        """/conf/property-property/property-property"""
        check(client, "people = houses", of("=", named("people"), named("houses")), "13")
        check(client, "200 <= people", of("<=", 200, named("people")), "234")

    def test_arithmetic(self, client: TestClient) -> None:
        """/conf/arithmetic/arithmetic"""
        tree = of(">", of("+", named("people"), of("*", named("houses"), 2)), 500)
        check(client, "people + houses * 2 > 500", tree, "3")
        tree = of("=", of("%", named("people"), 200), 0)
        check(client, "people % 200 = 0", tree, "24")
