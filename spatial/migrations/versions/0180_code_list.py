"""The codes that a layer's columns may hold."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0180"
down_revision = "0100"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("code_list"))


def downgrade() -> None:
    op.drop_table("code_list", schema="city")
