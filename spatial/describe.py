"""A steward describes a layer: titles, abstract, code, owner, licence; its class and area."""

from collections.abc import Mapping
from dataclasses import asdict, fields

from psycopg.types.json import Jsonb

from spatial import audit, catalogue, changes, table
from spatial.code_list import give_codes
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.grant import OWNER, Access, Grant, Scope
from spatial.layer import Layer
from spatial.metadata import Metadata

TITLES = ("title_zh", "title_en")
FREQUENCIES = ("continual", "daily", "weekly", "monthly", "quarterly", "annually", "asNeeded")
"""ISO 19115's words for how often data is renewed."""


def describe(
    database: Database,
    name: str,
    said: Mapping[str, str],
    *,
    author: str,
    access: str | None = None,
    area: str | None = None,
    codes: Mapping[str, Mapping[str, str]] | None = None,
    grant: Grant = OWNER,
) -> None:
    """Change what is said of a layer; what is not named stays, an empty text takes it back.

    said: titles and fields of Metadata. `access` opens or closes the layer, which the audit keeps.
    codes: of columns, what they may hold: titles by code, none to take a list back.
    Raises Invalid for an unknown field, frequency or class.
    """
    grant.require(Scope.ADMIN)
    known = {one.name for one in fields(Metadata)}
    unknown = sorted(set(said) - known - set(TITLES))
    if unknown:
        raise Invalid(f"nothing is said by {', '.join(unknown)}: there are {', '.join(known)}")
    if said.get("frequency") and said["frequency"] not in FREQUENCIES:
        raise Invalid(f"'{said['frequency']}' is no frequency: use {', '.join(FREQUENCIES)}")
    if access is not None and access not in list(Access):
        raise Invalid(f"'{access}' is not a class: choose public, shared or restricted")
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, name)
        if said.get("key") and said["key"] not in layer.column_names:
            raise Invalid(f"'{name}' has no column {said['key']} to be its key")
        if access is not None and access != layer.access:  # first the layer's lock, as all writers
            classify(tx.pg, layer, Access(access), author=author)
        new = asdict(layer.metadata) | {key: said[key] for key in said if key in known}
        tx.pg.execute(
            "UPDATE city.layer SET metadata = %(new)s,"
            " title_zh = coalesce(%(title_zh)s, title_zh),"
            " title_en = coalesce(%(title_en)s, title_en), area = coalesce(%(area)s, area)"
            " WHERE id = %(id)s",
            {
                "new": Jsonb(new), "id": layer.id, "area": area,
                **{title: said.get(title) for title in TITLES},
            },
        )  # fmt: skip
        if said.get("key", layer.metadata.key) != layer.metadata.key:
            tx.pg.execute("DELETE FROM city.quality WHERE layer_id = %s", [layer.id])
        for field, titles in (codes or {}).items():
            give_codes(tx.pg, layer, field, titles)
        tx.pg.execute("NOTIFY city_change")


def classify(pg: Pg, layer: Layer, access: Access, *, author: str) -> int:
    """Open or close a layer, which the audit keeps; returns the cursor of the change."""
    stamp = changes.lock_layer(pg, layer)
    pg.execute("UPDATE city.layer SET access = %s WHERE id = %s", [access, layer.id])
    table.permit(pg, layer.name, access)
    changes.record(pg, layer, stamp, changes.Tally(), author=author, action=audit.CLASSIFY)
    cursor = catalogue.find(pg, layer.name).cursor
    audit.note(
        pg, author=author, action=audit.CLASSIFY, subject=layer.name,
        reason=f"from {layer.access} to {access}", detail={"class": access, "cursor": cursor},
    )  # fmt: skip
    return cursor
