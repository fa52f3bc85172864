"""Tokens: a secret that bears a grant. Only its hash is kept, and it expires."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from spatial.database import Database
from spatial.digest import digest
from spatial.errors import Denied, Invalid, NotFound
from spatial.grant import CLASSES, SCOPES, Access, Grant, Scope

PREFIX = "ct_"
DAYS = 365


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token."""

    digest: str
    subject: str
    scope: str
    classes: list[str]
    areas: list[str] | None
    layers: list[str] | None
    expires_at: datetime


def create(
    database: Database,
    scope: str,
    *,
    subject: str = "token",
    classes: Sequence[str] = CLASSES,
    areas: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    days: int = DAYS,
) -> str:
    """Issue a token; its secret is told once, here.

    classes: what it may see beside public layers; areas: governance codes, None for the whole
    city; layers: names, None for all.
    """
    try:
        wanted = sorted({Access.PUBLIC, *map(Access, classes)})
        granted = Scope(scope)
    except ValueError as error:
        known = f"scopes are {', '.join(SCOPES)}; classes are {', '.join(CLASSES)}"
        raise Invalid(f"{error}: {known}") from None
    if days <= 0:
        raise Invalid("a token must last for at least a day")
    secret = PREFIX + secrets.token_urlsafe(32)
    with database.begin() as tx:
        tx.pg.execute(
            "INSERT INTO city.token (digest, subject, scope, classes, areas, layers, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                digest(secret.encode()),
                subject,
                granted,
                wanted,
                list(areas) if areas else None,
                list(layers) if layers else None,
                datetime.now(UTC) + timedelta(days=days),
            ],
        )
    return secret


def verify(database: Database, secret: str) -> Grant:
    """The grant that a secret bears; raises Denied for an unknown or expired one."""
    with database.begin() as tx:
        row = tx.pg.execute(
            "SELECT subject, scope, classes, areas, layers FROM city.token"
            " WHERE digest = %s AND expires_at > now()",
            [digest(secret.encode())],
        ).fetchone()
    if row is None:
        raise Denied("the token is unknown or has expired")
    subject, scope, classes, areas, layers = row
    return Grant(
        subject,
        Scope(scope),
        frozenset(map(Access, classes)),
        tuple(areas) if areas else None,
        frozenset(layers) if layers else None,
        authenticated=True,
    )


def tokens(database: Database) -> list[Token]:
    """Every token that was issued, without its secret."""
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT digest, subject, scope, classes, areas, layers, expires_at FROM city.token"
            " ORDER BY created_at"
        ).fetchall()
    return [Token(*row) for row in rows]


def revoke(database: Database, prefix: str) -> None:
    """End the token whose digest starts with these characters."""
    with database.begin() as tx:
        gone = tx.pg.execute(
            "DELETE FROM city.token WHERE starts_with(digest, %s)", [prefix]
        ).rowcount
    if not gone:
        raise NotFound(f"there is no token '{prefix}'")
