"""Undo one change of one layer by recording a correction: nothing is deleted."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from spatial.database import Database, Pg
from spatial.errors import Conflict, Invalid, NotFound
from spatial.grant import OWNER, Grant, Scope
from spatial.layer import Layer
from spatial.period import instant
from spatial.revision import Revision, drop
from spatial.sql import statement

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Reverted:
    """A change undone. `cursor` is that of the undoing, `features` how many it touched."""

    layer: str
    action: str
    author: str
    at: datetime
    features: int
    overruled: int
    cursor: int


def revert(
    database: Database, cursor: int, *, author: str, force: bool = False, grant: Grant = OWNER
) -> Reverted:
    """What stood before a change stands again, from now on in the books.

    With `force` it overrules what later changes said of the same features at the same time.
    Raises NotFound for an unknown cursor, Conflict that lists features changed since, Invalid
    where there is nothing to undo.
    """
    grant.require(Scope.ADMIN)
    with database.begin() as tx:
        row = tx.pg.execute(
            "SELECT l.name, c.scenario, c.at, c.author, c.action FROM city.change c"
            " JOIN city.layer l ON l.id = c.layer_id WHERE c.cursor = %s",
            [cursor],
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no change {cursor}")
        name, scenario, at, by, action = row
        revision = Revision(tx.pg, name, author)
        revision.start()
        drop(tx.pg, ["undoing"])
        tx.pg.execute(
            statement("revert").format(
                table=revision.layer.table,
                columns=revision.columns,
                scenario=scenario,
                at=instant(at),
                old=_of("old", revision.layer),
                new=_of("new", revision.layer),
            )
        )
        since = _since(tx.pg, revision.layer, scenario, at)
        if since and not force:
            named = ", ".join(map(str, since[:_NAMED]))
            more = f" and {len(since) - _NAMED} more" if len(since) > _NAMED else ""
            raise Conflict(
                f"{len(since)} features of '{name}' were changed again since {cursor}: {named}"
                f"{more}; undo that first, or overrule it with --force"
            )
        features = tx.pg.execute("SELECT count(*) FROM undoing").fetchone()
        done = revision.finish("revert", scenario)
        if done is None or features is None:
            raise Invalid(f"change {cursor} of '{name}' ({action}) left nothing to undo")
        return Reverted(name, action, by, at, features[0], len(since), done)


def _since(pg: Pg, layer: Layer, scenario: int, at: datetime) -> list[int]:
    """Features of which the books no longer say what the change said."""
    rows = pg.execute(
        statement("changed_since").format(
            table=layer.table,
            scenario=scenario,
            at=instant(at),
            new=_of("new", layer),
            now=_of("now", layer),
        )
    ).fetchall()
    return [row[0] for row in rows]


def _of(table: str, layer: Layer) -> sql.Composed:
    columns = (*layer.column_names, "geom", "removed")
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in columns)
