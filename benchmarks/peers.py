"""The servers to measure against, over the table `public.plain`, and ours, each on its port."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import yaml
from psycopg.conninfo import conninfo_to_dict

from benchmarks.city import free_port

_HERE = Path(__file__).parent
_PLACE = _HERE.parent / "build" / "peers"
_READY_WITHIN_S = 180


def environment() -> Path:
    """The Python of the peers' own environment, made where it is missing."""
    python = _PLACE / "bin" / "python"
    if not python.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "-q", _PLACE, "--python", sys.executable], check=True)
        wanted = ["-r", _HERE / "peers.txt"]
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
    return python


@contextmanager
def serving(command: list[str | Path], port: int, extra: Mapping[str, str]) -> Iterator[str]:
    """Run a server until the block ends; its address. Raises TimeoutError where none answers."""
    address = f"http://127.0.0.1:{port}"
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        command, env=alone | extra, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(address)
            yield address
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def ours(conninfo: str, folder: Path, workers: int = 1) -> Iterator[str]:
    """citytwin over the database."""
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "citytwin", "up", "--no-sample"]
    with serving(
        [*command, "--port", str(port), "--data", folder],
        port,
        {"CITYTWIN_DATABASE_URL": _url(conninfo), "CITYTWIN_WORKERS": str(workers)},
    ) as address:
        yield address


@contextmanager
def bare(body: Path) -> Iterator[str]:
    """granian with one worker that gives the bytes of a file to whoever asks; where to ask."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port)]
    extra = {"BARE_BODY": str(body)}
    with serving([*command, "--no-ws", "benchmarks.bare:app"], port, extra) as address:
        yield address + "/"


@contextmanager
def tipg(conninfo: str) -> Iterator[str]:
    """TiPg, told to put every feature into a tile."""
    port = free_port()
    command = [environment(), "-m", "uvicorn", "tipg.main:app", "--port", str(port)]
    extra = {
        "DATABASE_URL": _url(conninfo),
        "TIPG_DB_SCHEMAS": '["public"]',
        "TIPG_MAX_FEATURES_PER_TILE": "10000000",
        "TIPG_MAX_FEATURES_PER_QUERY": "10000",
    }
    with serving(command, port, extra) as address:
        yield address


@contextmanager
def pygeoapi(conninfo: str, folder: Path, srid: int) -> Iterator[str]:
    """Stock pygeoapi with its PostgreSQL and MVT providers."""
    port = free_port()
    config, document = folder / "pygeoapi.yml", folder / "openapi.yml"
    config.write_text(yaml.safe_dump(_config(conninfo, port, srid)))
    extra = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    generate = "from pygeoapi.openapi import generate_openapi_document as g;"
    generate += "import sys, pathlib; p = pathlib.Path;"
    generate += "p(sys.argv[2]).write_text(g(p(sys.argv[1]), 'yaml'))"
    python = environment()
    subprocess.run(
        [python, "-c", generate, config, document], env={**os.environ, **extra}, check=True
    )
    command = [python, "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--port", str(port)]
    with serving(command, port, extra) as address:
        yield address


def _config(conninfo: str, port: int, srid: int) -> dict[str, object]:
    known = conninfo_to_dict(conninfo)
    provider = {
        "data": {
            "host": known["host"],
            "port": str(known["port"]),
            "dbname": known["dbname"],
            "user": known["user"],
            "password": "",
            "search_path": ["public"],
        },
        "id_field": "fid",
        "table": "plain",
        "geom_field": "geom",
        "storage_crs": f"http://www.opengis.net/def/crs/EPSG/0/{srid}",
    }
    address = f"http://127.0.0.1:{port}"
    text = {"title": "peer", "description": "peer", "keywords": ["peer"]}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": address,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 10000},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                **text,
                "keywords_type": "theme",
                "terms_of_service": "none",
                "url": address,
            },
            "license": {"name": "none", "url": address},
            "provider": {"name": "peer", "url": address},
            "contact": {"name": "peer", "url": address},
        },
        "resources": {
            "plain": {
                "type": "collection",
                **text,
                "links": [],
                "extents": {
                    "spatial": {
                        "bbox": [-180, -90, 180, 90],
                        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                    }
                },
                "providers": [
                    {"type": "feature", "name": "PostgreSQL", **provider},
                    {
                        "type": "tile",
                        "name": "MVT-postgresql",
                        **provider,
                        "options": {"zoom": {"min": 0, "max": 22}},
                        "format": {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"},
                    },
                ],
            }
        },
    }


def _url(conninfo: str) -> str:
    known = conninfo_to_dict(conninfo)
    place = quote(str(known["host"]), safe="")
    return f"postgresql://{known['user']}@{place}:{known['port']}/{known['dbname']}"


def _wait(address: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/conformance", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"nothing answers at {address}")
