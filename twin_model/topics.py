"""What MQTT topics and payloads mean: by default SensorThings, else as configured."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from spatial.errors import Invalid
from twin_model import sensorthings
from twin_model.roll import Roll

SENSORTHINGS = "v1.1/+/Observations"
_DATASTREAM = re.compile(r"v1\.1/Datastreams\((\d+)\)/Observations")
_LEVEL = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Topic:
    """How the messages of a topic filter are read.

    asset, property: texts in which {1} is the topic's first level. value, at, id: keys into the
    payload's JSON, one within another by points; a payload that is no JSON is the value itself.
    """

    filter: str
    asset: str
    property: str
    value: str = "value"
    at: str = "at"
    id: str = "id"
    unit: str = ""

    def reading(self, levels: Sequence[str], payload: Any) -> dict[str, Any]:
        """The reading of a message, without a time where the payload names none."""
        row = {
            "asset": _filled(self.asset, levels),
            "property": _filled(self.property, levels),
            "value": _within(payload, self.value) if isinstance(payload, dict) else payload,
            "at": _within(payload, self.at),
            "id": _within(payload, self.id),
        }
        return row | ({"unit": self.unit} if self.unit else {})


class Topics:
    """All topics that are listened to."""

    def __init__(self, document: Mapping[str, Any] | None = None) -> None:
        """document: {"topic": [{"filter", "asset", "property", …}]}; SensorThings' without one.

        Raises Invalid for one that cannot be read.
        """
        try:
            self._topics = [Topic(**one) for one in (document or {}).get("topic", [])]
        except (TypeError, AttributeError):
            raise Invalid(
                "a [[topic]] has filter, asset, property, and where needed value, at, id, unit"
            ) from None
        self.filters = [one.filter for one in self._topics] or [SENSORTHINGS]

    def reading(self, known: Roll, topic: str, payload: bytes) -> dict[str, Any]:
        """The reading of a message. One that brings its time is stored once, however often sent."""
        try:
            told = orjson.loads(payload)
        except orjson.JSONDecodeError:
            told = payload.decode(errors="replace")
        row = self._read(known, topic, told)
        if not row["at"]:
            row["at"] = datetime.now(UTC).isoformat()
        elif row.get("id") is None:
            row["id"] = blake2b(topic.encode() + b"\0" + payload, digest_size=16).hexdigest()
        return row

    def _read(self, known: Roll, topic: str, told: Any) -> dict[str, Any]:
        for one in self._topics:
            if _matches(one.filter, topic):
                return one.reading(topic.split("/"), told)
        match = _DATASTREAM.fullmatch(topic)
        return sensorthings.reading(known, match[1] if match else topic, told)


def _matches(wanted: str, topic: str) -> bool:
    levels, parts = topic.split("/"), wanted.split("/")
    for n, part in enumerate(parts):
        if part == "#":
            return True
        if n >= len(levels) or part not in ("+", levels[n]):
            return False
    return len(levels) == len(parts)


def _filled(text: str, levels: Sequence[str]) -> str:
    def level(match: re.Match[str]) -> str:
        n = int(match[1])
        return levels[n - 1] if 0 < n <= len(levels) else match[0]

    return _LEVEL.sub(level, text)


def _within(payload: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(payload, dict):
            return None
        payload = payload.get(key)
    return payload
