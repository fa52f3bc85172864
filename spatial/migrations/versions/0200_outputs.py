"""Rasters and documents as outputs of analyses."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0200"
down_revision = "0180"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("outputs"))


def downgrade() -> None:
    op.drop_table("job_file", schema="city")
    op.drop_column("raster", "lineage", schema="city")
