"""A feature's attributes as text, against PostgreSQL's own JSON."""

import json
from dataclasses import replace
from typing import Any

from psycopg import sql

from ogc_api.features.text import as_geojson
from ogc_api.wanted import Wanted
from spatial.asof import AsOf
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Column
from spatial.query import Reading, reading

KINDS: dict[str, list[str]] = {
    "text": ["'a \"b\" \\ \u4e2d\n<&>'", "''", "NULL"],
    "integer": ["-3", "2147483647", "NULL"],
    "bigint": ["9007199254740993", "0", "NULL"],
    "double precision": ["0.1", "1e300", "'NaN'", "'-Infinity'", "NULL"],
    "boolean": ["true", "false", "NULL"],
    "date": ["'2020-02-29'", "NULL"],
    "timestamptz": ["'2020-02-29T01:02:03.5+08'", "NULL"],
    "jsonb": ["'{\"a\": [1, null]}'", "NULL"],
}


NAME = '名称 "x"'
HEAD = "SELECT 7 AS fid, NULL::geometry AS geom, NULL::tstzrange AS valid"


def test_attributes_read_as_the_database_writes_them(database: Database, plots: object) -> None:
    name = sql.Identifier(NAME)
    with reading(database, "plots", AsOf(), OWNER) as (pg, view):
        for kind, values in KINDS.items():
            layer = replace(view.layer, columns=(Column(NAME, kind), Column("b", kind)))  # type: ignore[arg-type]
            ours = as_geojson(Reading(layer, view.moment, OWNER), Wanted())
            for value in values:
                one = sql.SQL(f"{value}::{kind}")  # type: ignore[arg-type]
                row = sql.SQL("({}, {} AS {}, {} AS b) t").format(sql.SQL(HEAD), one, name, one)
                theirs = sql.SQL("(SELECT row_to_json(p)::text FROM (SELECT {}, b) p)").format(name)
                statement = sql.SQL("SELECT {}, {} FROM {}").format(ours, theirs, row)
                made: Any = pg.execute(statement).fetchone()
                assert json.loads(made[0])["properties"] == json.loads(made[1])


def test_a_layer_may_have_very_many_attributes(database: Database, plots: object) -> None:
    names = [f"c{n}" for n in range(1500)]
    columns = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(n, sql.Identifier(name)) for n, name in enumerate(names)
    )
    with reading(database, "plots", AsOf(), OWNER) as (pg, view):
        layer = replace(view.layer, columns=tuple(Column(name, "integer") for name in names))
        ours = as_geojson(Reading(layer, view.moment, OWNER), Wanted())
        statement = sql.SQL("SELECT {} FROM ({}, {}) t").format(ours, sql.SQL(HEAD), columns)
        made: Any = pg.execute(statement).fetchone()
    assert json.loads(made[0])["properties"] == {name: n for n, name in enumerate(names)}
