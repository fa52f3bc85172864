"""Alert rules, alerts, notes, and notices of what changed."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0300"
down_revision = "0200"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("alerts"))


def downgrade() -> None:
    raise NotImplementedError("alerts cannot be taken back")
