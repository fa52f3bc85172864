"""Readings of plans, and what becomes of assets whose layer goes."""

from datetime import UTC, datetime, timedelta

import pytest
from worlds import make_layer

from spatial import catalogue, scenario
from spatial.asof import AsOf
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import CityError, NotFound
from spatial.grant import OWNER
from tests.twin_model.conftest import reading
from tests.twin_model.test_store import put
from twin_model import assets
from twin_model.presence import Wanted
from twin_model.state import state


def levels(database: Database, asof: AsOf | None = None) -> dict[str, float]:
    found = state(database, asof or AsOf(), OWNER, Wanted())
    return {
        found.roll.names[one.asset]: x
        for one, x in zip(found.series(), found.values.x.tolist(), strict=True)
    }


def test_a_plan_s_own_readings_go_before_main_s(database: Database, gauges: list[str]) -> None:
    put(database, [reading("c0", 1.0, 60, unit="m"), reading("c1", 1.0, 60)])
    scenario.create(database, "dry", author="ada")
    put(database, [reading("c0", 20, 30, unit="cm")], scenario="dry")
    put(database, [reading("c0", 2.0, 10)])
    assert levels(database) == {"c0": 2.0, "c1": 1.0}
    assert levels(database, AsOf(scenario="dry")) == {"c0": 0.2, "c1": 1.0}
    before = AsOf(datetime.now(UTC) - timedelta(seconds=45), None, "dry")
    assert levels(database, before) == {"c0": 1.0, "c1": 1.0}
    with edit(database, "gauges", author="ada", grant=OWNER, scenario="dry") as editor:
        editor.remove(2)
    assert levels(database, AsOf(scenario="dry")) == {"c0": 0.2}
    assert levels(database) == {"c0": 2.0, "c1": 1.0}
    scenario.discard(database, "dry", author="ada")
    with pytest.raises(CityError):
        put(database, [reading("c0", 1.0)], scenario="dry")
    with pytest.raises(NotFound):
        put(database, [reading("c0", 1.0)], scenario="nothing")


def test_assets_end_with_their_features_and_layers(database: Database, gauges: list[str]) -> None:
    put(database, [reading(name, 1.0, 30) for name in gauges])
    past = AsOf(datetime.now(UTC) - timedelta(seconds=20))
    with database.begin() as tx:
        tx.pg.execute("UPDATE layers.gauges SET valid = tstzrange('2020-01-01', NULL)")
    with edit(database, "gauges", author="ada", grant=OWNER) as editor:
        editor.remove(1)
    assert sorted(levels(database)) == ["c1", "c2", "c3", "c4"]
    assert sorted(levels(database, past)) == gauges
    with database.begin() as tx:
        catalogue.drop(tx, "gauges")
    assert levels(database) == {}
    assert put(database, [reading("c0", 1.0)]).quarantined == 1
    make_layer(database, "others", 2)
    assets.register(database, "others", {"id": "code"})
    assert levels(database) == {}
    assert put(database, [reading("c0", 3.0)]).accepted == 1
    assert levels(database) == {"c0": 3.0}
