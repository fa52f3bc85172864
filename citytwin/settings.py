"""Settings: read from the environment once, here, and passed down."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spatial.postgres.place import default_data_dir

PREFIX = "CITYTWIN_"


def _setting(default: Any, help_: str) -> Any:
    return field(default=default, metadata={"help": help_})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, by its environment variable CITYTWIN_<NAME>."""

    data_dir: Path = field(metadata={"help": "where the city is kept: database, rasters, logs"})
    database_url: str = _setting("", "a PostgreSQL with PostGIS to use instead of the embedded one")
    timezone: str = _setting("Asia/Shanghai", "the city's time zone, for bare dates and years")
    title_zh: str = _setting("锦澜市", "the city's name in Chinese")
    title_en: str = _setting("Jinlan", "the city's name in English")
    host: str = _setting("127.0.0.1", "the address that the service binds to")
    port: int = _setting(8000, "the port that the service binds to")
    workers: int = _setting(2, "processes that answer requests")
    statement_timeout: int = _setting(60, "seconds after which a request's query is given up")
    base_url: str = _setting("", "the address that clients see, where a proxy stands in front")
    mqtt: str = _setting("", "mqtt://… of a broker whose readings are stored")
    mqtt_topics: str = _setting("", "a TOML file that says what its topics mean")
    dask: str = _setting("", "tcp://… of a Dask scheduler; a local cluster without one")


def settings(environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings from what was given on the command line, else from the environment, else default."""
    values: dict[str, Any] = {}
    for name, spec in Settings.__dataclass_fields__.items():
        if given.get(name) is not None:
            values[name] = given[name]
        elif f"{PREFIX}{name.upper()}" in environment:
            text = environment[f"{PREFIX}{name.upper()}"]
            values[name] = int(text) if isinstance(spec.default, int) else text
    values["data_dir"] = Path(values.get("data_dir") or default_data_dir(environment)).absolute()
    return Settings(**values)


def environment_of(chosen: Settings) -> dict[str, str]:
    """The environment variables that make the same settings in another process."""
    return {
        f"{PREFIX}{name.upper()}": str(getattr(chosen, name))
        for name in Settings.__dataclass_fields__
    }
