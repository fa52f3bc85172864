"""What stewards say of a layer, in the words of OGC API Records: whom to ask, licence, lineage."""

from typing import Any

from spatial.layer import Layer
from spatial.metadata import Metadata

#: The scheme of resource codes (资源代码) among a record's external ids.
CODE_SCHEME = "resource-code"


def contacts(said: Metadata) -> list[dict[str, Any]]:
    """The department that answers for it, and how to reach somebody; none where none is said."""
    if not said.owner and not said.contact:
        return []
    made: dict[str, Any] = {"organization": said.owner} if said.owner else {"name": said.contact}
    if "@" in said.contact:
        made["emails"] = [{"value": said.contact}]
    elif said.contact:
        made["contactInstructions"] = said.contact
    return [made | {"roles": ["custodian", "pointOfContact"] if said.contact else ["custodian"]}]


def properties(
    said: Metadata, area: str | None = None, lineage: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Licence, code, frequency, area and lineage, each only where it is said."""
    told = {
        "license": said.licence,
        "resourceCode": said.code,
        "updateFrequency": said.frequency,
        "governanceArea": area,
        "lineage": lineage,
    }
    return {name: value for name, value in told.items() if value}


def of_collection(layer: Layer) -> dict[str, Any]:
    """What a layer's collection tells beyond its title, abstract, keywords and extent."""
    said = layer.metadata
    themes = [{"concepts": [{"id": said.theme}]}] if said.theme else []
    found = {"contacts": contacts(said), "themes": themes}
    return {name: value for name, value in found.items() if value} | properties(
        said, layer.area, layer.lineage
    )
