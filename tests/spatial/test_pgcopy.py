"""What goes in by binary COPY comes out of PostgreSQL the same."""

from datetime import UTC, date, datetime

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql
from psycopg.types.range import Range

from spatial.pgcopy import ranges
from spatial.rows import copy_in

THEN = datetime(1949, 10, 1, 7, 0, 0, 123456, UTC)
LATER = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = {
    "text": ["", None, "锦澜市\t\n", "x" * 70_000],
    "integer": [0, None, -(2**31), 2**31 - 1],
    "bigint": [0, None, -(2**63), 2**63 - 1],
    "double precision": [0.1, None, float("-inf"), 5e-324],
    "boolean": [True, None, False, True],
    "date": [date(2000, 1, 1), None, date(1, 1, 1), date(9999, 12, 31)],
    "timestamptz": [THEN, None, LATER, datetime(1, 1, 2, tzinfo=UTC)],
    "bytea": [b"", None, bytes(range(256)), b"\xff\xff"],
    "jsonb": ["[1, null]", None, "{}", '"文"'],
}
ARROW = {"integer": pa.int32(), "timestamptz": pa.timestamp("us", "UTC"), "bytea": pa.binary()}


def come_back(conninfo: str, kind: str, values: pa.Array) -> list[object]:
    with psycopg.connect(conninfo) as pg:
        pg.execute(sql.SQL("CREATE TEMP TABLE t (a {})").format(sql.SQL(kind)))
        copy_in(pg, sql.Identifier("t"), {"a": (kind, values)})
        return [row[0] for row in pg.execute("SELECT a FROM t").fetchall()]


@pytest.mark.parametrize("kind", VALUES)
def test_values_of_every_type(conninfo: str, kind: str) -> None:
    values = VALUES[kind]
    got = come_back(conninfo, kind, pa.chunked_array([pa.array(values, ARROW.get(kind))]))
    want = [[1, None], None, {}, "文"] if kind == "jsonb" else values
    assert got == want


def test_periods_open_at_either_end(conninfo: str) -> None:
    starts, ends = [THEN, None, None, THEN], [LATER, LATER, None, None]
    moments = (pa.array(side, pa.timestamp("us", "UTC")) for side in (starts, ends))
    got = come_back(conninfo, "tstzrange", ranges(*moments))
    assert [(one.lower, one.upper) for one in got] == list(zip(starts, ends, strict=True))
    assert got[0] == Range(THEN, LATER, "[)")


def test_a_slice_and_many_columns(conninfo: str) -> None:
    whole = pa.table({"a": [f"row {n}" for n in range(1000)], "b": range(1000)}).slice(10, 900)
    with psycopg.connect(conninfo) as pg:
        pg.execute("CREATE TEMP TABLE t (b bigint, a text)")
        copy_in(pg, sql.Identifier("t"), {"a": ("text", whole["a"]), "b": ("bigint", whole["b"])})
        copy_in(pg, sql.Identifier("t"), {"b": ("bigint", pa.array([], pa.int64()))})
        rows = pg.execute("SELECT a, b FROM t ORDER BY b").fetchall()
    assert rows == [(f"row {n}", n) for n in range(10, 910)]
