"""Alerts become cases: where a rule names a category, a grave alert of it opens one."""

import logging

from psycopg.rows import dict_row

from spatial.asof import AsOf
from spatial.database import Database
from spatial.errors import CityError
from spatial.grant import OWNER, Access, Grant, Scope
from spatial.moment import resolve
from twin_model import sight
from twin_model.alerts.rule import LEVEL_ZH, Level, parse
from twin_model.cases.register import report

LOG = logging.getLogger("citytwin")
AUTHOR = Grant("alerts", Scope.WRITE, frozenset(Access), authenticated=True)
_WAITING = """
SELECT a.id, a.asset_id, a.peak, a.opened_at, s.name, l.access, r.name AS rule, r.document
FROM city.alert a JOIN city.alert_rule r ON r.id = a.rule_id JOIN city.asset s ON s.id = a.asset_id
    JOIN city.layer l ON l.id = s.layer_id
WHERE a.undone IS NULL AND a.closed_at IS NULL AND r.document ->> 'category' IS NOT NULL
    AND NOT EXISTS (SELECT FROM city.case_record c WHERE c.alert = a.id AND upper_inf(c.recorded))
ORDER BY a.id
"""


def open_cases(database: Database) -> list[int]:
    """Open a case, filed by its rule's category, for each alert that is grave enough; their ids."""
    opened = []
    with database.begin() as tx:
        tx.pg.execute("SELECT FROM city.alert_engine FOR UPDATE")  # one at a time
        with tx.pg.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_WAITING).fetchall()
        waiting = [(row, parse(row["document"])) for row in rows]
        waiting = [(row, rule) for row, rule in waiting if row["peak"] >= Level[rule.case_at]]
        places = sight.seen(
            tx.pg, OWNER, resolve(tx.pg, AsOf()), [row["asset_id"] for row, _ in waiting]
        )
        for row, rule in waiting:
            title = rule.title_zh or rule.title_en or row["rule"]
            try:
                case = report(
                    database, AUTHOR, f"{title}：{row['name']} {LEVEL_ZH[row['peak']]}色告警",
                    source="alert", place=places.get(row["asset_id"]), category=rule.category,
                    alert=row["id"], access=row["access"],
                )  # fmt: skip
                opened.append(int(case["id"]))
            except CityError as error:
                LOG.warning("alert %s opens no case: %s", row["id"], error)
    return opened
