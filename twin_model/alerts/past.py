"""A back-test over the readings that are stored."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from spatial.asof import Interval, format_instant
from spatial.database import Pg
from spatial.errors import Invalid, NotFound
from spatial.grant import Grant
from spatial.moment import Moment
from twin_model import packed, series
from twin_model.alerts.back_test import Tested, back_test
from twin_model.alerts.judge import learn
from twin_model.alerts.picture import picture
from twin_model.alerts.readings import before, between
from twin_model.alerts.rule import COMBINED, Kind, Rule
from twin_model.roll import roll


def tested(
    pg: Pg, grant: Grant, rule: Rule, moment: Moment, start: datetime | None,
    end: datetime | None, zone: ZoneInfo,
) -> tuple[Tested, datetime, datetime]:  # fmt: skip
    """What a rule would have said from `start` (a week before) to `end` (the moment), as known.

    Raises Invalid for a combination, NotFound where the grant sees no such series.
    """
    if rule.kind in COMBINED:
        raise Invalid("test the members of a combination, one by one")
    until = end or moment.valid_at
    if isinstance(until, Interval):
        raise Invalid("datetime is a moment here, not an interval")
    since = start or until - timedelta(days=7)
    if since >= until:
        raise Invalid("a back-test ends after it starts")
    span = Moment(Interval(since, until), moment.known_at)
    names = None if rule.assets is None else list(rule.assets)
    found = series.find(pg, grant, span, names, [rule.observed or ""])
    if rule.layer is not None:
        known = roll(pg)
        row = pg.execute("SELECT id FROM city.layer WHERE name = %s", [rule.layer]).fetchone()
        found = [one for one in found if row and known.layer_id[one.asset] == row[0]]
    ids = np.array(sorted(one.id for one in found if one.scenario == 0), np.int64)
    if not len(ids):
        raise NotFound(f"there is no series '{rule.observed}' of such assets")
    usual = None
    if rule.kind is Kind.deviation:
        past = before(pg, ids, since, rule.weeks)
        usual = learn(ids, past.series, past.at, past.x, zone)
    first, last = packed.micros(since), packed.micros(until)
    read = between(pg, ids, first, last, moment.known_at)
    found_out = back_test(
        rule, read.series, read.at, read.x, read.y, since=first, until=last, zone=zone,
        wanted=ids, usual=usual,
    )  # fmt: skip
    return found_out, since, until


def counts(found: Tested, since: datetime, until: datetime) -> dict[str, Any]:
    """What a back-test counted."""
    span = {"from": format_instant(since), "to": format_instant(until)}
    return span | found.counts(packed.micros(until))


def drawn(found: Tested, rule: Rule, since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Its picture, an SVG."""
    title = rule.title_zh or rule.title_en or f"{rule.kind} {rule.observed}"
    span = since.astimezone(zone), until.astimezone(zone)
    return picture(found, packed.micros(since), packed.micros(until), title, span)
