"""Alembic's entry: migrates over the connection that `spatial.migrate` hands it."""

from alembic import context

from spatial.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table_schema="city",
    include_schemas=True,
)
context.run_migrations()
