"""What each level of the city may do."""

from datetime import UTC, datetime

import pytest

from spatial.database import Database
from spatial.errors import Denied
from spatial.grant import OWNER, Access, Grant, Scope
from twin_model import log
from twin_model.incidents import incidents, warnings
from twin_model.incidents.tiers import tier_of


def officer(*areas: str) -> Grant:
    return Grant("officer", Scope.WRITE, frozenset(Access), areas or None, authenticated=True)


CITY, DISTRICT, SUBDISTRICT, COMMUNITY = (
    officer(*areas) for areas in ((), ("329902",), ("329902001",), ("329902001003",))
)


def test_a_grant_is_of_the_level_of_its_widest_area() -> None:
    told = [tier_of(one) for one in (CITY, DISTRICT, SUBDISTRICT, COMMUNITY)]
    assert told == ["city", "district", "subdistrict", "community"]
    assert tier_of(officer("3299")) == "city"
    assert tier_of(officer("329902001003", "329903")) == "district"


def test_what_has_gone_up_is_closed_up_there(database: Database) -> None:
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        id = incidents.open_incident(tx.pg, OWNER, stamp, "积水", area="329902001003")
        other = incidents.open_incident(tx.pg, OWNER, stamp, "火情", area="329903001001")
    incidents.act(database, COMMUNITY, id, "task", {"department": "water", "text": "抽水"})
    incidents.act(database, COMMUNITY, id, "escalate", {"to": "district"})
    for one in (COMMUNITY, SUBDISTRICT):
        incidents.act(database, one, id, "comment", {"text": "水位仍在涨"})
        with pytest.raises(Denied, match="district"):
            incidents.act(database, one, id, "close", {})
        with pytest.raises(Denied):
            incidents.act(database, one, id, "task", {"department": "water", "text": "x"})
    with database.begin() as tx:
        assert [one["id"] for one in incidents.incidents(tx.pg, DISTRICT, _soon())] == [id]
        assert len(incidents.incidents(tx.pg, CITY, _soon())) == 2
    incidents.act(database, DISTRICT, id, "close", {})
    incidents.act(database, CITY, other, "close", {})


def test_grave_responses_are_the_citys(database: Database) -> None:
    area = "329902"
    with pytest.raises(Denied):
        warnings.respond(database, DISTRICT, "flood", 2, "暴雨", area)
    warnings.respond(database, DISTRICT, "flood", 3, "暴雨", area)
    warnings.respond(database, CITY, "flood", 1, "大暴雨", area)
    for level in (3, 0):
        with pytest.raises(Denied):
            warnings.respond(database, DISTRICT, "flood", level, "雨停", area)
    with pytest.raises(Denied):
        warnings.respond(database, SUBDISTRICT, "flood", 3, "暴雨", "329902001")
    warnings.respond(database, SUBDISTRICT, "flood", 4, "暴雨", "329902001")
    with pytest.raises(Denied):
        warnings.respond(database, COMMUNITY, "fire", 4, "火情", "329902001003")
    warnings.respond(database, CITY, "flood", 0, "雨停", area)


def _soon() -> datetime:
    return datetime.now(UTC)
