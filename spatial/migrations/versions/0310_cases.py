"""Cases, and the calendars, categories, departments and assignments that govern them."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0310"
down_revision = "0300"


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(text("cases"))


def downgrade() -> None:
    raise NotImplementedError("cases cannot be taken back")
