"""What governs cases and their indicators, from a moment on."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from psycopg.types.json import Jsonb
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.grant import Grant, Scope
from twin_model import log, notices
from twin_model.cases.calendar import STANDARD, Calendar, Calendars, Limit
from twin_model.indicators.model import Indicator

type Kind = Literal["calendar", "category", "department", "assignment", "indicator", "areas"]
CITY = "city"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Category(_Document):
    """A kind of case and how long it may take from its filing on; codes of a longer one begin
    with its parent's.
    """

    title_zh: str
    title_en: str = ""
    limit: Limit


def _plain(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("an address holds no credentials")
    return url


class Department(_Document):
    """Whose cases are. url: of its own system, which gets them by HTTP and gives its numbers."""

    title_zh: str
    title_en: str = ""
    url: Annotated[str | None, AfterValidator(_plain)] = None


class Assignment(_Document):
    """Cases of categories and areas that begin so are a department's; the longest match counts."""

    category: str = ""
    area: str = ""
    department: Annotated[str, Field(min_length=1)]


class AreaLayer(_Document):
    """Which layer of polygons says whose area a place is in, and the column of its codes."""

    layer: str
    column: str = "code"


_KINDS: dict[str, type[BaseModel]] = {
    "calendar": Calendar, "category": Category, "department": Department,
    "assignment": Assignment, "indicator": Indicator,
    "areas": AreaLayer,
}  # fmt: skip
_SETTINGS = """
SELECT DISTINCT ON (name, since) name, since, document FROM city.case_setting
WHERE kind = %s AND recorded <= %s ORDER BY name, since, recorded DESC
"""


def put(
    database: Database, grant: Grant, kind: str, name: str, document: Any,
    since: datetime | None = None,
) -> None:  # fmt: skip
    """Say what holds from a moment (now) on; for the same moment again it is a correction."""
    grant.require(Scope.ADMIN)
    if kind not in _KINDS:
        raise Invalid(f"settings are of {', '.join(_KINDS)}, not '{kind}'")
    try:
        found = _KINDS[kind].model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        raise Invalid(f"{kind} {name}, {'.'.join(map(str, first['loc']))}: {reason}") from None
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        tx.pg.execute(
            "INSERT INTO city.case_setting (kind, name, document, since, recorded, changed_by)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [kind, name, Jsonb(found.model_dump(mode="json")), since or stamp, stamp,
             grant.subject],
        )  # fmt: skip
        notices.tell(tx.pg, stamp, "setting", [])


def versions(pg: Pg, kind: str, known_at: datetime) -> dict[str, list[tuple[datetime, Any]]]:
    """By name, what holds since when, ascending, as known at a moment."""
    found: dict[str, list[tuple[datetime, Any]]] = {}
    for name, since, document in pg.execute(_SETTINGS, [kind, known_at]).fetchall():
        found.setdefault(name, []).append((since, _KINDS[kind].model_validate(document)))
    return found


def at(pg: Pg, kind: str, moment: datetime, known_at: datetime) -> dict[str, Any]:
    """By name, what holds at a moment, as known at another."""
    return {
        name: [one for since, one in found if since <= moment][-1]
        for name, found in versions(pg, kind, known_at).items()
        if found[0][0] <= moment
    }


def calendars(pg: Pg, known_at: datetime) -> Calendars:
    """The city's working time; the standard one before it said any."""
    found = versions(pg, "calendar", known_at).get(CITY)
    if not found:
        return STANDARD
    first = datetime.min.replace(tzinfo=UTC)
    return Calendars([(first, STANDARD.versions[0][1]), *found])


def department_of(assignments: dict[str, Assignment], category: str, area: str) -> str | None:
    """Whose a case is: by the longest category that it begins with, then the longest area."""
    fitting = [
        one
        for one in assignments.values()
        if category.startswith(one.category) and area.startswith(one.area)
    ]
    best = max(fitting, key=lambda one: (len(one.category), len(one.area)), default=None)
    return best.department if best else None
