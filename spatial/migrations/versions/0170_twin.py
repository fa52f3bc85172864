"""Assets, their series and observations, keyframes, quarantine."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0170"
down_revision = "0120"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("twin"))


def downgrade() -> None:
    raise NotImplementedError("readings cannot be taken back")
