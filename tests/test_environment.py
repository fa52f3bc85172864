"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]

# Where conda-forge calls a package otherwise; and what pip gets elsewhere than from PyPI.
CONDA_NAMES = {"playwright": "playwright-python"}
CONDA_ONLY = {"python", "postgresql", "postgis", "nodejs", "pip"}


def by_name(requirements: Iterable[str]) -> dict[str, SpecifierSet]:
    parsed = map(Requirement, requirements)
    return {canonicalize_name(one.name): one.specifier for one in parsed}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wanted(project: dict[str, Any]) -> dict[str, SpecifierSet]:
    """Everything that pyproject.toml asks for, with its extras."""
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    requirements = by_name([*project["dependencies"], *extras])
    del requirements["citytwin"]
    return requirements


@pytest.fixture(scope="module")
def conda() -> dict[str, SpecifierSet]:
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_pip = [line for entry in lines if isinstance(entry, dict) for line in entry["pip"]]
    lines = [line for line in lines if isinstance(line, str)]
    # conda writes "python=3.12" for what pip writes "python==3.12.*".
    mended = (re.sub(r"^([\w-]+)=([\d.]+)$", r"\1==\2.*", line) for line in lines)
    return by_name([*mended, *from_pip])


def test_conda_has_the_same_packages(
    wanted: dict[str, SpecifierSet], conda: dict[str, SpecifierSet]
) -> None:
    ours = {name: bounds for name, bounds in conda.items() if name not in CONDA_ONLY}
    assert ours == {CONDA_NAMES.get(name, name): bounds for name, bounds in wanted.items()}


def test_conda_has_the_floors_of_the_rest(
    project: dict[str, Any], conda: dict[str, SpecifierSet]
) -> None:
    pinned = (ROOT / ".python-version").read_text().strip()
    assert conda["python"] == SpecifierSet(f"=={pinned}.*")
    assert SpecifierSet(project["requires-python"]).contains(pinned)
    assert conda["postgresql"] == SpecifierSet(">=15")
    assert conda["postgis"] == SpecifierSet(">=3.3")
    assert conda["nodejs"] == SpecifierSet(">=20.19")


def test_the_lock_satisfies_the_project(wanted: dict[str, SpecifierSet]) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = {name: Version(pin) for name, pin in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.M)}
    assert not {name for name in wanted if name not in pins}
    assert not {name for name, bounds in wanted.items() if pins[name] not in bounds}


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.M)[1:]
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_screens_lock_records_no_hosts() -> None:
    lock = ROOT / "screen/package-lock.json"
    if not lock.exists():
        pytest.skip("there is no screen yet")
    assert '"resolved"' not in lock.read_text()
