"""Every operator, in text and in JSON, against pandas and shapely on the same rows."""

import json
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.asof import AsOf
from spatial.database import Database
from spatial.filter.filter import Filter
from spatial.frame import read_frame
from spatial.grant import OWNER

type Mask = Callable[[gpd.GeoDataFrame], Any]


def p(name: str) -> dict[str, str]:
    return {"property": name}


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def days(f: gpd.GeoDataFrame) -> pd.Series:
    return pd.to_datetime(f["built"])


SCALARS: list[tuple[str, Any, Mask]] = [
    ("height > 10", op(">", p("height"), 10), lambda f: f.height > 10),
    ("height>=10.25", op(">=", p("height"), 10.25), lambda f: f.height >= 10.25),
    ("height < -1.5e0", op("<", p("height"), -1.5), lambda f: f.height < -1.5),
    ("10 <= floors", op("<=", 10, p("floors")), lambda f: f.floors >= 10),
    ("floors=3", op("=", p("floors"), 3), lambda f: f.floors == 3),
    ("floors = 3.5", op("=", p("floors"), 3.5), lambda f: f.floors == 3.5),
    ("floors<>3", op("<>", p("floors"), 3), lambda f: (f.floors != 3) & f.floors.notna()),
    ("floors < height", op("<", p("floors"), p("height")), lambda f: f.floors < f.height),
    (
        f"parcel = {2**60 + 7}",
        op("=", p("parcel"), 2**60 + 7),
        lambda f: f.parcel == 2**60 + 7,
    ),
    ("fid in (1, 2, 5000)", op("in", p("fid"), [1, 2, 5000]), lambda f: f.fid.isin([1, 2])),
    ("code = 'Ash'", op("=", p("code"), "Ash"), lambda f: f.code == "Ash"),
    ("code = 'it''s'", op("=", p("code"), "it's"), lambda f: f.code == "it's"),
    ("code = 'it\\'s'", op("=", p("code"), "it's"), lambda f: f.code == "it's"),
    ("code = ''", op("=", p("code"), ""), lambda f: f.code == ""),
    ("code = 'c:\\d'", op("=", p("code"), "c:\\d"), lambda f: f.code == "c:\\d"),
    ("地类 = '水田'", op("=", p("地类"), "水田"), lambda f: f["地类"] == "水田"),
    ("\"Odd name\" = '5000'", op("=", p("Odd name"), "5000"), lambda f: f["Odd name"] == "5000"),
    ("listed", p("listed"), lambda f: f.listed.eq(True)),
    ("listed = FALSE", op("=", p("listed"), False), lambda f: f.listed.eq(False)),
    ("NOT listed", op("not", p("listed")), lambda f: f.listed.eq(False)),
    ("height IS NULL", op("isNull", p("height")), lambda f: f.height.isna()),
    ("code IS not NULL", op("not", op("isNull", p("code"))), lambda f: f.code.notna()),
    (
        "built = DATE('2021-03-04') OR built > DATE('2022-01-01')",
        op(
            "or",
            op("=", p("built"), {"date": "2021-03-04"}),
            op(">", p("built"), {"date": "2022-01-01"}),
        ),
        lambda f: (days(f) == "2021-03-04") | (days(f) > "2022-01-01"),
    ),
    (
        "seen >= TIMESTAMP('2021-03-04T08:00:00+08:00')",
        op(">=", p("seen"), {"timestamp": "2021-03-04T00:00:00Z"}),
        lambda f: f.seen >= at("2021-03-04"),
    ),
    (
        "seen < DATE('2021-03-04')",
        op("<", p("seen"), {"date": "2021-03-04"}),
        lambda f: f.seen < at("2021-03-04"),
    ),
    (
        "height > 40 OR floors = 1 AND listed",
        op("or", op(">", p("height"), 40), op("and", op("=", p("floors"), 1), p("listed"))),
        lambda f: (f.height > 40) | ((f.floors == 1) & f.listed.eq(True)),
    ),
    (
        "(height > 40 OR floors = 1) AND listed",
        op("and", op("or", op(">", p("height"), 40), op("=", p("floors"), 1)), p("listed")),
        lambda f: ((f.height > 40) | (f.floors == 1)) & f.listed.eq(True),
    ),
    (
        "NOT height > 40 AND NOT (floors = 1)",
        op("and", op("not", op(">", p("height"), 40)), op("not", op("=", p("floors"), 1))),
        lambda f: (f.height <= 40) & (f.floors != 1) & f.floors.notna(),
    ),
    ("code LIKE '5%'", op("like", p("code"), "5%"), lambda f: f.code.str.startswith("5", na=False)),
    (
        "code LIKE 'b_c'",
        op("like", p("code"), "b_c"),
        lambda f: f.code.isin(["b_c", "bxc"]),
    ),
    ("code LIKE 'b\\_c'", op("like", p("code"), "b\\_c"), lambda f: f.code == "b_c"),
    ("code LIKE '50\\%'", op("like", p("code"), "50\\%"), lambda f: f.code == "50%"),
    ("code LIKE '.*'", op("like", p("code"), ".*"), lambda f: f.code == ".*"),
    (
        "code NOT LIKE '%h%'",
        op("not", op("like", p("code"), "%h%")),
        lambda f: f.code.notna() & ~f.code.str.contains("h", na=False),
    ),
    (
        "CASEI(code) = casei('aSH')",
        op("=", op("casei", p("code")), op("casei", "aSH")),
        lambda f: f.code.isin(["Ash", "ash"]),
    ),
    (
        "CASEI(code) LIKE CASEI('ASH%')",
        op("like", op("casei", p("code")), op("casei", "ASH%")),
        lambda f: f.code.isin(["Ash", "ash", "ASHES"]),
    ),
    (
        "CASEI(code) IN (CASEI('ASH'), CASEI('水田'))",
        op("in", op("casei", p("code")), [op("casei", "ASH"), op("casei", "水田")]),
        lambda f: f.code.isin(["Ash", "ash", "水田"]),
    ),
    (
        "height BETWEEN 5 AND 9.5",
        op("between", p("height"), 5, 9.5),
        lambda f: f.height.between(5, 9.5),
    ),
    (
        "height NOT BETWEEN 5 AND 9.5 AND listed",
        op("and", op("not", op("between", p("height"), 5, 9.5)), p("listed")),
        lambda f: ~f.height.between(5, 9.5) & f.height.notna() & f.listed.eq(True),
    ),
    ("floors IN (1,2, 3)", op("in", p("floors"), [1, 2, 3]), lambda f: f.floors.isin([1, 2, 3])),
    (
        "code NOT IN ('Ash','50%')",
        op("not", op("in", p("code"), ["Ash", "50%"])),
        lambda f: f.code.notna() & ~f.code.isin(["Ash", "50%"]),
    ),
    (
        "floors * 2 + 1 > height - 3",
        op(">", op("+", op("*", p("floors"), 2), 1), op("-", p("height"), 3)),
        lambda f: f.floors * 2 + 1 > f.height - 3,
    ),
    (
        "height / floors > 5",
        op(">", op("/", p("height"), p("floors")), 5),
        lambda f: f.height / f.floors.replace(0, np.nan) > 5,
    ),
    (
        "floors % 3 = 1 AND floors div 2 = 2",
        op("and", op("=", op("%", p("floors"), 3), 1), op("=", op("div", p("floors"), 2), 2)),
        lambda f: f.floors.isin([4]),
    ),
    (
        "floors ^ 2 = 9 AND -floors = 3",
        op("and", op("=", op("^", p("floors"), 2), 9), op("=", op("-", 0, p("floors")), 3)),
        lambda f: f.floors == -3,
    ),
    ("2 ^ 3 ^ 2 = 512", op("=", op("^", 2, op("^", 3, 2)), 512), lambda f: f.fid > 0),
    ("10 - 4 - 3 = 3", op("=", op("-", op("-", 10, 4), 3), 3), lambda f: f.fid > 0),
]


