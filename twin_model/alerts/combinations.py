"""Combinations of rules: seen anew, for an asset, whenever a member of theirs changed there."""

from collections.abc import Iterable, Sequence

import numpy as np

from spatial.database import Pg
from twin_model.alerts.combine import combine
from twin_model.alerts.ledger import Change, Revision
from twin_model.alerts.rule import COMBINED
from twin_model.alerts.rules import Version
from twin_model.packed import micros

_EVENTS = """
SELECT a.asset_id, a.rule, e.at, e.after FROM city.alert_event e
JOIN city.alert a ON a.id = e.alert_id
WHERE a.rule = ANY(%(members)s) AND upper_inf(e.recorded)
    AND (%(all)s OR a.asset_id = ANY(%(assets)s)) ORDER BY e.at, e.id
"""


def revisions(
    pg: Pg, versions: Sequence[Version], touched: Iterable[tuple[str, int]], new: set[int]
) -> list[Revision]:
    """The combinations of rules and assets that changed, and all of the new versions, seen anew."""
    touched = list(touched)
    found: list[Revision] = []
    for version in versions:
        if version.rule.kind not in COMBINED:
            continue
        members = version.rule.of
        assets = {asset for name, asset in touched if name in members}
        if not assets and version.id not in new:
            continue
        rows = pg.execute(
            _EVENTS,
            {"members": list(members), "all": version.id in new, "assets": list(assets)},
        ).fetchall()
        for asset in {row[0] for row in rows}:
            found.append(_revision(version, asset, [row[1:] for row in rows if row[0] == asset]))
    return found


def _revision(version: Version, asset: int, events: list[tuple[str, object, int]]) -> Revision:
    since = micros(version.since)
    members = []
    for name in version.rule.of:
        mine = [(micros(at), level) for rule, at, level in events if rule == name]  # type: ignore[arg-type]
        # what held when the combination began counts from then on
        at = np.maximum(np.array([one[0] for one in mine], np.int64), since)
        members.append((at, np.array([one[1] for one in mine], np.int64)))
    at, level = combine(members, version.rule.kind)
    before = np.append(0, level[:-1]) if len(level) else level
    changes = [
        Change(*one, None) for one in zip(at.tolist(), before.tolist(), level.tolist(), strict=True)
    ]
    return Revision(version, asset, since - 1, changes)
