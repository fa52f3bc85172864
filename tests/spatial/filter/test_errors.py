"""What a filter may not be: wrong, too large, or an attack."""

import json
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial import catalogue
from spatial.asof import AsOf
from spatial.database import Database
from spatial.errors import Invalid
from spatial.filter.filter import Filter
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.layer import Layer
from spatial.query import snapshot


@pytest.fixture(scope="session")
def layer(filters: Database) -> Layer:
    with snapshot(filters) as pg:
        return catalogue.find(pg, "blocks")


def found(city: Database, wanted: Filter) -> list[int]:
    return list(read_frame(city, "blocks", AsOf(), OWNER, columns=[], filter=wanted)["fid"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "character 1: expected an attribute"),
        ("height >", "character 9: expected an attribute, .* found the end"),
        ("height > 3 4", "character 12: expected AND, OR"),
        ("(height > 3", r"expected '\)'"),
        ("height > 3)", "character 11"),
        ("height ~ 3", "character 8: '~' is no part"),
        ("code = 'Ash", "a text is not closed"),
        ('"code = 3', "a name is not closed"),
        ("code IS 3", "expected 'NULL'"),
        ("code NOT 3", "LIKE, BETWEEN or IN"),
        ("floors IN (1, 2", r"','|'\)'"),
        ("floors IN ()", "expected an attribute"),
        ("floors BETWEEN 1 OR 2", "expected 'AND'"),
        ("AND height > 3", "expected an attribute"),
        ("hight > 3", "no attribute 'hight': it has fid, geometry, code"),
        ("Height > 3", "no attribute 'Height'"),
        ("recorded IS NULL", "no attribute 'recorded'"),
        ("height", "expected a condition"),
        ("height > 'tall'", "'height' .a number. cannot be compared with 'tall'"),
        ("code = 3", "texts in single quotes"),
        ("built = '2020-01-01'", r"write DATE\("),
        ("seen > '2020-01-01T00:00:00Z'", r"write TIMESTAMP\("),
        ("listed = 'yes'", "TRUE or FALSE"),
        ("floors IN (1, 'two')", "cannot be compared"),
        ("height AND listed", "expected a condition"),
        ("height LIKE '3%'", "LIKE takes a text"),
        ("code LIKE code", "single quotes"),
        ("CASEI(height) = 'a'", "CASEI takes a text"),
        ("code + 1 = 2", "takes a number"),
        ("geometry = geometry", "cannot be compared"),
        ("S_INTERSECTS(geometry)", "takes 2"),
        ("S_INTERSECTS(geometry, code)", "takes a geometry"),
        ("S_INTERSECTS(geometry, POINT(1))", "character 24: this POINT"),
        ("S_INTERSECTS(geometry, POINT EMPTY)", "empty"),
        ("S_INTERSECTS(geometry, POINT(1 2)", r"','|'\)'"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "Self-intersection"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3))", "four numbers"),
        ("S_INTERSECTS(geometry, BBOX(1,4,3,2))", "before it starts"),
        ("S_INTERSECTS(geometry, BBOX(1,2,'a',3))", "numbers"),
        ("T_AFTER(code, DATE('2020-01-01'))", "takes dates"),
        ("T_DURING(seen, INTERVAL('2021-01-01', '2020-01-01'))", "end before"),
        ("T_DURING(seen, INTERVAL('soon', '..'))", "not a date"),
        ("seen = INTERVAL('..', '..')", "T_"),
        ("built = DATE('2020-02-30')", "not a date"),
        ("seen = TIMESTAMP('2020-02-03T10:00:00')", "not a timestamp"),
        ("pg_sleep(10) = 1", "no function PG_SLEEP"),
        ("accenti(code) = 'a'", "no function ACCENTI"),
        ("height = 1e999", "too large"),
        ("code = '\0'", "no attribute can"),
    ],
)
def test_the_message_says_where_and_what(layer: Layer, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        Filter(text).on(layer)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("height > 3", "not JSON"),
        ("[]", "made of objects"),
        ("null", "made of objects"),
        ('{"op": "="}', "its arguments"),
        ('{"op": "=", "args": [1]}', "takes 2"),
        ('{"op": "=", "args": {"property": "height"}}', "its arguments"),
        ('{"op": "and", "args": []}', "needs conditions"),
        ('{"op": "in", "args": [1, 2, 3]}', "a value and a list"),
        ('{"op": "in", "args": [{"property": "floors"}, []]}', "at least one"),
        ('{"op": "; drop", "args": []}', "no function"),
        ('{"op": ">", "args": [{"property": "height"}, NaN]}', "not a number"),
        ('{"op": ">", "args": [{"property": "height"}, 1e999]}', "too large"),
        ('{"op": "=", "args": [{"property": "code"}, "\\ud800"]}', "no attribute can"),
        ('{"op": "=", "args": [{"property": "code"}, "\\u0000"]}', "no attribute can"),
        ('{"op": "like", "args": [{"property": "code"}, "a\\\\"]}', "escape character"),
        ('{"property": 3}', "is no part"),
        ('{"sql": "1=1"}', "is no part"),
        ('{"op": "s_within", "args": [{"property": "geometry"}, {"type": "Blob"}]}', "GeoJSON"),
        (
            '{"op":"s_within","args":[{"property":"geometry"},{"type":"Point","coordinates":["a"]}]}',
            "GeoJSON",
        ),
    ],
)
def test_json_likewise(layer: Layer, document: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        Filter(document, "cql2-json").on(layer)


def test_languages_and_crs(layer: Layer) -> None:
    with pytest.raises(Invalid, match="cql2-text or cql2-json"):
        Filter("listed", "sql")
    with pytest.raises(Invalid, match="EPSG:4549"):
        Filter("listed", crs="EPSG:99999")


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"property": "listed"}
    for _ in range(depth):
        inner = {"op": "not", "args": [inner]}
    return inner


