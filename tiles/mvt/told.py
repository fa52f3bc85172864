"""What a tile tells of a feature besides its shape, packed into one value of the database.

The feature's id and its attributes one after the other, each four bytes of length, -1 for NULL,
and the value as PostgreSQL sends it. Gathering one value a row takes a fraction of gathering each
attribute's column.
"""

from collections.abc import Mapping, Sequence

from psycopg import sql

from spatial.layer import Layer
from tiles.mvt.values import DOUBLE, TRUTH, WHOLE

KINDS: Mapping[str, int] = {
    "integer": WHOLE,
    "bigint": WHOLE,
    "double precision": DOUBLE,
    "boolean": TRUTH,
}
NOTHING = sql.SQL(r"'\xffffffff'::bytea")
_SENT: Mapping[str, str] = {
    "integer": r"'\x00000004'::bytea || int4send({})",
    "bigint": r"'\x00000008'::bytea || int8send({})",
    "double precision": r"'\x00000008'::bytea || float8send({})",
    "boolean": r"'\x00000001'::bytea || boolsend({})",
}
_TEXT = "int4send(octet_length({0}::text)) || textsend({0}::text)"


def one(expression: sql.Composable, kind: str) -> sql.Composed:
    """A value of a column's type; whatever is no number and no truth is told as text."""
    sent = sql.SQL(_SENT.get(kind, _TEXT)).format(expression)
    return sql.SQL("coalesce({}, {})").format(sent, NOTHING)


def whole(fid: sql.Composable, attributes: Sequence[sql.Composable]) -> sql.Composable:
    """A feature's id and its attributes, as `one` and NOTHING have them."""
    return _joined([one(fid, "bigint"), *attributes])


def of_layer(layer: Layer) -> sql.Composable:
    """The same of a row of the layer, with all its attributes."""
    attributes = [one(sql.Identifier(column.name), column.type) for column in layer.columns]
    return whole(sql.SQL("fid"), attributes)


def followed(told: sql.Composable, *attributes: sql.Composable) -> sql.Composable:
    """What is told, and further attributes after it."""
    return _joined([told, *attributes])


def _joined(parts: Sequence[sql.Composable]) -> sql.Composable:
    """All parts in brackets, for there may be very many."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return sql.SQL("({} || {})").format(_joined(parts[:half]), _joined(parts[half:]))
