from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import twin_model.alerts.models
import twin_model.cases.models
import twin_model.incidents.models
import twin_model.models  # noqa: F401
from spatial.database import Database
from spatial.migrate import head, migrate, revision
from spatial.models import Base


def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert revision(database) == head()
    assert migrate(database) == head()


def test_models_and_migrations_describe_the_same_tables(database: Database) -> None:
    with database.begin() as tx:
        context = MigrationContext.configure(
            tx.sa,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == "city",
                "version_table_schema": "city",
                "compare_server_default": False,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
