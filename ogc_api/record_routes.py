"""The paths of the catalogue: records as GeoJSON, as pages, and as DCAT."""

from collections.abc import Callable
from typing import Any

from pygeoapi.api import itemtypes
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import catalogue, context
from ogc_api.geojson import MIMETYPE