def span(a: str, b: str) -> dict[str, Any]:
    return {"interval": [a, b]}


YEAR = span("2021-01-01", "2021-12-31")
TIMES: list[tuple[str, Any, Mask]] = [
    (
        "T_AFTER(seen, TIMESTAMP('2021-03-04T00:00:00Z'))",
        op("t_after", p("seen"), {"timestamp": "2021-03-04T00:00:00Z"}),
        lambda f: f.seen > at("2021-03-04"),
    ),
    (
        "T_BEFORE(built, DATE('2021-03-04'))",
        op("t_before", p("built"), {"date": "2021-03-04"}),
        lambda f: days(f) < "2021-03-04",
    ),
    (
        "T_EQUALS(built, DATE('2021-03-04'))",
        op("t_equals", p("built"), {"date": "2021-03-04"}),
        lambda f: days(f) == "2021-03-04",
    ),
    (
        "T_DURING(seen, INTERVAL('2021-01-01', '2021-12-31'))",
        op("t_during", p("seen"), YEAR),
        lambda f: (f.seen > at("2021-01-01")) & (f.seen < at("2021-12-31")),
    ),
    (
        "T_INTERSECTS(seen, INTERVAL('2021-06-01T00:00:00Z', '..'))",
        op("t_intersects", p("seen"), span("2021-06-01T00:00:00Z", "..")),
        lambda f: f.seen >= at("2021-06-01"),
    ),
    (
        "T_DISJOINT(INTERVAL(seen, gone), INTERVAL('2021-01-01', '2021-12-31'))",
        op("t_disjoint", {"interval": [p("seen"), p("gone")]}, YEAR),
        lambda f: (f.seen > at("2021-12-31")) | (f.gone < at("2021-01-01")),
    ),
    (
        "T_CONTAINS(INTERVAL(seen, gone), INTERVAL('2021-01-01', '2021-01-20'))",
        op("t_contains", {"interval": [p("seen"), p("gone")]}, span("2021-01-01", "2021-01-20")),
        lambda f: (f.seen < at("2021-01-01")) & (f.gone > at("2021-01-20")),
    ),
    (
        "T_OVERLAPS(INTERVAL(seen, gone), INTERVAL('2021-01-01', '2021-12-31'))",
        op("t_overlaps", {"interval": [p("seen"), p("gone")]}, YEAR),
        lambda f: (
            (f.seen < at("2021-01-01")) & (f.gone > at("2021-01-01")) & (f.gone < at("2021-12-31"))
        ),
    ),
    (
        "T_OVERLAPPEDBY(INTERVAL(seen, gone), INTERVAL('2021-01-01', '2021-12-31'))",
        op("t_overlappedBy", {"interval": [p("seen"), p("gone")]}, YEAR),
        lambda f: (
            (f.seen > at("2021-01-01")) & (f.seen < at("2021-12-31")) & (f.gone > at("2021-12-31"))
        ),
    ),
    *(
        (
            f"{name}(INTERVAL(seen, gone), INTERVAL(seen, '{end}'))",
            op(name.lower(), {"interval": [p("seen"), p("gone")]}, {"interval": [p("seen"), end]}),
            mask,
        )
        for name, end, mask in (
            ("T_STARTS", "2021-12-31", lambda f: f.seen.notna() & (f.gone < at("2021-12-31"))),
            ("T_STARTEDBY", "2021-12-31", lambda f: f.seen.notna() & (f.gone > at("2021-12-31"))),
        )
    ),
    *(
        (
            f"{name}(INTERVAL(seen, gone), INTERVAL('2021-06-01', gone))",
            op(
                name.lower(),
                {"interval": [p("seen"), p("gone")]},
                {"interval": ["2021-06-01", p("gone")]},
            ),
            mask,
        )
        for name, mask in (
            ("T_FINISHES", lambda f: f.gone.notna() & (f.seen > at("2021-06-01"))),
            ("T_FINISHEDBY", lambda f: f.gone.notna() & (f.seen < at("2021-06-01"))),
        )
    ),
    (
        "T_MEETS(INTERVAL('..', '2021-06-01'), INTERVAL(seen, gone))",
        op("t_meets", span("..", "2021-06-01"), {"interval": [p("seen"), p("gone")]}),
        lambda f: f.seen == at("2021-06-01"),
    ),
    (
        "T_METBY(INTERVAL('2021-06-01', '..'), INTERVAL(seen, gone))",
        op("t_metBy", span("2021-06-01", ".."), {"interval": [p("seen"), p("gone")]}),
        lambda f: f.gone == at("2021-06-01"),
    ),
]

