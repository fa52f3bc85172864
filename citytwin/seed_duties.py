"""The sample city's duties: settings, eight weeks of cases with all their editions, a network."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample import duties
from datasets.sample.past_cases import PastCase, past_cases
from spatial.crs import WGS84, transformer
from spatial.database import Database, Pg
from spatial.grant import OWNER, Access
from twin_model.cases import config
from twin_model.cases.calendar import Calendars, deadline
from twin_model.cases.register import FIELDS

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SEED = 20260101
_ASSIGNED = {one["category"]: one["department"] for one in duties.ASSIGNMENTS.values()}
_NOTED = timedelta(seconds=20)  # between what happened and its entry


def seed_duties(database: Database, communities: gpd.GeoDataFrame) -> None:
    """Say who does what, and enter the cases of the past weeks as they were noted then."""
    settings: dict[str, dict[str, Any]] = {
        "calendar": {config.CITY: duties.CALENDAR}, "areas": {config.CITY: duties.AREAS},
        "category": duties.CATEGORIES, "department": duties.DEPARTMENTS,
        "assignment": duties.ASSIGNMENTS, "indicator": duties.INDICATORS,
    }  # fmt: skip
    for kind, named in settings.items():
        for name, document in named.items():
            config.put(database, OWNER, kind, name, document, LONG_AGO)
    today = communities[communities["valid_to"].isna()]
    middles = shapely.get_coordinates(shapely.point_on_surface(today.geometry.to_numpy()))
    move = transformer(today.crs.to_epsg(), WGS84)
    lonlat = np.column_stack(move.transform(*middles.T))
    weight = today["population"].to_numpy(float) + 1
    now = datetime.now(UTC)
    with database.begin() as tx:
        made = past_cases(SEED, now, weight)
        rows = tx.pg.execute(
            "SELECT nextval('city.case_id') FROM generate_series(1, %s)", [len(made)]
        ).fetchall()
        calendars = config.calendars(tx.pg, now)
        _enter(
            tx.pg,
            (
                edition
                for (id,), one in zip(rows, made, strict=True)
                for edition in _editions(
                    id, one, lonlat[one.place].tolist(), today["code"].iloc[one.place],
                    calendars, now,
                )
            ),
        )  # fmt: skip


def _enter(pg: Pg, editions: Iterator[list[Any]]) -> None:
    columns = ", ".join(("id", "recorded", "action", "changed_by", "place", *FIELDS))
    with pg.cursor() as cursor, cursor.copy(
        f"COPY city.case_record ({columns}) FROM STDIN".encode()
    ) as copy:  # fmt: skip
        for edition in editions:
            copy.write_row(edition)


def _editions(
    id: int, one: PastCase, place: list[float], area: str, calendars: Calendars, now: datetime
) -> Iterator[list[Any]]:
    """The editions of a case up to now, each until the next was noted."""
    limit = config.Category.model_validate(duties.CATEGORIES[one.category]).limit
    due = deadline(limit, one.at, calendars)
    assert due is not None
    took = (due - one.at) * one.pace
    department = _department(one.category)
    case: dict[str, Any] = dict.fromkeys(FIELDS) | {
        "stage": "collected", "source": one.source, "text": one.text, "area": area,
        "reported_at": one.at, "extra": "{}", "pauses": "[]", "returns": 0, "postpones": 0,
        "access": str(Access.PUBLIC),
    }  # fmt: skip
    steps: list[tuple[str, float, dict[str, Any]]] = [
        ("report", 0, {}),
        ("file", 0, {"stage": "filed", "category": one.category, "filed_at": one.at,
                     "due_at": due}),
        ("dispatch", 0.1, {"stage": "dispatched", "department": department,
                           "dispatched_at": one.at + 0.1 * took}),
        ("accept", 0.3, {"stage": "handling"}),
    ]  # fmt: skip
    if one.returned:
        steps += [
            ("answer", 0.5, {"stage": "answered", "handled_at": one.at + 0.5 * took}),
            ("return", 0.6, {"stage": "handling", "handled_at": None, "returns": 1}),
        ]
    steps += [
        ("answer", 0.9, {"stage": "answered", "handled_at": one.at + 0.9 * took}),
        ("close", 1.0, {"stage": "closed", "closed_at": one.at + took}),
        ("assess", 1.2, {"stage": "assessed", "mark": one.mark}),
    ]
    done = []
    for n, (action, part, changed) in enumerate(steps):
        noted = one.at + part * took + _NOTED * (n + 1)
        if action in ("close", "assess"):
            noted += one.noted_after
        if noted >= now:
            break
        case |= changed
        done.append((noted, action, dict(case)))
    for n, (noted, action, values) in enumerate(done):
        until = done[n + 1][0].isoformat() if n + 1 < len(done) else ""
        point = f"SRID={WGS84};POINT({place[0]:.7f} {place[1]:.7f})"
        yield [
            id, f"[{noted.isoformat()},{until})", action, "sample", point,
            *(values[name] for name in FIELDS),
        ]  # fmt: skip


def _department(category: str) -> str:
    fitting = [start for start in _ASSIGNED if category.startswith(start)]
    return str(_ASSIGNED[max(fitting, key=len)])
