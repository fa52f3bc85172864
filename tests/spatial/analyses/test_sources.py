"""What inputs name is found wherever they name it, so that no grant is passed by."""

from typing import Annotated

import pytest
from pydantic import BaseModel
from worlds import make_layer

from spatial.analyses.inputs import Inputs, Label, LayerName, sources
from spatial.analyses.registry import Input
from spatial.errors import NotFound
from spatial.grant import ANONYMOUS, OWNER


class Part(BaseModel):
    layer: LayerName | None = None
    note: str = ""


class Many(Inputs):
    maybe: Annotated[LayerName | None, Label("可选", "optional")] = None
    several: Annotated[tuple[LayerName, ...], Label("若干", "several")] = ()
    parts: Annotated[tuple[Part, ...], Label("部分", "parts")] = ()


@pytest.mark.parametrize(
    "given",
    [
        {"maybe": "secret"},
        {"maybe": {"layer": "secret", "filter": "height > 1"}},
        {"several": ["plots", "secret"]},
        {"parts": [{"note": "secret"}, {"layer": "secret"}]},
    ],
)
def test_optional_several_and_nested_names(database, plots, given):
    make_layer(database, "secret", access="restricted")
    inputs = Many.model_validate(given)
    with database.begin() as tx:
        assert [one.name for one in sources(tx.pg, inputs, OWNER)][-1] == "secret"
        with pytest.raises(NotFound, match="no layer 'secret'"):
            list(sources(tx.pg, inputs, ANONYMOUS))
        assert not list(sources(tx.pg, Many(), ANONYMOUS))


def test_the_kind_of_an_optional_input():
    schema = Many.model_json_schema()["properties"]["maybe"]
    assert Input("maybe", Label("", ""), False, schema).kind == "layer"
