"""The catalogue as records: every layer, raster and analysis that a grant may see, and a search.

Read anew for each request, so that what is loaded is found at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ogc_api.params import DEFAULT_LIMIT, limit_of, only, whole
from ogc_api.records.said import CODE_SCHEME
from spatial import crs, rasters
from spatial.analyses import registry
from spatial.analyses.registry import Analysis
from spatial.asof import Interval, When, parse_when
from spatial.box import parse_box
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.grant import Access, Grant
from spatial.layer import Box, Layer
from spatial.metadata import Metadata
from spatial.query import seen_layers
from spatial.raster import Raster
from tiles.cartography import GROUPS, SHAPES, look

type Texts = Mapping[str, str]
type Words = Mapping[str, Sequence[str]]

LANGUAGES = ("zh", "en")
LAYER, RASTER, ANALYSIS = "layer", "raster", "analysis"
#: What a record is of, in the words of ISO 19115's scopes.
TYPES = {LAYER: "dataset", RASTER: "coverage", ANALYSIS: "service"}
THEMES: Mapping[str, Texts] = {
    **GROUPS,
    "terrain": {"zh": "地形与栅格", "en": "Terrain and rasters"},
    "analyses": {"zh": "分析", "en": "Analyses"},
}
SCHEME = "citytwin"
PARAMETERS = frozenset(
    (
        "q", "bbox", "bbox-crs", "datetime", "type", "theme", "keywords", "ids", "externalIds",
        "limit", "offset",
    )
)  # fmt: skip
_CREATED = (
    b"SELECT name, created_at FROM city.layer UNION ALL SELECT name, created_at FROM city.raster"
)


@dataclass(frozen=True, slots=True)
class Record:
    """What is told of one layer, raster or analysis; texts have zh and en.

    extent in degrees, x first; start and end of the time that it tells of, None where open.
    `of` is the name of what it is of.
    """

    id: str
    kind: str
    of: str
    title: Texts
    description: Texts
    keywords: Words
    theme: str
    access: str
    extent: Box | None = None
    start: datetime | None = None
    end: datetime | None = None
    created: datetime | None = None
    updated: datetime | None = None
    srid: int | None = None
    said: Metadata = field(default_factory=Metadata)
    area: str | None = None
    lineage: dict[str, Any] | None = None

    @property
    def timeless(self) -> bool:
        """Whether it tells of no time at all."""
        return self.kind == ANALYSIS

    def words(self) -> tuple[str, ...]:
        """Its keywords in both languages, each once."""
        return tuple(dict.fromkeys(word for words in self.keywords.values() for word in words))

    def text(self) -> str:
        """All that is searched, in both languages, in small letters."""
        parts = [self.of, THEMES[self.theme]["zh"], THEMES[self.theme]["en"]]
        parts += (self.said.theme, self.said.code, self.said.owner)
        parts += (*self.title.values(), *self.description.values(), *self.words())
        return "\n".join(parts).casefold()


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; every part that is there must hold."""

    terms: tuple[str, ...] = ()
    box: Box | None = None
    when: When | None = None
    types: frozenset[str] = frozenset()
    themes: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    limit: int = DEFAULT_LIMIT
    offset: int = 0

    def holds(self, record: Record) -> bool:
        """Whether the record is one of those looked for."""
        text = record.text()
        keywords = {word.casefold() for word in record.words()}
        names = {record.id, f"{CODE_SCHEME}:{record.said.code}"}
        return (
            (not self.terms or any(term in text for term in self.terms))
            and (self.box is None or _meets(record.extent, self.box))
            and (self.when is None or _during(record, self.when))
            and (not self.types or bool(self.types & {TYPES[record.kind], record.kind}))
            and (not self.themes or record.theme in self.themes)
            and (not self.keywords or bool(self.keywords & keywords))
            and (not self.ids or bool(self.ids & names))
        )


def search_of(query: Mapping[str, str], zone: Any) -> Search:
    """What a request looks for; raises Invalid, with what to write instead."""
    only(query, PARAMETERS)
    box = None
    if query.get("bbox"):
        bounds, srid = parse_box(query["bbox"], query.get("bbox-crs"))
        box = crs.transform_bounds(bounds, srid, crs.WGS84)
    ids = _words(query, "ids")
    for given in _words(query, "externalIds"):
        scheme, separator, name = given.rpartition(":")
        if not separator:
            raise Invalid(f"'{given}' is no external id: write scheme:id, as {SCHEME}:parcels")
        # of a scheme that is none of ours there is no record; of codes there may be
        ids |= {name if scheme == SCHEME else given}
    return Search(
        # terms that stand together are one phrase, those apart by commas are alternatives
        terms=tuple(term.casefold() for term in sorted(_words(query, "q"))),
        box=box,
        when=parse_when(query["datetime"], zone) if query.get("datetime") else None,
        types=_words(query, "type"),
        themes=_words(query, "theme"),
        keywords=frozenset(word.casefold() for word in _words(query, "keywords")),
        ids=ids,
        limit=limit_of(query.get("limit")),
        offset=whole("offset", query.get("offset", "0")),
    )


