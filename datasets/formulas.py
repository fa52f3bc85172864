"""Text that a spreadsheet would compute instead of show, made harmless (OWASP, CSV injection)."""

from psycopg import sql

_FORMULA = "^[-=+@\t\r]"


def harmless(value: sql.Composable) -> sql.Composed:
    """A text expression with an apostrophe before what begins like a formula."""
    return sql.SQL("CASE WHEN {0} ~ {1} THEN '''' || {0} ELSE {0} END").format(
        value, sql.Literal(_FORMULA)
    )
