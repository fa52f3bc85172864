"""Related alerts fold into one incident, as they come."""

from datetime import UTC, datetime

import numpy as np

from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.grant import CLASSES, OWNER, Access, Grant, Scope
from spatial.moment import resolve
from twin_model import log, packed, sight
from twin_model.alerts.rule import LEVEL_ZH, Level
from twin_model.incidents import incidents
from twin_model.incidents.folding import groups

AUTHOR = Grant("folding", Scope.WRITE, frozenset(Access), authenticated=True)
REACH_M, GAP_S = 1500.0, 3600.0
FEWEST, GRAVE = 2, Level.orange
# open alerts, and those that an open incident holds
_ALERTS = """
SELECT a.id, a.asset_id, a.opened_at, a.peak, i.id, a.rule, l.access, l.area
FROM city.alert a JOIN city.asset s ON s.id = a.asset_id JOIN city.layer l ON l.id = s.layer_id
LEFT JOIN (city.incident_item m JOIN city.incident i ON i.id = m.incident_id
    AND i.closed_at IS NULL) ON m.kind = 'alert' AND m.ref = a.id::text
WHERE a.undone IS NULL AND (a.closed_at IS NULL OR i.id IS NOT NULL)
    AND NOT EXISTS (SELECT FROM city.incident_item o JOIN city.incident c ON c.id = o.incident_id
        WHERE o.kind = 'alert' AND o.ref = a.id::text AND c.closed_at IS NOT NULL)
ORDER BY a.opened_at, a.id
"""


def fold(database: Database, now: datetime | None = None) -> list[int]:
    """Gather open alerts in incidents: those near others, and grave ones alone.

    Returns the incidents that are new or grew.
    """
    with database.begin() as tx:
        pg = tx.pg
        pg.execute("SELECT FROM city.alert_engine FOR UPDATE")  # one at a time
        rows = pg.execute(_ALERTS).fetchall()
        if all(row[4] is not None for row in rows):
            return []
        moment = resolve(pg, AsOf(now or datetime.now(UTC)))
        places = sight.seen(pg, OWNER, moment, {row[1] for row in rows})
        rows = [row for row in rows if places.get(row[1]) is not None]
        lonlat = np.array([places[row[1]] for row in rows], float).reshape(-1, 2)
        at = np.array([packed.micros(row[2]) for row in rows], np.int64)
        held: dict[int, int] = {}
        joined = [
            (n, held.setdefault(row[4], n)) for n, row in enumerate(rows) if row[4] is not None
        ]
        group = groups(lonlat, at, REACH_M, GAP_S, joined)
        return _gather(pg, rows, lonlat, group)


def _gather(pg: Pg, rows: list[tuple], lonlat: np.ndarray, group: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    changed: list[int] = []
    stamp = None
    for number in np.unique(group).tolist():
        mine = np.flatnonzero(group == number)
        alerts = [rows[n] for n in mine.tolist()]
        new = [one for one in alerts if one[4] is None]
        known = [one[4] for one in alerts if one[4] is not None]
        grave = max(one[3] for one in alerts)
        if not new or not (known or len(alerts) >= FEWEST or grave >= GRAVE):
            continue
        stamp = stamp or log.stamp(pg)
        if known:
            id = min(known)
        else:
            lon, lat = lonlat[mine].mean(axis=0).tolist()
            areas = {one[7] for one in alerts}
            id = incidents.open_incident(
                pg, AUTHOR, stamp,
                f"{LEVEL_ZH[grave]}色告警 {Level(grave).name}: {alerts[0][5]}",
                place=(lon, lat),
                area=areas.pop() if len(areas) == 1 else None,
                access=max((one[6] for one in alerts), key=[str(c) for c in CLASSES].index),
            )  # fmt: skip
        incidents.gather(pg, AUTHOR, id, stamp, "alert", [str(one[0]) for one in new])
        changed.append(id)
    if stamp:
        incidents.told(pg, stamp, changed)
    return changed
