"""Incidents with their tasks and logs, official warnings, response levels."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0320"
down_revision = "0310"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("incidents"))


def downgrade() -> None:
    raise NotImplementedError("logs cannot be taken back")
