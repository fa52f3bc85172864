"""A really running sample city for each file of tests, and its database beside it."""

from collections.abc import Iterator
from contextlib import contextmanager

import owslib.ogcapi
import pytest
from hamlet import Hamlet, running_hamlet
from qgis_home import Qgis, qgis_at
from service import Service, running_service

from spatial.database import Database
from spatial.postgres.cluster import Cluster


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """The sample city, really running, as no other file has changed it."""
    with running_service() as running:
        yield running


@pytest.fixture(scope="module")
def qgis(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Qgis:
    """The real QGIS before the sample city."""
    return qgis_at(service.url, tmp_path_factory.mktemp("qgis"))


@pytest.fixture(scope="module")
def books(service: Service) -> Iterator[Database]:
    """The sample city's database."""
    with joined(service) as database:
        yield database


@pytest.fixture(scope="module")
def empty() -> Iterator[Service]:
    """A city to load real files into."""
    with running_service("--no-sample") as running:
        yield running


@pytest.fixture(scope="module")
def empty_books(empty: Service) -> Iterator[Database]:
    """The database of the city that began empty."""
    with joined(empty) as database:
        yield database


@pytest.fixture(scope="module")
def hamlet() -> Iterator[Hamlet]:
    """A small city that has one of everything, to do harm to."""
    with running_hamlet() as running:
        yield running


@pytest.fixture(autouse=True)
def no_foreign_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """OWSLib keeps the headers of one connection, a token too, for all that come after it."""
    monkeypatch.setattr(owslib.ogcapi, "REQUEST_HEADERS", dict(owslib.ogcapi.REQUEST_HEADERS))


@contextmanager
def joined(service: Service) -> Iterator[Database]:
    """A running city's database, joined from here."""
    with Cluster.open(service.data_dir) as cluster:
        database = Database(cluster.conninfo)
        try:
            yield database
        finally:
            database.close()
