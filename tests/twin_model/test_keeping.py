"""What keyframes, retention and the tender leave is what was there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from worlds import make_layer

from spatial.asof import AsOf, Interval
from spatial.database import Database
from spatial.edit import edit
from spatial.grant import OWNER
from tests.twin_model.test_store import count, put
from twin_model import assets, keyframes, retention, series
from twin_model.presence import Wanted
from twin_model.state import state
from twin_model.tend import tend, tidy

START = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = Interval(START, START + timedelta(days=3))


@pytest.fixture
def history(database: Database, gauges: list[str]) -> list[str]:
    """Two days of a reading a minute of two gauges; one is corrected, one is suspect."""
    rng = np.random.default_rng(2)
    rows: list[dict[str, Any]] = [
        {
            "asset": name, "property": "level", "value": float(rng.normal()),
            "at": (START + timedelta(minutes=minute)).isoformat(),
        }
        for minute in range(2880) for name in ("c0", "c1")
    ]  # fmt: skip
    rows[9]["quality"] = "suspect"
    put(database, rows)
    put(database, [rows[4] | {"value": 9.0}])
    return gauges


def means(database: Database) -> series.Resampled:
    with database.begin() as tx:
        found = [1, 2]
        return series.resample(tx.pg, found, SPAN, datetime.now(UTC), timedelta(hours=1))


def levels(database: Database, at: datetime) -> list[float]:
    return state(database, AsOf(at), OWNER, Wanted()).values.x.tolist()


def test_history_that_comes_late_gets_its_keyframes(
    database: Database, history: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = START + timedelta(hours=30)
    before = levels(database, at)
    assert keyframes.backfill(database) == 0  # more of it may come
    monkeypatch.setattr(keyframes, "QUIET", timedelta(0))
    monkeypatch.setattr(keyframes, "FEWEST", 1000)
    assert keyframes.backfill(database) == 6
    assert keyframes.backfill(database) == 0
    assert count(database, "keyframe") == 6
    assert levels(database, at) == before


def test_retention_keeps_sums_and_what_an_audit_needs(
    database: Database, history: list[str]
) -> None:
    with pytest.raises(Exception, match="whole number"):
        retention.set_policy(database, "x", raw_days=1, every_s=7000, properties=["level"])
    given = retention.set_policy(
        database, "hourly", raw_days=30, every_s=3600, properties=["level"]
    )
    assert given == 2
    before, later = means(database), levels(database, START + timedelta(hours=30))
    with database.begin() as tx:
        keyframes.fill(tx.pg, START, size=1500)
    now = START + timedelta(days=31)
    assert retention.retain(database, now) > 0
    assert count(database, "late") < 4300
    assert retention.retain(database, now) == 0
    after = means(database)
    for name in ("series", "at", "count", "least", "greatest", "last"):
        assert np.array_equal(getattr(before, name), getattr(after, name)), name
    assert after.mean == pytest.approx(before.mean)
    assert levels(database, START + timedelta(hours=30)) == later
    with database.begin() as tx:
        hour = Interval(START, START + timedelta(hours=1))
        found = series.read(tx.pg, [1, 2], hour, datetime.now(UTC))
        corrections = tx.pg.execute("SELECT count(*) FROM city.late WHERE x = 9.0").fetchone()
    assert found.quality.max() == 2
    assert corrections == (1,)
    assert 9.0 in found.x


def test_new_features_of_an_asset_layer_become_assets(database: Database) -> None:
    make_layer(database, "posts", 2)
    assets.register(database, "posts", {"id": "code"})
    with edit(database, "posts", author="x", grant=OWNER) as editor:
        editor.insert({"code": "c7"}, shapely.box(120, 31, 120.1, 31.1), 4326)
    tend(database)
    assert count(database, "asset") == 3
    assert put(database, [{"asset": "c7", "property": "p", "value": 1,
                           "at": datetime.now(UTC).isoformat()}]).accepted == 1  # fmt: skip
    tidy(database)
