"""A twin of a few assets, a spy on its rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from broker import Broker, running_broker
from worlds import make_layer

from spatial.database import Database
from twin_model import assets


@pytest.fixture
def gauges(database: Database) -> list[str]:
    """Five assets, c0 to c4, of the layer `gauges`."""
    make_layer(database, "gauges", 5)
    assets.register(database, "gauges", {"id": "code"})
    return [f"c{n}" for n in range(5)]


def ago(seconds: float) -> str:
    """A moment so many seconds before now, as people write it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def reading(asset: str, value: Any, seconds: float = 1, **more: Any) -> dict[str, Any]:
    """A reading of the property `level`, some seconds old."""
    return {"asset": asset, "property": "level", "at": ago(seconds), "value": value} | more


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A real MQTT broker of its own."""
    with running_broker() as found:
        yield found
