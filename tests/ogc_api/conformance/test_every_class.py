"""Every conformance class that is declared has a test here, named by its URI."""

import ast
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from grids import store_ground
from starlette.testclient import TestClient

from spatial.database import Database


@pytest.mark.usefixtures("plots")
def test_every_declared_class_is_tested(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    store_ground(database, tmp_path)
    declared = set(client.get("/conformance?f=json").json()["conformsTo"])
    tested = {uri for uris in _classes().values() for uri in uris}
    assert declared - tested == set(), "declared, yet not tested"
    assert tested - declared == set(), "tested, yet not declared"


def test_every_test_names_its_requirements() -> None:
    nameless = [
        f"{path.name}: {node.name}"
        for path in Path(__file__).parent.glob("test_*_[0-9].py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not (ast.get_docstring(node) or "").startswith(("/req/", "/rec/", "/conf/"))
    ]
    assert not nameless


def _classes() -> dict[str, tuple[str, ...]]:
    """By test class, the conformance classes that it tests."""
    found = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                module = sys.modules.get(path.stem) or _loaded(path)
                uris = getattr(getattr(module, node.name), "uri", ())
                found[f"{path.stem}.{node.name}"] = (uris,) if isinstance(uris, str) else uris
    return found


def _loaded(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
