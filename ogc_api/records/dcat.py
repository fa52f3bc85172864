"""The catalogue for harvesters: DCAT-AP 3 as JSON-LD, every text in both languages."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from ogc_api import context
from ogc_api.links import place_of
from ogc_api.records.feature import files
from ogc_api.records.record import ANALYSIS, LANGUAGES, LAYER, THEMES, Record, Texts
from spatial.asof import format_instant
from spatial.crs import uri
from spatial.grant import Access
from spatial.layer import CATALOGUE

type Node = dict[str, Any]

_EU = "http://publications.europa.eu/resource/authority"
_IANA = "https://www.iana.org/assignments/media-types"
RIGHTS = {
    Access.PUBLIC: f"{_EU}/access-right/PUBLIC",
    Access.SHARED: f"{_EU}/access-right/RESTRICTED",
    Access.RESTRICTED: f"{_EU}/access-right/NON_PUBLIC",
}
#: ISO 19115's words for how often data is renewed, in the EU's.
FREQUENCIES = {
    "continual": "CONT", "daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY",
    "quarterly": "QUARTERLY", "annually": "ANNUAL", "asNeeded": "IRREG",
}  # fmt: skip
_SPOKEN = {"zh": f"{_EU}/language/ZHO", "en": f"{_EU}/language/ENG"}
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def catalogue(records: Iterable[Record], publisher: Texts, title: Texts, about: Texts) -> Node:
    """The document: a dcat:Catalog of a data service, its datasets and their distributions."""
    base = context.base_url.get()
    agent: Node = {
        "@id": f"{base}/#publisher",
        "@type": "foaf:Agent",
        "foaf:name": _spoken(publisher),
    }
    themes: dict[str, Node] = {
        name: {
            "@id": f"{base}/#theme-{name}",
            "@type": "skos:Concept",
            "skos:prefLabel": _spoken(texts),
        }
        for name, texts in THEMES.items()
    }
    listed = [one for one in records if one.kind != ANALYSIS]
    updated = max((one.updated for one in listed if one.updated), default=None)
    return {
        "@context": CONTEXT,
        "@id": place_of(CATALOGUE),
        "@type": "dcat:Catalog",
        "dct:title": _spoken(title),
        "dct:description": _spoken(about),
        "dct:publisher": agent,
        "dct:language": [_id(one) for one in _SPOKEN.values()],
        "foaf:homepage": _id(f"{base}/"),
        **({"dct:modified": _instant(format_instant(updated))} if updated else {}),
        "dcat:themeTaxonomy": {
            "@id": f"{base}/#themes",
            "@type": "skos:ConceptScheme",
            "dct:title": _spoken({"zh": "主题", "en": "Themes"}),
            "skos:hasTopConcept": list(themes.values()),
        },
        "dcat:service": {
            "@id": f"{base}/#service",
            "@type": "dcat:DataService",
            "dct:title": _spoken({"zh": "OGC API 服务", "en": "OGC API"}),
            "dcat:endpointURL": _id(f"{base}/"),
            "dcat:endpointDescription": _id(f"{base}/openapi"),
            "dcat:servesDataset": [_id(_place(one)) for one in listed],
        },
        "dcat:dataset": [_dataset(one, agent["@id"], themes[one.theme]["@id"]) for one in listed],
    }


def _dataset(record: Record, publisher: str, theme: str) -> Node:
    made: Node = {
        "@id": _place(record),
        "@type": "dcat:Dataset",
        "dct:identifier": record.id,
        "dct:title": _spoken(record.title),
        "dct:description": _spoken(record.description),
        "dct:publisher": _owner(record) or _id(publisher),
        "dct:accessRights": _id(RIGHTS[Access(record.access)]),
        "dct:language": [_id(one) for one in _SPOKEN.values()],
        "dcat:keyword": [
            {"@value": word, "@language": language}
            for language in LANGUAGES
            for word in record.keywords[language]
        ],
        "dcat:theme": _id(theme),
        "dcat:landingPage": _id(_place(record)),
        "dct:temporal": _period(record),
        "dcat:distribution": list(_distributions(record)),
    }
    if record.created and record.updated:
        made["dct:issued"] = _instant(format_instant(record.created))
        made["dct:modified"] = _instant(format_instant(record.updated))
    if record.extent:
        made["dct:spatial"] = _location(record.extent)
    if record.srid:
        made["dct:conformsTo"] = _id(uri(record.srid))
    return made | _told(record)


def _told(record: Record) -> Node:
    """What its steward says: code, whom to ask, how often it is renewed, where it is from."""
    said, made = record.said, dict[str, Any]()
    if said.code:
        made["dct:identifier"] = [record.id, said.code]
    if said.contact:
        reached: Node = {"@type": "vcard:Kind", "vcard:fn": said.owner or said.contact}
        if "@" in said.contact:
            reached["vcard:hasEmail"] = _id(f"mailto:{said.contact}")
        else:
            reached["vcard:note"] = said.contact
        made["dcat:contactPoint"] = reached
    if said.frequency:
        made["dct:accrualPeriodicity"] = _id(f"{_EU}/frequency/{FREQUENCIES[said.frequency]}")
    if record.lineage:
        label = json.dumps(record.lineage, ensure_ascii=False)
        made["dct:provenance"] = {"@type": "dct:ProvenanceStatement", "rdfs:label": label}
    return made


def _owner(record: Record) -> Node | None:
    if not record.said.owner:
        return None
    named = {"@id": f"{context.base_url.get()}/#owner-{quote(record.said.owner)}"}
    return named | {"@type": "foaf:Agent", "foaf:name": record.said.owner}


def _licence(record: Record) -> Node:
    said = record.said
    if said.licence_url:
        return {"dct:license": _id(said.licence_url)}
    if said.licence:
        return {"dct:license": {"@type": "dct:LicenseDocument", "dct:title": said.licence}}
    return {}


def _distributions(record: Record) -> Iterable[Node]:
    for file in files(record):
        kind = file["type"].partition(";")[0]
        yield {
            "@id": file["href"],
            "@type": "dcat:Distribution",
            "dct:title": file["title"],
            "dcat:accessURL": _id(file["href"]),
            "dcat:downloadURL": _id(file["href"]),
            "dcat:mediaType": _id(f"{_IANA}/{kind}"),
            "dct:format": kind,
            **_licence(record),
            "dcat:accessService": _id(f"{context.base_url.get()}/#service"),
        }


def _period(record: Record) -> Node:
    made: Node = {"@type": "dct:PeriodOfTime"}
    if record.start:
        made["dcat:startDate"] = _instant(format_instant(record.start))
    if record.end:
        made["dcat:endDate"] = _instant(format_instant(record.end))
    return made


def _location(extent: tuple[float, float, float, float]) -> Node:
    west, south, east, north = extent
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    ring = ", ".join(f"{x} {y}" for x, y in corners)
    box = {"@value": f"POLYGON(({ring}))", "@type": "gsp:wktLiteral"}
    return {"@type": "dct:Location", "dcat:bbox": box}


def _place(record: Record) -> str:
    if record.kind == LAYER:
        return place_of(record.of)
    return place_of(CATALOGUE, "items", record.id)


def _spoken(texts: Texts) -> list[Node]:
    return [{"@value": texts[language], "@language": language} for language in LANGUAGES]


def _instant(text: str) -> Node:
    return {"@value": text, "@type": "xsd:dateTime"}


def _id(address: str) -> Node:
    return {"@id": address}
