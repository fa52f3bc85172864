"""Timetables: every way tried by hand, and a feed whose trips are known."""

import zipfile
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from spatial.errors import Invalid
from spatial.traffic.timetable import NEVER, Paths, Timetable, ids, running, seconds

NOWHERE = Paths.of(99, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def table(*trips):
    """Each trip a list of (stop, time in minutes)."""
    rows = [
        (f"t{n}", str(stop), k, *2 * (f"{minute // 60:02d}:{minute % 60:02d}:00",))
        for n, trip in enumerate(trips) for k, (stop, minute) in enumerate(trip)
    ]  # fmt: skip
    names = ["trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"]
    return pd.DataFrame(rows, columns=names), pd.Index([f"t{n}" for n in range(len(trips))])


def made(trips, stops):
    return Timetable.of(*table(*trips), pd.Index([str(n) for n in range(stops)]))


def from_stop(stop, minute, stops):
    ready = np.full(stops, NEVER)
    ready[stop] = 60 * minute
    return ready


def tried(trips, origin, start, walks, change):
    """Every chain of rides, one walk between two of them."""
    best = {origin: start}
    rides = [(n, a, b) for n, trip in enumerate(trips) for a, b in pairwise(trip)]
    waiting = [(origin, start)]  # places and times from which one may board
    seen = set()
    while waiting:
        here, now = waiting.pop()
        if (here, now) in seen:
            continue
        seen.add((here, now))
        for n, (stop, leave), _ in rides:
            if stop != here or leave < now:
                continue
            for goal, arrive in [one for one in trips[n] if one[1] > leave]:
                best[goal] = min(best.get(goal, 9e9), arrive)
                waiting.append((goal, arrive + change))
                for (a, b), took in walks.items():
                    if a == goal:
                        best[b] = min(best.get(b, 9e9), arrive + took)
                        waiting.append((b, arrive + took))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_no_chain_of_rides_arrives_earlier(seed):
    random = np.random.default_rng(seed)
    trips = []
    for _ in range(7):
        path = random.permutation(7)[: random.integers(2, 6)]
        times = random.integers(0, 20) + np.cumsum(random.integers(1, 9, len(path)))
        trips.append(list(zip(path.tolist(), times.tolist(), strict=True)))
    walks = {(1, 2): 3, (2, 1): 3, (4, 6): 5, (6, 4): 5}
    pairs = np.array(list(walks))
    paths = Paths.of(7, pairs[:, 0], pairs[:, 1], 60.0 * np.array(list(walks.values())))
    at, _ = made(trips, 7).earliest(from_stop(0, 2, 7), paths, 60)
    want = tried(trips, 0, 2, walks, 1)
    assert {n: t / 60 for n, t in enumerate(at) if t < NEVER} == want


def test_rides_are_counted_and_a_change_takes_time():
    """0 to 1 at minute 10, where two vehicles go on to 2: at once, and three minutes later."""
    trips = [[(0, 0), (1, 10)], [(1, 10), (2, 20)], [(1, 13), (2, 30)]]
    quick, rides = made(trips, 3).earliest(from_stop(0, 0, 3), NOWHERE, 0)
    assert (quick.tolist(), rides.tolist()) == ([0, 600, 1200], [0, 1, 2])
    slow, _ = made(trips, 3).earliest(from_stop(0, 0, 3), NOWHERE, 120)
    assert slow.tolist() == [0, 600, 1800]


def test_trips_of_a_known_feed(shared_data):
    """Whoever boards a trip of Cairns at its start is at its end when its statistics say so."""
    folder = shared_data / "mobility" / "gtfs"
    with zipfile.ZipFile(folder / "cairns_gtfs.zip") as feed:
        parts = {
            name: pd.read_csv(feed.open(f"{name}.txt"), dtype=str)
            for name in ("stops", "stop_times", "trips", "calendar", "calendar_dates")
        }
    runs = running(parts["trips"], parts["calendar"], parts["calendar_dates"], date(2014, 6, 2))
    everyone = ids(parts["trips"]["trip_id"])[runs]
    stops = pd.Index(parts["stops"]["stop_id"])
    known = pd.read_csv(folder / "cairns_trip_stats.csv", dtype=str).set_index("trip_id")
    whole = Timetable.of(parts["stop_times"], pd.Index(everyone), stops)
    assert whole.trips == runs.sum() > 300
    for trip in everyone.iloc[:: len(everyone) // 8]:
        told = known.loc[trip]
        start, end = (
            int(seconds(pd.Series([told[n]])).iloc[0]) for n in ("start_time", "end_time")
        )
        assert end - start == pytest.approx(3600 * float(told["duration"]))
        place = stops.get_loc(told["end_stop_id"])
        ready = np.full(len(stops), NEVER)
        ready[stops.get_loc(told["start_stop_id"])] = start
        nowhere = Paths.of(len(stops), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        its = parts["stop_times"]["trip_id"] == trip
        alone = Timetable.of(parts["stop_times"][its], pd.Index([trip]), stops)
        if told["start_stop_id"] != told["end_stop_id"]:
            assert alone.earliest(ready, nowhere, 0)[0][place] == end
            assert whole.earliest(ready, nowhere, 0)[0][place] <= end


def test_which_trips_run():
    """A Sunday by an exception; a Monday on which nothing runs by another."""
    trips = pd.DataFrame({"trip_id": ["a", "b"], "service_id": [1, 2]})
    calendar = pd.DataFrame({
        "service_id": [1], "start_date": ["20240101"], "end_date": ["20241231"],
        **{day: [1] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
        "saturday": [0], "sunday": [0],
    })  # fmt: skip
    dates = pd.DataFrame({
        "service_id": [2, 1], "date": [20240107, 20240108], "exception_type": [1, 2],
    })  # fmt: skip
    days = (date(2024, 1, 5), date(2024, 1, 7), date(2024, 1, 8), date(2025, 1, 6))
    found = [running(trips, calendar, dates, day).tolist() for day in days]
    assert found == [[True, False], [False, True], [False, False], [False, False]]


def test_calls_between_have_times_between():
    calls, trips = table([(0, 0), (1, 1), (2, 2), (3, 30)])
    calls.loc[1:2, ["arrival_time", "departure_time"]] = None
    at, _ = Timetable.of(calls, trips, pd.Index(list("0123"))).earliest(
        from_stop(0, 0, 4), NOWHERE, 0
    )
    assert (at / 60).tolist() == [0, 10, 20, 30]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"arrival_time": "noon"}, "no time of a timetable"),
        ({"stop_sequence": None}, "no number in its trip"),
        ({"arrival_time": None, "departure_time": None}, "without a time"),
        ({"arrival_time": "09:00:00", "departure_time": "09:00:00"}, "backwards"),
    ],
)
def test_malformed_feeds(change, why):
    calls, trips = table([(0, 60), (1, 70)])
    for name, value in change.items():
        calls.loc[0, name] = value
    with pytest.raises(Invalid, match=why):
        Timetable.of(calls, trips, pd.Index(["0", "1"]))


def test_calls_at_unknown_stops_are_told():
    calls, trips = table([(0, 0), (7, 5), (1, 9)])
    found = Timetable.of(calls, trips, pd.Index(["0", "1"]))
    assert (found.left_out, len(found.leave)) == (1, 1)
    with pytest.raises(Invalid, match="stop_sequence"):
        Timetable.of(calls.drop(columns="stop_sequence"), trips, pd.Index(["0"]))
