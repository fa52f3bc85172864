"""The schemas of the stored shapes of tiles, and the functions that keep them with their layers."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0100"
down_revision = "0160"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("tiles"))


def downgrade() -> None:
    op.execute("DROP TRIGGER permit_tiles ON city.layer")
    op.execute("DROP TRIGGER forget_tiles ON city.layer")
    op.execute("DROP SCHEMA tiles CASCADE")
    op.execute("DROP SCHEMA grids CASCADE")
