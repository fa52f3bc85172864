"""What a layer is: its name, its columns, its place in the world and in time."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from psycopg import sql

from spatial.errors import Invalid
from spatial.metadata import Metadata

type ColumnType = Literal[
    "text", "integer", "bigint", "double precision", "boolean", "date", "timestamptz", "jsonb"
]
type Box = tuple[float, float, float, float]

OURS = frozenset(
    ("version", "fid", "geom", "valid", "recorded", "scenario", "removed", "changed_by")
)
GEOMETRY_TYPES = (
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "Geometry",
)
SCHEMA = "layers"
CATALOGUE, STATE = "catalogue", "state"
_NAME = re.compile(r"[^\W\d]\w*")
_BYTES = 63


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute: its identifier, its PostgreSQL type, the source's own name as title."""

    name: str
    type: ColumnType
    title: str = ""


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """All that a layer table is made from."""

    name: str
    geometry_type: str
    srid: int
    columns: tuple[Column, ...]
    title_zh: str = ""
    title_en: str = ""
    access: str = "restricted"
    area: str | None = None
    area_field: str | None = None
    lineage: dict[str, Any] | None = None
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Layer:
    """A registered layer, as the catalogue knew it at one cursor."""

    id: int
    name: str
    title_zh: str
    title_en: str
    geometry_type: str
    srid: int
    columns: tuple[Column, ...]
    access: str
    area: str | None
    area_field: str | None
    last_recorded: datetime
    cursor: int
    current: int
    next_bound: datetime | None
    extent: Box | None
    valid_from: datetime | None
    lineage: dict[str, Any] | None = field(default=None, hash=False, compare=False)
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def table(self) -> sql.Identifier:
        """The layer's table, quoted."""
        return sql.Identifier(SCHEMA, self.name)

    @property
    def shape(self) -> str:
        """Point, LineString, Polygon or Geometry, whether several, whether with heights."""
        return self.geometry_type.removeprefix("Multi").removesuffix("Z")

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def analysis(self) -> str:
        """The analysis of which the layer is a result; empty where it is of none."""
        return str((self.lineage or {}).get("analysis", ""))

    def title(self, language: str) -> str:
        """Title in zh or en, falling back on the other and on the name."""
        first, second = (self.title_zh, self.title_en)
        if language.startswith("en"):
            first, second = second, first
        return first or second or self.name


def identifier(text: str) -> str:
    """A text as word characters, NFKC, not starting with a digit; empty where nothing is left."""
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text.strip())).strip("_")
    return f"_{plain}" if plain[:1].isdigit() else plain


def clean_name(text: str) -> str:
    """A layer name from any text: lower case, at most 63 bytes of UTF-8."""
    plain = identifier(text).lower()
    if not plain:
        raise Invalid(f"'{text}' leaves no name: use letters, digits or characters")
    return shorten(plain)


def shorten(name: str, suffix: str = "") -> str:
    """Cut a name so that it and its suffix fit into 63 bytes of UTF-8."""
    room = _BYTES - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def check_name(name: str) -> str:
    """The name itself, if it can name a layer; else Invalid with one that can."""
    if not _NAME.fullmatch(name) or len(name.encode()) > _BYTES or name != name.lower():
        raise Invalid(f"'{name}' cannot name a layer: try '{clean_name(name)}'")
    if name in (CATALOGUE, STATE):
        raise Invalid(f"'{name}' is a collection of the city's own: choose another name")
    return name
