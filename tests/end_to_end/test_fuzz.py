"""Every operation of the OpenAPI document, asked what it allows and what it does not.

Set CITYTWIN_FUZZ_EXAMPLES to more than 2 for a longer run, CITYTWIN_FUZZ_SEED for another one.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hamlet import Hamlet
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from raw_http import LEAK
from schemathesis import GenerationMode

EXAMPLES = int(os.environ.get("CITYTWIN_FUZZ_EXAMPLES", "2"))
SEED = int(os.environ.get("CITYTWIN_FUZZ_SEED", "1"))
SLOW_S = 10.0
WORKS = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

#: Answers of the framework itself, of any operation.
ALWAYS = {400, 401, 403, 404, 405, 413, 415}


@pytest.fixture(scope="module")
def document(hamlet: Hamlet) -> Any:
    return httpx.get(f"{hamlet.url}/openapi", params={"f": "json"}, headers=hamlet.key).json()


@pytest.fixture
def operations(document: Any) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document)
    known = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    return [one for one in known if one.path != "/live"]  # a stream does not end


def test_the_document_is_whole_in_itself(document: Any, operations: list[Any]) -> None:
    foreign = [target for target in _references(document) if not target.startswith("#")]
    assert foreign == []
    for layer in ("town", "plots", "gauges", "state"):
        assert f"/collections/{layer}/items" in document["paths"]
    assert len(operations) > 100


# schemathesis tells of media types and schemas that it does not know
@pytest.mark.filterwarnings("ignore")
def test_no_operation_breaks(hamlet: Hamlet, operations: list[Any]) -> None:
    wrong: dict[tuple[str, str], str] = {}
    with requests.Session() as session:

        def look(case: Any, key: dict[str, str]) -> None:
            answer = case.call(base_url=hamlet.url, session=session, headers=key, timeout=SLOW_S)
            about = f"{case.method} {answer.request.url} {answer.request.body!r}"[:500]
            if fault := fault_of(answer.status_code, answer.text, case.operation):
                wrong.setdefault((case.operation.label, fault), f"{about} -> {answer.text[:200]}")

        for operation in operations:
            for mode in WORKS:
                _ask(operation, mode, lambda case: [look(case, key) for key in ({}, hamlet.key)])
    assert not wrong, "\n".join(f"{what}: {how}" for what, how in wrong.items())


def fault_of(status: int, text: str, operation: Any) -> str | None:
    """What is wrong with an answer, whatever was asked."""
    if status >= 500:
        return str(status)
    if found := LEAK.search(text):
        return f"it tells of {found[0]}"
    if status not in ALWAYS and str(status) not in operation.responses.status_codes:
        return f"{status} is not documented"
    return None


def _ask(operation: Any, mode: GenerationMode, look: Any) -> None:
    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        look(case)

    with suppress(Unsatisfiable):  # who takes no parameters cannot be asked wrongly
        asked()


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for one in node.values():
            yield from _references(one)
    elif isinstance(node, list):
        for one in node:
            yield from _references(one)
