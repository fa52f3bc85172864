"""A source as the next state of a layer that exists: fitted to it, and compared with it."""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from datasets.columns import Field
from datasets.formats.raw import TABLE
from datasets.keys import Key
from datasets.periods import Periods
from datasets.places import Storage
from datasets.vector import Batch, SourceLayer
from spatial.errors import Conflict, Rejected
from spatial.layer import Column, ColumnType, Layer

_ARROW: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
}


_ROW_NUMBERS = ("fid", "ogc_fid", "objectid")
"""What GDAL and ArcGIS number rows by, anew in every export: a new number is no change."""


def row_numbers(fields: tuple[Field, ...]) -> set[str | None]:
    """The columns in which a file only counts its rows."""
    return {field.name for field in fields if field.title.lower() in _ROW_NUMBERS}


def fitted(source: SourceLayer, layer: Layer) -> SourceLayer:
    """The source as the layer keeps it: same kind of geometry, same coordinates.

    Raises Conflict where heights come or go.
    """
    has_z = layer.geometry_type.endswith("Z")
    if source.has_z != has_z and source.geometry_type != "Geometry":
        has, lacks = ("the file", "the layer") if source.has_z else ("the layer", "the file")
        raise Conflict(f"{has} has heights and {lacks} has none: load it as a layer of its own")
    return replace(
        source,
        name=layer.name,
        geometry_type=_kind(source, layer),
        has_z=has_z,
        storage=Storage(layer.srid, source.storage.moves or source.storage.srid != layer.srid),
    )


def _kind(source: SourceLayer, layer: Layer) -> str:
    """What the source's geometries must come to; a table has none to judge."""
    return TABLE if source.geometry_type == TABLE else layer.geometry_type.removesuffix("Z")


def casted(batch: Batch, fields: tuple[Field, ...], columns: tuple[Column, ...]) -> pa.Table:
    """A batch's table in the types that the layer's columns have.

    Raises Rejected for a value that is not of its column's type.
    """
    table = batch.table
    types = {column.name: _ARROW.get(column.type) for column in columns}
    for field in fields:
        place, wanted = table.column_names.index(field.name), types[field.name]
        if wanted is None or table.column(place).type == wanted:
            continue
        try:
            column = table.column(place).cast(wanted)
        except pa.ArrowInvalid as error:
            raise Rejected(
                f"'{field.title}' cannot be read as the layer has it ({error}): mend the file, or"
                " load it as another layer"
            ) from None
        table = table.set_column(place, field.name, column)
    return table


def dated(periods: Periods, key: Key | None) -> bool:
    """Whether the rows of a reload have times of their own, by fields of the file.

    Raises Rejected where they have and no key tells whose they are, or where one end is given
    for all.
    """
    of_rows = any(isinstance(one, str) for one in (periods.valid_from, periods.valid_to))
    if of_rows and key is None:
        raise Rejected("a reload with times of each row needs --key, by which features are known")
    if isinstance(periods.valid_to, datetime):
        raise Rejected(
            "a reload says what is so from a time on: give it by --valid-from, or fields of the"
            " file by --valid-from and --valid-to"
        )
    return of_rows


def moment_of(periods: Periods) -> datetime | None:
    """From when a reload holds of which all rows are true at once."""
    return periods.valid_from if isinstance(periods.valid_from, datetime) else None
