"""Stored shapes of tiles that are made anew where their layer's columns change."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0345"
down_revision = "0330"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("tile_columns"))


def downgrade() -> None:
    op.execute("ALTER FUNCTION tiles.follow() RESET ALL")
    op.execute("DROP TRIGGER forget_tiles_of_columns ON city.layer")
    op.execute("DROP FUNCTION tiles.forget_columns")
