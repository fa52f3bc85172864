"""A real PostGIS for every test: one private cluster, one migrated template, one clone a test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from places import new_place
from psycopg import sql
from service import Service, running_service
from starlette.testclient import TestClient
from worlds import make_layer

from citytwin.app import application
from citytwin.settings import settings
from spatial.database import Database
from spatial.migrate import migrate
from spatial.postgres.cluster import Cluster

TEMPLATE = "template_city"
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real geodata for tests, kept beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    place = Path(os.environ.get("CITYTWIN_SHARED_DATA", beside))
    if not place.is_dir():
        pytest.skip("no shared data: set CITYTWIN_SHARED_DATA to its folder")
    return place


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    place = new_place("citytwin-tests-")
    with Cluster.open(place, settings=FAST) as running:
        with psycopg.connect(running.conninfo_for("postgres"), autocommit=True) as pg:
            pg.execute(f"CREATE DATABASE {TEMPLATE}")
        with psycopg.connect(running.conninfo_for(TEMPLATE), autocommit=True) as pg:
            pg.execute("CREATE EXTENSION postgis")
        template = Database(running.conninfo_for(TEMPLATE))
        migrate(template)
        template.close()
        yield running
    shutil.rmtree(place, ignore_errors=True)


@contextmanager
def fresh_city(cluster: Cluster) -> Iterator[str]:
    """The connection string of a new city, dropped at the end."""
    name = sql.Identifier(f"city_{uuid4().hex[:12]}")
    with psycopg.connect(cluster.conninfo_for("postgres"), autocommit=True) as pg:
        pg.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(TEMPLATE)))
        yield cluster.conninfo_for(name.as_string().strip('"'))
        pg.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def conninfo(cluster: Cluster) -> Iterator[str]:
    """A fresh city's connection string."""
    with fresh_city(cluster) as conninfo:
        yield conninfo


@pytest.fixture
def database(conninfo: str) -> Iterator[Database]:
    city = Database(conninfo)
    yield city
    city.close()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The sample city, really running."""
    with running_service() as running:
        yield running


@pytest.fixture
def plots(database: Database) -> list[int]:
    """Three squares in the layer `plots`; their fids."""
    return make_layer(database)


@pytest.fixture
def client(database: Database, conninfo: str, tmp_path: Path) -> Iterator[TestClient]:
    """The application over a fresh city, spoken to by HTTP."""
    chosen = settings({}, data_dir=tmp_path, database_url=conninfo)
    with TestClient(application(database, chosen), base_url="http://127.0.0.1:8000") as http:
        yield http
