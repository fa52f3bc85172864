"""A setting for the layer that says whose area a place is in."""

from alembic import op

revision = "0330"
down_revision = "0320"


def upgrade() -> None:
    op.execute("ALTER TABLE city.case_setting DROP CONSTRAINT case_setting_kind_check")
    op.execute(
        "ALTER TABLE city.case_setting ADD CONSTRAINT case_setting_kind_check CHECK (kind IN"
        " ('calendar', 'category', 'department', 'assignment', 'indicator', 'areas'))"
    )


def downgrade() -> None:
    raise NotImplementedError("settings of areas cannot be taken back")