# in EPSG:4549, whose axes are northing, easting
URI_4549 = "http://www.opengis.net/def/crs/EPSG/0/4549"
SQUARE = shapely.box(528_100, 3_486_100, 528_150, 3_486_140)
LINE = shapely.LineString([(528_000, 3_486_200), (528_300, 3_486_215)])


def north_first(geometry: shapely.Geometry) -> Any:
    return shapely.transform(geometry, lambda xy: xy[:, ::-1])


def spatial_cases() -> list[tuple[str, Any, Mask]]:
    made: list[tuple[str, Any, Mask]] = []
    for name in ("intersects", "disjoint", "contains", "within", "touches", "overlaps", "crosses"):
        for shape in (SQUARE, LINE, SQUARE.centroid):
            flipped = north_first(shape)

            def mask(f: gpd.GeoDataFrame, name: str = name, shape: Any = shape) -> Any:
                return getattr(shapely, name)(f.geometry.values, shape)

            made.append(
                (
                    f"S_{name.upper()}(geometry, {flipped.wkt})",
                    op(f"s_{name}", p("geometry"), json.loads(shapely.to_geojson(flipped))),
                    mask,
                )
            )
    made.append(
        (
            "S_WITHIN(BBOX(3486112,528112,3486113,528113), geometry)",
            op("s_within", {"bbox": [3486112, 528112, 3486113, 528113]}, p("geometry")),
            lambda f: f.geometry.contains(shapely.box(528_112, 3_486_112, 528_113, 3_486_113)),
        )
    )
    return made


