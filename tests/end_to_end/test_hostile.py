"""Requests that mean harm: clear answers, in bounded time, that tell nothing of our insides."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hamlet import Hamlet
from raw_http import LEAK, Told, ask

ITEMS, TILE = "/collections/plots/items", "/tiles/plots/14/13674/6683.mvt"
NUL, BYTE = "%00", "%FF"
SLOW_S = 5.0

WORDS: dict[str, tuple[str, ...]] = {
    "limit": ("0", "-1", "1e9", "9" * 20, "abc", NUL),
    "offset": ("-1", "9" * 14, "abc"),
    "after": ("-1", "abc", "9" * 50, NUL),
    "bbox": ("NaN,NaN,NaN,NaN", "-inf,-inf,inf,inf", "120,32,121,31", "1,2,3", "a,b,c,d",
             "0,95,10,99", "500,0,600,10", ",".join("1" * 5000)),
    "bbox-crs": ("x&bbox=1,2,3,4", "EPSG:999999&bbox=1,2,3,4"),
    "crs": ("x", "http://www.opengis.net/def/crs/EPSG/0/999999", NUL, "../../etc/passwd"),
    "datetime": ("x", "9999", "99999", "2020-02-30", "2020/2019", "a/b/c", NUL, "0000",
                 "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00%2B14:00"),
    "known_at": ("x", NUL, "../..", "2020/2021"),
    "scenario": ("nope", NUL, "x" * 3000, "'; DROP TABLE city.layer; --"),
    "filter-lang": ("x&filter=1",),
    "sortby": ("nosuch", "height;drop", NUL),
    "properties": ("nosuch", NUL),
    "height": ("abc", "1e999"),
    "nosuch": ("1",),
    NUL: (NUL,),
    BYTE: (BYTE,),
}  # fmt: skip

#: Bombs of CQL2 text, and what else it must not swallow.
TEXTS = (
    "(" * 5000 + "height=1" + ")" * 5000,
    "NOT " * 3000 + "height=1",
    "-" * 3000 + "1=1",
    f"height IN ({','.join('1' * 5000)})",
    f"code LIKE '{'%_' * 9000}'",
    f"height = {'9' * 5000}",
    "height = 1e999",
    "unknown = 1",
    "nosuch(height) = 1",
    "code = '\0'",
    "S_INTERSECTS(geom,POLYGON((0 0,1 1,0 1,1 0,0 0)))",
    "S_INTERSECTS(geom,POINT EMPTY)",
    "S_INTERSECTS(geom,POINT(NaN 1))",
    f"S_INTERSECTS(geom,LINESTRING({','.join(f'{n} {n % 2}' for n in range(5000))}))",
    "T_DURING(valid,INTERVAL('2020','x'))",
)
#: What is odd, but has an answer.
PLAIN = (
    f"{ITEMS}?height={'9' * 30}",
    f"{ITEMS}?filter={quote('height=1 AND ' * 1200 + 'height=1')}",
    f"{TILE}?filter={quote('height=1 AND ' * 1200 + 'height=1')}",
    f"{ITEMS}?filter={quote('height/0=1')}",
    f"{TILE}?filter={quote('height^9999 > 1')}",
    f"{ITEMS}?filter={quote('height*1e308*1e308 > 1')}",
    f"{ITEMS}?filter={quote('fid = ' + '9' * 24)}",
    f"{ITEMS}?bbox=170,-10,-170,10",
    f"{ITEMS}?bbox=-270,-120,270,120",
    f"{ITEMS}?limit=999999999",
    f"/tiles/{'plots,' * 300}/10/1/1.mvt",
    "//collections//plots",
    "/collections?%zz=%",
    "*",
)
#: And of CQL2 JSON.
TREES = (
    "[" * 5000 + "]" * 5000,
    '{"op":"not","args":[' * 300 + "true" + "]}" * 300,
    '{"op":"in","args":[{"property":"height"},[' + ",".join("1" * 3000) + "]]}",
    '{"op":"=","args":[{"property":"height"},NaN]}',
    '{"op":"=","args":[{"property":"code"},"\\ud800"]}',
    '{"op":"=","args":1}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Polygon","coordinates":[[[0,0]]]}]}',
    "null",
    "{",
)
#: Numbers of tiles that no matrix has.
CELLS = (
    ("-1", "0", "0"), ("99", "0", "0"), ("9" * 30, "0", "0"), ("14", "-1", "0"),
    ("14", "9" * 30, "0"), ("14", "32768", "0"), ("1e3", "0", "0"), ("a", "b", "c"),
    (NUL, "0", "0"),
)  # fmt: skip
TILES = (
    "/tiles/plots/{0}/{1}/{2}.mvt",
    "/collections/plots/tiles/WebMercatorQuad/{0}/{2}/{1}",
    "/tiles/WorldCRS84Quad/{0}/{2}/{1}",
    "/tiles/ground/{0}/{1}/{2}.png",
    "/collections/ground/map/tiles/WebMercatorQuad/{0}/{2}/{1}",
    "/fonts/Noto%20Sans%20Regular/{1}-{2}.pbf",
)
NAMES = (
    NUL, BYTE, "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "x" * 3000, "';--", "plots%00", "a%0d%0ab", "{}",
)  # fmt: skip
NAMED = (
    "/collections/{}", "/collections/{}/items", "/collections/plots/items/{}",
    "/collections/plots/items/1/versions/{}", "/collections/{}/schema",
    "/collections/{}/queryables",
    "/collections/{}/tiles/WebMercatorQuad", "/tileMatrixSets/{}", "/tiles/{}.json",
    "/tiles/{}.pmtiles", "/tiles/{}/10/1/1.mvt", "/tiles/{}/10/1/1.png", "/styles/{}.json",
    "/fonts/{}/0-255.pbf", "/legends/{}.png", "/collections/{}/coverage",
    "/collections/rain/locations/{}", "/twin/assets/{}", "/processes/{}", "/jobs/{}", "/screen/{}",
    "/static/{}", "/collections/{}/diff", "/collections/catalogue/items/{}", "/{}",
)  # fmt: skip
QUERIES = (
    "/tiles/town.pmtiles?max-zoom=99", "/qgis.qgz?moment=2020/2021", "/twin/state?bbox=NaN,0,0,0",
    "/twin/state?f=x", "/twin/state?nosuch=1", "/twin/series?asset=c0&every=PT0S",
    "/twin/series?asset=c0&every=P99999999999D", "/twin/series?asset=c0&from=2021&to=2020",
    "/collections/ground/position?coords=POINT(NaN%201)", "/collections/ground/position?coords=x",
    "/collections/ground/cube?bbox=0,0,0,0", "/collections/ground/area?coords=POLYGON((0%200))",
    "/collections/ground/radius?coords=POINT(0%200)&within=1e308&within-units=km",
    "/collections/ground/coverage?scale-factor=1e-300", "/collections/ground/coverage?subset=x(",
    "/collections/ground/coverage?scale-size=x(99999999),y(99999999)",
    "/collections/ground/coverage?f=x", "/collections/plots/changes?since=x",
    "/collections/plots/changes?since=99999999999999999999",
    "/collections/plots/diff?to-datetime=x",
    "/jobs?minDuration=x", "/legends/ground.json?colormap=x",
)  # fmt: skip
METHODS = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO")
READ_ONLY = ("/", "/collections", "/collections/plots", TILE, "/styles/city.json", "/twin/state",
             "/openapi", "/legends/ground.png", "/qgis.qgz", "/metrics",
             "/tiles/plots.pmtiles")  # fmt: skip


def clear(told: Told, *, least: int = 400) -> None:
    """It was refused, in time, and its words are for people."""
    assert least <= told.status < 500, told
    assert told.seconds < SLOW_S, told
    assert not LEAK.search(told.body), told


def hostile_reads() -> Iterator[str]:
    for name, texts in WORDS.items():
        yield from (f"{ITEMS}?{name}={text.replace(' ', '%20')}" for text in texts)
    yield from (f"{ITEMS}?filter={quote(text)}" for text in TEXTS)
    yield from (f"{TILE}?filter={quote(text)}" for text in TEXTS)
    yield from (f"{ITEMS}?filter-lang=cql2-json&filter={quote(text)}" for text in TREES)
    yield from (path.format(*cell) for path in TILES for cell in CELLS)
    yield from (path.format(name) for path in NAMED for name in NAMES)
    yield from QUERIES


def test_reads_that_mean_harm_are_refused_in_words(hamlet: Hamlet) -> None:
    wrong = []
    for target in hostile_reads():
        told = ask(hamlet.url, "GET", target)
        try:
            clear(told)
        except AssertionError:
            wrong.append((told.status, round(told.seconds, 1), target[:120], told.body[:120]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("target", PLAIN)
def test_what_is_odd_is_answered(hamlet: Hamlet, target: str) -> None:
    clear(ask(hamlet.url, "GET", target), least=200)


@pytest.mark.parametrize("method", METHODS)
def test_wrong_methods_are_refused(hamlet: Hamlet, method: str) -> None:
    for target in READ_ONLY:
        assert ask(hamlet.url, method, target, hamlet.key, b"{}").status == 405, target


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "nonsense"},
        {"Accept": "," * 5000},
        {"Accept": "\xff\xfe"},
        {"Accept-Language": "%%%;q=NaN"},
        {"Accept-Encoding": "nonsense;q=zzz"},
        {"Range": "bytes=99999-1"},
        {"If-None-Match": '"' * 3000},
        {"X-Forwarded-For": "x" * 5000},
        {"Host": "\xff"},
        {"Host": "evil.example/<script>"},
        {"Cookie": "x" * 9000},
    ],
)
def test_odd_headers_do_no_harm(hamlet: Hamlet, headers: dict[str, str]) -> None:
    for target in ("/", ITEMS, TILE, "/styles/city.json", "/collections/ground/coverage"):
        told = ask(hamlet.url, "GET", target, headers)
        assert told.status < 500
        assert "<script>" not in told.body
        assert not LEAK.search(told.body)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic //8="},
        {"Authorization": "Bearer \xff"},
        {"Authorization": "Bearer " + "x" * 20000},
        {"X-API-Key": "nope"},
    ],
)
def test_false_tokens_are_refused(hamlet: Hamlet, headers: dict[str, str]) -> None:
    assert ask(hamlet.url, "GET", ITEMS, headers).status == 401


@pytest.mark.parametrize("name", ["limit", "bbox", "datetime", "crs", "nosuch"])
def test_a_parameter_given_twice_is_answered(hamlet: Hamlet, name: str) -> None:
    assert ask(hamlet.url, "GET", f"{ITEMS}?{name}=1&{name}=2").status < 500


def test_what_is_too_large_is_refused(hamlet: Hamlet) -> None:
    execution = "/processes/land-use-balance/execution"
    assert ask(hamlet.url, "POST", execution, hamlet.key, b" " * (2 << 20)).status == 413
    assert ask(hamlet.url, "GET", "/?" + "x" * 100_000).status == 414


BOW_TIE = [[[120.1, 31.4], [120.2, 31.5], [120.2, 31.4], [120.1, 31.5], [120.1, 31.4]]]


def test_an_invalid_geometry_is_refused_with_reason_and_place(hamlet: Hamlet) -> None:
    told = _sent(hamlet, {"type": "MultiPolygon", "coordinates": [BOW_TIE]})
    assert told.status == 422
    said = json.loads(told.body)["description"]
    assert "Self-intersection" in said
    assert "120.15" in said
    assert "31.45" in said


@pytest.mark.parametrize(
    "geometry",
    [
        None, 5, {}, {"type": 5}, {"type": "Point", "coordinates": [120, 31]},
        {"type": "Polygon", "coordinates": []}, {"type": "Polygon", "coordinates": [[[0, 0]]]},
        {"type": "Polygon", "coordinates": "x"}, {"type": "GeometryCollection", "geometries": []},
        {"type": "MultiPolygon", "coordinates": [[[[None, 0], [1, 0], [1, 1], [None, 0]]]]},
        {"type": "MultiPolygon", "coordinates": [[[[500, 95], [501, 95], [501, 96], [500, 95]]]]},
    ],
)  # fmt: skip
def test_no_geometry_but_a_good_one_is_taken(hamlet: Hamlet, geometry: object) -> None:
    told = _sent(hamlet, geometry)
    assert told.status == 422, told
    assert not LEAK.search(told.body)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"{", b"null", b"[" * 100_000, b'{"a":' * 50_000, b"\0", b"9" * 10_000],
)
def test_bodies_that_are_no_feature_are_refused(hamlet: Hamlet, body: bytes) -> None:
    for method, target in (("POST", ITEMS), ("PUT", f"{ITEMS}/1"), ("PATCH", f"{ITEMS}/1")):
        clear(ask(hamlet.url, method, target, hamlet.key, body))
    for kind in ("application/json", "text/csv", "application/vnd.apache.arrow.stream"):
        headers = hamlet.key | {"Content-Type": kind}
        told = ask(hamlet.url, "POST", "/twin/observations", headers, body)
        assert told.status < 500, told


def _sent(hamlet: Hamlet, geometry: object) -> Told:
    feature = {"type": "Feature", "geometry": geometry, "properties": {"code": "x"}}
    headers = hamlet.key | {"Content-Type": "application/geo+json"}
    return ask(hamlet.url, "POST", ITEMS, headers, json.dumps(feature).encode())
