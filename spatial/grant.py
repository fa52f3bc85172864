"""Who may see what: the access rule, beside AsOf in every query.

`public` is open to everyone, `shared` to any authenticated department, `restricted` by grant.
Areas are governance codes of which a longer one lies within its prefix (市, 区, 街道, 社区).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from psycopg import sql

from spatial.errors import Denied


class Access(StrEnum):
    """Class of a layer, from open to closed."""

    PUBLIC = "public"
    SHARED = "shared"
    RESTRICTED = "restricted"


class Scope(StrEnum):
    """What a token may do; each includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


CLASSES = tuple(Access)
SCOPES = tuple(Scope)
NOBODY = sql.SQL("FALSE")
EVERYBODY = sql.SQL("TRUE")


@dataclass(frozen=True, slots=True)
class Grant:
    """What one caller may do.

    areas None is the whole city; layers None is every layer of the classes.
    """

    subject: str = "anonymous"
    scope: Scope = Scope.READ
    classes: frozenset[Access] = frozenset({Access.PUBLIC})
    areas: tuple[str, ...] | None = None
    layers: frozenset[str] | None = None
    authenticated: bool = field(default=False)

    @property
    def role(self) -> Access:
        """The database role that pooled connections step down to: the second wall."""
        return max(self.classes | {Access.PUBLIC}, key=CLASSES.index)

    @property
    def key(self) -> str:
        """A short text that is equal exactly where two grants see the same."""
        parts = (sorted(self.classes), self.areas, self.layers and sorted(self.layers))
        return sha256(repr(parts).encode()).hexdigest()[:12]

    def may(self, scope: Scope) -> bool:
        """Whether the scope is within this grant."""
        within = SCOPES.index(scope) <= SCOPES.index(self.scope)
        return within and (scope is Scope.READ or self.authenticated)

    def require(self, scope: Scope) -> None:
        """Raise Denied unless the scope is within this grant."""
        if not self.may(scope):
            raise Denied(f"this needs a token of scope '{scope}'")


class Guarded(Protocol):
    """What the rule asks of a layer or a raster."""

    @property
    def name(self) -> str: ...
    @property
    def access(self) -> str: ...
    @property
    def area(self) -> str | None: ...
    @property
    def area_field(self) -> str | None: ...


ANONYMOUS = Grant()
OWNER = Grant("owner", Scope.ADMIN, frozenset(Access), authenticated=True)


def rule(grant: Grant, layer: Guarded, *, writing: bool = False) -> sql.Composable:
    """The access rule of a layer as a condition on its rows.

    Everybody reads a public layer; writing it stays within the grant's area and layers.
    """
    access = Access(layer.access)
    if access is Access.PUBLIC and not writing:
        return EVERYBODY
    if access not in grant.classes | {Access.PUBLIC}:
        return NOBODY
    if grant.layers is not None and layer.name not in grant.layers:
        return NOBODY
    if grant.areas is None:
        return EVERYBODY
    if layer.area and layer.area.startswith(grant.areas):
        return EVERYBODY
    if layer.area_field is None:
        return NOBODY
    prefixes = sql.SQL(", ").join(sql.Literal(area + "%") for area in grant.areas)
    return sql.SQL("{} LIKE ANY (ARRAY[{}])").format(sql.Identifier(layer.area_field), prefixes)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a fixed table that are of one class: of one area, or each with its own."""

    name: str
    access: Access
    area: str | None = None
    area_field: str | None = None


def row_rule(grant: Grant, table: str, *, writing: bool = False) -> sql.Composable:
    """The access rule of a fixed table whose rows carry their own `access` and `area`.

    `table` is what a grant's layers name it by.
    """
    return sql.SQL("({})").format(
        sql.SQL(" OR ").join(
            sql.SQL("access = {} AND {}").format(
                str(one), rule(grant, Rows(table, one, area_field="area"), writing=writing)
            )
            for one in CLASSES
        )
    )


def visible(grant: Grant, layer: Guarded) -> bool:
    """Whether any row of the layer, or the raster, could be seen."""
    return rule(grant, layer) != NOBODY
