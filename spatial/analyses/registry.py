"""The registry of analyses. An analysis is defined once: a typed function, and what it is called.

    @analysis("land-use-overlay", zh="土地利用叠加", en="Land-use overlay", about_zh=…, about_en=…)
    def land_use_overlay(run: Run, inputs: OverlayInputs) -> Outcome: ...

The command, the process and the job are made from that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from difflib import get_close_matches
from typing import Any, get_type_hints

from pydantic import ValidationError

from spatial.analyses.inputs import Inputs, Label
from spatial.analyses.run import Outcome, Run
from spatial.asof import DEFAULT_ZONE
from spatial.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Input:
    """One input, described: `schema` is JSON Schema, with its unit and kind."""

    name: str
    label: Label
    required: bool
    schema: dict[str, Any]

    @property
    def kind(self) -> str | None:
        """What it names, such as a layer, whether it must be given or may."""
        arms = (self.schema, *self.schema.get("anyOf", ()))
        return next((arm["x-input-kind"] for arm in arms if "x-input-kind" in arm), None)

    @property
    def is_document(self) -> bool:
        """Whether it is a file's content in base64."""
        arms = (self.schema, *self.schema.get("anyOf", ()))
        return any("contentEncoding" in arm for arm in arms)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A registered analysis, with its titles and descriptions in both languages.

    quick: whoever waits for it has it run where they ask, without a process of its own.
    """

    name: str
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str
    model: type[Inputs]
    function: Callable[[Run, Any], Outcome]
    quick: bool = False

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the inputs."""
        return self.model.model_json_schema()

    def inputs(self) -> list[Input]:
        """The inputs one by one, in their order."""
        schema = self.schema()
        shared = schema.get("$defs", {})
        return [
            Input(
                name,
                next(mark for mark in field.metadata if isinstance(mark, Label)),
                field.is_required(),
                _whole(schema["properties"][name], shared),
            )
            for name, field in self.model.model_fields.items()
        ]

    def parse(self, raw: Mapping[str, Any], zone: tzinfo = DEFAULT_ZONE) -> Inputs:
        """The inputs from JSON values, or from the texts of a command line; dates are of the zone.

        Raises Invalid, naming every input that will not do and why.
        """
        try:
            return self.model.model_validate(dict(raw), context={"zone": zone})
        except ValidationError as error:
            reasons = "; ".join(_reason(one) for one in error.errors())
            raise Invalid(f"{self.name}: {reasons}") from None


_analyses: dict[str, Analysis] = {}


def analysis[F: Callable[[Run, Any], Outcome]](
    name: str, *, zh: str, en: str, about_zh: str, about_en: str, quick: bool = False
) -> Callable[[F], F]:
    """Register a function of a Run and its input model under a name."""

    def register(function: F) -> F:
        hints = get_type_hints(function)
        model = next(kind for hint, kind in hints.items() if hint not in ("run", "return"))
        _analyses[name] = Analysis(name, zh, en, about_zh, about_en, model, function, quick)
        return function

    return register


def every() -> list[Analysis]:
    """Every registered analysis, by name."""
    return [_analyses[name] for name in sorted(_analyses)]


def find(name: str) -> Analysis:
    """The analysis of that name; raises NotFound with the names that are near."""
    if name in _analyses:
        return _analyses[name]
    near = get_close_matches(name, _analyses) or sorted(_analyses)
    raise NotFound(f"there is no analysis '{name}': perhaps {' or '.join(near) or 'none'}")


def _whole(schema: Any, shared: Mapping[str, Any]) -> Any:
    """A schema with what it refers to written out, so that it stands alone."""
    if isinstance(schema, list):
        return [_whole(one, shared) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _whole(one, shared) for key, one in schema.items() if key != "$ref"}
    if "$ref" in schema:
        return _whole(shared[schema["$ref"].rpartition("/")[2]], shared) | plain
    return plain


def _reason(error: Any) -> str:
    place = ".".join(map(str, error["loc"])) or "inputs"
    if error["type"] == "missing":
        return f"'{place}' is missing"
    if error["type"] == "extra_forbidden":
        return f"there is no input '{place}'"
    return f"'{place}': {error['msg'][0].lower()}{error['msg'][1:]}"
