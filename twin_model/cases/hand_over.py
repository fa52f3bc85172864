"""Hand-over: a department's own system gets its cases by HTTP, and its number is kept.

The centre does not act in a department's place: once dispatched, the department's system says by
the same door what becomes of the case.
"""

import logging

import httpx

from spatial.database import Database
from spatial.errors import CityError
from spatial.grant import OWNER, Access, Grant, Scope
from twin_model import log
from twin_model.cases import config
from twin_model.cases.listing import document
from twin_model.cases.register import read, tell, write

LOG = logging.getLogger("citytwin")
AUTHOR = Grant("hand-over", Scope.WRITE, frozenset(Access), authenticated=True)
TIMEOUT_S = 10.0
BATCH = 100


def hand_over(database: Database, http: httpx.Client | None = None) -> int:
    """Give dispatched cases to the systems of their departments; returns how many were taken.

    A case is sent again until its number is there, always by the same key, `Idempotency-Key`.
    """
    with database.begin() as tx:
        row = tx.pg.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        departments = config.at(tx.pg, "department", row[0], row[0])
        urls = {name: one.url for name, one in departments.items() if one.url}
        waiting = tx.pg.execute(
            "SELECT id, department FROM city.case_record WHERE upper_inf(recorded)"
            " AND stage = 'dispatched' AND foreign_number IS NULL AND department = ANY(%s)"
            " ORDER BY version LIMIT %s",
            [list(urls), BATCH],
        ).fetchall()
    taken = 0
    silent: set[str] = set()
    with http or httpx.Client(timeout=TIMEOUT_S) as client:
        for id, department in waiting:
            if department in silent:
                continue
            try:
                taken += _give(database, client, id, urls[department])
            except (httpx.HTTPError, ValueError, CityError) as error:
                LOG.warning("case %s waits for %s: %s", id, department, error)
                silent.add(department)
    return taken


def _give(database: Database, client: httpx.Client, id: int, url: str) -> bool:
    with database.begin() as tx:
        case = read(tx.pg, OWNER, id)
    answer = client.post(url, json=document(case), headers={"Idempotency-Key": f"case-{id}"})
    answer.raise_for_status()
    number = answer.json().get("number")
    if not isinstance(number, str | int) or not 0 < len(str(number)) <= 200:
        raise ValueError("the answer has no number")
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        now = read(tx.pg, OWNER, id)
        if now["foreign_number"] is not None or now["department"] != case["department"]:
            return False
        now["foreign_number"] = str(number)
        write(tx.pg, AUTHOR, now, "hand over", "", stamp)
        tell(tx.pg, now, stamp)
    return True
