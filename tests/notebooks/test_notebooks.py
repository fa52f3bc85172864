"""Every notebook runs from its first cell to its last against a running service."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from service import Service

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@every_notebook
def test_runs(path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(path, service, monkeypatch)


def test_land_use_of_a_real_district(
    service: Service, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYTWIN_LAND", str(shared_data / "china/xinwu_wuxi"))
    monkeypatch.setenv("CITYTWIN_DATA_DIR", str(service.data_dir))
    [path] = (path for path in NOTEBOOKS if path.stem == "04_land_use")
    notebook = execute(path, service, monkeypatch)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    told = [out["text"] for out in outputs if "text" in out]
    assert any("in land_use's own CRS areas are +0.18" in text for text in told), told


def execute(
    path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> nbformat.NotebookNode:
    monkeypatch.setenv("CITYTWIN_URL", service.url)
    monkeypatch.setenv("CITYTWIN_TOKEN", service.token("write"))
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    return notebook


@every_notebook
def test_is_kept_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count]
