"""Trees of land-use codes, and crosswalks between them: profiles as data."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

from spatial.errors import Invalid

PROFILES = ("gb21010", "survey", "planning", "generic")
_HUB = "gb21010"


@dataclass(frozen=True)
class CodeTree:
    """The codes of a classification: titles (zh, en) and parent by code, '' at the top."""

    titles: Mapping[str, tuple[str, str]]
    parents: Mapping[str, str]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, str]]) -> Self:
        """From rows of code, parent, zh and en.

        Raises Invalid for a code told twice, a parent that is none, and a circle.
        """
        titles: dict[str, tuple[str, str]] = {}
        parents: dict[str, str] = {}
        for code, parent, zh, en in rows:
            if code in titles:
                raise Invalid(f"the code '{code}' is there twice")
            titles[code], parents[code] = (zh, en), parent
        for code, parent in parents.items():
            if parent and parent not in titles:
                raise Invalid(f"the parent '{parent}' of '{code}' is no code")
        tree = cls(titles, parents)
        for code in titles:
            tree.path(code)
        return tree

    def path(self, code: str) -> tuple[str, ...]:
        """From the top to a code, both included; empty for a code that is unknown."""
        path: list[str] = []
        while code and code in self.parents:
            if code in path:
                raise Invalid(f"the code '{code}' is its own ancestor")
            path.append(code)
            code = self.parents[code]
        return tuple(reversed(path))

    def at(self, code: str, level: int) -> str:
        """The class of a code at a level (1 is the top; 0 the code itself), '' if unknown.

        A code that stands higher is its own class.
        """
        path = self.path(code)
        if not path:
            return ""
        return path[min(level or len(path), len(path)) - 1]

    def below(self, code: str) -> list[str]:
        """The codes under a code, itself left out."""
        return [one for one in self.titles if one != code and code in self.path(one)]

    def common(self, codes: Iterable[str]) -> str:
        """The nearest class that all of some codes belong to; '' where there is none."""
        paths = [self.path(code) for code in codes]
        shared = ""
        for steps in zip(*paths, strict=False):
            if len(set(steps)) > 1:
                break
            shared = steps[0]
        return shared


@cache
def profile(name: str) -> CodeTree:
    """The tree of that name; raises Invalid for another."""
    if name not in PROFILES:
        raise Invalid(f"there are no codes '{name}': choose {', '.join(PROFILES)}, or give them")
    return CodeTree.of((c, parent, zh, en) for c, parent, zh, en in _rows(name))


def tree_of(said: str) -> CodeTree:
    """A profile by name, or a city's own tree: JSON rows of [code, parent, zh, en]."""
    if not said.lstrip().startswith("["):
        return profile(said)
    try:
        rows = [(str(a), str(b or ""), str(c), str(d)) for a, b, c, d in json.loads(said)]
    except (ValueError, TypeError) as error:
        raise Invalid(f"codes are JSON rows of [code, parent, zh, en]: {error}") from None
    return CodeTree.of(rows)


@cache
def crosswalk(source: str, target: str) -> Mapping[str, tuple[str, ...]]:
    """What each code of a profile may be in another: one code, or several where it is ambiguous.

    A code without an entry of its own takes its ancestor's, else all that its descendants may be.
    """
    links = _links(source, target)
    tree = profile(source)
    made: dict[str, tuple[str, ...]] = {}
    for code in tree.titles:
        near = next((links[one] for one in reversed(tree.path(code)) if one in links), None)
        if near is None:
            near = [to for one in tree.below(code) for to in links.get(one, ())]
        made[code] = tuple(sorted(set(near)))
    return made


def _links(source: str, target: str) -> dict[str, list[str]]:
    if source == target:
        return {code: [code] for code in profile(source).titles}
    pairs = _pairs(source, target)
    links: dict[str, list[str]] = {}
    for one, other in pairs:
        links.setdefault(one, []).append(other)
    return links


def _pairs(source: str, target: str) -> list[tuple[str, str]]:
    folder = files("spatial.land_use.codes")
    if folder.joinpath(f"{source}-{target}.csv").is_file():
        return [(a, b) for a, b in _rows(f"{source}-{target}")]
    if folder.joinpath(f"{target}-{source}.csv").is_file():
        return [(b, a) for a, b in _rows(f"{target}-{source}")]
    second = crosswalk(_HUB, target)
    return [(one, to) for one, hub in _pairs(source, _HUB) for to in second[hub]]


def _rows(name: str) -> list[list[str]]:
    text = files("spatial.land_use.codes").joinpath(f"{name}.csv").read_text("utf-8")
    return list(csv.reader(text.splitlines()))[1:]