def records(pg: Pg, grant: Grant) -> list[Record]:
    """Every record that the grant may see: layers, rasters, analyses, each by name."""
    created: dict[str, datetime] = dict(pg.execute(_CREATED).fetchall())
    return [
        *(_of_layer(layer, created[layer.name]) for layer in seen_layers(pg, grant)),
        *(_of_raster(raster, created[raster.name]) for raster in rasters.rasters(pg, grant)),
        *map(_of_analysis, registry.every()),
    ]


def theme_of(layer: Layer) -> str:
    """The theme under which a layer is found."""
    title = {language: layer.title(language) for language in LANGUAGES}
    shape = SHAPES.get(layer.shape, "polygon")
    return look(layer.name, title, shape, layer.column_names, "zh").group


def _of_layer(layer: Layer, created: datetime) -> Record:
    title = {language: layer.title(language) for language in LANGUAGES}
    shape = SHAPES.get(layer.shape, "polygon")
    kinds = {"point": ("点", "points"), "line": ("线", "lines"), "polygon": ("面", "polygons")}
    zh, en = kinds[shape]
    attributes = "、".join(column.title or column.name for column in layer.columns)
    named = ", ".join(layer.column_names)
    return Record(
        layer.name,
        LAYER,
        layer.name,
        title,
        {
            "zh": layer.metadata.abstract("zh")
            or f"{title['zh']}（{zh}），随时间记录；属性：{attributes or '无'}。",
            "en": layer.metadata.abstract("en")
            or f"{title['en']} ({en}), kept over time; attributes: {named or 'none'}.",
        },
        {tongue: layer.metadata.keywords(tongue) or [title[tongue]] for tongue in LANGUAGES},
        theme_of(layer),
        layer.access,
        layer.extent,
        layer.valid_from,
        None,
        created,
        max(created, layer.last_recorded),
        layer.srid,
        layer.metadata,
        layer.area,
        layer.lineage,
    )


def _of_raster(raster: Raster, created: datetime) -> Record:
    title = {language: raster.title(language) for language in LANGUAGES}
    bands = ", ".join(band.title for band in raster.latest.bands)
    zh, en = f"{title['zh']}（栅格）；波段：{bands}", f"{title['en']} (raster); bands: {bands}"
    if datum := raster.vertical_datum:
        zh, en = f"{zh}；高程基准：{datum}", f"{en}; heights in {datum}"
    starts = [edition.valid.start for edition in raster.editions]
    ends = [edition.valid.end for edition in raster.editions]
    return Record(
        raster.name,
        RASTER,
        raster.name,
        title,
        {"zh": f"{zh}。", "en": f"{en}."},
        {tongue: [text] for tongue, text in title.items()},
        "terrain",
        raster.access,
        raster.extent,
        None if None in starts else min(filter(None, starts)),
        None if None in ends else max(filter(None, ends)),
        created,
        max(created, raster.last_recorded),
        raster.srid,
        area=raster.area,
    )


def _of_analysis(analysis: Analysis) -> Record:
    return Record(
        f"analysis.{analysis.name}",
        ANALYSIS,
        analysis.name,
        {"zh": analysis.title_zh, "en": analysis.title_en},
        {"zh": analysis.about_zh, "en": analysis.about_en},
        {"zh": [analysis.title_zh], "en": [analysis.name]},
        "analyses",
        Access.PUBLIC,
    )


def _meets(extent: Box | None, box: Box) -> bool:
    if extent is None:
        return False
    return (
        extent[0] <= box[2] and box[0] <= extent[2] and extent[1] <= box[3] and box[1] <= extent[3]
    )


def _during(record: Record, when: When) -> bool:
    """Whether it tells of any of that time; what tells of no time does of none, and stays."""
    if record.timeless:
        return True
    asked = when if isinstance(when, Interval) else Interval(when, when)
    begun = record.start is None or asked.end is None or record.start <= asked.end
    going_on = record.end is None or asked.start is None or asked.start < record.end
    return begun and going_on


def _words(query: Mapping[str, str], name: str) -> frozenset[str]:
    """The words of a parameter, by commas."""
    return frozenset(word.strip() for word in query.get(name, "").split(",") if word.strip())
