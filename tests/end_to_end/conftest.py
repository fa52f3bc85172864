"""One really running sample city for all of these tests, and its database beside it."""

from collections.abc import Iterator

import pytest
from service import Service, running_service

from spatial.database import Database
from spatial.postgres.cluster import Cluster


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with running_service() as running:
        yield running


@pytest.fixture(scope="session")
def books(service: Service) -> Iterator[Database]:
    """The running city's database, joined from here."""
    with Cluster.open(service.data_dir) as cluster:
        database = Database(cluster.conninfo)
        yield database
        database.close()
