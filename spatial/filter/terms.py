"""Typed pieces of SQL, and which of them may stand beside each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from psycopg import sql

from spatial.errors import Invalid
from spatial.filter.tree import Value
from spatial.layer import ColumnType, Layer

type Kind = Literal["number", "text", "boolean", "date", "timestamp", "geometry", "json"]

GEOMETRY, FID = "geometry", "fid"
KINDS: dict[ColumnType, Kind] = {
    "text": "text",
    "integer": "number",
    "bigint": "number",
    "double precision": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "timestamp",
    "jsonb": "json",
}
_MENDS: dict[Kind, str] = {
    "date": "write DATE('2024-06-01')",
    "timestamp": "write TIMESTAMP('2024-06-01T08:00:00Z')",
    "text": "write texts in single quotes",
    "number": "write numbers without quotes",
    "boolean": "write TRUE or FALSE",
}


@dataclass(frozen=True, slots=True)
class Term:
    """An expression, what kind of value it has, and how to name it to people."""

    kind: Kind
    sql: sql.Composable
    said: str


def terms_of(layer: Layer) -> dict[str, Term]:
    """What a filter may ask of a layer, by name: its attributes, its geometry and its fid."""
    ours: dict[str, tuple[Kind, str]] = {FID: ("number", "fid"), GEOMETRY: ("geometry", "geom")}
    theirs = {column.name: (KINDS[column.type], column.name) for column in layer.columns}
    return {
        name: Term(kind, sql.Identifier(column), f"'{name}' (a {kind})")
        for name, (kind, column) in {**ours, **theirs}.items()
    }


def term_of(layer: Layer, name: str) -> Term:
    """One of them; raises Invalid, naming those that there are."""
    known = terms_of(layer)
    if name not in known:
        raise Invalid(f"'{layer.name}' has no attribute '{name[:60]}': it has {', '.join(known)}")
    return known[name]


def constant(value: Value) -> Term:
    """A constant as a literal."""
    found = value.value
    match found:
        case bool():
            return Term("boolean", sql.Literal(found), str(found).upper())
        case int() | float():
            return Term("number", sql.Literal(found), f"{found} (a number)")
        case str():
            text = sql.SQL("{}::text").format(sql.Literal(found))
            return Term("text", text, f"'{found[:40]}' (a text)")
        case datetime():
            return Term("timestamp", sql.Literal(found), f"{found.isoformat()} (a timestamp)")
        case date():
            return Term("date", sql.Literal(found), f"{found} (a date)")
    raise Invalid("'..' stands for an open side of an INTERVAL only")


def aligned(terms: Iterable[Term]) -> list[sql.Composable]:
    """Terms as expressions of one kind; raises Invalid where they cannot be compared."""
    first, *others = terms
    kinds = {first.kind, *(term.kind for term in others)}
    if kinds == {"date", "timestamp"}:
        return [as_timestamp(term) for term in (first, *others)]
    for term in (first, *others):
        if term.kind in ("geometry", "json"):
            raise Invalid(f"{term.said} cannot be compared: it can be asked for IS NULL")
        if term.kind != first.kind:
            mend = _MENDS[first.kind]
            raise Invalid(f"{first.said} cannot be compared with {term.said}: {mend}")
    return [first.sql, *(term.sql for term in others)]


def as_timestamp(term: Term) -> sql.Composable:
    """A timestamp as it is; a date as its first instant in UTC."""
    if term.kind == "date":
        return sql.SQL("(({})::timestamp AT TIME ZONE 'UTC')").format(term.sql)
    return term.sql


def required(term: Term, kind: Kind, where: str) -> sql.Composable:
    """The expression of a term of this kind; raises Invalid for another."""
    if term.kind != kind:
        raise Invalid(f"{where} takes a {kind}, not {term.said}")
    return term.sql
