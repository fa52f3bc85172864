"""What feeds the city from outside, as the settings say."""

import tomllib
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from citytwin.settings import Settings
from spatial.database import Database
from spatial.errors import Invalid
from spatial.grant import OWNER
from twin_model.mqtt import Subscriber
from twin_model.topics import Topics

AUTHOR = "mqtt"


def subscriber(database: Database, chosen: Settings) -> Subscriber:
    """The subscriber to the broker of the settings; Invalid where they cannot be followed."""
    return Subscriber(
        database,
        chosen.mqtt,
        _topics(chosen.mqtt_topics),
        replace(OWNER, subject=AUTHOR),
        ZoneInfo(chosen.timezone),
    )


def _topics(file: str) -> Topics:
    if not file:
        return Topics()
    try:
        return Topics(tomllib.loads(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise Invalid(f"the topics in '{file}' cannot be read: {error}") from None
