"""Staged rows beside the features that they are of: what they say anew is closed and opened."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from spatial.database import Pg
from spatial.errors import Conflict
from spatial.layer import Layer
from spatial.revision import Revision
from spatial.sql import statement

TEMPORARY = ("matching", "known", "told", "claim", "same")


@dataclass(frozen=True, slots=True)
class Offer:
    """What is staged for a layer from the moment `at` on.

    Where only columns of `passing` differ, nothing has changed; `spared` are keys of which the
    source has rows that could not be taken.
    """

    pg: Pg
    revision: Revision
    passing: Collection[str | None]
    spared: Sequence[Any]
    at: sql.Composable

    @property
    def layer(self) -> Layer:
        """As it is under the revision's lock."""
        return self.revision.layer

    @property
    def compared(self) -> list[str]:
        """The columns that tell whether something changed."""
        return [*(name for name in self.layer.column_names if name not in self.passing), "geom"]

    @property
    def differs(self) -> sql.Composed:
        """Whether `held` and `staged` say different things; how rings begin and turn says nothing.

        Formats have their own ways with rings, so that what looks unlike is looked at again.
        """
        return sql.SQL("{} AND {}").format(self._unlike("{}"), self._unlike("ST_Normalize({})"))

    def _unlike(self, shape: LiteralString) -> sql.Composed:
        """The condition that they do, with both geometries seen through an expression."""
        *attributes, geom = self.compared
        held, staged = (
            sql.SQL(", ").join(
                [
                    *(sql.Identifier(table, name) for name in attributes),
                    sql.SQL(shape).format(sql.Identifier(table, geom)),
                ]
            )
            for table in ("held", "staged")
        )
        return sql.SQL("ROW({}) IS DISTINCT FROM ROW({})").format(held, staged)

    @property
    def sequence(self) -> sql.Composed:
        """That of the layer's fids."""
        name = self.layer.table.as_string(self.pg)
        return sql.SQL("pg_get_serial_sequence({}, 'fid')").format(name)

    def is_spared(self, key: LiteralString) -> sql.Composed:
        """The condition that a column holds a spared key."""
        spared = [str(value) for value in self.spared]
        return sql.SQL(f"coalesce({key}::text = ANY({{}}), false)").format(spared)


def by_content(offer: Offer) -> None:
    """A row is the feature that says exactly the same; the others end, and new ones begin."""
    *attributes, shape = map(sql.Identifier, offer.compared)
    content = sql.SQL(", ").join([*attributes, sql.SQL("{}::bytea").format(shape)])
    offered = sql.SQL(
        "SELECT row, key, row_number() OVER (PARTITION BY key ORDER BY row) AS nth FROM"
        " (SELECT _row AS row, hash_record_extended(ROW({}), 0) AS key FROM staged) hashed"
    ).format(content)
    known = statement("known_by_content").format(
        table=offer.layer.table, content=content, at=offer.at
    )
    _write(offer, offered, known, sql.SQL("false"))


def by_key(offer: Offer, key: str) -> None:
    """A row is the state, from the moment on, of the feature that has its key, or had it last.

    Raises Conflict where two features have the same.
    """
    _require_key(offer, key)
    column = sql.Identifier(key)
    offered = sql.SQL("SELECT _row AS row, {} AS key, 1::bigint AS nth FROM staged").format(column)
    known = statement("known_by_key").format(table=offer.layer.table, key=column, at=offer.at)
    _write(offer, offered, known, offer.is_spared("known.key"))


def by_period(offer: Offer, key: str) -> None:
    """A row is a state, in its own period, of the feature that has its key.

    From the first of them on they are all that is so of a feature; one without any ends at the
    moment. Raises Conflict where two features have the same key, or two rows of one overlap.
    """
    _require_key(offer, key)
    column = sql.Identifier(key)
    twice = offer.pg.execute(statement("told_twice").format(key=column)).fetchone()
    if twice:
        raise Conflict(f"two rows of '{twice[0]}' in '{key}' hold at the same time")
    every = [*offer.layer.column_names, "geom"]
    offer.pg.execute(
        statement("retell").format(
            known=statement("known_by_key").format(
                table=offer.layer.table, key=column, at=offer.at
            ),
            key=column,
            sequence=offer.sequence,
            spared=offer.is_spared("key"),
            now=offer.at,
            table=offer.layer.table,
            columns=offer.revision.columns,
            differs=offer.differs,
            kept=_of("held", every),
            written=_of("staged", every),
        )
    )


def _write(
    offer: Offer, offered: sql.Composable, known: sql.Composable, spared: sql.Composable
) -> None:
    layer = offer.layer
    offer.pg.execute(
        statement("reload_match").format(
            offered=offered,
            known=known,
            spared=spared,
            table=layer.table,
            differs=offer.differs,
            sequence=offer.sequence,
        )
    )
    offer.pg.execute(
        statement("reload_write").format(
            table=layer.table,
            columns=offer.revision.columns,
            staged=_of("staged", [*layer.column_names, "geom"]),
            at=offer.at,
        )
    )


def _require_key(offer: Offer, key: str) -> None:
    row = offer.pg.execute(
        sql.SQL(
            "SELECT {key}::text, min(fid), max(fid) FROM {table} WHERE scenario = 0"
            " AND NOT removed AND upper_inf(recorded) IS TRUE AND valid @> {at}"
            " AND {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
        ).format(key=sql.Identifier(key), table=offer.layer.table, at=offer.at)
    ).fetchone()
    if row:
        raise Conflict(
            f"'{key}' is no key of '{offer.layer.name}': features {row[1]} and {row[2]} both have"
            f" '{row[0]}'"
        )


def _of(table: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in columns)
