"""A layer's columns as its files change: added, left out, retyped. History keeps its values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg import sql
from psycopg.types.json import Jsonb

from spatial.database import Pg
from spatial.errors import Conflict
from spatial.layer import Column, ColumnType, Layer

_NUMBERS: tuple[ColumnType, ...] = ("integer", "bigint", "double precision")
_EXACT = 2**53
"""Up to here a double holds every whole number."""


@dataclass(frozen=True, slots=True)
class Evolution:
    """What becomes of a layer's columns when a source offers others.

    `columns` are the layer's from then on; `absent` are kept, and null in what is new.
    """

    columns: tuple[Column, ...]
    added: tuple[str, ...]
    absent: tuple[str, ...]
    retyped: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether the table itself must be altered."""
        return bool(self.added or self.retyped)


def evolution(pg: Pg, layer: Layer, offered: Sequence[Column]) -> Evolution:
    """How a layer takes a source's columns; text is left to be read as what the layer holds.

    Raises Conflict, with what to do, for a type that cannot be taken without loss.
    """
    given = {column.name: column for column in offered}
    kept = [
        replace(mine, type=_type(pg, layer, mine, given[mine.name])) if mine.name in given else mine
        for mine in layer.columns
    ]
    before = dict(zip(layer.column_names, layer.columns, strict=True))
    added = [column for column in offered if column.name not in before]
    return Evolution(
        columns=(*kept, *added),
        added=tuple(column.name for column in added),
        absent=tuple(name for name in before if name not in given),
        retyped=tuple(one.name for one in kept if one.type != before[one.name].type),
    )


def evolve(pg: Pg, layer: Layer, change: Evolution) -> None:
    """Alter the layer's table and its entry in the catalogue."""
    if not change.changes:
        return
    types = {column.name: sql.SQL(column.type) for column in change.columns}
    parts = [
        sql.SQL("ADD COLUMN {} {}").format(sql.Identifier(name), types[name])
        for name in change.added
    ] + [
        sql.SQL("ALTER COLUMN {0} TYPE {1} USING {0}::text::{1}").format(
            sql.Identifier(name), types[name]
        )
        for name in change.retyped
    ]
    pg.execute(sql.SQL("ALTER TABLE {} {}").format(layer.table, sql.SQL(", ").join(parts)))
    columns = [{"name": c.name, "type": c.type, "title": c.title} for c in change.columns]
    pg.execute("UPDATE city.layer SET columns = %s WHERE id = %s", [Jsonb(columns), layer.id])


def _type(pg: Pg, layer: Layer, mine: Column, theirs: Column) -> ColumnType:
    """The type that holds both what the layer has and what the source brings."""
    if mine.type == theirs.type:
        return mine.type
    if _is_empty(pg, layer, mine):
        return theirs.type
    if theirs.type == "text" and mine.type != "jsonb":
        return mine.type
    if mine.type in _NUMBERS and theirs.type in _NUMBERS:
        wider = max(mine.type, theirs.type, key=_NUMBERS.index)
        if {mine.type, wider} != {"bigint", "double precision"} or _is_exact(pg, layer, mine):
            return wider
    if (mine.type, theirs.type) == ("timestamptz", "date"):
        return mine.type
    raise Conflict(
        f"'{mine.name}' is {mine.type} in '{layer.name}' and {theirs.type} in the file: write it"
        f" as {mine.type}, or under another name, or load the file as another layer"
    )


def _is_empty(pg: Pg, layer: Layer, column: Column) -> bool:
    return not _any(pg, layer, sql.SQL("{} IS NOT NULL").format(sql.Identifier(column.name)))


def _is_exact(pg: Pg, layer: Layer, column: Column) -> bool:
    beyond = sql.SQL("abs({}) > {}").format(sql.Identifier(column.name), _EXACT)
    return column.type != "bigint" or not _any(pg, layer, beyond)


def _any(pg: Pg, layer: Layer, condition: sql.Composable) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} LIMIT 1").format(layer.table, condition)
    return pg.execute(query).fetchone() is not None
