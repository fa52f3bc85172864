"""OGC SensorThings 1.1, as far as posters use it: a datastream is a series, a thing an asset."""

from collections.abc import Mapping
from typing import Any

from spatial.errors import Invalid
from twin_model.roll import Roll

OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/"
TYPES = {1: "OM_Measurement", 2: "OM_CategoryObservation", 3: "OM_Observation"}


def reading(known: Roll, datastream: Any, observation: Any) -> dict[str, Any]:
    """A reading from an Observation entity; of an unknown datastream it is nobody's.

    Its time is the phenomenonTime (the end of an interval), else the resultTime, else None.
    """
    if not isinstance(observation, dict):
        return {"asset": f"Datastreams({datastream})", "at": None, "value": observation}
    at = observation.get("phenomenonTime") or observation.get("resultTime")
    row = {
        "asset": f"Datastreams({datastream})",
        "property": "result",
        "at": str(at).rpartition("/")[2] if at else None,
        "value": _value(observation.get("result")),
    }
    if (own := observation.get("@iot.id")) is not None:
        row["id"] = own
    place = place_of(known, datastream)
    if place is not None:
        series = known.by_id[place]
        row |= {"asset": known.names[series.asset], "property": series.property}
    return row


def place_of(known: Roll, datastream: Any) -> int | None:
    """The place in the roll of a datastream's series, which is main's; None for an unknown id."""
    text = str(datastream)
    if not text.isdecimal() or len(text) > 9:
        return None
    at = int(known.series_id.searchsorted(int(text)))
    if at == len(known.series_id) or known.series_id[at] != int(text):
        return None
    return at if known.by_id[at].scenario == 0 else None


def arrays(document: Any) -> list[tuple[Any, dict[str, Any]]]:
    """(datastream, observation) of a CreateObservations document, in order."""
    if not isinstance(document, list):
        raise Invalid("CreateObservations takes an array of {Datastream, components, dataArray}")
    found = []
    for part in document:
        try:
            datastream = part["Datastream"]["@iot.id"]
            components, rows = part["components"], part["dataArray"]
            found += [(datastream, dict(zip(components, row, strict=True))) for row in rows]
        except (KeyError, TypeError, ValueError):
            raise Invalid(
                "each part has Datastream {@iot.id}, components, and in dataArray a row of as"
                " many values"
            ) from None
    return found


def datastream(known: Roll, place: int, base: str) -> dict[str, Any]:
    """The Datastream entity of a series."""
    series = known.by_id[place]
    asset = known.names[series.asset]
    link = f"{base}/Datastreams({series.id})"
    return {
        "@iot.id": series.id,
        "@iot.selfLink": link,
        "name": f"{asset}/{series.property}",
        "description": f"{series.property} of {asset}",
        "observationType": OM + TYPES[int(series.kind)],
        "unitOfMeasurement": {
            "name": series.unit or None, "symbol": series.unit or None,
            "definition": f"ucum:{series.unit}" if series.unit else None,
        },
        "Observations@iot.navigationLink": f"{link}/Observations",
        "Thing@iot.navigationLink": f"{link}/Thing",
    }  # fmt: skip


def thing(known: Roll, asset: int, base: str) -> dict[str, Any]:
    """The Thing entity of an asset, by its place in the roll."""
    link = f"{base}/Things({known.asset_id[asset]})"
    return {
        "@iot.id": int(known.asset_id[asset]),
        "@iot.selfLink": link,
        "name": known.names[asset],
        "description": known.names[asset],
        "Datastreams@iot.navigationLink": f"{link}/Datastreams",
    }


def _value(result: Any) -> Any:
    """A GeoJSON point is a position."""
    if isinstance(result, Mapping) and result.get("type") == "Point":
        return result.get("coordinates")
    return result
