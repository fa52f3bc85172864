"""The codes that a layer's column may hold, each with its title: data, not a constraint."""

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from spatial.database import Pg
from spatial.errors import Invalid
from spatial.layer import Layer


def code_lists(pg: Pg, layer: Layer) -> dict[str, dict[str, str]]:
    """The layer's code lists by column, each a title by code."""
    found = pg.execute(
        "SELECT field, codes FROM city.code_list WHERE layer_id = %s ORDER BY field", [layer.id]
    ).fetchall()
    return {field: codes for field, codes in found if field in layer.column_names}


def give_codes(pg: Pg, layer: Layer, field: str, codes: Mapping[str, str]) -> None:
    """Let a column have a code list in the place of its old one; an empty one takes it back.

    Raises Invalid for a column that is not there.
    """
    if field not in layer.column_names:
        known = ", ".join(layer.column_names) or "none"
        raise Invalid(f"'{layer.name}' has no column {field}: it has {known}")
    place = [layer.id, field]
    pg.execute("DELETE FROM city.code_list WHERE layer_id = %s AND field = %s", place)
    if codes:
        pg.execute(
            "INSERT INTO city.code_list (layer_id, field, codes) VALUES (%s, %s, %s)",
            [*place, Jsonb(dict(codes))],
        )
    pg.execute("DELETE FROM city.quality WHERE layer_id = %s", [layer.id])
