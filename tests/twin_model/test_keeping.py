"""What keyframes, retention and the tender leave is what was there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from worlds import make_layer

from spatial import audit, catalogue
from spatial.asof import AsOf, Interval
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import NotFound
from spatial.grant import OWNER
from tests.twin_model.test_store import count, put
from twin_model import assets, keyframes, retention, series, thinning
from twin_model.erase import erase_readings
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


def test_old_keyframes_are_thinned_to_one_a_stretch(database: Database, history: list[str]) -> None:
    retention.set_policy(database, "hourly", raw_days=30, every_s=3600, properties=["level"])
    with database.begin() as tx:
        keyframes.fill(tx.pg, START, size=20)  # one in ten minutes
    now = START + timedelta(days=32)
    retention.retain(database, now)
    hours = [START + timedelta(hours=hour, seconds=-1) for hour in range(2, 47)]
    before = [levels(database, hour) for hour in hours]
    had = count(database, "keyframe")
    assert thinning.thin(database, now) > had / 2
    assert thinning.thin(database, now) == 0
    assert 48 <= count(database, "keyframe") < had / 2
    assert [levels(database, hour) for hour in hours] == before


def test_readings_of_a_dropped_layer_are_swept(database: Database, history: list[str]) -> None:
    with database.begin() as tx:
        keyframes.fill(tx.pg, START, size=1500)
        catalogue.drop(tx, "gauges")
    assert count(database, "latest") == 2
    tidy(database)
    for table in ("latest", "late", "observation"):
        assert count(database, table) == 0
    assert levels(database, START + timedelta(hours=30)) == []


def test_erased_readings_are_in_no_table_and_no_keyframe(
    database: Database, history: list[str]
) -> None:
    with database.begin() as tx:
        keyframes.fill(tx.pg, START, size=1500)
    at = START + timedelta(hours=30)
    kept = levels(database, at)[1]
    put(database, [{"asset": "c0", "property": "level", "value": "wet", "at": "2026-03-01"}])
    assert count(database, "quarantine") == 1
    done = erase_readings(database, "gauges", fids=[1], author="dpo", reason="§ 47")
    assert (done.series, done.readings) == (1, 2881)
    assert done.keyframes == count(database, "keyframe")
    assert levels(database, at) == [kept]
    assert count(database, "late") == 2880
    assert count(database, "quarantine") == 0
    (entry,) = audit.entries(database, "gauges")
    assert (entry.action, entry.detail["readings"]) == ("erase readings", 2881)
    with pytest.raises(NotFound):
        erase_readings(database, "gauges", fids=[4], author="dpo", reason="§ 47")