def fids(city: Database, wanted: Filter) -> list[int]:
    return sorted(read_frame(city, "blocks", AsOf(), OWNER, columns=[], filter=wanted)["fid"])


def expected(frame: gpd.GeoDataFrame, mask: Mask) -> list[int]:
    chosen = pd.Series(mask(frame), index=frame.index).fillna(value=False).astype(bool)
    return sorted(frame["fid"][chosen])


@pytest.mark.parametrize(("text", "document", "mask"), SCALARS + TIMES)
def test_scalars_and_times(
    filters: Database, frame: gpd.GeoDataFrame, text: str, document: Any, mask: Mask
) -> None:
    oracle = expected(frame, mask)
    assert fids(filters, Filter(text)) == oracle
    assert fids(filters, Filter(json.dumps(document), "cql2-json")) == oracle


@pytest.mark.parametrize(("text", "document", "mask"), spatial_cases())
def test_places(
    filters: Database, frame: gpd.GeoDataFrame, text: str, document: Any, mask: Mask
) -> None:
    oracle = expected(frame, mask)
    assert fids(filters, Filter(text, crs=URI_4549)) == oracle
    assert fids(filters, Filter(json.dumps(document), "cql2-json", URI_4549)) == oracle


def test_equality_of_places(filters: Database, frame: gpd.GeoDataFrame) -> None:
    shape = frame.geometry.iloc[3]
    wanted = Filter(f"S_EQUALS(geometry, {north_first(shape).wkt})", crs=URI_4549)
    assert fids(filters, wanted) == expected(frame, lambda f: f.geometry.geom_equals(shape))


@pytest.mark.parametrize(
    ("crs", "shown"),
    [
        (None, 4326),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", 4326),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", 4490),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", 3857),
        (URI_4549, 4549),
    ],
)
def test_axis_order_is_the_crs_s_own(
    filters: Database, frame: gpd.GeoDataFrame, crs: str | None, shown: int
) -> None:
    shape = shapely.box(528_103, 3_486_103, 528_147, 3_486_137)
    there = gpd.GeoSeries([shape], crs=4549).to_crs(shown).iloc[0]
    if crs and crs.endswith(("4326", "4490", "4549")):
        there = north_first(there)
    wanted = Filter(f"S_INTERSECTS(geometry, {there.wkt})", crs=crs)
    oracle = expected(frame, lambda f: f.geometry.intersects(shape))
    assert len(oracle) > 5
    assert fids(filters, wanted) == oracle


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ("-180,-90,180,90", 600),
        ("-180,-90,-10,180,90,500", 600),
        ("100,20,140,40", 600),
        ("170,-90,-170,90", 0),
        ("100,20,-170,40", 600),
        ("-20,40,-10,50", 0),
    ],
)
def test_boxes_of_the_whole_world_and_across_the_antimeridian(
    filters: Database, box: str, found: int
) -> None:
    assert len(fids(filters, Filter(f"S_INTERSECTS(geometry, BBOX({box}))"))) == found
    document = op("s_intersects", p("geometry"), {"bbox": [float(n) for n in box.split(",")]})
    assert len(fids(filters, Filter(json.dumps(document), "cql2-json"))) == found


def test_dates_reach_to_the_edge_of_the_calendar(filters: Database) -> None:
    assert fids(filters, Filter("built < DATE('0001-01-01') OR built > DATE('9999-12-31')")) == []
