"""Rasters have states, each true in its time and by its edition of the books."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0120"
down_revision = "0001"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("raster_edition"))


def downgrade() -> None:
    raise NotImplementedError("states of rasters cannot be folded into one")
