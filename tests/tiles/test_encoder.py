"""Our encoder of tiles: the specification's own examples, and PostGIS's encoder beside it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pytest
import shapely
from psycopg import sql
from town import CORNER, SRID, tile, zxy_at

from spatial import bulk, catalogue
from spatial.asof import AsOf
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec
from spatial.query import reading
from tiles.build import store
from tiles.mvt.encoder import Placing, Schema, encode
from tiles.mvt.shapes import commands
from tiles.mvt.told import of_layer
from tiles.mvt.values import DOUBLE, TEXT, TRUTH, WHOLE
from tiles.mvt.wire import elements
from tiles.vector import Options, mvt

STAY = Placing(1.0, 0.5, 0.5)


def row(values: Sequence[bytes | None]) -> bytes:
    """What is told of a feature."""
    sizes = [(-1 if one is None else len(one)).to_bytes(4, signed=True) for one in values]
    return b"".join(size + (one or b"") for size, one in zip(sizes, values, strict=True))


def array(cells: Sequence[bytes | None]) -> bytes:
    """A one-dimensional array as PostgreSQL sends it."""
    return bytes(12) + len(cells).to_bytes(4) + (1).to_bytes(4) + row(cells)


def drawn(database: Database, *texts: str, digits: int = 0) -> list[list[int]]:
    """The commands of shapes, y down; all numbers of them are below 128."""
    said = "SELECT ST_AsTWKB(ST_Scale(%s::geometry, 1, %s), %s)"
    with database.begin() as tx:
        rows = [
            tx.pg.execute(said, [text, -1 if digits else 1, digits]).fetchone() for text in texts
        ]
    shapes = array([None if row is None or row[0] is None else bytes(row[0]) for row in rows])
    made, ends, _ = commands(elements(shapes), len(texts), *STAY)
    return [list(part) for part in np.split(made, ends[:-1])]


# Mapbox Vector Tile Specification 2.1, section 4.3.5
EXAMPLES = {
    "POINT (25 17)": [9, 50, 34],
    "MULTIPOINT (5 7, 3 2)": [17, 10, 14, 3, 9],
    "LINESTRING (2 2, 2 10, 10 10)": [9, 4, 4, 18, 0, 16, 16, 0],
    "MULTILINESTRING ((2 2, 2 10, 10 10), (1 1, 3 5))":
        [9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8],
    "POLYGON ((3 6, 8 12, 20 34, 3 6))": [9, 6, 12, 18, 10, 12, 24, 44, 15],
    "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)),"
    " ((11 11, 20 11, 20 20, 11 20, 11 11), (13 13, 13 17, 17 17, 17 13, 13 13)))":
        [9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15,
         9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15],
}  # fmt: skip


def test_shapes_are_written_as_the_specification_has_them(database: Database) -> None:
    assert dict(zip(EXAMPLES, drawn(database, *EXAMPLES), strict=True)) == EXAMPLES


def test_what_says_nothing_is_left_out(database: Database) -> None:
    ring = "(0 0, 9 0, 9 9, 0 9, 0 0)"
    square, turned, dotted, pricked, *nothing = drawn(
        database,
        f"POLYGON ({ring})",
        "POLYGON ((0 0, 0 9, 9 9, 9 0, 0 0), (2 2, 4 2, 4 4, 2 4, 2 2))",
        "POLYGON ((0 0, 9 0, 9.2 0.1, 9 9, 0 9, 0 9, 0 0))",
        f"POLYGON ({ring}, (2 2, 2.3 2.3, 2.4 2, 2 2))",
        "LINESTRING (1 1, 1.2 1.3)",
        "POLYGON ((1 1, 9 1, 9 1.3, 1 1))",
        "POLYGON ((0 0, 0 9, 9 9, 9 0, 0 0))",
        "POINT EMPTY",
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "GEOMETRYCOLLECTION (POINT (1 1))",
        digits=1,
    )
    assert dotted == pricked == square == [9, 0, 0, 26, 18, 0, 0, 18, 17, 0, 15]
    assert turned == []  # stored shapes have their outer ring the right way round
    assert nothing == [[]] * 7


def test_shapes_that_come_in_the_tile_are_turned(database: Database) -> None:
    one, other = drawn(
        database,
        "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 2 4, 4 4, 4 2, 2 2))",
        "POLYGON ((0 0, 0 9, 9 9, 9 0, 0 0), (2 2, 4 2, 4 4, 2 4, 2 2))",
    )
    assert [part.count(15) for part in (one, other)] == [2, 2]
    assert len(one) == len(other)


def test_coordinates_are_rounded_alike_on_both_sides_of_the_edge(database: Database) -> None:
    """A point a tenth to the left of 3 is 3, as one a tenth to the left of -3 is -3."""
    assert drawn(database, "POINT (2.9 -3.1)", digits=1) == [[9, 6, 5]]


def test_values_are_told_once_and_in_their_types() -> None:
    whole = [7, -7, None, 1 << 40, 7]
    said = ["桥", "桥", None, "", "x" * 300]
    rows = zip(
        [n.to_bytes(8) for n in (1, 2, 3, 300, 5)],
        [None if text is None else text.encode() for text in said],
        [np.array(n / 4, ">f8").tobytes() for n in range(5)],
        [b"unwanted"] * 5,
        [None if n is None else n.to_bytes(8, signed=True) for n in whole],
        [b"\1", b"\0", None, b"\1", b"\0"],
        strict=True,
    )
    attributes = (("said", TEXT, 1), ("high", DOUBLE, 2), ("whole", WHOLE, 4), ("true", TRUTH, 5))
    shapes = array([bytes([1, 0, 2 * n, 2 * n]) for n in range(5)])
    told = b"".join(map(row, rows))
    data = encode(Schema("城", 4096, attributes, 5), [told, shapes], STAY)
    assert data.count("桥".encode()) == 1
    (layer,) = mapbox_vector_tile.decode(data).values()
    assert layer["extent"] == 4096
    assert [feature["id"] for feature in layer["features"]] == [1, 2, 3, 300, 5]
    for name, wanted in (
        ("said", said),
        ("high", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("whole", whole),
        ("true", [True, False, None, True, False]),
    ):
        assert [feature["properties"].get(name) for feature in layer["features"]] == wanted


def test_very_many_values_that_differ_are_still_the_right_ones() -> None:
    said = [*(str(n) for n in range(900)), None, "3", "3", "x", "x"]
    rows = ((n.to_bytes(8), None if text is None else text.encode()) for n, text in enumerate(said))
    shapes = array([bytes([1, 0, 2, 2])] * len(said))
    schema = Schema("many", 4096, (("said", TEXT, 1),), 1)
    data = encode(schema, [b"".join(map(row, rows)), shapes], STAY)
    told = mapbox_vector_tile.decode(data)["many"]["features"]
    assert [feature["properties"].get("said") for feature in told] == said


def test_nothing_is_no_tile() -> None:
    schema = Schema("none", 4096, (("a", TEXT, 1),), 1)
    assert encode(schema, [None, None], STAY) == b""
    assert encode(schema, [row((bytes(8), b"a")), array([None])], STAY) == b""


def shapes() -> dict[str, list[Any]]:
    """Shapes of each kind about the town's corner, some across a tile's edge, some with holes."""
    rng = np.random.default_rng(3)
    places = shapely.points(CORNER + rng.uniform(-600, 600, (150, 2)))
    blots = [
        shapely.Polygon(blot.exterior, [place.buffer(size / 3, quad_segs=3).exterior.coords])
        for place, size in zip(places, rng.uniform(0.5, 150, 150), strict=True)
        for blot in [place.buffer(size, quad_segs=5)]
    ]
    ways = [
        shapely.LineString(np.array(place.coords[0]) + rng.normal(0, 60, (7, 2)).cumsum(0))
        for place in places
    ]
    mixed = [*blots[:40], *ways[:40], *places[:40]]
    mixed += [shapely.GeometryCollection([blots[41], places[42]])]
    return {
        "Point": list(places),
        "MultiPoint": [shapely.MultiPoint(way.coords) for way in ways],
        "LineString": ways,
        "MultiLineString": [shapely.MultiLineString(ways[n : n + 2]) for n in range(0, 150, 2)],
        "Polygon": blots,
        "MultiPolygon": [
            shapely.MultiPolygon([blot, shapely.affinity.translate(blot, 400, 90)])
            for blot in blots
        ],
        "Geometry": mixed,
    }


@pytest.mark.parametrize("kind", shapes())
def test_tiles_are_those_of_postgis(database: Database, kind: str) -> None:
    load(database, kind)
    store(database, "town")
    asked = Options(properties=("said", "high", "whole", "small", "true", "day", "moment"))
    for z in (14, 16):
        zxy = zxy_at(z, *CORNER)
        with reading(database, "town", AsOf(), OWNER) as (pg, view):
            row = pg.execute(mvt(view, zxy, asked)).fetchone()
        assert row is not None
        theirs = mapbox_vector_tile.decode(bytes(row[0]))["town"]["features"]
        ours = tile(database, "town", zxy, options=asked).features
        assert {one["id"] for one in theirs} == set(ours)
        assert len(ours) > 5
        for one in theirs:
            mine = ours[one["id"]]
            assert mine["properties"] == one["properties"]
            near, true = (shapely.geometry.shape(each["geometry"]) for each in (mine, one))
            assert near.geom_type == true.geom_type
            assert shapely.hausdorff_distance(near, true) <= 2**0.5


def test_moments_are_told_alike_whoever_writes(database: Database) -> None:
    load(database, "Point")
    store(database, "town")
    with database.begin() as tx:
        tx.pg.execute("SET LOCAL timezone = 'Asia/Shanghai'; SET LOCAL datestyle = 'German'")
        tx.pg.execute("UPDATE layers.town SET day = day + 1, moment = moment + interval '1 day'")
    alike = sql.SQL("SELECT count(*), count(*) FILTER (WHERE _told = {}) FROM tiles.town")
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "town")
        row = tx.pg.execute(alike.format(of_layer(layer))).fetchone()
    assert row == (150, 150)


def load(database: Database, kind: str) -> None:
    """The shapes of a kind with attributes of every type."""
    made = shapes()[kind]
    count = range(len(made))
    columns: dict[str, tuple[str, Any, list[Any]]] = {
        "said": ("text", pa.string(), ["桥" if n % 3 else None for n in count]),
        "high": ("double precision", pa.float64(), [n / 7 for n in count]),
        "whole": ("bigint", pa.int64(), [(1 << 40) - n * (1 << 34) for n in count]),
        "small": ("integer", pa.int32(), [-n if n % 2 else n for n in count]),
        "true": ("boolean", pa.bool_(), [n % 2 == 0 for n in count]),
        "day": ("date", pa.date32(), [date(2020, 1, 1 + n % 9) for n in count]),
        "moment": (
            "timestamptz",
            pa.timestamp("us", "UTC"),
            [datetime(2020, 1, 1, n % 24, tzinfo=UTC) for n in count],
        ),
    }
    attributes: Any = tuple(Column(name, type_) for name, (type_, _, _) in columns.items())  # type: ignore[arg-type]
    spec = LayerSpec("town", kind, SRID, attributes, access="public")
    batch = pa.table(
        {name: pa.array(values, type_) for name, (_, type_, values) in columns.items()}
        | {
            "geom": pa.array([one.wkb for one in made], pa.binary()),
            "fid": pa.array([n + 1 for n in count], pa.int64()),
            "valid_from": pa.nulls(len(made), pa.timestamp("us", "UTC")),
            "valid_to": pa.nulls(len(made), pa.timestamp("us", "UTC")),
        }
    )
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as filling:
        filling.write(batch)
