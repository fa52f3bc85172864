"""Hourly air of Beijing goes in as CSV and comes out as it went in."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds import make_layer

from spatial.asof import AsOf, Interval
from spatial.database import Database
from spatial.grant import OWNER
from tests.twin_model.test_store import ZONE
from twin_model import assets, keyframes, packed, series
from twin_model.decode import CSV, decode
from twin_model.presence import Wanted
from twin_model.state import state
from twin_model.store import store

YEARS = ("2013", "2014")


@pytest.fixture
def air(shared_data: Path) -> pd.DataFrame:
    """PM2.5 and wind direction of two stations, by their local time."""
    place = shared_data / "sensors" / "beijing_air"
    if not place.is_dir():
        pytest.skip("no air of Beijing among the shared data")
    files = [
        place / f"PRSA_Data_{name}_20130301-20170228.csv.gz" for name in ("Tiantan", "Huairou")
    ]
    raw = pd.concat(map(pd.read_csv, files))
    raw = raw[raw["year"].astype(str).isin(YEARS)]
    raw["at"] = pd.to_datetime(raw[["year", "month", "day", "hour"]])
    rows = raw.melt(["at", "station"], ["PM2.5", "wd"], "property").dropna()
    stations = {"Tiantan": "c0", "Huairou": "c1"}
    return rows.assign(asset=rows["station"].map(stations))


def test_two_years_of_air_go_through(database: Database, air: pd.DataFrame) -> None:
    make_layer(database, "stations", 2)
    assets.register(database, "stations", {"id": "code"})
    table = air[["asset", "property", "at", "value"]].copy()
    table["at"] = table["at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    body = table.to_csv(index=False).encode()
    receipt = store(database, decode(body, CSV, ZONE), OWNER, key="air")
    assert (receipt.accepted, receipt.quarantined) == (len(air), 0)
    with database.begin() as tx:
        assert keyframes.fill(tx.pg, datetime.fromisoformat("2013-01-01T00:00:00Z"), 5000) > 5

    numbers = air[(air["property"] == "PM2.5") & (air["asset"] == "c0")].set_index("at")["value"]
    numbers = numbers.astype(float).tz_localize(ZONE)
    span = Interval(numbers.index[0].to_pydatetime(), numbers.index[-1].to_pydatetime())
    with database.begin() as tx:
        (row,) = tx.pg.execute(
            "SELECT s.id FROM city.series s JOIN city.asset a ON a.id = s.asset_id"
            " WHERE a.name = 'c0' AND property = 'PM2.5'"
        )
        now = datetime.now(ZONE)
        raw = series.read(tx.pg, [row[0]], span, now)
        midnight = datetime(2000, 1, 1, tzinfo=ZONE)
        daily = series.resample(tx.pg, [row[0]], span, now, timedelta(days=1), midnight)
    assert np.array_equal(raw.x, numbers.to_numpy())
    expected = numbers.resample("D").agg(["count", "mean", "max"]).query("count > 0")
    assert np.array_equal(daily.count, expected["count"])
    assert daily.mean == pytest.approx(expected["mean"].to_numpy())
    assert np.array_equal(daily.greatest, expected["max"])
    assert packed.moment(int(daily.at[0])) == expected.index[0]

    for hours in (0.5, 3000, 9000, 12000.25):
        at = span.start + timedelta(hours=hours) if span.start else now
        found = state(database, AsOf(at), OWNER, Wanted())
        told = {
            (found.roll.names[s.asset], s.property): found.words.get(int(x), x)
            if s.property == "wd"
            else x
            for s, x in zip(found.series(), found.values.x.tolist(), strict=True)
        }
        past = air[air["at"].dt.tz_localize(ZONE) <= at].sort_values("at")
        last = past.groupby(["asset", "property"])["value"].last()
        assert told == {
            pair: float(value) if pair[1] == "PM2.5" else value for pair, value in last.items()
        }
