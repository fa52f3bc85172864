"""Fixed tables of the core, the guard of layer tables, and the three reading roles."""

from typing import Any

from alembic import op

from spatial.sql import text

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    for script in ("core", "refuse_overlap"):
        connection.execute(text(script))


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first revision")
