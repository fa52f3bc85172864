"""The documentation says what is there: settings, commands, routes, analyses, links, code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from starlette.routing import Mount
from starlette.testclient import TestClient

import spatial.analyses.known  # noqa: F401 (registers every analysis)
from citytwin.cli import app as command_line
from citytwin.settings import PREFIX, Settings
from spatial.analyses import registry

ROOT = Path(__file__).parents[1]
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def _docs(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("name", Settings.__dataclass_fields__)
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{PREFIX}{name.upper()}` |" in _docs("operators.md")


def test_documented_settings_say_what_the_code_says() -> None:
    page = _docs("operators.md")
    for name, spec in Settings.__dataclass_fields__.items():
        row = next(line for line in page.splitlines() if f"`{PREFIX}{name.upper()}` |" in line)
        assert spec.metadata["help"] in row.replace("`", "")
        if isinstance(spec.default, str | int) and spec.default != "":
            assert f"| `{spec.default}` |" in row


def _commands(group: Any, path: str = "citytwin") -> Iterator[tuple[str, Any]]:
    """Every command's words, and its parameters."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command.params


COMMANDS = dict(_commands(typer.main.get_command(command_line)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command: str) -> None:
    page = _docs("cli.md")
    kinds = {parameter: parameter.param_type_name for parameter in COMMANDS[command]}
    arguments = [one.name.strip("_").upper() for one, kind in kinds.items() if kind == "argument"]
    assert f"`{' '.join([command, *arguments])}`" in page
    for option in (one for one, kind in kinds.items() if kind == "option"):
        flags = [*option.opts, *option.secondary_opts]
        assert any(f"`{flag}" in page for flag in flags), f"{command} {flags[0]}"


def _paths(client: TestClient) -> set[str]:
    """Every path of the service, as people write it."""
    routes = client.app.routes  # type: ignore[attr-defined]
    return {
        f"{route.path}/" if isinstance(route, Mount) else re.sub(r":\w+}", "}", route.path)
        for route in routes
    }


def test_every_route_is_documented(client: TestClient) -> None:
    page = _docs("http.md")
    assert not [path for path in sorted(_paths(client)) if f"`{path}`" not in page]


def test_every_documented_route_is_there(client: TestClient) -> None:
    told = set(re.findall(r"^\| `(/[^`]*)` \|", _docs("http.md"), flags=re.MULTILINE))
    unbuilt = {"/screen", "/screen/"}  # there once the screen is built
    assert told - unbuilt <= _paths(client)


# the tests register some of their own
OURS = [one.name for one in registry.every() if one.function.__module__.startswith("spatial.")]


@pytest.mark.parametrize("name", OURS)
def test_every_analysis_is_documented_with_its_inputs(name: str) -> None:
    line = next((x for x in _docs("analysts.md").splitlines() if x.startswith(f"| `{name}` |")), "")
    assert line, f"docs/analysts.md has no row for {name}"
    assert all(f"`{one.name}`" in line for one in registry.find(name).inputs())


@every_page
def test_links_within_the_repository_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"", page.read_text())
    targets = [one or other for one, other in links]
    local = [t for t in targets if not t.startswith(("http://", "https://", "mailto:"))]
    for target in local:
        place, _, fragment = target.partition("#")
        found = page if not place else (page.parent / place).resolve()
        assert found.exists(), f"{page.name} links to {target}"
        if fragment and found.suffix == ".md":
            assert fragment in _anchors(found), f"{page.name} links to {target}"


def _anchors(page: Path) -> set[str]:
    """The anchors of headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {words.replace(" ", "-") for words in plain}


@every_page
def test_python_in_the_pages_compiles(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.M | re.S):
        ast.parse(block)
