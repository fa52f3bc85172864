"""A statement's rows as Arrow, batch by batch, in the snapshot of an open transaction."""

from collections.abc import Iterator

import pyarrow as pa
from psycopg import sql

from spatial.database import Database, Pg, role_name
from spatial.grant import Grant

BATCH = str(4 << 20)


def stream(
    database: Database, pg: Pg, grant: Grant, statement: sql.Composable
) -> Iterator[pa.RecordBatch]:
    """The rows, read as the grant's database role; the first batch is empty, for the schema."""
    with database.arrow(pg, role_name(grant.role)) as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": BATCH})
        cursor.execute(statement.as_string())
        rows = cursor.fetch_record_batch()
        yield pa.RecordBatch.from_pylist([], schema=rows.schema)
        yield from rows
