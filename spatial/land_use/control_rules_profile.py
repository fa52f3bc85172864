"""What the rules on control lines say: profiles as data, one of China and a plain one."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spatial.errors import Invalid

#: What ground can be to a project, in the order in which zones that overlap take it.
KINDS = ("farmland", "ecology", "core", "reserve", "special", "outside")
ZONES = ("core", "reserve", "special")
PROFILES = ("china", "plain")

type Kind = Literal["farmland", "ecology", "core", "reserve", "special", "outside"]
type Effect = Literal["conforms", "conditional", "prohibited"]
#: From the mildest to the gravest, in both languages.
EFFECTS: dict[str, tuple[str, str]] = {
    "conforms": ("符合", "conforms"),
    "conditional": ("有条件，须报批或论证", "conditional: needs approval or a case"),
    "prohibited": ("不符合", "prohibited"),
}


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exemption(_Said):
    """A case in which ground may be occupied all the same, on conditions."""

    id: str
    zh: str
    en: str


class Rule(_Said):
    """What follows where a project takes more than `tolerance_m2` of a kind of ground."""

    id: str
    kind: Kind
    effect: Effect
    title_zh: str
    title_en: str
    clause_zh: str
    clause_en: str
    exceptions: tuple[Exemption, ...] = ()
    tolerance_m2: float = Field(0.0, ge=0)

    def verdict(self, area: float, claimed: frozenset[str]) -> Effect:
        """The effect of an area in m², softened where an exception that is listed is claimed."""
        if area <= self.tolerance_m2:
            return "conforms"
        if self.effect == "prohibited" and claimed & {one.id for one in self.exceptions}:
            return "conditional"
        return self.effect


class Rules(_Said):
    """A profile: how zones of the urban boundary are called, and the rules."""

    title_zh: str
    title_en: str
    note_zh: str = ""
    note_en: str = ""
    zones: dict[Literal["core", "reserve", "special"], tuple[str, ...]]
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) < len(ids):
            raise ValueError("two rules have one id")
        return self

    def zone(self, text: str) -> str | None:
        """Which zone a layer's word means; None for one that the profile does not know."""
        return next((kind for kind, words in self.zones.items() if text in words), None)

    def require_known(self, claimed: frozenset[str]) -> None:
        """Raise Invalid for a claimed exception that no rule lists."""
        known = {one.id for rule in self.rules for one in rule.exceptions}
        if unknown := sorted(claimed - known):
            raise Invalid(
                f"the rules list no exception {', '.join(unknown)}: "
                f"they list {', '.join(sorted(known)) or 'none'}"
            )


@cache
def profile(name: str) -> Rules:
    """The profile of that name; raises Invalid for another."""
    if name not in PROFILES:
        raise Invalid(f"there are no rules '{name}': choose {' or '.join(PROFILES)}, or give them")
    text = files("spatial.land_use.control_rules").joinpath(f"{name}.json").read_text("utf-8")
    return Rules.model_validate_json(text)


def rules_of(said: str | dict[str, Any]) -> Rules:
    """Rules by name, as a mapping, or as the JSON of one; raises Invalid with the first fault."""
    try:
        if isinstance(said, dict):
            return Rules.model_validate(said)
        if said.lstrip().startswith("{"):
            return Rules.model_validate_json(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "rules"
        raise Invalid(f"these rules cannot be read: '{place}': {first['msg']}") from None
    return profile(said)
