"""Public transport by its timetable: earliest arrivals, by a scan of all connections."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pandas as pd
from numba import njit

from spatial.errors import Invalid
from spatial.traffic.graph import Flags, Floats, Integers

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = r"^\s*(\d{1,3}):([0-5]\d):([0-5]\d)\s*$"
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Timetable:
    """c rides from one stop to the next, by departure. Times are seconds after midnight.

    stop: (s,) ids. leave, arrive: (c,) times; start, end: (c,) places of stops; trip: (c,) which
    of `trips` vehicles. left_out: calls that name a trip or stop which the feed does not know.
    """

    stop: "pd.Index[str]"
    leave: Integers
    arrive: Integers
    start: Integers
    end: Integers
    trip: Integers
    trips: int
    left_out: int

    @classmethod
    def of(cls, stop_times: pd.DataFrame, trips: "pd.Index[str]", stops: "pd.Index[str]") -> Self:
        """From GTFS' stop_times, the ids of the trips that run, and of all stops.

        A call without times lies evenly between its neighbours. Raises Invalid for times that are
        none or run backwards, and for a trip that begins or ends without a time.
        """
        for name in ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"):
            if name not in stop_times:
                raise Invalid(f"the stop times have no column {name}: give a feed's stop_times")
        calls = pd.DataFrame({
            "trip": trips.get_indexer(pd.Index(ids(stop_times["trip_id"]))),
            "stop": stops.get_indexer(pd.Index(ids(stop_times["stop_id"]))),
            "order": pd.to_numeric(stop_times["stop_sequence"], errors="coerce"),
            "arrive": seconds(stop_times["arrival_time"]),
            "leave": seconds(stop_times["departure_time"]),
        })  # fmt: skip
        known = (calls["trip"] >= 0) & (calls["stop"] >= 0)
        strange = int((calls["stop"] < 0).sum())
        calls = calls[known].sort_values(["trip", "order"], kind="stable")
        if calls["order"].isna().any():
            raise Invalid("a call of the stop times has no number in its trip")
        calls["arrive"] = calls["arrive"].fillna(calls["leave"])
        calls["leave"] = calls["leave"].fillna(calls["arrive"])
        trip = calls["trip"].to_numpy(np.int64)
        stop = calls["stop"].to_numpy(np.int64)
        arrive = _between(trip, calls["arrive"].to_numpy(float))
        leave = _between(trip, calls["leave"].to_numpy(float))
        onward = np.flatnonzero(trip[1:] == trip[:-1])
        if (leave < arrive).any() or (arrive[onward + 1] < leave[onward]).any():
            raise Invalid("a trip of the stop times runs backwards in time")
        # of rides that leave at once, those of one trip stay in its order
        order = onward[np.argsort(leave[onward], kind="stable")]
        return cls(
            stops, leave[order], arrive[order + 1], stop[order], stop[order + 1], trip[order],
            len(trips), strange,
        )  # fmt: skip

    def earliest(self, ready: Integers, paths: "Paths", change: int) -> tuple[Integers, Integers]:
        """(s,) the earliest arrival at every stop, NEVER where there is none; and how many rides.

        ready: (s,) from when one may board at a stop. Connection scan (Dibbelt, Pajor, Strasser
        and Wagner 2013): every ride is looked at once, in the order of departures. change:
        seconds that it takes to change at a stop; between two rides one may walk one of `paths`.
        """
        at, board, rides = ready.copy(), ready.copy(), np.zeros(len(ready), np.int64)
        scan(
            self.leave, self.arrive, self.start, self.end, self.trip, self.trips,
            paths.first, paths.end, paths.seconds, change, at, board, rides,
        )  # fmt: skip
        return at, rides


@dataclass(frozen=True)
class Paths:
    """Ways on foot from stop to stop: those of stop s are first[s] to first[s + 1]."""

    first: Integers
    end: Integers
    seconds: Integers

    @classmethod
    def of(cls, stops: int, start: Integers, end: Integers, took: Floats) -> Self:
        """From pairs of stops (p,), and seconds."""
        order = np.argsort(start, kind="stable")
        first = np.searchsorted(start[order], np.arange(stops + 1))
        return cls(first, end[order], np.ceil(took[order]).astype(np.int64))


@njit(cache=True, nogil=True)
def scan(
    leave: Integers, arrive: Integers, start: Integers, end: Integers, trip: Integers, trips: int,
    first: Integers, other: Integers, walk: Integers, change: int,
    at: Integers, board: Integers, rides: Integers,
) -> None:  # fmt: skip
    """Fill at, board and rides (s,) by one scan of all rides."""
    aboard = np.full(trips, -1)  # rides taken by whoever is in the vehicle, itself included
    for c in range(len(leave)):
        v = trip[c]
        if aboard[v] < 0:
            if board[start[c]] > leave[c]:
                continue
            aboard[v] = rides[start[c]] + 1
        s, now = end[c], arrive[c]
        if now < at[s]:
            at[s], rides[s] = now, aboard[v]
        if now + change < board[s]:
            board[s] = now + change
        for p in range(first[s], first[s + 1]):
            u, there = other[p], now + walk[p]
            if there < at[u]:
                at[u], rides[u] = there, aboard[v]
            if there < board[u]:
                board[u] = there


def _between(trip: Integers, told: Floats) -> Integers:
    """(k,) whole seconds, those that are not told evenly between their neighbours of one trip."""
    known, new = np.isfinite(told), trip[1:] != trip[:-1]
    if not known[np.r_[True, new] | np.r_[new, True]].all():
        raise Invalid("a trip of the stop times begins or ends without a time")
    places = np.arange(len(told))
    even = np.interp(places, places[known], told[known]) if len(told) else told
    return np.asarray(even.round(), np.int64)


def running(trips: pd.DataFrame, calendar: pd.DataFrame, dates: pd.DataFrame, day: date) -> Flags:
    """(t,) which trips run on a day, by GTFS' calendar and its exceptions, calendar_dates."""
    if "trip_id" not in trips or "service_id" not in trips:
        raise Invalid("the trips have no trip_id or service_id: give a feed's trips")
    number = day.year * 10000 + day.month * 100 + day.day
    served: set[str] = set()
    if len(calendar):
        begin, end = (_day(calendar[name]) for name in ("start_date", "end_date"))
        runs = pd.to_numeric(calendar[_DAYS[day.weekday()]], errors="coerce") == 1
        served |= set(ids(calendar["service_id"])[runs & (begin <= number) & (end >= number)])
    if len(dates):
        today = _day(dates["date"]) == number
        kind = pd.to_numeric(dates["exception_type"], errors="coerce")
        served |= set(ids(dates["service_id"])[today & (kind == 1)])
        served -= set(ids(dates["service_id"])[today & (kind == 2)])
    return np.asarray(ids(trips["service_id"]).isin(served), bool)


def ids(column: "pd.Series[str]") -> "pd.Series[str]":
    """Ids as texts, whether a table has them as texts or as numbers."""
    if pd.api.types.is_float_dtype(column):
        column = column.astype("Int64")  # type: ignore[assignment]
    return column.astype(str).str.strip()


def seconds(column: "pd.Series[str]") -> "pd.Series[float]":
    """Seconds after midnight of HH:MM:SS, which may pass 24; NaN where there is nothing."""
    text = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    parts = text.str.extract(_TIME).astype(float)
    if (parts[0].isna() & (text != "")).any():
        wrong = text[parts[0].isna() & (text != "")].iloc[0]
        raise Invalid(f"'{wrong}' is no time of a timetable: write HH:MM:SS")
    return parts[0] * 3600 + parts[1] * 60 + parts[2]


def _day(column: "pd.Series[str]") -> "pd.Series[int]":
    text = column.astype(str).str.replace("-", "", regex=False).str.slice(0, 8)
    return pd.to_numeric(text, errors="coerce")
