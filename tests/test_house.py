"""The house stands: imports go down the floors, and every room is kept as agreed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("spatial", "datasets", "twin_model", "tiles", "ogc_api", "citytwin")
LONGEST_FILE = 350
FILES_OF_PYGEOAPI = 7


@dataclass(frozen=True)
class Module:
    """A Python file of ours."""

    name: str
    path: Path

    @property
    def floor(self) -> str:
        return self.name.partition(".")[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text())

    def imports(self) -> Iterator[str]:
        """Every module that it imports, wherever in it that is done."""
        return _imports(self.tree)


def _modules() -> Iterator[Module]:
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield Module(".".join(part for part in parts if part != "__init__"), path)


MODULES = {module.name: module for module in _modules()}


def _imports(code: ast.AST) -> Iterator[str]:
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield inner if inner in MODULES else source


def test_every_floor_has_modules() -> None:
    assert {module.floor for module in MODULES.values()} == set(FLOORS)


def test_imports_go_down() -> None:
    upward = [
        f"{module.name} imports {name}"
        for module in MODULES.values()
        for name in module.imports()
        if name.partition(".")[0] in FLOORS[FLOORS.index(module.floor) + 1 :]
    ]
    assert not upward


def test_imports_are_absolute() -> None:
    assert not [
        f"{module.name} imports {name}"
        for module in MODULES.values()
        for name in module.imports()
        if name.startswith(".")
    ]


def test_modules_import_each_other_in_no_circle() -> None:
    """At the top of modules: an import within a function happens after all are loaded."""
    graph = {
        module.name: {
            name
            for node in module.tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in _imports(node)
            if name in MODULES and name != module.name
        }
        for module in MODULES.values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_only_the_face_reads_the_environment() -> None:
    """Lower floors take arguments."""
    readers = [
        f"{module.name}, line {node.lineno}"
        for module in MODULES.values()
        if module.floor != "citytwin"
        for node in ast.walk(module.tree)
        if _names_the_environment(node)
    ]
    assert not readers


def _names_the_environment(node: ast.AST) -> bool:
    words = {"environ", "environb", "getenv", "getenvb"}
    if isinstance(node, ast.Attribute):
        return node.attr in words and isinstance(node.value, ast.Name) and node.value.id == "os"
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return bool(words & {alias.name for alias in node.names})
    return False


def test_pygeoapi_is_imported_in_few_files_of_one_room() -> None:
    users = [
        module
        for module in MODULES.values()
        if any(name.partition(".")[0] == "pygeoapi" for name in module.imports())
    ]
    assert {module.floor for module in users} == {"ogc_api"}
    assert len(users) <= FILES_OF_PYGEOAPI


def test_the_notebook_client_needs_no_other_room() -> None:
    rooms = ("client", "duty", "frames", "answers", "raster_view", "twin_frames")
    its_own = tuple(f"citytwin.{room}" for room in rooms)
    needed = {name for module in its_own for name in MODULES[module].imports()}
    assert not {name for name in needed - {*its_own} if name.partition(".")[0] in FLOORS}


def test_files_are_rooms_not_halls() -> None:
    lengths = {m.name: len(m.path.read_text().splitlines()) for m in MODULES.values()}
    assert not {name: n for name, n in lengths.items() if n > LONGEST_FILE}


def test_every_module_says_what_it_is() -> None:
    assert not [m.name for m in MODULES.values() if not ast.get_docstring(m.tree)]


def test_every_room_is_typed() -> None:
    assert not [floor for floor in FLOORS if not (ROOT / floor / "py.typed").is_file()]


def test_no_module_hides_behind_a_folder_of_its_name() -> None:
    assert not [
        m.name
        for m in MODULES.values()
        if m.path.stem != "__init__" and m.path.with_suffix("").is_dir()
    ]
