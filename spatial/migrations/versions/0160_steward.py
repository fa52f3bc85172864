"""What a data steward keeps: audit, metadata, quality, and what came from other cities."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0160"
down_revision = "0170"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("steward"))


def downgrade() -> None:
    for table in ("audit", "identity", "received", "subscription", "quality"):
        op.drop_table(table, schema="city")
    op.drop_column("layer", "metadata", schema="city")
