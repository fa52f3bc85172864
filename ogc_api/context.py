"""What a request carries beside its words: set by the middleware, read by pygeoapi's plugins.

pygeoapi builds its plugins anew for each request and hands them none of this.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import tzinfo
from pathlib import Path

from spatial.asof import DEFAULT_ZONE, AsOf
from spatial.database import Database
from spatial.grant import ANONYMOUS, Grant
from tiles.server import TileServer

database: ContextVar[Database] = ContextVar("database")
tiles: ContextVar[TileServer] = ContextVar("tiles")
store: ContextVar[Path] = ContextVar("store")
grant: ContextVar[Grant] = ContextVar("grant", default=ANONYMOUS)
asof: ContextVar[AsOf] = ContextVar("asof")
base_url: ContextVar[str] = ContextVar("base_url", default="http://localhost:8000")
zone: ContextVar[tzinfo] = ContextVar("zone", default=DEFAULT_ZONE)
language: ContextVar[str] = ContextVar("language", default="zh")
city: ContextVar[Mapping[str, str]] = ContextVar("city")
query: ContextVar[Mapping[str, str]] = ContextVar("query")