BOMBS = [
    ("(" * 8_000 + "listed" + ")" * 8_000, "cql2-text"),
    ("NOT " * 4_000 + "listed", "cql2-text"),
    ("-" * 16_000 + "1 = 1", "cql2-text"),
    ("1" + "+1" * 8_000 + " = 1", "cql2-text"),
    ("2" + "^2" * 8_000 + " = 1", "cql2-text"),
    ("CASEI(" * 2_000 + "code" + ")" * 2_000 + " = 'a'", "cql2-text"),
    ("GEOMETRYCOLLECTION" + "(GEOMETRYCOLLECTION" * 800, "cql2-text"),
    ("POINT" + "(" * 15_000, "cql2-text"),
    ("floors IN (" + ",".join(["1"] * 1_001) + ")", "cql2-text"),
    ("code = '" + "x" * 16_400 + "'", "cql2-text"),
    ("code = '" + "\\'" * 8_000, "cql2-text"),
    ('"' + '""' * 8_000, "cql2-text"),
    ("9" * 16_000 + " = height", "cql2-text"),
    (json.dumps(nested(100)), "cql2-json"),
    ("[" * 16_000, "cql2-json"),
    ('{"a":' * 3_000, "cql2-json"),
    ("9" * 16_000, "cql2-json"),
    (json.dumps({"op": "in", "args": [{"property": "floors"}, [1] * 1_001]}), "cql2-json"),
]


@pytest.mark.parametrize(("text", "language"), BOMBS)
def test_bombs_are_refused_at_once(layer: Layer, text: str, language: str) -> None:
    start = perf_counter()
    with pytest.raises(Invalid):
        Filter(text, language).on(layer)
    assert perf_counter() - start < 1


def test_what_is_large_but_allowed_is_answered(filters: Database) -> None:
    many = " OR ".join(f"floors = {n}" for n in range(700))
    assert len(many) < 16_384
    some = found(filters, Filter("floors IN (" + ",".join(map(str, range(1_000))) + ")"))
    assert sorted(found(filters, Filter(many))) == sorted(some)
    assert len(found(filters, Filter("code LIKE '" + "%_" * 2_000 + "'"))) == 0
    found(filters, Filter("(" * 60 + "listed" + ")" * 60))


ATTACKS = [
    "' OR '1'='1",
    "'; DROP TABLE layers.blocks; --",
    "\\'; DROP TABLE layers.blocks; --",
    "/* */ ' UNION SELECT 1 --",
    "$$; DELETE FROM city.layer; $$",
    "%s %(a)s {} {0} :x",
    "\u02bc OR 1=1",
    "＇ OR １＝１",
    "E'\\x27'",
    "\\",
    "\n\r\t\x1b",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_stay_texts(filters: Database, layer: Layer, attack: str) -> None:
    """Whatever stands in it, a constant matches nothing but itself."""
    for name in ("=", "<>", "like"):
        document = {"op": name, "args": [{"property": "code"}, attack + "x"]}
        matched = found(filters, Filter(json.dumps(document), "cql2-json"))
        assert bool(matched) == (name == "<>")
    with pytest.raises(Invalid, match="no attribute"):
        Filter(json.dumps({"op": "isNull", "args": [{"property": attack}]}), "cql2-json").on(layer)
    quoted = attack.replace("\\", "").replace("'", "''")
    assert found(filters, Filter(f"code = '{quoted}x'")) == []
    assert len(found(filters, Filter("fid > 0"))) == 600


WORDS = st.sampled_from(
    [
        "height", "code", "listed", "built", "geometry", "'a'", "'", '"', "3", "-", "+", "(", ")",
        ",", "AND", "OR", "NOT", "IS", "NULL", "LIKE", "IN", "BETWEEN", "=", "<>", "DATE", "POINT",
        "BBOX", "S_INTERSECTS", "T_AFTER", "INTERVAL", "'2020-01-01'", "1 2", "\\", "水", "TRUE",
    ]
)  # fmt: skip


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_condition_or_invalid(filters: Database, layer: Layer, text: str) -> None:
    try:
        wanted = Filter(text)
        wanted.on(layer)
    except Invalid:
        return
    found(filters, wanted)
