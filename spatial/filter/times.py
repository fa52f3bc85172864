"""Temporal predicates: Allen's relations of two periods, of which an instant is the shortest."""

from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from spatial.errors import Invalid
from spatial.filter.terms import Term, as_timestamp

type Period = tuple[Term | None, Term | None]

# a and b, each from 1 to 2: CQL2's own table
_RELATIONS: Mapping[str, LiteralString] = {
    "t_after": "{a1} > {b2}",
    "t_before": "{a2} < {b1}",
    "t_contains": "{a1} < {b1} AND {a2} > {b2}",
    "t_disjoint": "{a1} > {b2} OR {a2} < {b1}",
    "t_during": "{a1} > {b1} AND {a2} < {b2}",
    "t_equals": "{a1} = {b1} AND {a2} = {b2}",
    "t_finishedby": "{a1} < {b1} AND {a2} = {b2}",
    "t_finishes": "{a1} > {b1} AND {a2} = {b2}",
    "t_intersects": "{a1} <= {b2} AND {a2} >= {b1}",
    "t_meets": "{a2} = {b1}",
    "t_metby": "{a1} = {b2}",
    "t_overlappedby": "{a1} > {b1} AND {a1} < {b2} AND {a2} > {b2}",
    "t_overlaps": "{a1} < {b1} AND {a2} > {b1} AND {a2} < {b2}",
    "t_startedby": "{a1} = {b1} AND {a2} > {b2}",
    "t_starts": "{a1} = {b1} AND {a2} < {b2}",
}
TEMPORAL = frozenset(_RELATIONS)


def related(op: str, one: Period, other: Period) -> sql.Composable:
    """The condition that two periods stand in a relation; an open side never ends."""
    for side in (*one, *other):
        if side is not None and side.kind not in ("date", "timestamp"):
            raise Invalid(f"{op.upper()} takes dates, timestamps and intervals, not {side.said}")
    relation = sql.SQL(_RELATIONS[op])
    return sql.SQL("({})").format(
        relation.format(
            a1=_instant(one[0], "-infinity"),
            a2=_instant(one[1], "infinity"),
            b1=_instant(other[0], "-infinity"),
            b2=_instant(other[1], "infinity"),
        )
    )


def _instant(term: Term | None, unbounded: str) -> sql.Composable:
    if term is None:
        return sql.SQL("{}::timestamptz").format(unbounded)
    return as_timestamp(term)
