"""Reading by single statements: each is a snapshot by itself, with no transaction around it."""

from collections.abc import Sequence
from threading import local
from typing import Any

import psycopg
from psycopg import sql

from spatial.database import Database, Pg, role_name, translated
from spatial.grant import Grant


def raw(cursor: psycopg.Cursor[Any]) -> list[bytes | None]:
    """The first row that a statement found, its values as the database sent them."""
    found = cursor.pgresult
    return [] if found is None else [found.get_value(0, n) for n in range(found.nfields)]


class Reader:
    """A connection for each thread that reads, outside the pool, in a grant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here = local()

    def row(
        self, grant: Grant, statement: str, values: Sequence[Any], *, again: bool = False
    ) -> list[bytes | None]:
        """The one row that a statement with values $1, $2, … finds, as `raw` has it.

        again: the same text will come again, so that it is worth being planned once.
        """
        role = role_name(grant.role)
        with translated():
            pg, its_role = getattr(self._here, "kept", (None, ""))
            if pg is not None and not pg.closed:
                try:
                    return self._ask(pg, its_role, role, statement, values, again=again)
                except psycopg.OperationalError:
                    if not pg.closed:
                        raise
            # there is none yet, or it was lost since
            return self._ask(self._database.reader(), "", role, statement, values, again=again)

    def _ask(
        self,
        pg: Pg,
        its_role: str,
        role: str,
        statement: str,
        values: Sequence[Any],
        *,
        again: bool,
    ) -> list[bytes | None]:
        if its_role != role:
            pg.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            self._here.kept = pg, role
        return raw(pg.execute(statement.encode(), values, prepare=again, binary=True))
