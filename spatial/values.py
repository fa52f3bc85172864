"""The values of a feature, as SQL that fits the columns of its layer."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb
from shapely.geometry.base import BaseGeometry

from spatial.errors import Invalid
from spatial.geometry import admit
from spatial.layer import Layer


def values_of(
    layer: Layer, properties: Mapping[str, Any], geometry: BaseGeometry | None, srid: int
) -> dict[str, sql.Composable]:
    """By column, each cast to its type; the geometry, given in a CRS x first, in the layer's own.

    Raises Invalid for a name that is no column, Rejected for a geometry that cannot be taken.
    """
    types = {column.name: column.type for column in layer.columns}
    unknown = sorted(set(properties) - set(types))
    if unknown:
        raise Invalid(
            f"'{layer.name}' has no column {', '.join(unknown)}: it has {', '.join(types)}"
        )
    values: dict[str, sql.Composable] = {
        name: sql.SQL("{}::{}").format(_plain(value), sql.SQL(types[name]))
        for name, value in properties.items()
    }
    if geometry is not None:
        wkb = admit(geometry, srid, layer).wkb
        values["geom"] = sql.SQL("ST_GeomFromWKB({}, {})").format(wkb, layer.srid)
    return values


def _plain(value: Any) -> sql.Composable:
    return sql.Literal(Jsonb(value) if isinstance(value, dict | list) else value)
