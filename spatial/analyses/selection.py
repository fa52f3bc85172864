"""Which features of a layer an analysis reads, said with the words that items take.

`landuse`, `landuse?filter=height > 30&bbox=120.3,31.5,120.4,31.6`, or an object of the same words.
"""

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Self
from urllib.parse import parse_qsl

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from spatial.asof import DEFAULT_ZONE, PARAMETERS, AsOf, Interval, as_of
from spatial.box import halves, parse_box
from spatial.errors import Invalid
from spatial.filter.filter import filter_of
from spatial.query import Reading


class Selection(BaseModel):
    """A layer, and which of its features when; what is not said is as the whole run has it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    layer: str
    filter: str | None = None
    filter_lang: str | None = Field(None, alias="filter-lang")
    filter_crs: str | None = Field(None, alias="filter-crs")
    bbox: str | None = None
    bbox_crs: str | None = Field(None, alias="bbox-crs")
    datetime: str | None = None
    known_at: str | None = None
    scenario: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            value = words_of(value)
        if not isinstance(value, dict):
            return value
        words = dict(value)
        if isinstance(words.get("bbox"), list):
            words["bbox"] = ",".join(map(str, words["bbox"]))
        if isinstance(words.get("filter"), dict):
            words |= {"filter": json.dumps(words["filter"]), "filter-lang": "cql2-json"}
        zone = (info.context or {}).get("zone", DEFAULT_ZONE)
        said = {name: text for name, text in words.items() if name in PARAMETERS}
        if not all(isinstance(text, str) for text in said.values()):
            raise ValueError(f"{', '.join(PARAMETERS)} must be texts")
        try:
            return words | _as_of(said, zone).params()
        except Invalid as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            if isinstance(self.at(AsOf()).valid_at, Interval):
                raise Invalid("an analysis reads one instant: give a time, not an interval")
            filter_of(self._said())
            if self.bbox:
                parse_box(self.bbox, self.bbox_crs, around=True)
        except Invalid as error:
            raise ValueError(str(error)) from None
        return self

    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler) -> Any:
        return {name: text for name, text in handler(self).items() if text is not None}

    def at(self, asof: AsOf) -> AsOf:
        """The run's AsOf, in which the selection's own words come first."""
        own = {name: text for name, text in self._said().items() if name in PARAMETERS}
        return _as_of(asof.params() | own)

    def narrowed(self, view: Reading) -> Reading:
        """The reading of what is selected; raises Invalid for a filter that does not fit it."""
        if self.bbox:
            box, srid = parse_box(self.bbox, self.bbox_crs, around=True)
            view = view.meeting(halves(box), srid)
        wanted = filter_of(self._said())
        return view if wanted is None else view.filtered(wanted.on(view.layer))

    def _said(self) -> dict[str, str]:
        said: dict[str, str] = self.model_dump()
        return said


def _as_of(said: Mapping[str, str], zone: tzinfo = DEFAULT_ZONE) -> AsOf:
    return as_of(said.get("datetime"), said.get("known_at"), said.get("scenario"), zone)


def selection(chosen: str | Selection) -> Selection:
    """A layer's name alone selects the whole of it."""
    return chosen if isinstance(chosen, Selection) else Selection.model_validate({"layer": chosen})


def words_of(text: str) -> Mapping[str, Any]:
    """From `layer?query`, as on a command line, or from JSON."""
    if text.lstrip().startswith("{"):
        try:
            words: Mapping[str, Any] = json.loads(text)
        except ValueError as error:
            raise ValueError(f"this is not JSON: {error}") from None
        return words
    layer, _, query = text.partition("?")
    return {"layer": layer, **dict(parse_qsl(query, keep_blank_values=True))}


def plain(value: Any, info: ValidationInfo) -> Any:
    """A name alone stays a name; whatever says more is read as a selection."""
    if isinstance(value, str) and not ("?" in value or value.lstrip().startswith("{")):
        return value
    if isinstance(value, str | dict):
        return Selection.model_validate(value, context=info.context)
    return value
