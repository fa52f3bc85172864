"""A small running city that has one of everything, for those who would do it harm."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from grids import store_ground, store_rain
from service import Service, running_service
from town import load, squares
from worlds import make_layer

from spatial import scenario
from spatial.database import Database
from spatial.postgres.cluster import Cluster
from tiles.build import store
from twin_model import assets


@dataclass(frozen=True)
class Hamlet:
    """A running city: the layers `town`, `plots` and `gauges`, rasters, a plan, readings.

    key: the headers of somebody who may write anywhere.
    """

    service: Service
    database: Database
    key: dict[str, str]

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return self.service.url.rstrip("/")


@contextmanager
def running_hamlet() -> Iterator[Hamlet]:
    """Start one in a new directory, and stop it."""
    with (
        running_service("--no-sample") as service,
        Cluster.open(service.data_dir) as cluster,
    ):
        database = Database(cluster.conninfo)
        try:
            load(database, "town", squares(), "MultiPolygon")
            store(database, "town")
            make_layer(database)
            make_layer(database, "gauges", 5)
            assets.register(database, "gauges", {"id": "code"})
            store_ground(database, service.data_dir)
            store_rain(database, service.data_dir)
            scenario.create(database, "plan", author="builder")
            key = {"X-API-Key": service.token("write")}
            row = {"asset": "c0", "property": "level", "at": datetime.now(UTC).isoformat()}
            told = httpx.post(
                f"{service.url}twin/observations", json=[row | {"value": 1.5}], headers=key
            )
            told.raise_for_status()
            yield Hamlet(service, database, key)
        finally:
            database.close()
