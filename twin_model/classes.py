"""Class systems of assets: the codes of components, as data."""

import json
from functools import cache
from importlib.resources import files

from spatial.errors import Invalid

GENERIC = "generic"


@cache
def systems() -> dict[str, dict[str, list[str]]]:
    """Every class system: code to [Chinese, English]."""
    found: dict[str, dict[str, list[str]]] = json.loads(
        files(__package__).joinpath("classes.json").read_text(encoding="utf-8")
    )
    return found


def find(name: str) -> dict[str, list[str]]:
    """The codes of a class system; raises Invalid for one that is not known."""
    if name not in systems():
        raise Invalid(f"there is no class system '{name}': {', '.join(systems())} are")
    return systems()[name]


def title(system: str, code: str | None) -> dict[str, str] | None:
    """The name of a code in Chinese and English; of its nearest known parent for an unknown one."""
    codes = find(system)
    while code:
        if code in codes:
            zh, en = codes[code]
            return {"zh": zh, "en": en}
        code = code[:-2]
    return None
