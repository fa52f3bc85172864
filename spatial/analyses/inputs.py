"""The inputs of analyses: models with labels, units and kinds, read from JSON or from text."""

from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
)

from spatial import catalogue, rasters
from spatial.analyses.selection import Selection, plain
from spatial.asof import AsOf
from spatial.database import Pg
from spatial.grant import Grant
from spatial.moment import resolve
from spatial.query import Reading

#: Of a document that is given to an analysis; a request holds a third more, as text.
DOCUMENT_BYTES = 512 * 1024


class Inputs(BaseModel):
    """Base of every analysis's inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Label:
    """What an input is, in both languages, and its unit of measure."""

    zh: str
    en: str
    unit: str | None = None

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> Any:
        return handler(core) | ({"x-ogc-unit": self.unit} if self.unit else {})


@dataclass(frozen=True, slots=True)
class InputKind:
    """Marks a text that names something of the city: a layer, a raster, a table, a series."""

    name: str

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> Any:
        return handler(core) | {"x-input-kind": self.name}


@dataclass(frozen=True, slots=True)
class Document:
    """Marks a text that is a file's content in base64, as OGC processes take binary values."""

    media_type: str

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> Any:
        return handler(core) | {
            "contentEncoding": "base64",
            "contentMediaType": self.media_type,
        }


def _encoded(value: str) -> str:
    try:
        content = b64decode(value, validate=True)
    except ValueError:
        raise ValueError("this is no file, nor a file's content in base64") from None
    if len(content) > DOCUMENT_BYTES:
        raise ValueError(f"a document takes at most {DOCUMENT_BYTES // 1024} KB")
    return value


@dataclass(frozen=True, slots=True)
class OnMap:
    """Says that people draw this value on a map: GeoJSON, or pairs of longitude and latitude."""

    shape: Literal["point", "line", "polygon"]

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> Any:
        return handler(core) | {"x-drawn": self.shape}


class Source(Protocol):
    """What an input names, as far as access and titles go."""

    @property
    def name(self) -> str: ...
    @property
    def access(self) -> str: ...
    @property
    def area(self) -> str | None: ...
    def title(self, language: str) -> str: ...


#: Finds what an input names, in the form that its model gave it.
type Resolver = Callable[[Pg, Any, Grant], Source]

_resolvers: dict[str, Resolver] = {"layer": catalogue.find_visible, "raster": rasters.find_visible}


def register_kind(name: str, resolver: Resolver) -> None:
    """Let inputs name another kind of thing; the resolver raises NotFound as layers do."""
    _resolvers[name] = resolver


def resolver(name: str) -> Resolver:
    """What finds things of a kind."""
    return _resolvers[name]


def resolver_modules() -> set[str]:
    """The modules that registered the kinds."""
    return {resolver.__module__ for resolver in _resolvers.values()}


def sources(pg: Pg, inputs: Inputs, grant: Grant) -> Iterator[Source]:
    """Everything that the inputs name.

    Raises NotFound for what the grant may not see, Invalid for a filter that does not fit.
    """
    for kind, value in _named(type(inputs), (), inputs):
        if isinstance(value, Selection):
            layer = catalogue.find_visible(pg, value.layer, grant)
            value.narrowed(Reading(layer, resolve(pg, value.at(AsOf())), grant))
            yield layer
        else:
            yield _resolvers[kind](pg, value, grant)


def _named(hint: Any, marks: Sequence[Any], value: Any) -> Iterator[tuple[str, Any]]:
    """Every value that names something, with its kind: optional, in tuples, in models within."""
    kind = next((mark.name for mark in marks if isinstance(mark, InputKind)), None)
    origin, parts = get_origin(hint), get_args(hint)
    if value is None:
        return
    if kind is not None:
        if not isinstance(value, int | float):  # which may stand in place of a name
            yield kind, value
    elif origin is Annotated:
        yield from _named(parts[0], parts[1:], value)
    elif origin in (Union, UnionType):
        yield from next(filter(None, (list(_named(arm, (), value)) for arm in parts)), ())
    elif isinstance(value, tuple) and parts:
        for one in value:
            yield from _named(parts[0], (), one)
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _named(field.annotation, field.metadata, getattr(value, name))


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


#: A layer's name, or a selection of its features.
LayerName = Annotated[str | Selection, BeforeValidator(plain), InputKind("layer")]
#: Likewise, or none.
OptionalLayer = Annotated[str | Selection | None, BeforeValidator(plain), InputKind("layer")]
#: A workbook (.xlsx): its content in base64, or on a command line a file; or none.
OptionalWorkbook = Annotated[
    Annotated[
        str,
        AfterValidator(_encoded),
        Document("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ]
    | None,
    Field(repr=False),
]
#: A raster's name.
RasterName = Annotated[str, InputKind("raster")]
#: Several names: a JSON array, or on a command line separated by commas.
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
#: Several numbers, likewise.
Numbers = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False)], ...], BeforeValidator(_split)
]
